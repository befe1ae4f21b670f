/** The one clock that all tracks follow: pure, on times given to it. It stands while something that is needed has not come. */

export interface PlayClock {
  playing: boolean;
  /** A track lacks what it needs: the clock stands, and goes on by itself. */
  waiting: boolean;
  speed: number;
  fromMs: number;
  /** The device's time at which the clock was at `fromMs`. */
  sinceMs: number;
  endMs: number;
}

export const startClock = (endMs: number): PlayClock => ({
  playing: false,
  waiting: false,
  speed: 1,
  fromMs: 0,
  sinceMs: 0,
  endMs,
});

export function position(clock: PlayClock, nowMs: number): number {
  const run = clock.playing && !clock.waiting ? (nowMs - clock.sinceMs) * clock.speed : 0;
  return Math.max(0, Math.min(clock.endMs, clock.fromMs + run));
}

export type ClockEvent =
  | { type: "play" }
  | { type: "pause" }
  | { type: "seek"; toMs: number }
  | { type: "speed"; speed: number }
  | { type: "waits"; waiting: boolean }
  | { type: "tick" };

/** The clock after an event; the same one where nothing changed. */
export function clockAfter(clock: PlayClock, event: ClockEvent, nowMs: number): PlayClock {
  const at = position(clock, nowMs);
  const moved = { ...clock, fromMs: at, sinceMs: nowMs };
  switch (event.type) {
    case "play":
      return at >= clock.endMs ? { ...moved, fromMs: 0, playing: true } : { ...moved, playing: true };
    case "pause":
      return { ...moved, playing: false };
    case "seek":
      return { ...moved, fromMs: Math.max(0, Math.min(clock.endMs, event.toMs)) };
    case "speed":
      return { ...moved, speed: event.speed };
    case "waits":
      return event.waiting === clock.waiting ? clock : { ...moved, waiting: event.waiting };
    case "tick":
      return clock.playing && at >= clock.endMs ? { ...moved, playing: false } : clock;
  }
}
