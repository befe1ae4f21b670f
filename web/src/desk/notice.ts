/** The browser's own notices of an offer, for a page out of sight. They name no patient: a lock screen shows them to anybody. */

import { useEffect, useState } from "preact/hooks";
import { keep, recall, useTexts } from "../i18n";

const DECLINED = "consilium.notices";

/** Whether to ask: possible, not answered yet, and not put off in this browser. */
export function useNoticeQuestion(): { ask: boolean; allow(): void; decline(): void } {
  const [answered, setAnswered] = useState(() => recall(DECLINED) !== null);
  const possible = "Notification" in window && Notification.permission === "default";
  return {
    ask: possible && !answered,
    allow: () => {
      void Notification.requestPermission().finally(() => setAnswered(true)); // browsers want a press for this
    },
    decline: () => {
      keep(DECLINED, "no");
      setAnswered(true);
    },
  };
}

/** Shows a notice while an offer stands and the page is hidden; takes it away with the offer. */
export function useOfferNotice(offer: string | null): void {
  const t = useTexts();
  useEffect(() => {
    if (offer === null || !document.hidden) return;
    const notice = show(t.desk.noticeOffer, t.desk.noticeOfferBody);
    return () => notice?.close();
  }, [offer]);
}

function show(title: string, body: string): Notification | null {
  if (!("Notification" in window) || Notification.permission !== "granted") return null;
  try {
    const notice = new Notification(title, { body, tag: "offer", icon: "/icon.svg", requireInteraction: true });
    notice.onclick = () => {
      window.focus();
      notice.close();
    };
    return notice;
  } catch {
    return null; // Chrome on Android wants a service worker for this; the chime still sounds
  }
}
