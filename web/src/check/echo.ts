/** One connection to the relay's echo over one kind of path. Connects, is asked for its figures, closes; never throws. */

import { drawPeerId } from "../call/peer";
import type { IceServer, PathKind } from "../signal/messages";
import type { Sample } from "./paths";

/** Twice what a clear picture needs says enough, and a test of seconds stays cheap on a metered line. */
const MAX_BPS = 2_000_000;

/** Sends an offer of `peer` and gives the answer's SDP, or null when there is none. */
export type Exchange = (path: PathKind, peer: string, sdp: string) => Promise<string | null>;

export type Outcome = "works" | "fails" | "refused";

export class Echo {
  private readonly connection: RTCPeerConnection;
  private readonly sender: RTCRtpSender;

  constructor(
    readonly path: PathKind,
    servers: readonly IceServer[],
  ) {
    this.connection = new RTCPeerConnection({
      iceServers: [...servers],
      iceTransportPolicy: path === "udp" ? "all" : "relay",
      bundlePolicy: "max-bundle",
      rtcpMuxPolicy: "require",
    });
    this.sender = this.connection.addTransceiver("video", {
      direction: "sendrecv",
      sendEncodings: [{ maxBitrate: MAX_BPS }],
    }).sender;
  }

  /** @returns whether packets go both ways, as soon as that is known; `refused` when the relay was not asked */
  async connect(exchange: Exchange): Promise<Outcome> {
    try {
      await this.connection.setLocalDescription(await this.connection.createOffer());
      const answer = await exchange(this.path, drawPeerId(), this.connection.localDescription?.sdp ?? "");
      if (answer === null) return "refused";
      await this.connection.setRemoteDescription({ type: "answer", sdp: answer });
      return (await this.settled()) ? "works" : "fails";
    } catch {
      return "fails"; // closed meanwhile, or an answer this browser cannot read
    }
  }

  async send(track: MediaStreamTrack): Promise<void> {
    await this.sender.replaceTrack(track).catch(() => undefined); // closed meanwhile
  }

  /** The round trip of the path in use in ms, or null while the browser has not measured it. */
  async roundTripMs(): Promise<number | null> {
    const found = (await this.stats()).filter((each) => each.type === "candidate-pair" && each.state === "succeeded");
    const used = found.find((each) => each.nominated === true || each.selected === true) ?? found[0];
    const seconds = used?.currentRoundTripTime;
    return typeof seconds === "number" ? Math.round(seconds * 1000) : null;
  }

  async sample(at: number): Promise<Sample> {
    const sample: Sample = { at, sent: 0, received: 0, lost: 0 };
    for (const each of await this.stats()) {
      if (each.type === "outbound-rtp") sample.sent += Number(each.bytesSent ?? 0);
      if (each.type === "inbound-rtp") sample.received += Number(each.bytesReceived ?? 0);
      if (each.type === "remote-inbound-rtp") sample.lost = Math.min(1, Math.max(0, Number(each.fractionLost ?? 0)));
    }
    return sample;
  }

  close(): void {
    this.connection.onconnectionstatechange = null;
    this.connection.close();
  }

  private settled(): Promise<boolean> {
    return new Promise((resolve) => {
      const look = () => {
        const state = this.connection.connectionState;
        if (state === "connected") resolve(true);
        else if (state === "failed" || state === "closed") resolve(false);
      };
      this.connection.onconnectionstatechange = look;
      look();
    });
  }

  private async stats(): Promise<Record<string, unknown>[]> {
    try {
      const found: Record<string, unknown>[] = [];
      (await this.connection.getStats()).forEach((each: Record<string, unknown>) => {
        found.push(each);
      });
      return found;
    } catch {
      return [];
    }
  }
}
