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

/** Sends the whole picture as `sending` says; in a room of several (`rung` given) those layers that the rung leaves. Where the relay took
 * no layers (H.264) a browser sends only the first, which is the whole picture then. */
export async function activate(
  sender: RTCRtpSender,
  sending: Sending,
  rung: Clarity | null,
  taken = true,
): Promise<void> {
  const parameters = sender.getParameters();
  const before = JSON.stringify(parameters.encodings);
  const several = taken && parameters.encodings.length > 1;
  for (const [place, encoding] of parameters.encodings.entries()) {
    if (!taken && place > 0) {
      encoding.active = false;
      continue;
    }
    const { rid } = encoding;
    const whole = !several || rid === undefined || rid === WHOLE;
    if (several && rung !== null) {
      encoding.active = sending.active && rid !== undefined && (LEFT[rung]?.includes(rid) ?? false);
      if (whole) Object.assign(encoding, { maxBitrate: sending.maxBitrate, scaleResolutionDownBy: 1 });
    } else if (whole) Object.assign(encoding, sending);
    else encoding.active = false;
  }
  if (JSON.stringify(parameters.encodings) !== before) await sender.setParameters(parameters);
}
