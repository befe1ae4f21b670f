/** The desk of a doctor. */

import "../ui/tokens.css";
import "../ui/base.css";
import "../ui/call.css";
import "../ui/desk.css";
import { render } from "preact";
import { startLanguage } from "../i18n";
import { listenForTouch } from "../ui/chime";
import { DeskApp } from "./app";

startLanguage();
listenForTouch();
const root = document.getElementById("app");
if (root !== null) render(<DeskApp />, root);
