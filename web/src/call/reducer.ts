/** The call as a pure machine: what happened and when go in, the next state and orders come out.
 *
 * Decides when a connection is opened, negotiated, given up and opened anew, and what is told of one's own sound and
 * picture. Never touches RTCPeerConnection, a device, a clock or the network: shell.ts does, and reports back. */

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

export interface CallState {
  /** `media_epoch` of the seat's state: another one means another relay, so a new connection; null means no call. */
  epoch: string | null;
  /** Seats whose sound and picture may be had now, without one's own. */
  others: readonly string[];
  lineUp: boolean;
  peer: Peer | null;
  attempts: number;
  /** Connections lost in a row. */
  failures: number;
  reopenAt: number;
  wasConnected: boolean;
  devices: Devices | "opening" | "closed";
  /** What the person wants, whether or not there is a device. */
  microphone: boolean;
  camera: boolean;
  told: { microphone: boolean; camera: boolean } | null;
}

export type CallEvent =
  | { type: "started" }
  | { type: "room_seen"; epoch: string | null; others: readonly string[] }
  | { type: "line_changed"; up: boolean }
  | { type: "answered"; attempt: number }
  | { type: "refused"; attempt: number }
  | { type: "connection_changed"; attempt: number; connection: Connection }
  | { type: "devices_opened"; devices: Devices }
  | { type: "device_lost"; kind: "microphone" | "camera" }
  | { type: "devices_asked" }
  | { type: "microphone_switched" }
  | { type: "camera_switched" }
  | { type: "time_passed" }
  | { type: "over" };

export type CallCommand =
  | { type: "open_devices" }
  | { type: "close_devices" }
  | { type: "open_peer"; attempt: number }
  | { type: "negotiate"; attempt: number; seats: readonly string[] }
  | { type: "close_peer"; attempt: number }
  | { type: "apply_media"; microphone: boolean; camera: boolean }
  | { type: "tell_media"; microphone: boolean; camera: boolean };

export type Step = { state: CallState; commands: CallCommand[] };

/** ICE may recover from `disconnected` by itself; after this long a new connection is quicker. */
export const DISCONNECTED_MS = 4_000;
/** A connection that has not come up by then will not: the relay answers checks at once or never. */
export const CONNECTING_MS = 15_000;
const LONGEST_PAUSE_MS = 8_000;
const REFUSALS_BEFORE_REOPENING = 3;

export const initialCall: CallState = {
  epoch: null,
  others: [],
  lineUp: false,
  peer: null,
  attempts: 0,
  failures: 0,
  reopenAt: 0,
  wasConnected: false,
  devices: "closed",
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
  if (state.epoch === null) return null;
  const { peer } = state;
  if (peer === null) return state.lineUp ? state.reopenAt : null;
  const times: number[] = [];
  const limit = patience(peer.connection);
  if (limit !== null && peer.agreed !== null) times.push(peer.since + limit);
  if (mustNegotiate(state, peer)) times.push(peer.notBefore);
  return times.length > 0 ? Math.min(...times) : null;
}

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
  if (state.epoch === null) return "none";
  if (state.peer?.connection === "connected") return "connected";
  return state.wasConnected ? "interrupted" : "connecting";
}

function take(state: CallState, event: CallEvent, now: number): Step {
  const only = (next: CallState): Step => ({ state: next, commands: [] });
  switch (event.type) {
    case "started":
    case "devices_asked":
      if (state.devices === "opening") return only(state);
      return { state: { ...state, devices: "opening" }, commands: [{ type: "open_devices" }] };
    case "devices_opened":
      return withMedia({ ...state, devices: event.devices });
    case "device_lost":
      if (typeof state.devices === "string") return only(state);
      return withMedia({ ...state, devices: { ...state.devices, [event.kind]: "missing" } });
    case "microphone_switched":
      return withMedia({ ...state, microphone: !state.microphone });
    case "camera_switched":
      return withMedia({ ...state, camera: !state.camera });
    case "room_seen":
      return only(seeRoom(state, event.epoch, event.others));
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
        state: { ...state, epoch: null, others: [], devices: "closed" },
        commands: [{ type: "close_devices" }],
      };
    default:
      return event satisfies never;
  }
}

/** Brings connection and words in line with what is wanted. */
function settle(before: CallState, commands: CallCommand[], now: number): Step {
  let state = before;
  if (state.peer !== null && state.peer.epoch !== state.epoch) {
    commands.push({ type: "close_peer", attempt: state.peer.attempt });
    state = {
      ...state,
      peer: null,
      failures: 0,
      reopenAt: now,
      wasConnected: state.wasConnected && state.epoch !== null,
    };
  }
  if (state.peer !== null && isDead(state.peer, now)) state = giveUp(state, state.peer, commands, now);
  if (state.epoch === null) return { state, commands };
  if (state.peer === null && state.lineUp && now >= state.reopenAt) state = openPeer(state, state.epoch, commands, now);
  else if (state.peer !== null && mustNegotiate(state, state.peer) && now >= state.peer.notBefore) {
    commands.push({ type: "negotiate", attempt: state.peer.attempt, seats: state.others });
    state = { ...state, peer: { ...state.peer, offered: state.others } };
  }
  return tellMedia(state, commands);
}

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
  if (!state.lineUp || typeof state.devices === "string" || same) return { state, commands };
  commands.push({ type: "tell_media", ...now });
  return { state: { ...state, told: now }, commands };
}

function withMedia(state: CallState): Step {
  return { state, commands: [{ type: "apply_media", ...sending(state) }] };
}

function seeRoom(state: CallState, epoch: string | null, others: readonly string[]): CallState {
  const sorted = [...others].sort();
  return { ...state, epoch, others: same(sorted, state.others) ? state.others : sorted };
}

function changeLine(state: CallState, up: boolean, now: number): Step {
  const next: CallState = { ...state, lineUp: up, told: up ? null : state.told };
  const commands: CallCommand[] = [];
  const { peer } = next;
  if (!up || peer === null || peer.connection === "connected") return { state: next, commands };
  commands.push({ type: "close_peer", attempt: peer.attempt }); // found dead on coming back: do not wait for its clock
  return { state: { ...next, peer: null, reopenAt: now }, commands };
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

/** No pause after the first failure, then 1, 2, 4, 8 seconds. */
function pause(failures: number): number {
  return failures <= 1 ? 0 : Math.min(1_000 * 2 ** (failures - 2), LONGEST_PAUSE_MS);
}

function same(a: readonly string[], b: readonly string[]): boolean {
  return a.length === b.length && a.every((each, index) => each === b[index]);
}
