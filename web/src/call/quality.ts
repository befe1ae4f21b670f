/** How one's own picture is sent on each rung of the ladder, and what is reported of the others'. Pure.
 *
 * The relay decides the rung and the limit (quality_seen); here is only what they mean for an encoder. */

import type { Clarity, PictureReport, QualitySeen } from "../signal/messages";

/** What an encoder is set to; `active` false sends nothing at all. */
export interface Sending {
  active: boolean;
  maxBitrate: number;
  maxFramerate: number;
  scaleResolutionDownBy: number;
}

/** The picture's lines and frames a second on each rung that moves. */
const SHAPES: Partial<Record<Clarity, { lines: number; frames: number }>> = {
  hd: { lines: 720, frames: 30 },
  sd: { lines: 360, frames: 24 },
  low: { lines: 240, frames: 15 },
};

/** How the voice is sent: bits per second, and how much of it is in one packet. */
export interface Voice {
  maxBitrate: number;
  ptimeMs: number;
}

/** Opus at its best for a voice; beside a small picture; and where every bit is needed: with their headers 50 packets a second cost more
 * than the voice in them (27 kbit/s beside 16), 17 cost 9. Longer frames make a call later by their length, no more. */
export const VOICE: Record<"full" | "less" | "least", Voice> = {
  full: { maxBitrate: 32_000, ptimeMs: 20 },
  less: { maxBitrate: 24_000, ptimeMs: 40 },
  least: { maxBitrate: 16_000, ptimeMs: 60 },
};

/** Before the relay has said anything: what it begins with. */
export const START: QualityNow = { clarity: "sd", limitBps: 350_000 };

export interface QualityNow {
  clarity: Clarity;
  limitBps: number;
}

export const moves = (clarity: Clarity): boolean => SHAPES[clarity] !== undefined;

/** The settings of the picture's encoder. `lines` is the height of what the camera gives. */
export function sendingOf(now: QualityNow, camera: boolean, mostBps: number, lines: number): Sending {
  const shape = SHAPES[now.clarity];
  const wanted = shape ?? { lines: 240, frames: 15 };
  return {
    active: camera && shape !== undefined && now.limitBps > 0,
    maxBitrate: Math.max(30_000, Math.min(now.limitBps || mostBps, mostBps)),
    maxFramerate: wanted.frames,
    scaleResolutionDownBy: lines > wanted.lines ? lines / wanted.lines : 1,
  };
}

/** A picture of no more than this is only tried, by a line that may have room for the voice alone. */
const TRIED_BPS = 150_000;

/** What the voice may take: less where there is hardly room for it. */
export function voiceOf({ clarity, limitBps }: QualityNow): Voice {
  if (!moves(clarity) || (clarity === "low" && limitBps <= TRIED_BPS)) return VOICE.least;
  return clarity === "low" ? VOICE.less : VOICE.full;
}

/** A picture whose first frame takes longer is not under way: what carries it is too narrow. */
const FIRST_MS = 4_000;

/** Pictures that stand still though they should move, by the frames decoded. */
export class Watch {
  private readonly seats = new Map<string, { frames: number; at: number; since: number; frozen: number }>();

  /** @param frames decoded so far, by seat
   *  @param expected whose picture moves, as far as we know */
  sample(frames: ReadonlyMap<string, number>, expected: (seat: string) => boolean, now: number): void {
    for (const seat of this.seats.keys()) if (!frames.has(seat)) this.seats.delete(seat);
    for (const [seat, count] of frames) {
      const known = this.seats.get(seat);
      if (known === undefined || count < known.frames || !expected(seat)) {
        this.seats.set(seat, { frames: count, at: now, since: now, frozen: known?.frozen ?? 0 });
        continue;
      }
      if (count === known.frames && (count > 0 || now - known.since > FIRST_MS)) known.frozen += now - known.at;
      known.frames = count;
      known.at = now;
    }
  }

  /** What stood still since the last call, in ms. */
  take(): PictureReport[] {
    const found = [...this.seats].map(([seat, { frozen }]) => ({
      seat,
      frozen_ms: Math.min(60_000, Math.round(frozen)),
    }));
    for (const each of this.seats.values()) each.frozen = 0;
    return found.slice(0, 16);
  }
}

/** The quality of a seat's picture as it is known here. */
export const clarityOf = (known: ReadonlyMap<string, QualitySeen>, seat: string): Clarity | null =>
  known.get(seat)?.clarity ?? null;
