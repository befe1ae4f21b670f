import { describe, expect, it } from "vitest";
import {
  beginIntake,
  type IntakeEvent,
  type IntakeState,
  LONGEST,
  QUESTIONS,
  RED_FLAGS,
  sameAnswers,
  stepIntake,
} from "../src/patient/intake";
import type { PatientBrief } from "../src/signal/messages";

const brief = (part: Partial<PatientBrief> = {}): PatientBrief => ({
  name: { zh: "白云", en: "Bai Yun" },
  birth_year: 1948,
  reason: "cough",
  intake: null,
  check: null,
  ...part,
});
const told = { history: "asthma", allergies: "none", red_flags: [], done: false };

function run(state: IntakeState, ...events: IntakeEvent[]) {
  const saves = [];
  let now = state;
  for (const event of events) {
    const step = stepIntake(now, event);
    now = step.state;
    if (step.save !== null) saves.push(step.save);
  }
  return { state: now, saves };
}
const on: IntakeEvent = { type: "went_on" };
const back: IntakeEvent = { type: "went_back" };

describe("the questions", () => {
  it("begin with the dangerous signs, and what the patient wrote before is there", () => {
    const state = beginIntake(brief(), null);
    expect(state.question).toBe("flags");
    expect(state.answers.reason).toBe("cough");
  });

  it("store all answers after each question and are done after the last", () => {
    const { state, saves } = run(
      beginIntake(brief(), null),
      on,
      { type: "written", words: "reason", text: " cough, two weeks " },
      on,
      { type: "written", words: "history", text: "asthma" },
      on,
      { type: "written", words: "allergies", text: "none" },
      on,
      on,
    );
    expect(state.over).toBe(true);
    expect(saves).toHaveLength(QUESTIONS.length);
    expect(saves.map((each) => each.done)).toEqual([false, false, false, false, true]);
    expect(saves.at(-1)).toEqual({
      reason: "cough, two weeks",
      history: "asthma",
      allergies: "none",
      red_flags: [],
      done: true,
    });
  });

  it("can all be left empty", () => {
    const { state, saves } = run(beginIntake(null, null), on, on, on, on, on);
    expect(state.over).toBe(true);
    expect(saves.at(-1)).toEqual({ reason: "", history: "", allergies: "", red_flags: [], done: true });
  });

  it("a red flag is stored at once, before the advice is read, and the questions go on after it", () => {
    const { state, saves } = run(beginIntake(brief(), null), { type: "flag_switched", flag: "stroke" }, on);
    expect(state).toMatchObject({ advice: true, question: "flags" });
    expect(saves).toHaveLength(1);
    expect(saves[0]?.red_flags).toEqual(["stroke"]);
    expect(run(state, on).state).toMatchObject({ advice: false, question: "reason" });
    expect(run(state, on).saves).toEqual([]);
  });

  it("a flag ticked by mistake is taken back, and that is stored too", () => {
    const flag: IntakeEvent = { type: "flag_switched", flag: "bleeding" };
    const { state, saves } = run(beginIntake(brief(), null), flag, on, back, flag, on);
    expect(state).toMatchObject({ advice: false, question: "reason" });
    expect(saves.at(-1)?.red_flags).toEqual([]);
  });

  it("flags stand in the order of the list", () => {
    const events: IntakeEvent[] = [...RED_FLAGS].reverse().map((flag) => ({ type: "flag_switched", flag }));
    expect(run(beginIntake(null, null), ...events).state.answers.red_flags).toEqual(RED_FLAGS);
  });

  it("Back goes to the question before, and stays at the first", () => {
    const { state } = run(beginIntake(brief(), null), on, on, back);
    expect(state.question).toBe("reason");
    expect(run(state, back, back, back).state.question).toBe("flags");
  });

  it("take no more than the server takes", () => {
    const { state } = run(beginIntake(null, null), { type: "written", words: "reason", text: "x".repeat(9_000) });
    expect(state.answers.reason).toHaveLength(LONGEST.reason);
  });

  it("go on after a reload where they were", () => {
    expect(beginIntake(brief({ intake: told }), "allergies").question).toBe("allergies");
    expect(beginIntake(brief({ intake: told }), null).question).toBe("reason");
    expect(beginIntake(brief({ intake: told }), "made-up").question).toBe("reason");
    expect(beginIntake(brief(), "allergies").question).toBe("flags"); // nothing was stored: the signs come first
    expect(beginIntake(brief({ intake: told }), null).answers).toMatchObject({ history: "asthma", allergies: "none" });
  });

  it("can be opened again when they are done", () => {
    const done = beginIntake(brief({ intake: { ...told, done: true } }), "photos");
    expect(stepIntake({ ...done, over: true }, { type: "opened_again" }).state).toMatchObject({
      question: "flags",
      over: false,
      answers: { done: true },
    });
  });

  it("answers are the same whatever blanks stand around them", () => {
    const { answers } = beginIntake(brief(), null);
    expect(sameAnswers(answers, { ...answers, reason: " cough " })).toBe(true);
    expect(sameAnswers(answers, { ...answers, reason: "cold" })).toBe(false);
  });
});
