/** The layers in which one's own picture is sent (simulcast): the relay gives each of several receivers the one its line carries. */

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

/** How large the picture of the person at this place among so many others is shown: from three on, all but the first are small. */
export const sizeOf = (place: number, count: number): "medium" | "large" =>
  place > 0 && count > 2 ? "medium" : "large";

/** Switches the camera's layers: none, the whole picture, or all. */
export async function activate(sender: RTCRtpSender, camera: boolean, layered: boolean): Promise<void> {
  const parameters = sender.getParameters();
  let changed = false;
  for (const encoding of parameters.encodings) {
    const whole = encoding.rid === undefined || encoding.rid === WHOLE;
    const active = camera && (whole || layered);
    changed ||= encoding.active !== active;
    encoding.active = active;
  }
  if (changed) await sender.setParameters(parameters);
}
