import { describe, expect, it } from "vitest";
import { callFor } from "../src/patient/attention";
import { NOTHING_PASSED, readPassed, stageOf } from "../src/patient/stage";
import { partOfDay, visitTime } from "../src/patient/when";
import type { SeatState } from "../src/signal/messages";
import { pageWords, voiceFor } from "../src/ui/speak";

const intake = { history: "", allergies: "", red_flags: [], done: false };
const patient = { name: { zh: "", en: "" }, birth_year: null, reason: "", intake: null, check: null };
const state = (part: Partial<SeatState>) => ({ state: "waiting", patient, ...part }) as SeatState;
const passed = (part: Partial<typeof NOTHING_PASSED>) => ({ ...NOTHING_PASSED, ...part });

describe("the screen before the call", () => {
  it("test, then questions, then the waiting room", () => {
    expect(stageOf(state({}), NOTHING_PASSED, null)).toBe("check");
    expect(stageOf(state({}), passed({ check: true }), null)).toBe("questions");
    expect(stageOf(state({}), passed({ check: true, questions: true }), null)).toBe("waiting");
  });

  it("questions that the server has are not asked again", () => {
    const done = { ...patient, intake: { ...intake, done: true } };
    expect(stageOf(state({ patient: done }), passed({ check: true }), null)).toBe("waiting");
    const half = { ...patient, intake };
    expect(stageOf(state({ patient: half }), passed({ check: true }), null)).toBe("questions");
  });

  it("a doctor who is ready comes before everything", () => {
    expect(stageOf(state({ state: "offered" }), NOTHING_PASSED, null)).toBe("waiting");
    expect(stageOf(state({ state: "offered" }), NOTHING_PASSED, "no_webrtc")).toBe("waiting");
  });

  it("where no call is possible the way out comes first, and no test", () => {
    expect(stageOf(state({}), NOTHING_PASSED, "no_webrtc")).toBe("way_out");
    expect(stageOf(state({}), passed({ way_out: true }), "insecure")).toBe("questions");
  });

  it("booked patients prepare too, companions only wait", () => {
    expect(stageOf(state({ state: "scheduled" }), NOTHING_PASSED, null)).toBe("check");
    expect(stageOf(state({ patient: null }), NOTHING_PASSED, null)).toBe("waiting");
    expect(stageOf(state({ patient: null }), NOTHING_PASSED, "no_devices")).toBe("way_out");
  });
});

describe("what a device remembers", () => {
  it("is of this seat alone", () => {
    const stored = JSON.stringify({ seat: "s_a", check: true, question: "history" });
    expect(readPassed(stored, "s_a")).toEqual(passed({ check: true, question: "history" }));
    expect(readPassed(stored, "s_b")).toEqual(NOTHING_PASSED);
  });

  it.each([null, "", "{", "null", "[]", '"x"', "7", '{"seat":"s_a","check":"yes","question":7}'])(
    "is nothing when it is broken: %j",
    (stored) => {
      expect(readPassed(stored, "s_a")).toEqual(NOTHING_PASSED);
    },
  );
});

describe("calling a patient", () => {
  it("when a doctor looks, and when the door opens", () => {
    expect(callFor("waiting", "offered")).toBe("soon");
    expect(callFor("offered", "connecting")).toBe("now");
    expect(callFor("waiting", "live")).toBe("now");
  });

  it("not for what was so already, nor in the call or after it", () => {
    expect(callFor(null, "connecting")).toBeNull(); // a page loaded anew into a call
    expect(callFor("offered", "offered")).toBeNull();
    expect(callFor("offered", "waiting")).toBeNull();
    expect(callFor("live", "interrupted")).toBeNull();
    expect(callFor("interrupted", "live")).toBeNull();
    expect(callFor("waiting", "ended")).toBeNull();
  });
});

describe("when a visit is", () => {
  const at = Date.UTC(2026, 10, 26, 2, 30) / 1000; // 10:30 in Shanghai
  const now = Date.UTC(2026, 10, 26, 1, 0) / 1000;

  it("one clock is enough where both show the same", () => {
    const time = visitTime(at, now, "en", "Asia/Shanghai", "Asia/Singapore");
    expect(time).toMatchObject({ hospital: { day: "today", time: "10:30" }, here: null });
  });

  it("both clocks are said where they differ, with the day", () => {
    const time = visitTime(at, now, "en", "Asia/Shanghai", "America/Los_Angeles");
    expect(time.hospital).toMatchObject({ day: "today", time: "10:30" });
    expect(time.here).toMatchObject({ day: "today", time: "18:30" });
    expect(time.here?.date).toContain("25");
  });

  it("tomorrow is tomorrow by each clock of its own", () => {
    const late = Date.UTC(2026, 10, 25, 14, 0) / 1000; // 22:00 in Shanghai, the day before
    expect(visitTime(at, late, "en", "Asia/Shanghai", "UTC").hospital.day).toBe("tomorrow");
    expect(visitTime(at, at - 5 * 86_400, "zh-CN", "Asia/Shanghai", "UTC").hospital).toMatchObject({
      day: "date",
      date: expect.stringContaining("11月26日"),
    });
  });

  it("an unknown zone counts as this device's", () => {
    expect(visitTime(at, now, "en", "Nowhere/Nothing").here).toBeNull();
  });

  it("greets by the hour", () => {
    expect([3, 4, 11, 12, 17, 18, 23].map(partOfDay)).toEqual([
      "evening",
      "morning",
      "morning",
      "afternoon",
      "afternoon",
      "evening",
      "evening",
    ]);
  });
});

describe("reading aloud", () => {
  it("takes the voice of the language", () => {
    const voices = [{ lang: "en-US" }, { lang: "zh_CN" }, { lang: "zh-TW" }];
    expect(voiceFor(voices, "zh-CN")).toEqual({ lang: "zh_CN" });
    expect(voiceFor(voices, "en")).toEqual({ lang: "en-US" });
    expect(voiceFor([{ lang: "de-DE" }], "zh-CN")).toBeNull();
  });

  it("reads the heading and what is marked, in their own words where they have some", () => {
    const element = (textContent: string, say?: string) => ({ textContent, dataset: { say } });
    const root = { querySelectorAll: () => [element(" You are\n next "), element("6–10", "6 to 10 minutes")] };
    expect(pageWords(root as unknown as ParentNode)).toEqual(["You are next", "6 to 10 minutes"]);
  });
});
