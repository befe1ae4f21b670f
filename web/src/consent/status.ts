/** What of a recording is to be shown and asked here. Decides from the server's word alone, never from what was pressed. */

import type { Person, RecordingStatus, Role } from "../signal/messages";

export type Sign = "asked" | "starting" | "on" | "failed" | "paused" | "ending";

/** The words of the light; none when there is nothing to say. That it is lit is `status.light` and nothing else. */
export function signOf(status: RecordingStatus): Sign | null {
  switch (status.state) {
    case "off":
      return status.light ? "ending" : null;
    case "on":
      return status.running ? "on" : status.trouble ? "failed" : "starting";
    case "asked":
    case "paused":
    case "ending":
      return status.state;
    default:
      return status.state satisfies never;
  }
}

/** Which sentence says why nothing is recorded; what only the next attempt can mend is "other". */
export function whyOf(trouble: string | null): "disk_full" | "disk" | "key" | "other" {
  if (trouble === "disk_full") return "disk_full";
  if (trouble?.startsWith("disk_")) return "disk";
  return trouble === "master_key_wrong" || trouble === "key_damaged" ? "key" : "other";
}

const UNDER_WAY = new Set<RecordingStatus["state"]>(["asked", "on", "paused"]);

/** This seat was asked and has not answered. */
export const isAsked = (status: RecordingStatus): boolean =>
  UNDER_WAY.has(status.state) && status.own.audio_only === "asked";

/** Whether one tap here can end it: a doctor ends it for all, whoever said yes takes the yes back. */
export const canStop = (status: RecordingStatus, role: Role): boolean =>
  UNDER_WAY.has(status.state) && (role === "practitioner" || status.own.audio_only === "given");

/** Whether the doctor may ask now. */
export const canAsk = (status: RecordingStatus): boolean => status.allowed && status.state === "off" && !status.light;

/** Those who have yet to answer, but for oneself. */
export const awaited = (status: RecordingStatus, people: readonly Person[], self: string): Person[] =>
  people.filter((each) => each.seat !== self && status.waiting_for.includes(each.seat));
