/** The patient's way in: chooses the page by the address. The visit, with the call in it, is loaded when needed. */

import "../ui/tokens.css";
import "../ui/base.css";
import "../ui/call.css";
import "../ui/patient.css";
import "../ui/prepare.css";
import { render } from "preact";
import { startLanguage } from "../i18n";
import { listenForTouch } from "../ui/chime";
import { startLetterSize } from "../ui/screen";
import { PatientApp } from "./app";

startLanguage();
startLetterSize();
listenForTouch();
const root = document.getElementById("app");
if (root !== null) render(<PatientApp />, root);
