/** The archive of recordings: a page of its own, so that no desk waits for the player. */

import "../ui/tokens.css";
import "../ui/base.css";
import "../ui/call.css";
import "../ui/desk.css";
import "../ui/archive.css";
import { render } from "preact";
import { StaffDoor } from "../desk/door";
import { addTexts, startLanguage } from "../i18n";
import { enDesk } from "../i18n/en-desk";
import { zhDesk } from "../i18n/zh-desk";
import { ArchiveScreen } from "./archive-screen";

addTexts({ en: enDesk, zh: zhDesk });
startLanguage();
const root = document.getElementById("app");
if (root !== null) render(<StaffDoor Inside={ArchiveScreen} />, root);
