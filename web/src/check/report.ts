/** What the test of devices and network is told and what it comes to in words. Pure. */

import type { Devices } from "../call/reducer";
import type { CheckReport, CheckResult, Expectation, PathKind, PathResult } from "../signal/messages";

export type Speaker = CheckReport["speaker"];

/** What a finished probe found; null where it could not be done. */
export interface Measured {
  paths: PathResult[];
  up_bps: number | null;
  down_bps: number | null;
}

export function reportOf(
  seat: string,
  webrtc: boolean,
  devices: Devices,
  speaker: Speaker,
  measured: Measured | null,
): CheckReport {
  return {
    seat,
    webrtc,
    microphone: devices.microphone,
    camera: devices.camera,
    speaker,
    paths: measured?.paths ?? [],
    up_bps: measured?.up_bps ?? null,
    down_bps: measured?.down_bps ?? null,
  };
}

/** Whether the server knows all of it already. */
export const isReported = (report: CheckReport, last: CheckReport | null): boolean =>
  last !== null && JSON.stringify(report) === JSON.stringify(last);

export interface PathRow {
  path: PathKind;
  works: boolean;
  roundTripMs: number | null;
}

export const pathRows = (result: Pick<CheckResult, "paths">): PathRow[] =>
  result.paths.map(({ path, works, round_trip_ms }) => ({ path, works, roundTripMs: round_trip_ms }));

/** `1.8`, `0.35`, `12`: two figures, which is as much as was measured. */
export function megabits(bps: number | null): string {
  if (bps === null) return "–";
  const mega = bps / 1_000_000;
  return mega >= 9.95 ? String(Math.round(mega)) : mega >= 0.995 ? mega.toFixed(1) : mega.toFixed(2);
}

export type Tone = "teal" | "amber" | null;

export const toneOf = (expect: Expectation): Tone => (expect === "clear" || expect === "small" ? "teal" : "amber");

/** Loudness from 0 to 1 of one frame of samples: root mean square, lifted so that plain speech fills half of the bar. */
export function loudness(samples: ArrayLike<number>): number {
  let power = 0;
  for (let index = 0; index < samples.length; index++) power += (samples[index] ?? 0) ** 2;
  return samples.length === 0 ? 0 : Math.min(1, Math.sqrt(power / samples.length) * 4);
}

/** From here on it is a voice and not the room. */
export const HEARD = 0.06;
