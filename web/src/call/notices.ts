/** What must be said in words during a call, most pressing first. Decides the sentence, not how it looks. */

import type { Texts } from "../i18n";
import type { LineStatus } from "../signal/line";
import type { LocalText, Person } from "../signal/messages";
import type { IconName } from "../ui/icon-names";
import { personName } from "../ui/names";
import { type CallState, type Devices, health } from "./reducer";
import { isLowered } from "./rung";

export interface Notice {
  id: "media" | "line" | "gone" | "rung" | "rung-other" | "back" | "quality" | "devices" | "refused";
  icon: IconName;
  title: string;
  body: string;
  /** Why it is so and what helps, for those who ask. */
  why?: { question: string; answer: string };
}

export function callNotice(
  t: Texts,
  local: (text: LocalText) => string,
  state: CallState,
  line: LineStatus,
  others: readonly Person[],
): Notice | null {
  const down = line.state === "down";
  if (isLowered(state.rung) && !down) return ownRung(t, state);
  if (health(state) === "interrupted")
    return { id: "media", icon: "signal-weak", title: t.call.weak, body: t.call.weakBody };
  if (down) return { id: "line", icon: "signal-weak", title: t.call.lineLost, body: t.call.lineLostBody };
  const gone = others.find((each) => !each.present && (each.role === "patient" || each.role === "practitioner"));
  if (gone !== undefined) {
    const name = personName(t, local, gone);
    return { id: "gone", icon: "wifi-off", title: t.call.gone(name), body: t.call.goneBody(name) };
  }
  const lowered = others.find((each) => each.present && isLowered(each.rung));
  if (lowered === undefined) return null;
  const name = personName(t, local, lowered);
  return { id: "rung-other", icon: "wifi-off", title: t.call.rung.otherTitle(name), body: t.call.rung.other(name) };
}

function ownRung(t: Texts, state: CallState): Notice {
  const words = t.call.rung;
  if (!state.webrtc) return { id: "rung", icon: "wifi-off", title: words.browserTitle, body: words.browser };
  return {
    id: "rung",
    icon: "wifi-off",
    title: words.title,
    body: state.rung === "stills" ? words.stills : words.text,
    why: { question: words.why, answer: words.whyBody },
  };
}

/** Notices of a moment are not worth a word; these have lasted for seconds when they come. */
export const isSettled = (notice: Notice | null): boolean => notice?.id === "rung" || notice?.id === "rung-other";

/** Whether this seat and the one it came for are in writing now. */
export const isInWriting = (state: CallState, first: Person | undefined): boolean =>
  isLowered(state.rung) || (first?.present === true && isLowered(first.rung));

/** Why the others cannot see or hear this person, if so. */
export function deviceSentence(t: Texts, devices: Devices): string | null {
  const { microphone, camera } = devices;
  const words = t.call.device;
  if (microphone === "ready" && camera === "ready") return null;
  if (microphone === "insecure") return words.insecure;
  if (microphone === "ready") return words.noCamera;
  if (camera === "ready") return words.noMicrophone;
  return microphone === "refused" || camera === "refused" ? words.refusedBoth : words.missingBoth;
}
