/** The call as a pure machine: what happened and when go in, the next state and orders come out.
 *
 * Decides when a connection is opened, negotiated, given up and opened anew, what is told of one's own sound and
 * picture, and (rung.ts) when the call goes on in writing because no sound gets through. Never touches
 * RTCPeerConnection, a device, a clock or the network: shell.ts does, and reports back. */

import type { Rung, SeatPath } from "../signal/messages";
import { type QualityNow, START } from "./quality";
import { lostSince, rungDue, settleRung } from "./rung";

export type DeviceOutcome = "ready" | "missing" | "refused" | "insecure";
export type Devices = { microphone: DeviceOutcome; camera: DeviceOutcome };
export type Connection = "new" | "connecting" | "connected" | "disconnected" | "failed" | "closed";

export interface Peer {
  /** Counts the connections of this call; the shell draws a fresh peer id for each. */
  attempt: number;
  epoch: string;
  /** Whose tracks the offer under way asks for; null while none is under way. */
  offered: readonly string[] | null;
  /** Whose tracks the last answer granted; null before the first answer. */
  agreed: readonly string[] | null;
  connection: Connection;
  /** When `connection` last changed, in ms. */
  since: number;
  refusals: number;
  /** Not before this may the next offer go out, in ms. */
  notBefore: number;
}

/** What is known of the ICE servers; `until` and `since` in ms. A failed question counts as an answer without servers. */
export type Ice = { state: "none" } | { state: "asking"; since: number } | { state: "known"; until: number };

export interface CallState {
  /** Whether this browser can make a connection at all; chat apps' own often cannot. */
  webrtc: boolean;
  ice: Ice;
  /** `media_epoch` of the seat's state: another one means another relay, so a new connection; null means no call. */
  epoch: string | null;
  /** Seats whose sound and picture may be had now, without one's own. */
  others: readonly string[];
  lineUp: boolean;
  lineUpAt: number;
  peer: Peer | null;
  attempts: number;
  /** Connections lost in a row. */
  failures: number;
  reopenAt: number;
  wasConnected: boolean;
  /** Since when no sound gets through though it should, in ms. */
  lostAt: number | null;
  /** How this seat takes part; null while that is open. */
  rung: Rung | null;
  /** The rung that the server knows of; null until it said. */
  toldRung: Rung | null;
  /** Somebody else gets no sound and picture from here, so stills go to them. */
  stillsAsked: boolean;
  /** How one's own picture is to be sent, as the relay last said. */
  quality: QualityNow;
  stillOut: boolean;
  stillAt: number;
  devices: Devices | "opening" | "closed";
  devicesAt: number;
  /** The devices are being opened anew without anybody having asked. */
  reopening: boolean;
  /** What the person wants, whether or not there is a device. */
  microphone: boolean;
  camera: boolean;
  told: { microphone: boolean; camera: boolean } | null;
}

export type CallEvent =
  | { type: "started"; webrtc: boolean }
  /** `rung` is one's own as the server knows it; `lowered`: somebody else is in the room without sound and picture. */
  | { type: "room_seen"; epoch: string | null; others: readonly string[]; rung: Rung; lowered: boolean }
  | { type: "ice_known"; until: number }
  /** Nothing came over this connection since then, though packets went out. */
  | { type: "path_silent"; attempt: number; since: number }
  | { type: "network_changed" }
  | { type: "quality_told"; quality: QualityNow }
  | { type: "still_done" }
  | { type: "line_changed"; up: boolean }
  | { type: "answered"; attempt: number }
  | { type: "refused"; attempt: number }
  | { type: "connection_changed"; attempt: number; connection: Connection }
  | { type: "devices_opened"; devices: Devices }
  | { type: "device_lost"; kind: "microphone" | "camera" }
  | { type: "devices_asked" }
  /** Something was plugged in or out. */
  | { type: "devices_changed" }
  | { type: "camera_turned" }
  | { type: "microphone_switched" }
  | { type: "camera_switched" }
  | { type: "time_passed" }
  | { type: "over" };

export type CallCommand =
  | { type: "open_devices" }
  | { type: "close_devices" }
  | { type: "turn_camera" }
  | { type: "ask_ice" }
  | { type: "tell_path"; rung: Rung; reason: SeatPath["reason"] }
  | { type: "send_still" }
  | { type: "keep_quality"; quality: QualityNow }
  | { type: "open_peer"; attempt: number }
  | { type: "negotiate"; attempt: number; seats: readonly string[] }
  | { type: "close_peer"; attempt: number }
  | { type: "apply_media"; microphone: boolean; camera: boolean }
  | { type: "tell_media"; microphone: boolean; camera: boolean };

export type Step = { state: CallState; commands: CallCommand[] };

/** ICE may recover from `disconnected` by itself; after this long a new connection (0.1 to 0.3 s) is quicker. */
export const DISCONNECTED_MS = 2_000;
/** A connection that has not come up by then will not: through TURN over TLS it took up to 2 s at a round trip of 200 ms. */
export const CONNECTING_MS = 8_000;
/** The hospital answers in one round trip; without an answer the call begins without TURN. */
export const ICE_MS = 1_500;
/** With the next attempt under way for 8 s, a path that comes back is found within this. */
const LONGEST_PAUSE_MS = 4_000;
const REFUSALS_BEFORE_REOPENING = 3;
/** A device lost sooner than this after it was opened is broken, not unplugged. */
const DEVICES_HOLD_MS = 5_000;

export const initialCall: CallState = {
  webrtc: true,
  ice: { state: "none" },
  epoch: null,
  others: [],
  lineUp: false,
  lineUpAt: 0,
  peer: null,
  attempts: 0,
  failures: 0,
  reopenAt: 0,
  wasConnected: false,
  lostAt: null,
  rung: null,
  toldRung: null,
  stillsAsked: false,
  quality: START,
  stillOut: false,
  stillAt: 0,
  devices: "closed",
  devicesAt: 0,
  reopening: false,
  microphone: true,
  camera: true,
  told: null,
};

export function reduce(before: CallState, event: CallEvent, now: number): Step {
  const { state, commands } = take(before, event, now);
  return settle(state, commands, now);
}

/** When `time_passed` must come next, in ms; null when nothing waits for the clock. */
export function deadline(state: CallState): number | null {
  const times = rungDue(state);
  const { peer, ice } = state;
  if (mayOpen(state) && ice.state !== "none")
    times.push(ice.state === "asking" ? Math.max(ice.since + ICE_MS, state.reopenAt) : state.reopenAt);
  if (peer !== null && state.epoch !== null) {
    const limit = patience(peer.connection);
    if (limit !== null && peer.agreed !== null) times.push(peer.since + limit);
    if (mustNegotiate(state, peer)) times.push(peer.notBefore);
  }
  return times.length > 0 ? Math.min(...times) : null;
}

const mayOpen = (state: CallState): boolean =>
  state.webrtc && state.lineUp && state.epoch !== null && state.peer === null;

/** What is really sent: wanted, and there is a device for it. */
export function sending(state: CallState): { microphone: boolean; camera: boolean } {
  const { devices } = state;
  if (typeof devices === "string") return { microphone: false, camera: false };
  return {
    microphone: state.microphone && devices.microphone === "ready",
    camera: state.camera && devices.camera === "ready",
  };
}

export type Health = "none" | "connecting" | "connected" | "interrupted";

export function health(state: CallState): Health {
  if (state.epoch === null && !state.wasConnected) return "none";
  if (state.peer?.connection === "connected") return "connected";
  return state.wasConnected ? "interrupted" : "connecting";
}

function take(state: CallState, event: CallEvent, now: number): Step {
  const only = (next: CallState): Step => ({ state: next, commands: [] });
  switch (event.type) {
    case "started":
      return openDevices({ ...state, webrtc: event.webrtc });
    case "devices_asked":
      return openDevices(state);
    case "devices_opened":
      return withMedia({ ...state, devices: event.devices, devicesAt: now, reopening: false });
    case "device_lost":
      return loseDevice(state, event.kind, now);
    case "devices_changed":
      return state.reopening || !lacksDevice(state.devices) ? only(state) : reopen(state);
    case "camera_turned":
      return { state, commands: sending(state).camera ? [{ type: "turn_camera" }] : [] };
    case "ice_known":
      return only({ ...state, ice: { state: "known", until: event.until } });
    case "path_silent":
      return only(
        withPeer(state, event.attempt, (peer) =>
          peer.connection === "connected" ? { ...peer, connection: "disconnected", since: event.since } : peer,
        ),
      );
    case "network_changed":
      return changeNetwork(state, now);
    case "quality_told":
      return keepQuality(state, event.quality);
    case "still_done":
      return only({ ...state, stillOut: false });
    case "microphone_switched":
      return withMedia({ ...state, microphone: !state.microphone });
    case "camera_switched":
      return withMedia({ ...state, camera: !state.camera });
    case "room_seen":
      return only(seeRoom(state, event));
    case "line_changed":
      return changeLine(state, event.up, now);
    case "answered":
      return only(
        withPeer(state, event.attempt, (peer) => ({
          ...peer,
          since: peer.agreed === null ? now : peer.since,
          agreed: peer.offered,
          offered: null,
          refusals: 0,
        })),
      );
    case "refused":
      return only(
        withPeer(state, event.attempt, (peer) => ({
          ...peer,
          offered: null,
          refusals: peer.refusals + 1,
          notBefore: now + pause(peer.refusals + 1),
        })),
      );
    case "connection_changed":
      return only(changeConnection(state, event.attempt, event.connection, now));
    case "time_passed":
      return only(state);
    case "over":
      return {
        state: { ...state, epoch: null, others: [], devices: "closed", wasConnected: false, stillsAsked: false },
        commands: [{ type: "close_devices" }],
      };
    default:
      return event satisfies never;
  }
}

/** Brings connection and words in line with what is wanted. */
function settle(before: CallState, commands: CallCommand[], now: number): Step {
  let state: CallState = { ...before, lostAt: lostSince(before, now) }; // before a dead connection is forgotten
  if (state.peer !== null && state.peer.epoch !== state.epoch) {
    commands.push({ type: "close_peer", attempt: state.peer.attempt });
    state = { ...state, peer: null, failures: 0, reopenAt: now };
  }
  if (state.peer !== null && isDead(state.peer, now)) state = giveUp(state, state.peer, commands, now);
  state = settleRung(state, commands, now);
  if (mustAskIce(state, now)) {
    commands.push({ type: "ask_ice" });
    state = { ...state, ice: { state: "asking", since: now } };
  }
  if (state.epoch === null) return tellMedia(state, commands);
  if (mayOpen(state) && now >= state.reopenAt && isIceSettled(state.ice, now))
    state = openPeer(state, state.epoch, commands, now);
  else if (state.peer !== null && mustNegotiate(state, state.peer) && now >= state.peer.notBefore) {
    commands.push({ type: "negotiate", attempt: state.peer.attempt, seats: state.others });
    state = { ...state, peer: { ...state.peer, offered: state.others } };
  }
  return tellMedia(state, commands);
}

/** Once as soon as there is a line, so that the answer is there when the call begins; then when a connection needs it. */
function mustAskIce(state: CallState, now: number): boolean {
  if (!state.webrtc || !state.lineUp || state.devices === "closed") return false;
  if (state.ice.state === "known") return mayOpen(state) && now >= state.reopenAt && now >= state.ice.until;
  return state.ice.state === "none";
}

const isIceSettled = (ice: Ice, now: number): boolean =>
  ice.state === "known" || (ice.state === "asking" && now >= ice.since + ICE_MS);

function openPeer(state: CallState, epoch: string, commands: CallCommand[], now: number): CallState {
  const attempt = state.attempts + 1;
  commands.push({ type: "open_peer", attempt }, { type: "negotiate", attempt, seats: state.others });
  const peer: Peer = {
    attempt,
    epoch,
    offered: state.others,
    agreed: null,
    connection: "new",
    since: now,
    refusals: 0,
    notBefore: now,
  };
  return { ...state, attempts: attempt, peer };
}

function giveUp(state: CallState, peer: Peer, commands: CallCommand[], now: number): CallState {
  commands.push({ type: "close_peer", attempt: peer.attempt });
  const failures = state.failures + 1;
  return { ...state, peer: null, failures, reopenAt: now + pause(failures) };
}

function tellMedia(state: CallState, commands: CallCommand[]): Step {
  const now = sending(state);
  const same = state.told !== null && state.told.microphone === now.microphone && state.told.camera === now.camera;
  if (!state.lineUp || typeof state.devices === "string" || same || state.reopening) return { state, commands };
  commands.push({ type: "tell_media", ...now });
  return { state: { ...state, told: now }, commands };
}

function withMedia(state: CallState): Step {
  return { state, commands: [{ type: "apply_media", ...sending(state) }] };
}

function openDevices(state: CallState): Step {
  if (state.devices === "opening") return { state, commands: [] };
  return { state: { ...state, devices: "opening", reopening: false }, commands: [{ type: "open_devices" }] };
}

const reopen = (state: CallState): Step => ({
  state: { ...state, reopening: true },
  commands: [{ type: "open_devices" }],
});

function keepQuality(state: CallState, quality: QualityNow): Step {
  const same = quality.clarity === state.quality.clarity && quality.limitBps === state.quality.limitBps;
  return { state: { ...state, quality }, commands: same ? [] : [{ type: "keep_quality", quality }] };
}

const lacksDevice = (devices: CallState["devices"]): boolean =>
  typeof devices !== "string" && (devices.microphone === "missing" || devices.camera === "missing");

/** A headset pulled out leaves the microphone of the device: looked for at once, and only then said to be missing. */
function loseDevice(state: CallState, kind: "microphone" | "camera", now: number): Step {
  if (typeof state.devices === "string") return { state, commands: [] };
  const lost = { ...state, devices: { ...state.devices, [kind]: "missing" } };
  if (state.reopening) return { state: lost, commands: [] };
  return now - state.devicesAt >= DEVICES_HOLD_MS ? reopen(lost) : withMedia(lost);
}

function seeRoom(state: CallState, room: Extract<CallEvent, { type: "room_seen" }>): CallState {
  const sorted = [...room.others].sort();
  return {
    ...state,
    epoch: room.epoch,
    others: same(sorted, state.others) ? state.others : sorted,
    toldRung: state.toldRung ?? room.rung,
    stillsAsked: room.lowered,
  };
}

function changeLine(state: CallState, up: boolean, now: number): Step {
  const cameUp = up && !state.lineUp;
  const next: CallState = {
    ...state,
    lineUp: up,
    lineUpAt: cameUp ? now : state.lineUpAt,
    told: up ? null : state.told,
    toldRung: cameUp ? null : state.toldRung,
    ice: !up && state.ice.state === "asking" ? { state: "none" } : state.ice,
  };
  const { peer } = next;
  if (!up || peer === null || peer.connection === "connected") return { state: next, commands: [] };
  return renew(next, peer, now); // found dead on coming back: do not wait for its clock
}

/** Another network: the addresses of the old connection are gone, even where nobody has noticed yet. */
function changeNetwork(state: CallState, now: number): Step {
  const next = { ...state, failures: 0, reopenAt: now };
  return next.peer === null ? { state: next, commands: [] } : renew(next, next.peer, now);
}

function renew(state: CallState, peer: Peer, now: number): Step {
  return {
    state: { ...state, peer: null, reopenAt: now },
    commands: [{ type: "close_peer", attempt: peer.attempt }],
  };
}

function changeConnection(state: CallState, attempt: number, connection: Connection, now: number): CallState {
  const next = withPeer(state, attempt, (peer) => ({
    ...peer,
    connection,
    since: peer.connection === connection ? peer.since : now,
  }));
  if (next === state || connection !== "connected") return next;
  return { ...next, failures: 0, wasConnected: true };
}

function withPeer(state: CallState, attempt: number, change: (peer: Peer) => Peer): CallState {
  if (state.peer === null || state.peer.attempt !== attempt) return state; // news of a connection given up before
  return { ...state, peer: change(state.peer) };
}

function mustNegotiate(state: CallState, peer: Peer): boolean {
  return state.lineUp && peer.offered === null && (peer.agreed === null || !same(peer.agreed, state.others));
}

function isDead(peer: Peer, now: number): boolean {
  if (peer.connection === "failed" || peer.connection === "closed") return true;
  if (peer.refusals >= REFUSALS_BEFORE_REOPENING) return true;
  const limit = patience(peer.connection);
  return limit !== null && peer.agreed !== null && now >= peer.since + limit;
}

function patience(connection: Connection): number | null {
  if (connection === "disconnected") return DISCONNECTED_MS;
  return connection === "new" || connection === "connecting" ? CONNECTING_MS : null;
}

/** No pause after the first failure, then 1, 2, 4 seconds. */
function pause(failures: number): number {
  return failures <= 1 ? 0 : Math.min(1_000 * 2 ** (failures - 2), LONGEST_PAUSE_MS);
}

function same(a: readonly string[], b: readonly string[]): boolean {
  return a.length === b.length && a.every((each, index) => each === b[index]);
}
