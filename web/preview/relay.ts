/** Stands in for line and relay: answers an offer in this page with drawn pictures and a tone, as the relay would. */

import type { Line, LineStatus } from "../src/signal/line";
import type { Entry, Expectation, PeerOffer, ServerMessages } from "../src/signal/messages";
import { createStore } from "../src/ui/store";

const answering = new Map<string, RTCPeerConnection>();

export interface Played {
  status?: LineStatus;
  /** What the timeline holds. */
  entries?: Entry[];
  /** Seats that are writing. */
  typing?: string[];
  /** Seats whose stills come in place of pictures. */
  drawnStills?: readonly string[];
  /** Whether the relay cannot be reached. */
  cut?: boolean;
  /** What a report of the device test comes to. */
  expect?: Expectation;
}

export function fakeLine(pictures: Record<string, string>, played: Played = {}): Line {
  return {
    status: createStore<LineStatus>(played.status ?? { state: "up" }),
    async send(name, body) {
      if (name === "peer_offer" && played.cut) return { ok: false, error: { code: "no_media", message: "" } };
      if (name === "timeline_get") return { ok: true, body: timeline(body as never, played.entries ?? []) as never };
      if (name === "timeline_post") return await new Promise(() => undefined); // stays on its way
      if (name === "intake_save" && played.status?.state === "down")
        return { ok: false, error: { code: "unreachable", message: "" } };
      if (name === "check_report" && played.expect !== undefined)
        return { ok: true, body: { ...body, at: 0, expect: played.expect } as never };
      const reply = await answerTo(name, body as never, pictures);
      return { ok: true, body: reply as never };
    },
    on(name, listener) {
      const tell = (body: unknown) => setTimeout(() => listener(body as ServerMessages[typeof name]), 60);
      if (name === "typing_seen") for (const seat of played.typing ?? []) tell({ seat });
      if (name === "still_seen")
        for (const seat of played.drawnStills ?? []) {
          const draw = async () => tell({ seat, image: await jpeg(pictures[seat] ?? ""), at: Date.now() / 1000 });
          void draw();
          setInterval(draw, 3_000);
        }
      return () => undefined;
    },
    close: () => undefined,
  };
}

const timeline = ({ seat, after }: { seat: string; after: number }, entries: Entry[]) => ({
  seat,
  entries: entries.filter((each) => each.number > after),
  last: entries.length,
});

async function answerTo(name: string, body: PeerOffer, pictures: Record<string, string>): Promise<unknown> {
  if (name === "check_offer") return { sdp: await echo(body.sdp) };
  if (name === "ice_get") return { servers: [], expires_at: 0 };
  if (name === "peer_offer") return { sdp: await answer(body, pictures) };
  if (name === "link_create")
    return {
      link: `l_${"a".repeat(16)}`,
      path: `/join#${"k3v7Qm2xW9".repeat(5).slice(0, 43)}`,
      expires_at: Date.now() / 1000 + 900,
    };
  return null;
}

async function answer(offer: PeerOffer, pictures: Record<string, string>): Promise<string> {
  const peer = answering.get(offer.peer) ?? new RTCPeerConnection({ iceServers: [] });
  answering.set(offer.peer, peer);
  await peer.setRemoteDescription({ type: "offer", sdp: offer.sdp });
  for (const { mid, seat } of offer.wanted) {
    const transceiver = peer.getTransceivers().find((each) => each.mid === mid);
    if (transceiver === undefined || transceiver.sender.track !== null) continue;
    transceiver.direction = "sendonly";
    const kind = transceiver.receiver.track.kind;
    const picture = pictures[seat];
    if (kind === "video" && picture !== undefined) await transceiver.sender.replaceTrack(await drawn(picture));
    if (kind === "audio") await transceiver.sender.replaceTrack(tone());
  }
  await peer.setLocalDescription(await peer.createAnswer());
  await gathered(peer);
  return peer.localDescription?.sdp ?? "";
}

async function jpeg(address: string): Promise<string> {
  const image = new Image();
  image.src = address.split("#")[0] ?? "";
  await image.decode();
  const canvas = document.createElement("canvas");
  canvas.width = 480;
  canvas.height = 480;
  canvas.getContext("2d")?.drawImage(image, 0, -60, 480, 640);
  return canvas.toDataURL("image/jpeg", 0.7).split(",")[1] ?? "";
}

/** Sends back what comes, as the relay does for the test of the network. */
async function echo(sdp: string): Promise<string> {
  const peer = new RTCPeerConnection({ iceServers: [] });
  await peer.setRemoteDescription({ type: "offer", sdp });
  for (const transceiver of peer.getTransceivers()) {
    transceiver.direction = "sendrecv";
    await transceiver.sender.replaceTrack(transceiver.receiver.track);
  }
  await peer.setLocalDescription(await peer.createAnswer());
  await gathered(peer);
  return peer.localDescription?.sdp ?? "";
}

function gathered(peer: RTCPeerConnection): Promise<void> {
  return new Promise((done) => {
    const check = () => peer.iceGatheringState === "complete" && done();
    peer.addEventListener("icegatheringstatechange", check);
    check();
  });
}

export async function drawn(address: string): Promise<MediaStreamTrack | null> {
  const [path, shape] = address.split("#");
  const image = new Image();
  image.src = path ?? "";
  await image.decode();
  const canvas = document.createElement("canvas");
  const [width, height] = shape === "wide" ? [1280, 720] : [480, 640];
  canvas.width = width;
  canvas.height = height;
  const paper = canvas.getContext("2d");
  const scale = Math.max(width / image.width, height / image.height);
  setInterval(() => {
    const w = image.width * scale;
    const h = image.height * scale;
    paper?.drawImage(image, (width - w) / 2, (height - h) * 0.4, w, h);
  }, 66);
  return canvas.captureStream(15).getVideoTracks()[0] ?? null;
}

export function tone(): MediaStreamTrack | null {
  const context = new AudioContext();
  const sink = context.createMediaStreamDestination();
  const source = context.createOscillator();
  source.connect(sink);
  source.start();
  return sink.stream.getAudioTracks()[0] ?? null;
}
