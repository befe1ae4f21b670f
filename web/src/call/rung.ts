/** The last rung of the ladder: when no sound gets through, in writing, with a still every few seconds; and back.
 *
 * Part of the call's machine (reducer.ts), pure as it is. */

import type { Rung } from "../signal/messages";
import { type CallCommand, type CallState, sending } from "./reducer";

/** A connection through TURN over TLS is up within 2 s on a bad link; people must know why they wait within 5. */
export const FIRST_MS = 4_000;
/** ICE has mostly recovered or been replaced by then. */
export const LOST_MS = 3_000;
/** With the line itself just back, a new connection is given this long before anybody is told anything. */
export const LINE_MS = 1_500;
/** The server takes one still in two seconds. */
export const STILL_MS = 3_000;

/** Brings rung, words about it and stills in line with what is known of the connection. */
export function settleRung(before: CallState, commands: CallCommand[], now: number): CallState {
  let state = { ...before, lostAt: lostSince(before, now) };
  state = { ...state, rung: rungOf(state, now) };
  if (state.lineUp && state.toldRung !== null && state.rung !== null && state.rung !== state.toldRung) {
    const reason = !isLowered(state.rung) ? null : state.webrtc ? "no_path" : "no_webrtc";
    commands.push({ type: "tell_path", rung: state.rung, reason });
    state = { ...state, toldRung: state.rung };
  }
  if (sendsStills(state) && !state.stillOut && now >= state.stillAt) {
    commands.push({ type: "send_still" });
    state = { ...state, stillOut: true, stillAt: now + STILL_MS };
  }
  return state;
}

/** When settleRung has something to do next, in ms. */
export function rungDue(state: CallState): number[] {
  const times: number[] = [];
  const due = loweredAt(state);
  if (due !== null && !isLowered(state.rung)) times.push(due);
  if (sendsStills(state) && !state.stillOut) times.push(state.stillAt);
  return times;
}

export const isLowered = (rung: Rung | null): boolean => rung === "stills" || rung === "text";

/** There is a call, or there was one and the hospital is placing it anew. */
const isWanted = (state: CallState): boolean => state.epoch !== null || state.wasConnected;

/** Since when no sound gets through though it should. */
export function lostSince(state: CallState, now: number): number | null {
  if (state.peer?.connection === "connected" || !isWanted(state)) return null;
  if (state.lostAt !== null) return state.lostAt;
  return state.peer?.connection === "disconnected" ? state.peer.since : now;
}

/** From when on this seat counts as being without sound; null while it cannot, or cannot be told. */
function loweredAt(state: CallState): number | null {
  if (!state.lineUp || state.lostAt === null) return null;
  if (!state.webrtc) return state.lostAt;
  const patience = state.wasConnected ? LOST_MS : FIRST_MS;
  return Math.max(state.lostAt + patience, state.lineUpAt + LINE_MS);
}

function rungOf(state: CallState, now: number): Rung | null {
  if (state.peer?.connection === "connected") return "media";
  const due = loweredAt(state);
  const lowered = isLowered(state.rung) || (due !== null && now >= due);
  if (!lowered) return state.rung;
  return sending(state).camera ? "stills" : "text";
}

function sendsStills(state: CallState): boolean {
  if (!state.lineUp || !isWanted(state) || !sending(state).camera) return false;
  return state.rung === "stills" || state.stillsAsked || state.quality.clarity === "stills";
}
