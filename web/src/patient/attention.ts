/** Calls a patient to the screen: sound, vibration, the window's title and, where it was granted, the device's own notice. */

import { useEffect, useRef } from "preact/hooks";
import type { Texts } from "../i18n";
import type { SeatState } from "../signal/messages";
import { chime } from "../ui/chime";

export type NoticeState = "off" | "on" | "refused" | "none";

/** Whether this browser may show notices outside the page; `none` where it has none. */
export function noticeState(): NoticeState {
  if (!("Notification" in globalThis)) return "none";
  return ({ default: "off", granted: "on", denied: "refused" } as const)[Notification.permission];
}

/** To be called from a touch. */
export async function askNotices(): Promise<NoticeState> {
  try {
    await Notification.requestPermission();
  } catch {
    return "none";
  }
  return noticeState();
}

const VIBRATION_MS = [200, 120, 200, 120, 400];

export function callAttention(title: string, body: string): void {
  chime();
  navigator.vibrate?.(VIBRATION_MS);
  if (document.visibilityState === "visible" && document.hasFocus()) return;
  showNotice(title, body);
}

function showNotice(title: string, body: string): void {
  if (noticeState() !== "on") return;
  try {
    const notice = new Notification(title, { body, tag: "consilium-turn", requireInteraction: true });
    notice.onclick = () => {
      window.focus();
      notice.close();
    };
  } catch {
    // Chromium on Android shows notices only from a service worker; sound and vibration remain
  }
}

/** What a change of state calls for: `soon` when a doctor looks at the notes, `now` when the door opens. */
export function callFor(before: SeatState["state"] | null, now: SeatState["state"]): "soon" | "now" | null {
  if (before === null || before === now) return null;
  if (now === "offered") return "soon";
  const waited = before === "waiting" || before === "offered" || before === "scheduled";
  return waited && (now === "connecting" || now === "live") ? "now" : null;
}

/** Calls as the visit's state changes. While the window is not looked at, its title says so too. */
export function useAttention(state: SeatState, t: Texts): void {
  const before = useRef<SeatState["state"] | null>(null);
  useEffect(() => {
    const call = callFor(before.current, state.state);
    before.current = state.state;
    if (call === null) return;
    const words = call === "now" ? t.waiting.called : { title: t.waiting.offered, body: t.waiting.offeredBody };
    callAttention(words.title, words.body);
    if (document.visibilityState === "visible") return;
    const title = document.title;
    document.title = words.title;
    const back = () => {
      if (document.visibilityState !== "visible") return;
      if (document.title === words.title) document.title = title;
      document.removeEventListener("visibilitychange", back);
    };
    document.addEventListener("visibilitychange", back);
    return () => document.removeEventListener("visibilitychange", back);
  }, [state.state]);
}
