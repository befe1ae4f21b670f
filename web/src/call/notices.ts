/** What must be said in words during a call, most pressing first. Decides the sentence, not how it looks. */

import type { Texts } from "../i18n";
import type { LineStatus } from "../signal/line";
import type { LocalText, Person } from "../signal/messages";
import type { IconName } from "../ui/icon-names";
import { personName } from "../ui/names";
import { type CallState, type Devices, health } from "./reducer";

export interface Notice {
  id: "media" | "line" | "gone" | "devices" | "turn";
  icon: IconName;
  title: string;
  body: string;
}

export function callNotice(
  t: Texts,
  local: (text: LocalText) => string,
  state: CallState,
  line: LineStatus,
  others: readonly Person[],
): Notice | null {
  if (health(state) === "interrupted")
    return { id: "media", icon: "signal-weak", title: t.call.weak, body: t.call.weakBody };
  if (line.state === "down")
    return { id: "line", icon: "signal-weak", title: t.call.lineLost, body: t.call.lineLostBody };
  const gone = others.find((each) => !each.present && (each.role === "patient" || each.role === "practitioner"));
  if (gone !== undefined) {
    const name = personName(t, local, gone);
    return { id: "gone", icon: "wifi-off", title: t.call.gone(name), body: t.call.goneBody(name) };
  }
  return null;
}

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
