/** What a key means for an offer, and why one is no longer there. Decides; never shows. */

import type { LocalText, Offer } from "../signal/messages";

interface Pressed {
  key: string;
  altKey: boolean;
  ctrlKey: boolean;
  metaKey: boolean;
  shiftKey: boolean;
}

export type Answer = "accept" | "decline";

/** Enter and O accept, Escape declines; a person who writes keeps these keys, and accepts by Alt and Enter. */
export function answerOf(key: Pressed, writing: boolean, onDecline: boolean): Answer | null {
  if (key.ctrlKey || key.metaKey || key.shiftKey) return null;
  if (key.key === "Escape" && !key.altKey) return writing ? null : "decline";
  if (key.key.toLowerCase() === "o" && !key.altKey) return writing ? null : "accept";
  if (key.key !== "Enter") return null;
  if (writing) return key.altKey ? "accept" : null;
  return onDecline && !key.altKey ? "decline" : "accept";
}

/** `passed`: nobody answered in time; `withdrawn`: the patient left or is with somebody else. */
export interface OfferEnd {
  why: "passed" | "withdrawn";
  name: LocalText;
}

/** The server's clock and ours differ a little at the last moment. */
const CLOSE_S = 1.5;

/** Why the offer shown before is there no more; null where it still is, or where this doctor answered it. */
export function endOf(before: Offer | null, next: Offer | null, answered: string | null, now: number): OfferEnd | null {
  if (before === null || before.id === next?.id || before.id === answered) return null;
  return { why: now >= before.expires_at - CLOSE_S ? "passed" : "withdrawn", name: before.name };
}
