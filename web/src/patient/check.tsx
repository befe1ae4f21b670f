/** "Can we see and hear you?" while one waits: one's own picture, a bar that moves with the voice, and words. */

import { useEffect, useRef, useState } from "preact/hooks";
import { type Captured, openDevices } from "../call/devices";
import { deviceSentence } from "../call/notices";
import { play } from "../call/sound";
import { useTexts } from "../i18n";
import { chime, unlockChime } from "../ui/chime";
import { Icon } from "../ui/icon";

const HEARD = 0.06;

export function Check() {
  const t = useTexts();
  const [open, setOpen] = useState(false);
  if (open) return <OpenCheck onDone={() => setOpen(false)} />;
  return (
    <button
      type="button"
      class="btn btn-wide"
      onClick={() => {
        unlockChime();
        chime();
        setOpen(true);
      }}
    >
      <Icon name="video" />
      <span>{t.check.open}</span>
    </button>
  );
}

function OpenCheck({ onDone }: { onDone(): void }) {
  const t = useTexts();
  const captured = useCaptured();
  const video = useRef<HTMLVideoElement>(null);
  const level = useLevel(captured?.audio ?? null);
  const [heard, setHeard] = useState(false);
  useEffect(() => {
    if (level > HEARD) setHeard(true);
  }, [level]);
  useEffect(() => {
    const element = video.current;
    if (element === null || !captured?.video) return;
    element.srcObject = new MediaStream([captured.video]);
    void play(element);
  }, [captured]);
  const trouble = captured === null ? null : deviceSentence(t, captured.devices);
  return (
    <section class="card stack gap-m" aria-labelledby="check-title">
      <h2 id="check-title">{t.check.title}</h2>
      {captured?.video && (
        <figure class="mirror">
          <video ref={video} muted playsInline tabIndex={-1} aria-hidden="true" />
          <figcaption class="badge">{t.check.seen}</figcaption>
        </figure>
      )}
      {captured?.audio && (
        <div class="stack gap-s">
          <p class="small">{t.check.speak}</p>
          <meter min={0} max={1} value={level} aria-label={t.check.level} />
          <p class={heard ? "small row check-heard" : "small second row"} role="status">
            <Icon name={heard ? "check" : "mic"} />
            <span>{heard ? t.check.heard : t.check.silent}</span>
          </p>
        </div>
      )}
      {captured === null && <p class="second">{t.call.allow}</p>}
      {trouble !== null && (
        <p class="error">
          <Icon name="triangle-alert" />
          <span>{trouble}</span>
        </p>
      )}
      <button type="button" class="btn btn-wide" onClick={onDone}>
        {t.check.stop}
      </button>
    </section>
  );
}

function useCaptured(): Captured | null {
  const [captured, setCaptured] = useState<Captured | null>(null);
  useEffect(() => {
    let over = false;
    let held: Captured | null = null;
    const stop = () => {
      held?.audio?.stop();
      held?.video?.stop();
    };
    void openDevices("small").then((got) => {
      held = got;
      if (over) stop();
      else setCaptured(got);
    });
    return () => {
      over = true;
      stop();
    };
  }, []);
  return captured;
}

/** Loudness from 0 to 1, some fifteen times a second. */
function useLevel(track: MediaStreamTrack | null): number {
  const [level, setLevel] = useState(0);
  useEffect(() => {
    if (track === null) return;
    const context = new AudioContext();
    const analyser = context.createAnalyser();
    analyser.fftSize = 512;
    context.createMediaStreamSource(new MediaStream([track])).connect(analyser);
    const samples = new Float32Array(analyser.fftSize);
    const timer = setInterval(() => {
      analyser.getFloatTimeDomainData(samples);
      const power = samples.reduce((sum, each) => sum + each * each, 0) / samples.length;
      setLevel(Math.min(1, Math.sqrt(power) * 4));
    }, 66);
    return () => {
      clearInterval(timer);
      void context.close();
    };
  }, [track]);
  return level;
}
