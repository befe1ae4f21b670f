/** Carries out the reducer's orders on the real things: devices, RTCPeerConnection, the line, the clock. */

import { serverNow } from "../signal/fresh";
import type { Line } from "../signal/line";
import type { QualitySeen, Role, SeatState } from "../signal/messages";
import { onNetworkChange } from "../signal/network";
import { createStore } from "../ui/store";
import { othersOf } from "./faces";
import { askIce, type KnownIce } from "./ice";
import { OwnMedia } from "./own-media";
import { RelayPeer, type Streams } from "./peer";
import { moves, type QualityNow, Watch } from "./quality";
import { type CallCommand, type CallEvent, type CallState, deadline, initialCall, reduce } from "./reducer";
import { isLowered } from "./rung";
import { Silence } from "./silence";
import { type Still, Stills } from "./stills";

export interface CallView {
  state: CallState;
  /** Sound and picture by seat, of the connection in use. */
  streams: ReadonlyMap<string, Streams>;
  /** The latest still by seat. */
  stills: ReadonlyMap<string, Still>;
  /** How each seat sends, as the relay last said. */
  quality: ReadonlyMap<string, QualitySeen>;
  /** One's own camera, for the small picture. */
  self: MediaStream | null;
  /** Whether one's own picture is seen as in a mirror: not of the camera behind. */
  mirrored: boolean;
  /** Whether there is another camera to turn to. */
  turnable: boolean;
}

/** Enough for a face; the relay forwards to everybody what one person sends. */
const MAX_VIDEO_BPS = { small: 1_000_000, large: 1_500_000 };
const LISTEN_EVERY_MS = 700;
/** Of what is found; sooner when another limit is kept. */
const REPORT_EVERY_MS = 2_000;

export class Call {
  readonly view = createStore<CallView>({
    state: initialCall,
    streams: new Map(),
    stills: new Map(),
    quality: new Map(),
    self: null,
    mirrored: true,
    turnable: false,
  });
  private state = initialCall;
  private peer: { attempt: number; relay: RelayPeer; silence: Silence; watch: Watch } | null = null;
  private quality: ReadonlyMap<string, QualitySeen> = new Map();
  private reportAt = 0;
  private ice: KnownIce = { servers: [], until: 0 };
  private readonly own: OwnMedia;
  private readonly stills: Stills;
  private timer: ReturnType<typeof setTimeout> | undefined;
  private listening: ReturnType<typeof setInterval> | undefined;
  private cameras: ReadonlySet<string> = new Set();
  private over = false;
  private readonly stops: (() => void)[];

  constructor(
    private readonly seat: string,
    private readonly role: Role,
    private readonly line: Line,
  ) {
    this.own = new OwnMedia(this.size, (event) => this.happened(event));
    this.stills = new Stills(seat, line, () => this.show());
    this.stops = [
      line.status.subscribe((status) => this.happened({ type: "line_changed", up: status.state === "up" })),
      line.on("quality_seen", (seen) => this.seeQuality(seen)),
      onNetworkChange(() => this.happened({ type: "network_changed" })),
      () => this.own.close(),
      () => this.stills.close(),
    ];
    this.listening = setInterval(() => void this.listen(), LISTEN_EVERY_MS);
    this.happened({ type: "started", webrtc: typeof RTCPeerConnection === "function" });
    this.happened({ type: "line_changed", up: line.status.get().state === "up" });
  }

  see(state: SeatState): void {
    const others = othersOf(state.people, this.seat);
    this.cameras = new Set(others.filter((each) => each.camera && each.in_call).map((each) => each.seat));
    const me = state.people.find((each) => each.seat === this.seat);
    this.happened({
      type: "room_seen",
      epoch: state.media_epoch,
      others: others.filter((each) => each.in_call).map((each) => each.seat),
      rung: me?.rung ?? "media",
      lowered: others.some((each) => each.present && isLowered(each.rung)),
    });
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
    for (const stop of this.stops) stop();
    clearTimeout(this.timer);
    clearInterval(this.listening);
  }

  private carryOut(command: CallCommand): void {
    switch (command.type) {
      case "open_devices":
        void this.own.open(() => this.peer?.relay ?? null);
        return;
      case "close_devices":
        this.own.release();
        return;
      case "turn_camera":
        void this.own.turn(() => this.peer?.relay ?? null);
        return;
      case "ask_ice":
        void this.askIce();
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
        this.own.apply(command.microphone, command.camera);
        this.peer?.relay.apply(command.microphone, command.camera);
        return;
      case "tell_media": {
        const { microphone, camera } = command;
        void this.line.send("seat_media", { seat: this.seat, microphone, camera });
        return;
      }
      case "tell_path":
        void this.line.send("seat_path", { seat: this.seat, rung: command.rung, reason: command.reason });
        return;
      case "keep_quality":
        this.peer?.relay.keep(command.quality);
        this.reportAt = 0;
        return;
      case "send_still":
        void this.sendStill();
        return;
      default:
        command satisfies never;
    }
  }

  private get size(): "small" | "large" {
    return this.role === "practitioner" ? "large" : "small";
  }

  private async askIce(): Promise<void> {
    this.ice = await askIce(this.line, this.seat);
    this.happened({ type: "ice_known", until: this.ice.until });
  }

  private openPeer(attempt: number): void {
    const changed = (connection: RTCPeerConnectionState) =>
      this.happened({ type: "connection_changed", attempt, connection });
    const relay = makePeer(this.ice.servers, MAX_VIDEO_BPS[this.size], changed);
    if (relay === null) {
      setTimeout(() => this.happened({ type: "connection_changed", attempt, connection: "failed" }), 0);
      return;
    }
    this.peer = { attempt, relay, silence: new Silence(), watch: new Watch() };
    this.reportAt = 0;
    relay.keep(this.state.quality);
    relay.apply(this.own.audio?.enabled ?? false, this.own.video?.enabled ?? false);
    void relay.send(this.own.audio, this.own.video).catch(() => undefined); // closed meanwhile
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

  private async sendStill(): Promise<void> {
    await this.stills.send(this.own.self);
    this.happened({ type: "still_done" });
  }

  /** Whether anything still comes over the path in use. */
  private async listen(): Promise<void> {
    const { peer } = this;
    if (peer === null) return;
    const found = await peer.relay.glance().catch(() => null);
    if (found === null || this.peer !== peer) return;
    const now = performance.now();
    const since = peer.silence.sample(found.received, found.sent, now);
    if (since !== null) this.happened({ type: "path_silent", attempt: peer.attempt, since });
    peer.watch.sample(found.frames, (seat) => this.shouldMove(seat), now);
    if (now < this.reportAt || this.state.lineUp === false) return;
    this.reportAt = now + REPORT_EVERY_MS;
    const { limitBps } = this.state.quality;
    const pictures = peer.watch.take();
    void this.line.send("seat_quality", { seat: this.seat, limit_bps: limitBps, path: found.path, pictures });
  }

  /** Whether somebody's picture is under way, so that it may be called frozen. */
  private shouldMove(seat: string): boolean {
    const seen = this.quality.get(seat);
    return this.cameras.has(seat) && (seen === undefined || moves(seen.clarity));
  }

  private seeQuality(seen: QualitySeen): void {
    this.quality = new Map([...this.quality, [seen.seat, seen]]);
    const quality: QualityNow = { clarity: seen.clarity, limitBps: seen.limit_bps };
    if (seen.seat === this.seat) this.happened({ type: "quality_told", quality });
    else this.show();
  }

  private show(): void {
    this.view.set({
      state: this.state,
      streams: this.peer?.relay.streams() ?? new Map(),
      stills: this.stills.seen,
      quality: this.quality,
      self: this.own.self,
      mirrored: this.own.facing === "user",
      turnable: this.own.cameras > 1,
    });
  }

  private setTimer(): void {
    clearTimeout(this.timer);
    const at = deadline(this.state);
    if (at === null || this.over) return;
    const wait = Math.max(0, Math.ceil(at - performance.now()));
    this.timer = setTimeout(() => this.happened({ type: "time_passed" }), wait);
  }
}

/** A connection, if need be without servers that this browser cannot read; null where it makes none at all. */
function makePeer(
  servers: RTCIceServer[],
  maxVideoBps: number,
  changed: (connection: RTCPeerConnectionState) => void,
): RelayPeer | null {
  for (const each of servers.length > 0 ? [servers, []] : [[]]) {
    try {
      return new RelayPeer(each, maxVideoBps, changed);
    } catch {
      // the next one, or none
    }
  }
  return null;
}

/** How long the call has been live, in seconds. */
export const callSeconds = (state: SeatState): number =>
  state.live_since === null ? 0 : Math.max(0, Math.floor((state.ended_at ?? serverNow()) - state.live_since));
