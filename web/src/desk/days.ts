/** A moment as people say it: today, tomorrow or the date; and the hour. */

import type { Texts } from "../i18n";
import { timeOfDay } from "../ui/clock";

export interface Moment {
  day: string;
  time: string;
}

export function momentOf(t: Texts, seconds: number, now: number): Moment {
  return { day: dayOf(t, seconds, now), time: timeOfDay(t, seconds) };
}

function dayOf(t: Texts, seconds: number, now: number): string {
  const midnight = (at: number) => new Date(at * 1000).setHours(0, 0, 0, 0);
  const days = Math.round((midnight(seconds) - midnight(now)) / 86_400_000);
  if (days === 0) return t.invited.today;
  if (days === 1) return t.invited.tomorrow;
  return new Date(seconds * 1000).toLocaleDateString(t.htmlLang, { month: "short", day: "numeric", weekday: "short" });
}

/** With seconds, for what has just been saved. */
export function exactTime(seconds: number): string {
  const at = new Date(seconds * 1000);
  return [at.getHours(), at.getMinutes(), at.getSeconds()].map((n) => String(n).padStart(2, "0")).join(":");
}
