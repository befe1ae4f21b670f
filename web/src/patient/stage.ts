/** Which screen a seat sees before its call, and what this device remembers of it. The place in line is kept through all. */

import { keep, recall } from "../i18n";
import type { SeatState } from "../signal/messages";
import type { Obstacle } from "./browser";

export type Stage = "way_out" | "check" | "questions" | "waiting";

/** What somebody has gone past on this device: done or skipped, it is not asked again by itself. */
export interface Passed {
  way_out: boolean;
  check: boolean;
  questions: boolean;
  /** Was in the waiting room before: who comes back is told that the place was kept. */
  waiting: boolean;
  /** The question last looked at. */
  question: string | null;
}

export const NOTHING_PASSED: Passed = {
  way_out: false,
  check: false,
  questions: false,
  waiting: false,
  question: null,
};

/** A called patient is taken out of everything else; a companion is only shown the way out. */
export function stageOf(state: SeatState, passed: Passed, obstacle: Obstacle | null): Stage {
  if (state.state === "offered") return "waiting";
  if (obstacle !== null && !passed.way_out) return "way_out";
  if (state.patient === null) return "waiting";
  if (obstacle === null && !passed.check) return "check";
  return state.patient.intake?.done || passed.questions ? "waiting" : "questions";
}

const KEY = "consilium.passed";

/** Storage may be refused: then this page's own memory serves until it is closed. */
let here: { seat: string; passed: Passed } | null = null;

export function recallPassed(seat: string): Passed {
  if (here?.seat === seat) return here.passed;
  return readPassed(recall(KEY), seat);
}

export function keepPassed(seat: string, passed: Passed): void {
  here = { seat, passed };
  keep(KEY, JSON.stringify({ seat, ...passed }));
}

export function dropPassed(): void {
  here = null;
  keep(KEY, null);
}

/** What was stored may be another seat's, or anything. */
export function readPassed(text: string | null, seat: string): Passed {
  try {
    const stored: unknown = JSON.parse(text ?? "null");
    if (typeof stored !== "object" || stored === null || !("seat" in stored) || stored.seat !== seat)
      return NOTHING_PASSED;
    const of = stored as Record<string, unknown>;
    return {
      way_out: of.way_out === true,
      check: of.check === true,
      questions: of.questions === true,
      waiting: of.waiting === true,
      question: typeof of.question === "string" ? of.question : null,
    };
  } catch {
    return NOTHING_PASSED;
  }
}
