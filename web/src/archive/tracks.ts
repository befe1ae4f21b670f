/** Which parts of a recording are needed when: pure. Times are milliseconds of the recording's line. */

import type { PlayGap, PlayGranted, PlaySegment } from "../signal/messages";

/** One kind of media of one person: its segments in order. */
export interface Track {
  seat: string;
  kind: "audio" | "video";
  segments: readonly PlaySegment[];
}

export const AHEAD_MS = 20_000;
export const BEHIND_MS = 30_000;
/** Segments follow each other within a few milliseconds; what is longer is a hole in which nothing is to be waited for. */
export const SEAM_MS = 250;

export function tracksOf(play: Pick<PlayGranted, "people" | "segments">): Track[] {
  const tracks = play.people.flatMap(({ seat }) =>
    (["video", "audio"] as const).map((kind) => ({
      seat,
      kind,
      segments: play.segments
        .filter((each) => each.seat === seat && each.kind === kind)
        .sort((a, b) => a.start_ms - b.start_ms),
    })),
  );
  return tracks.filter((track) => track.segments.length > 0);
}

/** The segment that holds this moment, or lies so near after it that there is nothing between. */
export function segmentAt(track: Track, at: number): PlaySegment | null {
  return track.segments.find((each) => at < each.end_ms && each.start_ms <= at + SEAM_MS) ?? null;
}

/** What is to be fetched next for playing from `at`, in order; `have` are the numbers of those that are there or on their way. */
export function wanted(track: Track, at: number, have: ReadonlySet<number>): PlaySegment | null {
  return (
    track.segments.find((each) => each.end_ms > at && each.start_ms < at + AHEAD_MS && !have.has(each.number)) ?? null
  );
}

/** Those that can go: a browser's buffer holds some ten megabytes. */
export function stale(track: Track, at: number, have: ReadonlySet<number>): PlaySegment[] {
  return track.segments.filter(
    (each) => have.has(each.number) && (each.end_ms < at - BEHIND_MS || each.start_ms > at + 3 * AHEAD_MS),
  );
}

/** The gap that somebody's track has at this moment, for the sentence in its place. */
export function gapAt(gaps: readonly PlayGap[], seat: string, kind: "audio" | "video", at: number): PlayGap | null {
  const of = (gap: PlayGap) => (gap.seat === "" || gap.seat === seat) && (gap.kind === "" || gap.kind === kind);
  return gaps.find((gap) => of(gap) && gap.from_ms <= at && at < gap.to_ms) ?? null;
}

/** Entries up to a moment count as said; the last of them is where the conversation stands. */
export function entryAt(entries: readonly { at_ms: number }[], at: number): number {
  let last = -1;
  entries.forEach((entry, index) => {
    if (entry.at_ms <= at) last = index;
  });
  return last;
}

export const SPEEDS: readonly number[] = [1, 1.5, 2, 0.5];

export function nextSpeed(speed: number): number {
  const at = SPEEDS.indexOf(speed);
  return SPEEDS[(at + 1) % SPEEDS.length] ?? 1;
}

/** How a track that is off the clock is brought back: a leap where it is far off, else a little faster or slower. */
export function correction(driftMs: number, speed: number): { seek: boolean; rate: number } {
  if (Math.abs(driftMs) > 400) return { seek: true, rate: speed };
  if (Math.abs(driftMs) < 15) return { seek: false, rate: speed };
  const nudge = Math.max(-0.08, Math.min(0.08, driftMs / 1000));
  return { seek: false, rate: speed * (1 - nudge) };
}
