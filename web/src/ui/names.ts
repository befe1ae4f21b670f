/** How people are named and drawn when there is no picture of them. */

import type { Texts } from "../i18n";
import type { LocalText, Person } from "../signal/messages";

/** Initials: two letters of an alphabetic name, the first character of a Chinese one. */
export function initials(name: string): string {
  const clean = name.replace(/^(dr|prof|mr|mrs|ms)\.?\s+/i, "").trim();
  if (/^\p{Script=Han}/u.test(clean)) return [...clean][0] ?? "";
  const words = clean.split(/\s+/).filter(Boolean);
  const letters = words.length > 1 ? [words[0], words[words.length - 1]] : [words[0]];
  return letters
    .map((word) => [...(word ?? "")][0] ?? "")
    .join("")
    .toUpperCase();
}

/** A person's name as others say it: doctors with their title. */
export function personName(
  t: Texts,
  local: (text: LocalText) => string,
  person: Pick<Person, "role" | "name">,
): string {
  const name = local(person.name);
  return person.role === "practitioner" ? t.doctor(name) : name;
}

export const ageOf = (birthYear: number, now = new Date()): number => Math.max(0, now.getFullYear() - birthYear);
