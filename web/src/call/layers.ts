/** The layers in which one's own picture is sent (simulcast): the relay gives each of several receivers the one its line carries. */

import type { Clarity } from "../signal/messages";
import type { Sending } from "./quality";

/** Smallest first, as browsers want them; the last is the whole picture, and the only one in a room of two. */
const LAYERS = [
  { rid: "q", scaleResolutionDownBy: 4, maxBitrate: 150_000 },
  { rid: "h", scaleResolutionDownBy: 2, maxBitrate: 450_000 },
];
const WHOLE = "f";

export const layersOf = (maxVideoBps: number): RTCRtpEncodingParameters[] => [
  ...LAYERS.map((layer) => ({ ...layer, active: false })),
  { rid: WHOLE, maxBitrate: maxVideoBps },
];

/** Whether a camera's picture is large enough for three layers. Of a smaller one Chromium sends fewer, and leaves out the largest (libwebrtc,
 * simulcast.cc): everybody's picture would stand still, and then be a smaller one, the moment a third comes. */
export const isLayerable = (width: number, height: number): boolean => width * height >= 960 * 540;

/** How large the picture of the person at this place among so many others is shown: from three on, all but the first are small. */
export const sizeOf = (place: number, count: number): "medium" | "large" =>
  place > 0 && count > 2 ? "medium" : "large";

/** The layers that each rung of the ladder leaves in a room of several; the relay chooses among them for each receiver. */
const LEFT: Partial<Record<Clarity, readonly string[]>> = { hd: ["q", "h", WHOLE], sd: ["q", "h"], low: ["q"] };

/** The layers that are not sent now. */
export const offOf = (sender: RTCRtpSender): string[] =>
  sender
    .getParameters()
    .encodings.filter((each) => each.active === false)
    .flatMap(({ rid }) => rid ?? []);

/** How long a layer goes on when others begin in its place: until the relay has their first key frames, whoever watches has it. */
export const OVERLAP_MS = 1_500;

export interface Activation {
  /** The rung in a room of several; null in one of two, which is sent the whole picture alone. */
  rung: Clarity | null;
  /** Where the relay took no layers (H.264) a browser sends only the first, which is the whole picture then. */
  taken?: boolean;
  /** Layers that end go on as they are. */
  overlapping?: boolean;
}

/** Sends the whole picture as `sending` says; in a room of several those layers that the rung leaves.
 * @returns whether some layers begin in the place of others, which end when this is called without `overlapping` */
export async function activate(
  sender: RTCRtpSender,
  sending: Sending,
  { rung, taken = true, overlapping = false }: Activation,
): Promise<boolean> {
  const parameters = sender.getParameters();
  const before = JSON.stringify(parameters.encodings);
  const several = taken && parameters.encodings.length > 1;
  const wanted = parameters.encodings.map(({ rid }, place) => {
    if (!taken) return place === 0 && sending.active;
    const isLeft = several && rung !== null ? LEFT[rung]?.includes(rid ?? "") : !several || rid === WHOLE;
    return sending.active && isLeft === true;
  });
  const begins = parameters.encodings.some((each, place) => wanted[place] && each.active === false);
  const replaced = begins && parameters.encodings.some((each, place) => each.active !== false && !wanted[place]);
  const goesOn = (replaced || overlapping) && sending.active && taken;
  for (const [place, encoding] of parameters.encodings.entries()) {
    if (goesOn && encoding.active !== false && !wanted[place]) continue;
    encoding.active = wanted[place] === true;
    if (!several ? place > 0 : encoding.rid !== WHOLE) continue;
    if (several && rung !== null) Object.assign(encoding, { maxBitrate: sending.maxBitrate, scaleResolutionDownBy: 1 });
    else Object.assign(encoding, sending);
  }
  if (JSON.stringify(parameters.encodings) !== before) await sender.setParameters(parameters);
  return replaced;
}
