/** Plays all tracks by one clock: the shell around clock.ts, tracks.ts and the feeds. */

import { useCallback, useEffect, useRef, useState } from "preact/hooks";
import type { PlayGranted } from "../signal/messages";
import { type ClockEvent, clockAfter, type PlayClock, position, startClock } from "./clock";
import { Feed } from "./feed";
import { correction, tracksOf } from "./tracks";

const TICK_MS = 100;

export interface Playback {
  clock: PlayClock;
  at: number;
  /** What could not be had, as codes. */
  troubles: readonly string[];
  tell(event: ClockEvent): void;
  /** Gives a person's element of a kind to the player. */
  attach(seat: string, kind: "audio" | "video", element: HTMLMediaElement | null): void;
}

export function usePlayback(play: PlayGranted): Playback {
  const [clock, setClock] = useState(() => startClock(play.duration_ms));
  const [at, setAt] = useState(0);
  const [troubles, setTroubles] = useState<readonly string[]>([]);
  const latest = useRef(clock);
  const elements = useRef(new Map<string, HTMLMediaElement>());
  const tell = useCallback((event: ClockEvent) => {
    latest.current = clockAfter(latest.current, event, performance.now());
    setClock(latest.current);
    setAt(position(latest.current, performance.now()));
  }, []);
  const attach = useCallback((seat: string, kind: "audio" | "video", element: HTMLMediaElement | null) => {
    if (element !== null) elements.current.set(`${kind} ${seat}`, element);
  }, []);
  useEffect(() => {
    const failed = (code: string) => setTroubles((before) => (before.includes(code) ? before : [...before, code]));
    const feeds = tracksOf(play).flatMap((track) => {
      const element = elements.current.get(`${track.kind} ${track.seat}`);
      return element === undefined ? [] : [new Feed(track, element, play.play, play.duration_ms, failed)];
    });
    const timer = setInterval(() => {
      const now = position(latest.current, performance.now());
      for (const feed of feeds) void feed.look(now);
      const waiting = feeds.some((feed) => !feed.ready(now));
      const after = clockAfter(
        clockAfter(latest.current, { type: "waits", waiting }, performance.now()),
        { type: "tick" },
        performance.now(),
      );
      if (after !== latest.current) {
        latest.current = after;
        setClock(after);
      }
      for (const feed of feeds) follow(feed, latest.current);
      setAt(position(latest.current, performance.now()));
    }, TICK_MS);
    return () => {
      clearInterval(timer);
      for (const feed of feeds) feed.close();
    };
  }, [play]);
  return { clock, at, troubles, tell, attach };
}

/** One element to where the clock is. */
function follow(feed: Feed, clock: PlayClock): void {
  const { element } = feed;
  const at = position(clock, performance.now());
  const inside = feed.shown(at) !== null;
  const drift = element.currentTime * 1000 - at;
  if (!clock.playing || clock.waiting || !inside) {
    if (!element.paused) element.pause();
    if (inside && Math.abs(drift) > 40) element.currentTime = at / 1000;
    return;
  }
  const { seek, rate } = correction(drift, clock.speed);
  if (seek || (element.paused && Math.abs(drift) > 20)) element.currentTime = at / 1000;
  if (element.playbackRate !== rate) element.playbackRate = rate;
  if (element.paused) void element.play().catch(() => undefined);
}
