/** The quality sign: in two or three words, how the call is carried now, for both sides. */

import type { Texts } from "../i18n";
import type { Clarity, LocalText, Person } from "../signal/messages";
import type { IconName } from "../ui/icon-names";
import { personName } from "../ui/names";
import type { Notice } from "./notices";
import { clarityOf, moves } from "./quality";
import type { CallView } from "./shell";

export interface Sign {
  icon: IconName;
  word: string;
  clarity: Clarity;
}

/** What comes matters most; where that is well, what goes out is said. */
export function signOf(t: Texts, view: CallView, first: Person | undefined): Sign {
  const other = first === undefined ? null : clarityOf(view.quality, first.seat);
  const own = view.state.quality.clarity;
  const well = other === null || other === "hd" || other === "sd";
  const clarity = well ? own : other;
  const icon = clarity === "hd" || clarity === "sd" ? "signal-good" : "signal-weak";
  if (!well) return { icon, word: t.quality.sign[other], clarity };
  return { icon, word: own === "hd" || own === "sd" ? t.quality.sign[other ?? "hd"] : t.quality.ownSign[own], clarity };
}

/** Where no moving picture gets through, or hardly any sound: a sentence, and that it comes back by itself. */
export function qualityNotice(
  t: Texts,
  local: (text: LocalText) => string,
  view: CallView,
  others: readonly Person[],
): Notice | null {
  const own = view.state.quality.clarity;
  const words = t.quality.notice;
  if (!moves(own)) {
    const title = own === "text" ? words.ownText : own === "audio" ? words.ownAudio : words.ownStills;
    return { id: "quality", icon: "signal-weak", title, body: own === "text" ? words.write : words.body };
  }
  for (const person of others) {
    const clarity = clarityOf(view.quality, person.seat);
    if (!person.in_call || clarity === null || moves(clarity)) continue;
    const say = clarity === "text" ? words.text : clarity === "audio" ? words.audio : words.stills;
    const body = clarity === "text" ? words.write : words.body;
    return { id: "quality", icon: "signal-weak", title: say(personName(t, local, person)), body };
  }
  return null;
}
