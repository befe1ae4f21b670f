import { describe, expect, it } from "vitest";
import { clockAfter, position, startClock } from "../src/archive/clock";
import { correction, entryAt, gapAt, nextSpeed, segmentAt, stale, tracksOf, wanted } from "../src/archive/tracks";
import type { PlaySegment } from "../src/signal/messages";

const part = (
  number: number,
  start: number,
  end: number,
  seat = "s_a",
  kind: "audio" | "video" = "video",
): PlaySegment => ({
  number,
  seat,
  kind,
  codec: kind === "video" ? "vp8" : "opus",
  start_ms: start,
  end_ms: end,
});
const people = [
  { seat: "s_a", role: "practitioner", name: { zh: "", en: "" } },
  { seat: "s_b", role: "patient", name: { zh: "", en: "" } },
];
const play = {
  people,
  segments: [part(1, 0, 4000), part(3, 4010, 8000), part(4, 12_000, 16_000), part(2, 0, 4000, "s_a", "audio")],
};
const [video] = tracksOf(play);

describe("tracks", () => {
  it("are one for each person and kind that has anything", () => {
    expect(tracksOf(play).map((each) => [each.seat, each.kind, each.segments.length])).toEqual([
      ["s_a", "video", 3],
      ["s_a", "audio", 1],
    ]);
  });

  it("need what holds the moment, and nothing in a hole", () => {
    if (video === undefined) throw new Error("no track");
    expect(segmentAt(video, 3999)?.number).toBe(1);
    expect(segmentAt(video, 4005)?.number).toBe(3);
    expect(segmentAt(video, 9000)).toBeNull();
    expect(segmentAt(video, 11_900)?.number).toBe(4);
  });

  it("fetch in order, once, and forget what is far", () => {
    if (video === undefined) throw new Error("no track");
    expect(wanted(video, 0, new Set())?.number).toBe(1);
    expect(wanted(video, 0, new Set([1]))?.number).toBe(3);
    expect(wanted(video, 0, new Set([1, 3, 4]))).toBeNull();
    expect(stale(video, 60_000, new Set([1, 3])).map((each) => each.number)).toEqual([1, 3]);
    expect(stale(video, 10_000, new Set([1, 3]))).toEqual([]);
  });

  it("say why nothing is there", () => {
    const gaps = [{ seat: "s_b", kind: "" as const, from_ms: 5, to_ms: 9, reason: "network" }];
    expect(gapAt(gaps, "s_b", "video", 5)?.reason).toBe("network");
    expect(gapAt(gaps, "s_b", "video", 9)).toBeNull();
    expect(gapAt(gaps, "s_a", "video", 6)).toBeNull();
  });

  it("stand where the conversation stands", () => {
    expect(entryAt([{ at_ms: -5 }, { at_ms: 10 }, { at_ms: 30 }], 12)).toBe(1);
    expect(entryAt([{ at_ms: 10 }], 0)).toBe(-1);
  });

  it("are brought back gently, and by a leap when far off", () => {
    expect(correction(10, 1)).toEqual({ seek: false, rate: 1 });
    expect(correction(60, 1).rate).toBeLessThan(1);
    expect(correction(-60, 2).rate).toBeGreaterThan(2);
    expect(correction(900, 1)).toEqual({ seek: true, rate: 1 });
  });
});

describe("the clock", () => {
  it("runs by its speed, stands when it waits or is stopped, and ends", () => {
    let clock = clockAfter(startClock(10_000), { type: "play" }, 1000);
    expect(position(clock, 2000)).toBe(1000);
    clock = clockAfter(clock, { type: "waits", waiting: true }, 2000);
    expect(position(clock, 9000)).toBe(1000);
    clock = clockAfter(clock, { type: "waits", waiting: false }, 9000);
    clock = clockAfter(clock, { type: "speed", speed: 2 }, 10_000);
    expect(position(clock, 11_000)).toBe(4000);
    clock = clockAfter(clock, { type: "pause" }, 11_000);
    expect(position(clock, 99_000)).toBe(4000);
    clock = clockAfter(clock, { type: "seek", toMs: 99_999 }, 99_000);
    expect(position(clock, 99_000)).toBe(10_000);
    clock = clockAfter(clock, { type: "play" }, 100_000);
    expect(position(clock, 100_500)).toBe(1000);
    expect(clockAfter(clock, { type: "tick" }, 200_000).playing).toBe(false);
    expect(clockAfter(clock, { type: "tick" }, 100_500)).toBe(clock);
  });

  it("has a few speeds, in a ring", () => {
    expect([1, 1.5, 2, 0.5, 7].map(nextSpeed)).toEqual([1.5, 2, 0.5, 1, 1]);
  });
});
