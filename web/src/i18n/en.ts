/** The English texts of the patient's pages, and what all pages share; the desk adds its own. Sentences with values are functions, so that word order is free in each language. */

import { call } from "./en/call";
import { card } from "./en/card";
import { check } from "./en/check";
import { entry } from "./en/entry";
import { errors } from "./en/errors";
import { goodbye } from "./en/goodbye";
import { join } from "./en/join";
import { looks } from "./en/looks";
import { quality } from "./en/quality";
import { questions } from "./en/questions";
import { recording } from "./en/recording";
import { timeline } from "./en/timeline";
import { verdict } from "./en/verdict";
import { waiting } from "./en/waiting";
import { wayOut } from "./en/way-out";
import type { enDesk } from "./en-desk";

export const en = {
  code: "en",
  htmlLang: "en",
  ownLanguage: "English",
  otherLanguage: "中文",
  otherHtmlLang: "zh-CN",

  product: "Consilium",
  larger: "Larger",
  smaller: "Smaller",
  aloud: "Read it aloud",
  moreWays: "More",
  back: "Back",
  close: "Close",
  tryAgain: "Try again",
  reload: "Load the page again",
  clock: (hours: string, minutes: string) => `${hours}:${minutes}`,
  doctor: (name: string) => (/^(dr|prof)\b/i.test(name) ? name : `Dr ${name}`),
  aged: (name: string, years: number) => `${name}, ${years}`,
  listJoin: ", ",
  colon: ": ",
  dismiss: "All right",
  emptyRoom: "A waiting room with an open door",
  roles: { patient: "Patient", practitioner: "Doctor", companion: "Companion", interpreter: "Interpreter" },

  emergency: {
    question: "Chest pain, or hard to breathe?",
    call: (number: string) => `Call ${number} now`,
    worse: "I feel worse",
    sheetTitle: "Do you need help at once?",
    sheetBody: (number: string) =>
      `Hard to breathe, chest pain, heavy bleeding, fainting: do not wait for us. Call ${number}; an ambulance is faster than any screen.`,
    keepPlace: "Your place in line is kept while you call.",
    stay: "I can wait",
  },

  ...call,
  ...card,
  ...check,
  ...entry,
  ...errors,
  ...goodbye,
  ...join,
  ...quality,
  ...looks,
  ...questions,
  ...recording,
  ...timeline,
  ...verdict,
  ...waiting,
  ...wayOut,
};

/** What a page that only patients open has. */
export type PatientTexts = typeof en;
/** With the desk's own, which are there only where the desk has added them. */
export type Texts = PatientTexts & typeof enDesk;
