/** How the archive says times, sizes and faults. */

import { errorText, type Texts } from "../i18n";
import type { LocalText, PlayPerson } from "../signal/messages";
import { timeOfDay } from "../ui/clock";

const two = (n: number) => String(n).padStart(2, "0");

/** `2026-11-22`, by this device's own calendar: lists of days are compared, not read aloud. */
export function isoDay(seconds: number): string {
  const at = new Date(seconds * 1000);
  return `${at.getFullYear()}-${two(at.getMonth() + 1)}-${two(at.getDate())}`;
}

export const dayAndTime = (t: Texts, seconds: number): string => `${isoDay(seconds)} ${timeOfDay(t, seconds)}`;

/** A day as people say it. */
export const longDay = (t: Texts, seconds: number): string =>
  new Date(seconds * 1000).toLocaleDateString(t.htmlLang, { year: "numeric", month: "short", day: "numeric" });

/** The first moment of a day given as `2026-11-22`, or none. */
export function dayStart(day: string, plusDays = 0): number | null {
  const [year, month, date] = day.split("-").map(Number);
  if (year === undefined || month === undefined || date === undefined || !/^\d{4}-\d\d-\d\d$/.test(day)) return null;
  return new Date(year, month - 1, date + plusDays).getTime() / 1000;
}

export const faultText = (t: Texts, code: string): string => t.archive.faults[code] ?? errorText(t, code);

export const megabytes = (t: Texts, octets: number): string => t.archive.megabytes((octets / 1e6).toFixed(1));

/** Of a gap's length: one decimal, as people say it. */
export const secondsOf = (ms: number): string => (ms / 1000).toFixed(ms < 10_000 ? 1 : 0);

/** Somebody who was recorded: by name, or by what they were there for. */
export function nameOf(t: Texts, local: (text: LocalText) => string, person: PlayPerson): string {
  const name = local(person.name);
  if (name === "") return t.roles[person.role as keyof typeof t.roles] ?? t.archive.unnamed;
  return person.role === "practitioner" ? t.doctor(name) : name;
}
