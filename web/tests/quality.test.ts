import { describe, expect, it } from "vitest";
import { goingOn, paced, pausing } from "../src/call/answers";
import { moves, START, sendingOf, VOICE, voiceOf, Watch } from "../src/call/quality";
import { Run, types } from "./run";

describe("a rung of the ladder", () => {
  it("is a size, a pace and a limit of the encoder", () => {
    expect(sendingOf({ clarity: "hd", limitBps: 1_200_000 }, true, 1_500_000, 720)).toEqual({
      active: true,
      maxBitrate: 1_200_000,
      maxFramerate: 30,
      scaleResolutionDownBy: 1,
    });
    expect(sendingOf({ clarity: "low", limitBps: 200_000 }, true, 1_500_000, 720)).toEqual({
      active: true,
      maxBitrate: 200_000,
      maxFramerate: 15,
      scaleResolutionDownBy: 3,
    });
  });

  it("never goes beyond what this place may send, nor makes a small picture larger", () => {
    const sent = sendingOf({ clarity: "hd", limitBps: 9_000_000 }, true, 1_000_000, 240);
    expect(sent.maxBitrate).toBe(1_000_000);
    expect(sent.scaleResolutionDownBy).toBe(1);
  });

  it("without a moving picture sends none and leaves the sound less, never nothing", () => {
    for (const clarity of ["stills", "audio", "text"] as const) {
      expect(sendingOf({ clarity, limitBps: 0 }, true, 1_000_000, 480).active).toBe(false);
      expect(voiceOf({ clarity, limitBps: 0 })).toBe(VOICE.least);
      expect(moves(clarity)).toBe(false);
    }
    expect(sendingOf(START, false, 1_000_000, 480).active).toBe(false); // the camera is off
  });
});

describe("the voice", () => {
  const HEADERS_BYTES = 20 + 8 + 12 + 12 + 16; // IPv4, UDP, RTP, its extensions, the tag of GCM
  const wholeBps = ({ maxBitrate, ptimeMs }: { maxBitrate: number; ptimeMs: number }) =>
    maxBitrate + (HEADERS_BYTES * 8 * 1000) / ptimeMs;

  it("is lighter on each lower rung, in fewer packets, and fits into 40 kbit/s with all headers where no picture moves", () => {
    const rungs = (["hd", "sd", "low", "stills", "audio", "text"] as const).map((clarity) =>
      voiceOf({ clarity, limitBps: 300_000 }),
    );
    expect(rungs).toEqual([VOICE.full, VOICE.full, VOICE.less, VOICE.least, VOICE.least, VOICE.least]);
    expect(voiceOf({ clarity: "low", limitBps: 100_000 })).toBe(VOICE.least); // a picture is tried
    expect(wholeBps(VOICE.full)).toBeGreaterThan(wholeBps(VOICE.less));
    expect(wholeBps(VOICE.less)).toBeGreaterThan(wholeBps(VOICE.least));
    expect(wholeBps(VOICE.least)).toBeLessThan(0.95 * 40_000);
  });

  it("is paced by the answer, and nothing else of it is touched", () => {
    const answer = "m=audio 9\r\na=fmtp:111 minptime=10;usedtx=1\r\na=ptime:20\r\nm=video 9\r\n";
    expect(paced(answer, 60)).toBe(answer.replace("a=ptime:20", "a=ptime:60"));
    expect(paced(paced(answer, 60), 20)).toBe(answer);
  });
});

describe("an answer", () => {
  it("begins no layer that is off", () => {
    const answer = "a=rid:q recv\r\na=simulcast:recv q;h;f\r\na=ptime:20\r\n";
    expect(pausing(answer, ["q", "h"])).toBe(answer.replace("q;h;f", "~q;~h;f"));
    expect(pausing(answer, [])).toBe(answer);
    expect(pausing("a=ptime:20\r\n", ["q"])).toBe("a=ptime:20\r\n");
  });

  it("names no rate to begin with once there is one", () => {
    const answer =
      "a=fmtp:96 x-google-start-bitrate=1000\r\na=fmtp:97 packetization-mode=1;x-google-start-bitrate=1000\r\n";
    expect(goingOn(answer)).toBe("a=fmtp:97 packetization-mode=1\r\n");
    expect(goingOn("a=fmtp:111 minptime=10\r\n")).toBe("a=fmtp:111 minptime=10\r\n");
  });
});

describe("the call's machine", () => {
  const ready = { microphone: "ready", camera: "ready" } as const;

  it("orders another quality once", () => {
    const run = new Run().connected("s_b");
    const quality = { clarity: "low", limitBps: 200_000 } as const;
    expect(run.tell({ type: "quality_told", quality })).toEqual([{ type: "keep_quality", quality }]);
    expect(run.tell({ type: "quality_told", quality })).toEqual([]);
  });

  it("sends stills while the ladder stands on them, and no longer", () => {
    const run = new Run().connected("s_b");
    run.tell({ type: "devices_opened", devices: ready });
    expect(types(run.tell({ type: "quality_told", quality: { clarity: "stills", limitBps: 0 } }))).toEqual([
      "keep_quality",
      "send_still",
    ]);
    run.tell({ type: "still_done" });
    expect(types(run.tell({ type: "quality_told", quality: { clarity: "low", limitBps: 100_000 } }))).toEqual([
      "keep_quality",
    ]);
  });
});

describe("pictures that stand still", () => {
  it("are timed while they should move, from their first frame on", () => {
    const watch = new Watch();
    const sample = (frames: number, now: number, expected = true) =>
      watch.sample(new Map([["s_b", frames]]), () => expected, now);
    sample(0, 0);
    sample(0, 700);
    expect(watch.take()).toEqual([{ seat: "s_b", frozen_ms: 0 }]); // on its way
    sample(10, 1_400);
    sample(10, 2_100);
    sample(10, 2_800);
    sample(30, 3_500);
    expect(watch.take()).toEqual([{ seat: "s_b", frozen_ms: 1_400 }]);
    sample(30, 4_200, false); // the camera was switched off
    expect(watch.take()).toEqual([{ seat: "s_b", frozen_ms: 0 }]);
    watch.sample(new Map(), () => true, 5_000);
    expect(watch.take()).toEqual([]);
  });

  it("count as standing still when their first frame does not come", () => {
    const watch = new Watch();
    for (let now = 0; now <= 6_000; now += 1_000) watch.sample(new Map([["s_b", 0]]), () => true, now);
    expect(watch.take()).toEqual([{ seat: "s_b", frozen_ms: 2_000 }]);
  });
});
