/** Carries out the reducer's orders on the real things: devices, RTCPeerConnection, the line, the clock. */

import { serverNow } from "../signal/fresh";
import type { Line } from "../signal/line";
import type { Role, SeatState } from "../signal/messages";
import { createStore } from "../ui/store";
import { openDevices } from "./devices";
import { RelayPeer, type Streams } from "./peer";
import { type CallCommand, type CallEvent, type CallState, deadline, initialCall, reduce } from "./reducer";

export interface CallView {
  state: CallState;
  /** Sound and picture by seat, of the connection in use. */
  streams: ReadonlyMap<string, Streams>;
  /** One's own camera, for the small picture. */
  self: MediaStream | null;
}

/** Enough for a face; the relay forwards to everybody what one person sends. */
const MAX_VIDEO_BPS = { small: 800_000, large: 1_500_000 };

export class Call {
  readonly view = createStore<CallView>({ state: initialCall, streams: new Map(), self: null });
  private state = initialCall;
  private peer: { attempt: number; relay: RelayPeer } | null = null;
  private audio: MediaStreamTrack | null = null;
  private video: MediaStreamTrack | null = null;
  private self: MediaStream | null = null;
  private timer: ReturnType<typeof setTimeout> | undefined;
  private over = false;
  private readonly unwatch: () => void;

  constructor(
    private readonly seat: string,
    private readonly role: Role,
    private readonly line: Line,
  ) {
    this.unwatch = line.status.subscribe((status) =>
      this.happened({ type: "line_changed", up: status.state === "up" }),
    );
    this.happened({ type: "line_changed", up: line.status.get().state === "up" });
    this.happened({ type: "started" });
  }

  see(state: SeatState): void {
    const others = state.people.filter((each) => each.in_call && each.seat !== this.seat).map((each) => each.seat);
    this.happened({ type: "room_seen", epoch: state.media_epoch, others });
  }

  happened(event: CallEvent): void {
    if (this.over) return;
    const { state, commands } = reduce(this.state, event, performance.now());
    this.state = state;
    for (const command of commands) this.carryOut(command);
    this.show();
    this.setTimer();
  }

  close(): void {
    this.happened({ type: "over" });
    this.over = true;
    this.unwatch();
    clearTimeout(this.timer);
  }

  private carryOut(command: CallCommand): void {
    switch (command.type) {
      case "open_devices":
        void this.openDevices();
        return;
      case "close_devices":
        this.release();
        return;
      case "open_peer":
        this.openPeer(command.attempt);
        return;
      case "negotiate":
        void this.negotiate(command.attempt, command.seats);
        return;
      case "close_peer":
        this.peer?.relay.close();
        this.peer = null;
        return;
      case "apply_media":
        this.applyMedia(command.microphone, command.camera);
        return;
      case "tell_media":
        void this.line.send("seat_media", {
          seat: this.seat,
          microphone: command.microphone,
          camera: command.camera,
        });
        return;
      default:
        command satisfies never;
    }
  }

  private get size(): "small" | "large" {
    return this.role === "practitioner" ? "large" : "small";
  }

  private openPeer(attempt: number): void {
    const relay = new RelayPeer(MAX_VIDEO_BPS[this.size], (connection) =>
      this.happened({ type: "connection_changed", attempt, connection }),
    );
    this.peer = { attempt, relay };
    relay.apply(this.audio?.enabled ?? false, this.video?.enabled ?? false);
    void relay.send(this.audio, this.video);
  }

  private async negotiate(attempt: number, seats: readonly string[]): Promise<void> {
    const relay = this.peer?.attempt === attempt ? this.peer.relay : null;
    if (relay === null) return;
    const done = await relay.negotiate(seats, async (sdp, wanted) => {
      const reply = await this.line.send("peer_offer", { seat: this.seat, peer: relay.id, sdp, wanted });
      return reply.ok ? (reply.body?.sdp ?? null) : null;
    });
    this.happened({ type: done ? "answered" : "refused", attempt });
  }

  private async openDevices(): Promise<void> {
    this.release();
    const { devices, audio, video } = await openDevices(this.size);
    if (this.over) {
      audio?.stop();
      video?.stop();
      return;
    }
    this.audio = audio;
    this.video = video;
    this.self = video === null ? null : new MediaStream([video]);
    audio?.addEventListener("ended", () => this.happened({ type: "device_lost", kind: "microphone" }));
    video?.addEventListener("ended", () => this.happened({ type: "device_lost", kind: "camera" }));
    void this.peer?.relay.send(audio, video).catch(() => undefined); // closed meanwhile: the next one gets the tracks
    this.happened({ type: "devices_opened", devices });
  }

  private applyMedia(microphone: boolean, camera: boolean): void {
    if (this.audio !== null) this.audio.enabled = microphone;
    if (this.video !== null) this.video.enabled = camera;
    this.peer?.relay.apply(microphone, camera);
  }

  private release(): void {
    this.audio?.stop();
    this.video?.stop();
    this.audio = null;
    this.video = null;
    this.self = null;
  }

  private show(): void {
    this.view.set({ state: this.state, streams: this.peer?.relay.streams() ?? new Map(), self: this.self });
  }

  private setTimer(): void {
    clearTimeout(this.timer);
    const at = deadline(this.state);
    if (at === null || this.over) return;
    const wait = Math.max(0, Math.ceil(at - performance.now()));
    this.timer = setTimeout(() => this.happened({ type: "time_passed" }), wait);
  }
}

/** How long the call has been live, in seconds. */
export const callSeconds = (state: SeatState): number =>
  state.live_since === null ? 0 : Math.max(0, Math.floor((state.ended_at ?? serverNow()) - state.live_since));
