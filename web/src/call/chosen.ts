/** Which camera, microphone and speaker somebody chose on this computer. Remembered by the browser; one that is unplugged is
 * passed over without a word, and comes back when it is plugged in again. */

import { keep, recall } from "../i18n";

export type DeviceKind = "videoinput" | "audioinput" | "audiooutput";

const KEY = "consilium.device.";

export const chosenDevice = (kind: DeviceKind): string | null => recall(KEY + kind);
export const chooseDevice = (kind: DeviceKind, id: string | null): void => keep(KEY + kind, id);

/** `ideal`, never `exact`: a device that is gone must not leave somebody unseen. */
export function preferring(kind: DeviceKind, wanted: MediaTrackConstraints): MediaTrackConstraints {
  const id = chosenDevice(kind);
  if (id === null) return wanted;
  const { facingMode: _, ...rest } = wanted; // the choice of a person outweighs ours
  return { ...rest, deviceId: { ideal: id } };
}

export const canChooseSpeaker = (): boolean =>
  typeof HTMLMediaElement !== "undefined" && "setSinkId" in HTMLMediaElement.prototype;

/** Sends the sound of an element to the chosen speaker, where the browser can. */
export async function routeSound(element: HTMLMediaElement): Promise<void> {
  const id = chosenDevice("audiooutput");
  try {
    if (canChooseSpeaker()) await element.setSinkId(id ?? "");
  } catch {
    // unplugged, or not allowed: the computer's own choice it is
  }
}
