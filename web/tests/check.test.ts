import { describe, expect, test } from "vitest";
import { bestOf, kindOf, ratesOf, SETTLING_MS, serversOf } from "../src/check/paths";

const server = (...urls: string[]) => ({ urls, username: "1:a", credential: "b" });

describe("which path an ICE URL leads over", () => {
  test.each([
    ["turn:relay.example.org", "turn_udp"],
    ["turn:relay.example.org:3478?transport=udp", "turn_udp"],
    ["turn:relay.example.org:3478?transport=tcp", "turn_tcp"],
    ["turns:relay.example.org:5349", "turn_tls"],
    ["turns:relay.example.org:443?transport=tcp", "turn_tls"],
    ["turns:relay.example.org?transport=udp", null],
    ["stun:relay.example.org", null],
    ["", null],
  ])("%s: %s", (url, kind) => {
    expect(kindOf(url)).toBe(kind);
  });

  test("each path is given its own servers and no others", () => {
    const both = server("turn:a?transport=tcp", "turns:a");
    expect(serversOf("udp", [both])).toEqual([]);
    expect(serversOf("turn_udp", [both])).toBeNull();
    expect(serversOf("turn_tcp", [both, server("turn:b")])).toEqual([server("turn:a?transport=tcp")]);
    expect(serversOf("turn_tls", [both])).toEqual([server("turns:a")]);
  });
});

test("the straight path is measured before any other, and one that fails never", () => {
  const path = (path: "udp" | "turn_tcp" | "turn_tls", works: boolean) => ({ path, works, round_trip_ms: null });
  expect(bestOf([path("turn_tls", true), path("turn_tcp", true), path("udp", true)])).toBe("udp");
  expect(bestOf([path("turn_tls", true), path("turn_tcp", true), path("udp", false)])).toBe("turn_tcp");
  expect(bestOf([path("udp", false)])).toBeNull();
  expect(bestOf([])).toBeNull();
});

describe("the rates that a test comes to", () => {
  const steady = (upBps: number, downBps: number, seconds = 6, lost = 0) =>
    Array.from({ length: seconds * 2 + 1 }, (_, step) => ({
      at: 1_000 + step * 500,
      sent: (upBps / 16) * step,
      received: (downBps / 16) * step,
      lost,
    }));

  test("are those that were held", () => {
    expect(ratesOf(steady(800_000, 400_000))).toEqual({ up_bps: 800_000, down_bps: 400_000 });
  });

  test("count only what arrived", () => {
    expect(ratesOf(steady(1_000_000, 400_000, 6, 0.25)).up_bps).toBe(750_000);
  });

  test("up are never less than what came back, which has gone up before", () => {
    expect(ratesOf(steady(70_000, 280_000))).toEqual({ up_bps: 280_000, down_bps: 280_000 });
  });

  test("do not follow the guess of the beginning, nor one stall", () => {
    const samples = steady(300_000, 300_000);
    for (const sample of samples) if (sample.at - 1_000 < SETTLING_MS) sample.sent = 0;
    const stalled = samples.map((sample, step) => (step > 8 ? { ...sample, sent: sample.sent - 18_750 } : sample));
    expect(ratesOf(stalled).up_bps).toBe(300_000);
  });

  test("are unknown when nothing could be measured", () => {
    expect(ratesOf([])).toEqual({ up_bps: null, down_bps: null });
    expect(ratesOf(steady(1, 1, 1))).toEqual({ up_bps: null, down_bps: null });
  });
});
