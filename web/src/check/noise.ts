/** A moving picture that fills any rate, without a camera: of it no codec can shrink one patch, and the rest costs nothing. */

const WIDTH = 480;
const HEIGHT = 360;
const FRAMES_PER_S = 20;
/** A square of seven macroblocks a side. At its coarsest a codec makes 2 kB of it, so that a line of 100 kbit/s is filled evenly, at its
 * finest 12 kB, 2 Mbit/s. Of a whole picture of noise it never makes less than 25 kB: one frame a second, and no rate to be read. */
const PATCH = 112;
const PATCH_LEFT = 176;
const PATCH_TOP = 128;

export interface Noise {
  track: MediaStreamTrack;
  stop(): void;
}

/** @returns null where this browser captures no canvas */
export function makeNoise(): Noise | null {
  const canvas = document.createElement("canvas");
  canvas.width = WIDTH;
  canvas.height = HEIGHT;
  const brush = canvas.getContext("2d");
  if (brush === null || !("captureStream" in canvas)) return null;
  const frame = brush.createImageData(PATCH, PATCH);
  const pool = speckles(frame.data.length * 2);
  const draw = () => {
    const from = Math.floor(Math.random() * (pool.length - frame.data.length));
    frame.data.set(pool.subarray(from - (from % 4), from - (from % 4) + frame.data.length));
    brush.putImageData(frame, PATCH_LEFT, PATCH_TOP);
  };
  draw();
  const [track] = canvas.captureStream(FRAMES_PER_S).getVideoTracks();
  if (track === undefined) return null;
  const timer = setInterval(draw, 1000 / FRAMES_PER_S);
  return {
    track,
    stop() {
      clearInterval(timer);
      track.stop();
    },
  };
}

/** Opaque random pixels, drawn once: a random piece of them is a new picture at the cost of a copy. */
function speckles(octets: number): Uint8ClampedArray {
  const pool = new Uint8ClampedArray(octets);
  for (let at = 0; at < octets; at += 65_536) crypto.getRandomValues(pool.subarray(at, Math.min(at + 65_536, octets)));
  for (let at = 3; at < octets; at += 4) pool[at] = 255;
  return pool;
}
