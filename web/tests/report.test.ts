import { describe, expect, it } from "vitest";
import { HEARD, isReported, loudness, megabits, reportOf, toneOf } from "../src/check/report";

const ready = { microphone: "ready", camera: "ready" } as const;

describe("the report of a test", () => {
  const measured = { paths: [{ path: "udp", works: true, round_trip_ms: 40 }], up_bps: 1, down_bps: 2 } as const;

  it("holds what was found, and nothing where nothing was measured", () => {
    expect(reportOf("s_a", true, ready, "heard", { ...measured, paths: [...measured.paths] })).toEqual({
      seat: "s_a",
      webrtc: true,
      microphone: "ready",
      camera: "ready",
      speaker: "heard",
      paths: [{ path: "udp", works: true, round_trip_ms: 40 }],
      up_bps: 1,
      down_bps: 2,
    });
    expect(reportOf("s_a", false, ready, "untested", null)).toMatchObject({ paths: [], up_bps: null, down_bps: null });
  });

  it("is sent again only when something is new", () => {
    const report = reportOf("s_a", true, ready, "untested", null);
    expect(isReported(report, null)).toBe(false);
    expect(isReported(report, { ...report })).toBe(true);
    expect(isReported({ ...report, speaker: "heard" }, report)).toBe(false);
  });
});

describe("figures in words", () => {
  it.each([
    [null, "–"],
    [0, "0.00"],
    [350_000, "0.35"],
    [999_000, "1.0"],
    [1_840_000, "1.8"],
    [9_940_000, "9.9"],
    [9_960_000, "10"],
    [62_000_000, "62"],
  ])("%s bps is %s", (bps, words) => {
    expect(megabits(bps)).toBe(words);
  });

  it("weak is amber", () => {
    expect((["clear", "small", "sound", "text"] as const).map(toneOf)).toEqual(["teal", "teal", "amber", "amber"]);
  });
});

describe("loudness", () => {
  it("of silence is nothing, of a shout all, of a quiet voice enough to be heard", () => {
    expect(loudness([])).toBe(0);
    expect(loudness(new Float32Array(512))).toBe(0);
    expect(loudness(new Float32Array(512).fill(0.9))).toBe(1);
    const voice = Float32Array.from({ length: 512 }, (_, index) => 0.05 * Math.sin(index / 5));
    expect(loudness(voice)).toBeGreaterThan(HEARD);
    expect(loudness(Float32Array.from({ length: 512 }, () => 0.002))).toBeLessThan(HEARD);
  });
});
