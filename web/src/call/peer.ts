/** One RTCPeerConnection to the relay. Carries out what the reducer orders; decides nothing about when. */

import type { PathKind, WantedTrack } from "../signal/messages";
import { goingOn, paced, pausing } from "./answers";
import { activate, isLayerable, layersOf, OVERLAP_MS, offOf, sizeOf } from "./layers";
import { type QualityNow, START, sendingOf, VOICE, voiceOf } from "./quality";
import type { Connection } from "./reducer";

/** Sends an offer and gives the answer's SDP, or null when it was refused or lost. */
export type Exchange = (sdp: string, wanted: WantedTrack[]) => Promise<string | null>;

export interface Streams {
  audio: MediaStream;
  video: MediaStream;
}

interface Receiving {
  audio: RTCRtpTransceiver;
  video: RTCRtpTransceiver;
  streams: Streams;
}

const UNLAYER_MS = 5_000;
/** What is found at one moment: octets over the path in use, how it goes, and frames decoded of each seat. */
export interface Glance {
  received: number;
  sent: number;
  path: PathKind;
  frames: Map<string, number>;
}

export class RelayPeer {
  /** Names this connection to the server: an offer with another one replaces it. */
  readonly id = drawPeerId();
  private readonly connection: RTCPeerConnection;
  private readonly audio: RTCRtpSender;
  private readonly video: RTCRtpSender;
  private readonly receiving = new Map<string, Receiving>();
  private media = { microphone: false, camera: false };
  private quality = START;
  private parameters: Promise<void> = Promise.resolve();
  /** Offers are made one after the other. */
  private offers: Promise<unknown> = Promise.resolve();
  /** The relay's last answer, in force, with the voice in packets of `ptimeMs`. */
  private answer: string | null = null;
  private ptimeMs = VOICE.full.ptimeMs;
  private layered = false;
  /** Whether the relay's answer takes the layers that are offered. */
  private taken = true;
  private sizes = new Map<string, "medium" | "large">();
  /** Until when layers that end go on. */
  private overlapUntil = 0;
  private overlapping: ReturnType<typeof setTimeout> | undefined;

  /** The two own m-lines come first and are there even without a device, so that one found later needs no new offer. */
  constructor(
    iceServers: RTCIceServer[],
    private readonly maxVideoBps: number,
    onChange: (connection: Connection) => void,
  ) {
    this.connection = new RTCPeerConnection({ iceServers, bundlePolicy: "max-bundle", rtcpMuxPolicy: "require" });
    this.audio = this.add("audio", { direction: "sendonly" }).sender;
    this.video = this.addLayered().sender;
    this.connection.onconnectionstatechange = () => onChange(this.connection.connectionState);
  }

  async send(audio: MediaStreamTrack | null, video: MediaStreamTrack | null): Promise<void> {
    await Promise.all([this.audio.replaceTrack(audio), this.video.replaceTrack(video)]);
  }

  /** Stops encoding what is switched off: a disabled track alone would go on as black frames and silence. */
  apply(microphone: boolean, camera: boolean): void {
    this.media = { microphone, camera };
    this.set();
  }

  /** Sends as a rung of the ladder says, from now on; the sound goes on whatever becomes of the picture. */
  keep(quality: QualityNow): void {
    this.quality = quality;
    this.set();
  }

  private set(): void {
    this.parameters = this.parameters
      .then(async () => {
        const { width = 0, height = 0 } = this.video.track?.getSettings() ?? {};
        const sending = sendingOf(this.quality, this.media.camera, this.maxVideoBps, height);
        const rung = this.layered && isLayerable(width, height) ? this.quality.clarity : null;
        const overlapping = performance.now() < this.overlapUntil;
        if (await activate(this.video, sending, { rung, taken: this.taken, overlapping })) this.overlap();
        await limit(this.audio, voiceOf(this.quality).maxBitrate);
      })
      .catch(() => undefined);
    this.offers = this.offers.then(() => this.pace());
  }

  private overlap(ms = OVERLAP_MS): void {
    const now = performance.now();
    this.overlapUntil = Math.max(this.overlapUntil, now + ms);
    clearTimeout(this.overlapping);
    this.overlapping = setTimeout(() => this.set(), this.overlapUntil - now + 20); // never before it is over
  }

  /** The voice in longer or shorter packets: the relay's last answer once more with another length. The relay need not hear of it, and
   * nothing else changes. */
  private async pace(): Promise<void> {
    const { ptimeMs } = voiceOf(this.quality);
    const { answer, connection } = this;
    if (answer === null || ptimeMs === this.ptimeMs || connection.signalingState !== "stable") return;
    try {
      await connection.setLocalDescription(await connection.createOffer());
      await this.obey(answer);
      this.set(); // what was set meanwhile
    } catch {
      await connection.setLocalDescription({ type: "rollback" }).catch(() => undefined); // or it is closed
    }
  }

  /** Offers one's own tracks and asks for those of `seats`, the largest first; lets go of the tracks of everybody else.
   * @returns whether an answer was applied */
  negotiate(seats: readonly string[], exchange: Exchange): Promise<boolean> {
    const done = this.offers.then(() => this.offer(seats, exchange));
    this.offers = done;
    return done;
  }

  private async offer(seats: readonly string[], exchange: Exchange): Promise<boolean> {
    this.layer(seats.length > 1);
    this.sizes = new Map(seats.map((seat, place) => [seat, sizeOf(place, seats.length)]));
    this.letGo(seats);
    for (const seat of seats) if (!this.receiving.has(seat)) this.receiving.set(seat, this.receive());
    try {
      await this.connection.setLocalDescription(await this.connection.createOffer());
      const answer = await exchange(this.connection.localDescription?.sdp ?? "", this.wanted());
      if (answer === null || this.connection.signalingState !== "have-local-offer") return false;
      await this.obey(answer);
      this.taken = answer.includes("a=simulcast:");
    } catch {
      return false; // closed meanwhile, or an answer this browser cannot read: the reducer tries anew
    }
    this.set(); // Firefox forgets what was set before the first answer
    return true;
  }

  private async obey(answer: string): Promise<void> {
    const { ptimeMs } = voiceOf(this.quality);
    const sdp = paced(pausing(this.answer === null ? answer : goingOn(answer), offOf(this.video)), ptimeMs);
    await this.connection.setRemoteDescription({ type: "answer", sdp });
    this.answer = answer;
    this.ptimeMs = ptimeMs;
  }

  /** Null while there is no path. */
  async glance(): Promise<Glance | null> {
    if (this.connection.connectionState !== "connected") return null;
    const found: Glance = { received: 0, sent: 0, path: "udp", frames: new Map() };
    const seats = new Map([...this.receiving].map(([seat, { video }]) => [video.mid, seat]));
    const report = await this.connection.getStats();
    report.forEach((each: RTCIceCandidatePairStats & RTCInboundRtpStreamStats) => {
      if (each.type === "candidate-pair") {
        found.received += each.bytesReceived ?? 0;
        found.sent += each.bytesSent ?? 0;
        if (each.nominated && each.state === "succeeded") found.path = pathOf(report.get(each.localCandidateId));
      }
      const seat = each.type === "inbound-rtp" && each.kind === "video" ? seats.get(each.mid ?? null) : undefined;
      if (seat !== undefined) found.frames.set(seat, each.framesDecoded ?? 0);
    });
    return found;
  }

  streams(): Map<string, Streams> {
    return new Map([...this.receiving].map(([seat, { streams }]) => [seat, streams]));
  }

  close(): void {
    clearTimeout(this.overlapping);
    this.connection.onconnectionstatechange = null;
    this.connection.close();
  }

  /** Smaller layers go on for a moment after somebody left: the relay gives everybody the largest first. */
  private layer(layered: boolean): void {
    if (layered === this.layered) return;
    this.layered = layered;
    if (!layered) this.overlap(UNLAYER_MS);
    this.set();
  }

  private receive(): Receiving {
    const audio = this.add("audio", { direction: "recvonly" });
    const video = this.add("video", { direction: "recvonly" });
    const streams = { audio: new MediaStream([audio.receiver.track]), video: new MediaStream([video.receiver.track]) };
    return { audio, video, streams };
  }

  /** A picture in layers, of which a room of two is sent the largest alone; in one where this browser knows no layers. */
  private addLayered(): RTCRtpTransceiver {
    const maxBitrate = Math.min(START.limitBps, this.maxVideoBps);
    try {
      return this.add("video", { direction: "sendonly", sendEncodings: layersOf(maxBitrate) });
    } catch {
      return this.add("video", { direction: "sendonly", sendEncodings: [{ maxBitrate }] });
    }
  }

  private add(kind: "audio" | "video", init: RTCRtpTransceiverInit): RTCRtpTransceiver {
    const transceiver = this.connection.addTransceiver(kind, init);
    const known = RTCRtpReceiver.getCapabilities(kind)?.codecs ?? [];
    const offered = known.filter(isOffered);
    if (offered.length > 0 && "setCodecPreferences" in transceiver) transceiver.setCodecPreferences(offered);
    return transceiver;
  }

  private letGo(seats: readonly string[]): void {
    for (const [seat, { audio, video }] of this.receiving) {
      if (seats.includes(seat)) continue;
      audio.stop();
      video.stop();
      this.receiving.delete(seat);
    }
  }

  private wanted(): WantedTrack[] {
    return [...this.receiving].flatMap(([seat, { audio, video }]) =>
      [audio.mid, video.mid].filter((mid) => mid !== null).map((mid) => ({ mid, seat, size: this.sizes.get(seat) })),
    );
  }
}

/** Only what the relay may answer. Chromium offers some forty video formats per line, which is 20 kB with three people. */
function isOffered(codec: RTCRtpCodec): boolean {
  const kind = codec.mimeType.toLowerCase();
  if (kind === "video/h264") return /profile-level-id=42e0/i.test(codec.sdpFmtpLine ?? "");
  return kind === "audio/opus" || kind === "video/vp8" || kind === "video/rtx";
}

/** The voice's bit rate. */
async function limit(sender: RTCRtpSender, maxBitrate: number): Promise<void> {
  const parameters = sender.getParameters();
  const [encoding] = parameters.encodings;
  if (encoding === undefined || encoding.maxBitrate === maxBitrate) return;
  encoding.maxBitrate = maxBitrate;
  await sender.setParameters(parameters);
}

const RELAYED: Record<string, PathKind> = { udp: "turn_udp", tcp: "turn_tcp", tls: "turn_tls" };

function pathOf(local: { candidateType?: string; relayProtocol?: string } | undefined): PathKind {
  return local?.candidateType === "relay" ? (RELAYED[local.relayProtocol ?? "udp"] ?? "turn_udp") : "udp";
}

/** ``p_`` and 16 of a-z2-7, as common/ids.py draws them. */
export function drawPeerId(): string {
  const letters = "abcdefghijklmnopqrstuvwxyz234567";
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  return `p_${Array.from(bytes, (byte) => letters[byte % 32]).join("")}`;
}
