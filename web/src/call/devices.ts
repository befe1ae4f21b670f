/** Camera and microphone of this device. Decides what is asked for and what a refusal means; never shows anything. */

import type { DeviceOutcome, Devices } from "./reducer";

export interface Captured {
  devices: Devices;
  audio: MediaStreamTrack | null;
  video: MediaStreamTrack | null;
}

export type Picture = "small" | "large";

const SIZES: Record<Picture, MediaTrackConstraints> = {
  small: { width: { ideal: 640 }, height: { ideal: 480 }, frameRate: { ideal: 24, max: 30 }, facingMode: "user" },
  large: { width: { ideal: 1280 }, height: { ideal: 720 }, frameRate: { ideal: 24, max: 30 } },
};
const SOUND: MediaTrackConstraints = { echoCancellation: true, noiseSuppression: true, autoGainControl: true };

/** Opens what there is: both, or one of them, or none. Never throws. */
export async function openDevices(picture: Picture): Promise<Captured> {
  if (navigator.mediaDevices?.getUserMedia === undefined) return none("insecure", "insecure");
  const both = await ask({ audio: SOUND, video: SIZES[picture] });
  if (both instanceof MediaStream) return captured(both, "ready", "ready");
  const sound = await ask({ audio: SOUND });
  if (sound instanceof MediaStream) return captured(sound, "ready", both);
  if (both === "refused") return none(sound, "refused"); // asking a third time would be rude
  const image = await ask({ video: SIZES[picture] });
  return image instanceof MediaStream ? captured(image, sound, "ready") : none(sound, image);
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
