/** Camera and microphone of this device. Decides what is asked for and what a refusal means; never shows anything. */

import { preferring } from "./chosen";
import type { DeviceOutcome, Devices } from "./reducer";

export interface Captured {
  devices: Devices;
  audio: MediaStreamTrack | null;
  video: MediaStreamTrack | null;
}

export type Picture = "small" | "large";
/** Which of a phone's cameras: the one on the side of the face, or the one behind. */
export type Facing = "user" | "environment";

const SIZES: Record<Picture, MediaTrackConstraints> = {
  small: { width: { ideal: 640 }, height: { ideal: 480 }, frameRate: { ideal: 24, max: 30 }, facingMode: "user" },
  large: { width: { ideal: 1280 }, height: { ideal: 720 }, frameRate: { ideal: 24, max: 30 } },
};
const SOUND: MediaTrackConstraints = { echoCancellation: true, noiseSuppression: true, autoGainControl: true };

const sound = () => preferring("audioinput", SOUND);
const image = (picture: Picture) => preferring("videoinput", SIZES[picture]);

/** Opens what there is: both, or one of them, or none. Never throws. */
export async function openDevices(picture: Picture): Promise<Captured> {
  if (navigator.mediaDevices?.getUserMedia === undefined) return none("insecure", "insecure");
  const both = await ask({ audio: sound(), video: image(picture) });
  if (both instanceof MediaStream) return captured(both, "ready", "ready");
  const heard = await ask({ audio: sound() });
  if (heard instanceof MediaStream) return captured(heard, "ready", both);
  if (both === "refused") return none(heard, "refused"); // asking a third time would be rude
  const seen = await ask({ video: image(picture) });
  return seen instanceof MediaStream ? captured(seen, heard, "ready") : none(heard, seen);
}

/** The other camera of a phone. The one in use must have been stopped: many phones open only one at a time. */
export async function openCamera(picture: Picture, facing: Facing): Promise<MediaStreamTrack | null> {
  const found = await ask({ video: { ...SIZES[picture], facingMode: { ideal: facing } } });
  return found instanceof MediaStream ? (found.getVideoTracks()[0] ?? null) : null;
}

/** Whether there is another camera to turn to. Names of devices are known only after one was allowed, their number always. */
export async function countCameras(): Promise<number> {
  try {
    const devices = await navigator.mediaDevices.enumerateDevices();
    return devices.filter((each) => each.kind === "videoinput").length;
  } catch {
    return 0;
  }
}

async function ask(wanted: MediaStreamConstraints): Promise<MediaStream | DeviceOutcome> {
  try {
    return await navigator.mediaDevices.getUserMedia(wanted);
  } catch (error) {
    const name = error instanceof DOMException ? error.name : "";
    return name === "NotAllowedError" || name === "SecurityError" ? "refused" : "missing";
  }
}

function captured(stream: MediaStream, microphone: DeviceOutcome, camera: DeviceOutcome): Captured {
  return {
    devices: { microphone, camera },
    audio: stream.getAudioTracks()[0] ?? null,
    video: stream.getVideoTracks()[0] ?? null,
  };
}

const none = (microphone: DeviceOutcome, camera: DeviceOutcome): Captured => ({
  devices: { microphone, camera },
  audio: null,
  video: null,
});
