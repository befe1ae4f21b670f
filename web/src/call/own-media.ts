/** One's own microphone and camera while a call lasts: opened, lost, turned, let go. Reports; decides nothing. */

import { countCameras, type Facing, openCamera, openDevices, type Picture } from "./devices";
import type { RelayPeer } from "./peer";
import type { CallEvent } from "./reducer";

/** The connection in use when it is asked for: it may change while a device opens. */
type PeerNow = () => RelayPeer | null;

export class OwnMedia {
  audio: MediaStreamTrack | null = null;
  video: MediaStreamTrack | null = null;
  self: MediaStream | null = null;
  facing: Facing = "user";
  cameras = 0;
  private closed = false;
  private turning = false;
  private readonly changed = () => this.tell({ type: "devices_changed" });

  constructor(
    private readonly picture: Picture,
    private readonly tell: (event: CallEvent) => void,
  ) {
    navigator.mediaDevices?.addEventListener?.("devicechange", this.changed);
  }

  async open(peer: PeerNow): Promise<void> {
    this.release();
    const { devices, audio, video } = await openDevices(this.picture);
    if (this.closed) {
      audio?.stop();
      video?.stop();
      return;
    }
    this.audio = audio;
    this.take(video);
    audio?.addEventListener("ended", () => this.tell({ type: "device_lost", kind: "microphone" }));
    this.facing = "user";
    this.cameras = video === null ? 0 : await countCameras();
    await this.give(peer);
    this.tell({ type: "devices_opened", devices });
  }

  /** Takes the other camera; the former one again where that fails. */
  async turn(peer: PeerNow): Promise<void> {
    if (this.turning || this.video === null) return;
    this.turning = true;
    const enabled = this.video.enabled;
    const next: Facing = this.facing === "user" ? "environment" : "user";
    this.video.stop();
    const video = (await openCamera(this.picture, next)) ?? (await openCamera(this.picture, this.facing));
    this.turning = false;
    if (this.closed || video === null) {
      video?.stop();
      if (!this.closed) this.tell({ type: "device_lost", kind: "camera" });
      return;
    }
    video.enabled = enabled;
    this.facing = video.getSettings().facingMode === undefined ? next : (video.getSettings().facingMode as Facing);
    this.take(video);
    await this.give(peer);
    this.tell({ type: "time_passed" }); // draws the new picture
  }

  apply(microphone: boolean, camera: boolean): void {
    if (this.audio !== null) this.audio.enabled = microphone;
    if (this.video !== null) this.video.enabled = camera;
  }

  release(): void {
    this.audio?.stop();
    this.video?.stop();
    this.audio = null;
    this.video = null;
    this.self = null;
  }

  close(): void {
    this.closed = true;
    this.release();
    navigator.mediaDevices?.removeEventListener?.("devicechange", this.changed);
  }

  private take(video: MediaStreamTrack | null): void {
    this.video = video;
    this.self = video === null ? null : new MediaStream([video]);
    video?.addEventListener("ended", () => this.tell({ type: "device_lost", kind: "camera" }));
  }

  private async give(peer: PeerNow): Promise<void> {
    await peer()
      ?.send(this.audio, this.video)
      .catch(() => undefined); // closed meanwhile: the next one gets the tracks
  }
}
