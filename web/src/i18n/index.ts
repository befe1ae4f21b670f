/** Which language is spoken, and its texts. Decides nothing but the first choice: remembered, else the browser's. */

import type { Language, LocalText } from "../signal/messages";
import { createStore, useStore } from "../ui/store";
import { en, type PatientTexts, type Texts } from "./en";
import { zh } from "./zh";

export type { Texts };

/** The desk's own are added by the desk's page, before anything is drawn: a test sees that no other page uses them. */
const texts = { en, zh } as Record<Language, Texts>;

export function addTexts(own: Record<Language, Omit<Texts, keyof PatientTexts>>): void {
  for (const each of ["en", "zh"] as const) texts[each] = { ...texts[each], ...own[each] };
}

const KEY = "consilium.language";

export function preferredLanguage(remembered: string | null, browser: readonly string[]): Language {
  if (remembered === "zh" || remembered === "en") return remembered;
  const known = browser.map((tag) => tag.toLowerCase().split("-")[0]).find((tag) => tag === "zh" || tag === "en");
  return known === "zh" ? "zh" : "en";
}

export const language = createStore<Language>("en");

/** Reads the choice and keeps `lang` of the document true to it; called once at start. */
export function startLanguage(): void {
  language.subscribe((chosen) => {
    document.documentElement.lang = texts[chosen].htmlLang;
  });
  language.set(preferredLanguage(recall(KEY), navigator.languages));
  document.documentElement.lang = texts[language.get()].htmlLang;
}

export function switchLanguage(): void {
  const next: Language = language.get() === "en" ? "zh" : "en";
  language.set(next);
  keep(KEY, next);
}

export const useTexts = (): Texts => texts[useStore(language)];

/** A text that the hospital gave in both languages, in the one spoken now; the other one where it is empty. */
export function useLocal(): (text: LocalText) => string {
  const spoken = useStore(language);
  return (text) => text[spoken] || text[spoken === "zh" ? "en" : "zh"];
}

/** Codes that mean the same to a person. */
const SAME: Record<string, string> = {
  bad_message: "bad_body",
  database_unavailable: "busy",
  queue_busy: "busy",
  queue_contended: "busy",
  sign_in_busy: "busy",
  no_seat: "seat_unknown",
  not_connected: "unreachable",
  no_media: "no_capacity",
  worker_absent: "no_capacity",
  worker_full: "no_capacity",
};

/** The sentence for an error's code. */
export const errorText = (t: Texts, code: string): string => t.errors[SAME[code] ?? code] ?? t.errors.unknown ?? code;

/** Storage may be refused (private windows, chat apps' browsers): then nothing is remembered and nothing breaks. */
export function recall(key: string): string | null {
  try {
    return localStorage.getItem(key);
  } catch {
    return null;
  }
}

export function keep(key: string, value: string | null): void {
  try {
    if (value === null) localStorage.removeItem(key);
    else localStorage.setItem(key, value);
  } catch {
    // not remembered, that is all
  }
}
