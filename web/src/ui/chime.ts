/** Two soft notes, made on the spot: for an offer on the desk, and for the patient whose turn it is. */

let context: AudioContext | null = null;

/** Browsers let a page sound only after somebody has touched it; called on every touch until it works. */
export function unlockChime(): void {
  context ??= "AudioContext" in window ? new AudioContext() : null;
  if (context?.state === "suspended") void context.resume();
}

export function listenForTouch(): void {
  const options = { capture: true, passive: true };
  const unlock = () => {
    unlockChime();
    if (context?.state === "running") for (const kind of KINDS) removeEventListener(kind, unlock, options);
  };
  for (const kind of KINDS) addEventListener(kind, unlock, options);
}

const KINDS = ["pointerdown", "keydown"] as const;

/** @returns whether it could sound */
export function chime(): boolean {
  if (context === null || context.state !== "running") return false;
  note(context, 587.33, 0, 0.5);
  note(context, 880, 0.22, 0.9);
  return true;
}

function note(on: AudioContext, hertz: number, after: number, length: number): void {
  const begin = on.currentTime + after;
  const tone = on.createOscillator();
  const volume = on.createGain();
  tone.frequency.value = hertz;
  volume.gain.setValueAtTime(0, begin);
  volume.gain.linearRampToValueAtTime(0.22, begin + 0.02);
  volume.gain.exponentialRampToValueAtTime(0.001, begin + length);
  tone.connect(volume).connect(on.destination);
  tone.start(begin);
  tone.stop(begin + length);
}
