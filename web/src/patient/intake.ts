/** The questions before a visit as a pure machine: what the patient did goes in; the next screen and what is to be
 * stored come out. Never sends: use-intake.ts does, and keeps what could not be sent. */

import type { IntakeSave, PatientBrief, RedFlag } from "../signal/messages";

export const QUESTIONS = ["flags", "reason", "history", "allergies", "photos"] as const;
export type Question = (typeof QUESTIONS)[number];
export type Words = "reason" | "history" | "allergies";

/** As the server takes them. */
export const LONGEST: Record<Words, number> = { reason: 500, history: 2000, allergies: 2000 };

export const RED_FLAGS: readonly RedFlag[] = ["breathing", "chest_pain", "stroke", "bleeding", "fainting", "self_harm"];

export type Answers = Omit<IntakeSave, "seat">;

export interface IntakeState {
  question: Question;
  /** Shown after a red flag, before the next question. */
  advice: boolean;
  /** The last question was answered. */
  over: boolean;
  answers: Answers;
}

export type IntakeEvent =
  | { type: "flag_switched"; flag: RedFlag }
  | { type: "written"; words: Words; text: string }
  | { type: "went_on" }
  | { type: "went_back" }
  | { type: "opened_again" };

export interface Step {
  state: IntakeState;
  /** To be stored now; null when nothing is new. */
  save: Answers | null;
}

/** Where a patient stands who comes (back): what the server has, and the question this device remembers. */
export function beginIntake(brief: PatientBrief | null, remembered: string | null): IntakeState {
  const intake = brief?.intake ?? null;
  const known = QUESTIONS.find((each) => each === remembered);
  return {
    question: intake === null ? "flags" : (known ?? (intake.done ? "flags" : "reason")),
    advice: false,
    over: false,
    answers: {
      reason: brief?.reason ?? "",
      history: intake?.history ?? "",
      allergies: intake?.allergies ?? "",
      red_flags: [...(intake?.red_flags ?? [])],
      done: intake?.done ?? false,
    },
  };
}

export function stepIntake(state: IntakeState, event: IntakeEvent): Step {
  switch (event.type) {
    case "flag_switched":
      return quiet({
        ...state,
        answers: { ...state.answers, red_flags: switched(state.answers.red_flags, event.flag) },
      });
    case "written":
      return quiet({
        ...state,
        answers: { ...state.answers, [event.words]: event.text.slice(0, LONGEST[event.words]) },
      });
    case "went_on":
      return goneOn(state);
    case "went_back":
      return quiet(goneBack(state));
    case "opened_again":
      return quiet({ ...state, question: "flags", advice: false, over: false });
    default:
      return event satisfies never;
  }
}

const quiet = (state: IntakeState): Step => ({ state, save: null });

function goneOn(state: IntakeState): Step {
  if (state.question === "flags" && !state.advice) {
    const state_ = state.answers.red_flags.length > 0 ? { ...state, advice: true } : after(state);
    return { state: state_, save: trimmed(state.answers) };
  }
  if (state.advice) return quiet(after(state)); // stored when the advice came up
  const next = after(state);
  return { state: next, save: trimmed(next.answers) };
}

function after(state: IntakeState): IntakeState {
  const next = QUESTIONS[QUESTIONS.indexOf(state.question) + 1];
  if (next !== undefined) return { ...state, question: next, advice: false };
  return { ...state, over: true, answers: { ...state.answers, done: true } };
}

function goneBack(state: IntakeState): IntakeState {
  if (state.advice) return { ...state, advice: false };
  const before = QUESTIONS[QUESTIONS.indexOf(state.question) - 1];
  return before === undefined ? state : { ...state, question: before };
}

/** In the order of the list, whatever order they were ticked in. */
function switched(flags: readonly RedFlag[], flag: RedFlag): RedFlag[] {
  return RED_FLAGS.filter((each) => (each === flag ? !flags.includes(flag) : flags.includes(each)));
}

const trimmed = (answers: Answers): Answers => ({
  reason: answers.reason.trim(),
  history: answers.history.trim(),
  allergies: answers.allergies.trim(),
  red_flags: answers.red_flags,
  done: answers.done,
});

export const sameAnswers = (one: Answers, other: Answers): boolean =>
  JSON.stringify(trimmed(one)) === JSON.stringify(trimmed(other));
