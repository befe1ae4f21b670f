/** The desk of a doctor. */

import "../ui/tokens.css";
import "../ui/base.css";
import "../ui/call.css";
import "../ui/desk.css";
import { render } from "preact";
import { addTexts, startLanguage } from "../i18n";
import { enDesk } from "../i18n/en-desk";
import { zhDesk } from "../i18n/zh-desk";
import { listenForTouch } from "../ui/chime";
import { DeskApp } from "./app";

addTexts({ en: enDesk, zh: zhDesk });
startLanguage();
listenForTouch();
const root = document.getElementById("app");
if (root !== null) render(<DeskApp />, root);
