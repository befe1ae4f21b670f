import { describe, expect, it } from "vitest";
import { awaited, canAsk, canStop, isAsked, signOf, whyOf } from "../src/consent/status";
import type { ConsentStanding, Person, RecordingState, RecordingStatus } from "../src/signal/messages";

const STATES: RecordingState[] = ["off", "asked", "on", "paused", "ending"];
const STANDINGS: ConsentStanding[] = ["unasked", "asked", "given", "declined", "withdrawn"];

const status = (part: Partial<RecordingStatus>, standing: ConsentStanding = "unasked"): RecordingStatus => ({
  allowed: true,
  state: "off",
  reason: null,
  light: false,
  running: false,
  trouble: null,
  waiting_for: [],
  teaching: false,
  erases: false,
  started_at: null,
  own: { audio_video: standing, audio_only: standing, teaching: "unasked", can_withdraw: false },
  ...part,
});

const everything = STATES.flatMap((state) =>
  [true, false].flatMap((light) =>
    [true, false].flatMap((running) => STANDINGS.map((standing) => status({ state, light, running }, standing))),
  ),
);

describe("a recording that fails", () => {
  it("says so instead of promising to start, and why in one of four sentences", () => {
    expect(signOf(status({ state: "on", light: true, trouble: "disk_full" }))).toBe("failed");
    expect(signOf(status({ state: "on", light: true, running: true, trouble: null }))).toBe("on");
    expect(["disk_full", "disk_read_only", "master_key_wrong", "recorder_absent", null].map(whyOf)).toEqual([
      "disk_full",
      "disk",
      "key",
      "other",
      "other",
    ]);
  });
});

describe("the recording light", () => {
  it("never goes without a word while the server says it is lit", () => {
    for (const each of everything) if (each.light) expect(signOf(each), JSON.stringify(each)).not.toBeNull();
  });

  it("says that it records only when packets are known to be recorded", () => {
    for (const each of everything) if (signOf(each) === "on") expect([each.state, each.running]).toEqual(["on", true]);
  });

  it("is nothing at all where nothing is asked or recorded", () => {
    expect(signOf(status({}))).toBeNull();
    expect(signOf(status({ allowed: false }))).toBeNull();
  });

  it.each([
    ["on", false, "starting"],
    ["on", true, "on"],
    ["asked", false, "asked"],
    ["paused", false, "paused"],
    ["ending", true, "ending"],
  ] as const)("%s, running %s: %s", (state, running, sign) => {
    expect(signOf(status({ state, running, light: true }))).toBe(sign);
  });

  it("that has not gone out yet says that it is stopping", () => {
    expect(signOf(status({ state: "off", light: true }))).toBe("ending");
  });
});

describe("asking and stopping", () => {
  it("asks whoever has not answered, while it matters", () => {
    for (const each of everything)
      expect(isAsked(each)).toBe(
        each.own.audio_only === "asked" && (each.state === "asked" || each.state === "on" || each.state === "paused"),
      );
  });

  it("gives everybody who said yes one tap to stop, and nobody else but the doctor", () => {
    for (const each of everything) {
      const underWay = each.state === "asked" || each.state === "on" || each.state === "paused";
      for (const role of ["patient", "companion", "interpreter"] as const)
        expect(canStop(each, role)).toBe(underWay && each.own.audio_only === "given");
      expect(canStop(each, "practitioner")).toBe(underWay);
    }
  });

  it("can be asked only where the hospital records, and not while anything is under way or still copied", () => {
    for (const each of everything) expect(canAsk(each)).toBe(each.state === "off" && !each.light);
    expect(canAsk(status({ allowed: false }))).toBe(false);
  });

  it("names those who have yet to answer, but not oneself", () => {
    const people = ["s_a", "s_b", "s_c"].map((seat) => ({ seat }) as Person);
    const waits = status({ waiting_for: ["s_a", "s_c", "s_gone"] });
    expect(awaited(waits, people, "s_a").map((each) => each.seat)).toEqual(["s_c"]);
  });
});
