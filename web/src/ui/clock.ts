/** Time as the screens need it: a tick to redraw by, and times of day. */

import { useEffect, useState } from "preact/hooks";
import type { Texts } from "../i18n";
import { serverNow } from "../signal/fresh";

/** Seconds since 1970 UTC by the hospital's clock, drawn anew every `everyMs`. */
export function useServerNow(everyMs = 1_000): number {
  const [now, setNow] = useState(serverNow());
  useEffect(() => {
    const timer = setInterval(() => setNow(serverNow()), everyMs);
    return () => clearInterval(timer);
  }, [everyMs]);
  return now;
}

const two = (n: number) => String(n).padStart(2, "0");

/** Hours and minutes on this device's own clock. */
export function timeOfDay(t: Texts, seconds: number): string {
  const at = new Date(seconds * 1000);
  return t.clock(two(at.getHours()), two(at.getMinutes()));
}

/** With seconds, for what is only a moment old. */
export function timeToTheSecond(t: Texts, seconds: number): string {
  const at = new Date(seconds * 1000);
  return t.clock(t.clock(two(at.getHours()), two(at.getMinutes())), two(at.getSeconds()));
}

/** `08:42`, or `1:08:42` from the first hour on. */
export function stopwatch(seconds: number): string {
  const whole = Math.max(0, Math.floor(seconds));
  const hours = Math.floor(whole / 3600);
  const rest = `${two(Math.floor((whole % 3600) / 60))}:${two(whole % 60)}`;
  return hours > 0 ? `${hours}:${rest}` : rest;
}

export const minutesSince = (now: number, then: number): number => Math.max(0, Math.floor((now - then) / 60));
