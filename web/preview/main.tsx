/** `?page=NAME&lang=zh|en`: one screen in one state. Without `page`, the list of all. */

import { type ComponentChild, render } from "preact";
import { addTexts, startLanguage } from "../src/i18n";
import { enDesk } from "../src/i18n/en-desk";
import { zhDesk } from "../src/i18n/zh-desk";
import { listenForTouch } from "../src/ui/chime";
import { larger } from "../src/ui/screen";

const ask = new URLSearchParams(location.search);
const page = ask.get("page") ?? "";
const zh = ask.get("lang") === "zh";
localStorage.setItem("consilium.language", zh ? "zh" : "en");
localStorage.removeItem("consilium.visit");
const desk = page.startsWith("desk");
if (desk) document.documentElement.dataset.seat = "desk";
await import("../src/ui/tokens.css");
await import("../src/ui/base.css");
await import("../src/ui/call.css");
await (desk ? import("../src/ui/desk.css") : import("../src/ui/patient.css"));
await import("./preview.css");
if (!desk) await import("../src/ui/prepare.css");
addTexts({ en: enDesk, zh: zhDesk });
startLanguage();
larger.subscribe((on) => document.documentElement.toggleAttribute("data-elder", on));
larger.set(ask.has("elder"));
listenForTouch();

const { pages } = await import("./pages");
const { drawn, tone } = await import("./relay");
navigator.mediaDevices.getUserMedia = async (asked) => {
  const picture = asked?.video ? await drawn(desk ? "/doctor.svg" : "/patient.svg") : null;
  const sound = asked?.audio ? tone() : null;
  return new MediaStream([picture, sound].filter((each) => each !== null));
};
const app = document.getElementById("app");
const make: (() => ComponentChild) | undefined = pages(zh)[page];
if (app !== null)
  render(
    make ? (
      make()
    ) : (
      <ul>
        {Object.keys(pages(zh)).map((name) => (
          <li key={name}>
            <a href={`?page=${name}`}>{name}</a>
          </li>
        ))}
      </ul>
    ),
    app,
  );
