/** One's own camera and microphone for as long as the test is on the screen, and how loud it is. */

import { useCallback, useEffect, useRef, useState } from "preact/hooks";
import { type Captured, openDevices } from "../call/devices";
import { HEARD, loudness } from "./report";

export interface OwnDevices {
  /** Null while the browser asks. */
  captured: Captured | null;
  level: number;
  heard: boolean;
  /** Nothing heard for some seconds. */
  silent: boolean;
  again(): void;
}

const SILENT_MS = 7_000;
/** Some fifteen times a second: smooth to the eye, cheap on an old phone. */
const LEVEL_MS = 66;

export function useDevices(): OwnDevices {
  const [captured, setCaptured] = useState<Captured | null>(null);
  const [round, setRound] = useState(0);
  useEffect(() => {
    let over = false;
    let held: Captured | null = null;
    const stop = () => {
      held?.audio?.stop();
      held?.video?.stop();
    };
    setCaptured(null);
    void openDevices("small").then((got) => {
      held = got;
      if (over) stop();
      else setCaptured(got);
    });
    return () => {
      over = true;
      stop();
    };
  }, [round]);
  const level = useLevel(captured?.audio ?? null);
  const [heard, setHeard] = useState(false);
  useEffect(() => {
    if (level > HEARD) setHeard(true);
  }, [level]);
  const silent = useSilence(captured?.audio ?? null, heard);
  return { captured, level, heard, silent, again: useCallback(() => setRound((before) => before + 1), []) };
}

function useLevel(track: MediaStreamTrack | null): number {
  const [level, setLevel] = useState(0);
  useEffect(() => {
    setLevel(0);
    if (track === null || !("AudioContext" in window)) return;
    const context = new AudioContext();
    const analyser = context.createAnalyser();
    analyser.fftSize = 512;
    context.createMediaStreamSource(new MediaStream([track])).connect(analyser);
    const samples = new Float32Array(analyser.fftSize);
    const timer = setInterval(() => {
      analyser.getFloatTimeDomainData(samples);
      setLevel(loudness(samples));
    }, LEVEL_MS);
    const wake = () => void context.resume(); // a context made before the first touch sleeps
    addEventListener("pointerdown", wake);
    return () => {
      clearInterval(timer);
      removeEventListener("pointerdown", wake);
      void context.close();
    };
  }, [track]);
  return level;
}

function useSilence(track: MediaStreamTrack | null, heard: boolean): boolean {
  const [silent, setSilent] = useState(false);
  const latest = useRef(heard);
  latest.current = heard;
  useEffect(() => {
    setSilent(false);
    if (track === null) return;
    const timer = setTimeout(() => setSilent(!latest.current), SILENT_MS);
    return () => clearTimeout(timer);
  }, [track]);
  return silent && !heard;
}
