/** A timeline as a pure machine: one ordered list of what everybody wrote and what happened, and one's own on the way there.
 *
 * Decides what is asked for, sent, sent again and told as read; never touches the line, a clock or a picture's octets:
 * keeper.ts does, and reports back. Nothing here is written to the device: what a patient wrote must not be found on a
 * borrowed phone. Unsent words live as long as the page does, and the page asks before it is left. */

import type { Entry } from "../signal/messages";
import {
  nextPicture,
  type PictureCommand,
  type PictureEvent,
  settlePictures,
  takePicture,
  type Upload,
} from "./upload";

export interface Draft {
  key: string;
  text: string;
  /** When it was written, in seconds since 1970 UTC. */
  at: number;
  /** A refused draft waits for the person, the others for the line. */
  refused: string | null;
}

export interface TimelineState {
  lineUp: boolean;
  /** By number, each once. */
  entries: readonly Entry[];
  /** Up to this number nothing is missing. */
  complete: number;
  /** The highest number heard of. */
  last: number;
  asking: boolean;
  /** Entries may have come while the line was down. */
  stale: boolean;
  drafts: readonly Draft[];
  /** Key of the draft under way. */
  out: string | null;
  failures: number;
  retryAt: number;
  uploads: readonly Upload[];
  /** What the server knows as read by this seat, and what was really looked at. */
  toldRead: number;
  lookedAt: number;
  /** Seat → until when it counts as writing, in ms. */
  typing: Readonly<Record<string, number>>;
  toldTypingAt: number;
}

export type TimelineEvent =
  | { type: "line_changed"; up: boolean }
  /** From `seat_state`: the last entry's number, and how far this seat has read. */
  | { type: "heard_of"; last: number; read: number }
  /** `after` is that of the request answered; null for entries that came unasked. */
  | { type: "entries_came"; entries: readonly Entry[]; last: number; after: number | null }
  | { type: "get_failed" }
  | { type: "written"; key: string; text: string; at: number }
  | { type: "posted"; key: string; entry: Entry }
  | { type: "post_failed"; key: string; code: string }
  | { type: "again"; key: string }
  | { type: "dropped"; key: string }
  | { type: "looked_at"; number: number }
  | { type: "typed" }
  | { type: "typing_seen"; seat: string }
  | { type: "time_passed" }
  | PictureEvent;

export type TimelineCommand =
  | { type: "get"; after: number }
  | { type: "post"; key: string; text: string }
  | { type: "tell_read"; number: number }
  | { type: "tell_typing" }
  | PictureCommand;

export type Step = { state: TimelineState; commands: TimelineCommand[] };

/** Codes that say nothing against the words themselves: the same again, a little later. */
export const PASSING: ReadonlySet<string> = new Set([
  "unreachable",
  "timeout",
  "busy",
  "database_unavailable",
  "queue_busy",
  "queue_contended",
  "not_connected",
  "server_stopping",
  "too_many_messages",
  "too_many_requests",
]);
const TYPING_EVERY_MS = 3_000;
const TYPING_HOLDS_MS = 5_000;
/** Nobody writes that much ahead of a dead line; the composer says so. */
export const MOST_DRAFTS = 50;

export const initialTimeline: TimelineState = {
  lineUp: false,
  entries: [],
  complete: 0,
  last: 0,
  asking: false,
  stale: true,
  drafts: [],
  out: null,
  failures: 0,
  retryAt: 0,
  uploads: [],
  toldRead: 0,
  lookedAt: 0,
  typing: {},
  toldTypingAt: Number.NEGATIVE_INFINITY,
};

export function reduce(before: TimelineState, event: TimelineEvent, now: number): Step {
  const commands: TimelineCommand[] = [];
  const state = settle(take(before, event, now, commands), commands, now);
  return { state, commands };
}

/** When `time_passed` must come next, in ms; null when nothing waits for the clock. */
export function deadline(state: TimelineState, now: number): number | null {
  const times = Object.values(state.typing).filter((until) => until > now);
  if (state.lineUp && state.out === null && headOf(state) !== null && state.retryAt > now) times.push(state.retryAt);
  if (state.lineUp && !state.asking && isBehind(state) && state.retryAt > now) times.push(state.retryAt);
  const picture = nextPicture(state.uploads);
  if (picture !== null && !picture.out && picture.retryAt > now) times.push(picture.retryAt);
  return times.length > 0 ? Math.min(...times) : null;
}

/** Entries of others that this person has not seen. */
export function unread(state: TimelineState, me: string): Entry[] {
  const seen = Math.max(state.toldRead, state.lookedAt);
  return state.entries.filter((each) => each.number > seen && each.kind !== "event" && each.seat !== me);
}

export const isUnsent = (state: TimelineState): boolean =>
  state.drafts.length > 0 || state.uploads.some((each) => each.status !== "done");

function take(state: TimelineState, event: TimelineEvent, now: number, commands: TimelineCommand[]): TimelineState {
  switch (event.type) {
    case "line_changed":
      return event.up ? lineUp(state, now) : { ...state, lineUp: false, out: null, asking: false };
    case "heard_of":
      return {
        ...state,
        last: Math.max(state.last, event.last),
        toldRead: Math.max(state.toldRead, event.read),
      };
    case "entries_came":
      return entriesCame(state, event.entries, event.last, event.after, now);
    case "get_failed":
      return { ...state, asking: false, failures: state.failures + 1, retryAt: now + pause(state.failures + 1) };
    case "written":
      if (state.drafts.length >= MOST_DRAFTS) return state;
      return {
        ...state,
        drafts: [...state.drafts, { key: event.key, text: event.text, at: event.at, refused: null }],
        toldTypingAt: Number.NEGATIVE_INFINITY,
      };
    case "posted":
      return insert(
        {
          ...state,
          out: state.out === event.key ? null : state.out,
          drafts: state.drafts.filter((each) => each.key !== event.key),
          failures: 0,
        },
        [event.entry],
      );
    case "post_failed":
      return postFailed(state, event.key, event.code, now);
    case "again":
      return {
        ...state,
        drafts: state.drafts.map((each) => (each.key === event.key ? { ...each, refused: null } : each)),
        uploads: takePicture(state.uploads, event, now),
      };
    case "dropped":
      return {
        ...state,
        drafts: state.drafts.filter((each) => each.key !== event.key || each.key === state.out),
        uploads: takePicture(state.uploads, event, now),
      };
    case "looked_at":
      return { ...state, lookedAt: Math.max(state.lookedAt, event.number) };
    case "typed":
      if (!state.lineUp || now - state.toldTypingAt < TYPING_EVERY_MS) return state;
      commands.push({ type: "tell_typing" });
      return { ...state, toldTypingAt: now };
    case "typing_seen":
      return { ...state, typing: { ...state.typing, [event.seat]: now + TYPING_HOLDS_MS } };
    case "time_passed":
      return { ...state, typing: Object.fromEntries(Object.entries(state.typing).filter(([, until]) => until > now)) };
    case "picture_chosen":
    case "picture_moved":
    case "picture_failed":
      return pictureEvent(state, event, now);
    default:
      return event satisfies never;
  }
}

function lineUp(state: TimelineState, now: number): TimelineState {
  const uploads = takePicture(state.uploads, { type: "line_up" }, now);
  return { ...state, lineUp: true, stale: true, out: null, asking: false, failures: 0, retryAt: now, uploads };
}

const isBehind = (state: TimelineState): boolean => state.stale || state.last > state.complete;

function settle(before: TimelineState, commands: TimelineCommand[], now: number): TimelineState {
  let state = before;
  if (state.lineUp) {
    if (isBehind(state) && !state.asking && now >= state.retryAt) {
      commands.push({ type: "get", after: state.complete });
      state = { ...state, asking: true };
    }
    const head = headOf(state);
    if (head !== null && state.out === null && now >= state.retryAt) {
      commands.push({ type: "post", key: head.key, text: head.text });
      state = { ...state, out: head.key };
    }
    const read = Math.min(state.lookedAt, state.complete);
    if (read > state.toldRead) {
      commands.push({ type: "tell_read", number: read });
      state = { ...state, toldRead: read };
    }
  }
  const uploads = settlePictures(state.uploads, commands, now);
  return uploads === state.uploads ? state : { ...state, uploads };
}

/** Words go out one after the other, so that they stand in the order in which they were written. */
const headOf = (state: TimelineState): Draft | null => state.drafts.find((each) => each.refused === null) ?? null;

function postFailed(state: TimelineState, key: string, code: string, now: number): TimelineState {
  const out = state.out === key ? null : state.out;
  if (PASSING.has(code)) {
    const failures = state.failures + 1;
    return { ...state, out, failures, retryAt: now + pause(failures) };
  }
  return { ...state, out, drafts: state.drafts.map((each) => (each.key === key ? { ...each, refused: code } : each)) };
}

function entriesCame(
  state: TimelineState,
  entries: readonly Entry[],
  last: number,
  after: number | null,
  now: number,
): TimelineState {
  const next = insert(state, entries);
  const heard = Math.max(next.last, last);
  if (after === null) return { ...next, last: heard };
  // What was asked for is complete, whatever its numbers: an answer without progress must not be asked for for ever.
  const highest = entries.length > 0 ? Math.max(...entries.map((each) => each.number)) : last;
  const complete = Math.max(next.complete, highest);
  const stuck = complete <= state.complete && heard > complete; // more was heard of than the answer knows
  const failures = stuck ? state.failures + 1 : 0;
  const retryAt = stuck ? now + pause(failures) : state.retryAt;
  return { ...next, last: heard, asking: false, stale: false, failures, retryAt, complete };
}

function insert(state: TimelineState, came: readonly Entry[]): TimelineState {
  const byNumber = new Map(state.entries.map((each) => [each.number, each]));
  for (const each of came) byNumber.set(each.number, each);
  const entries = [...byNumber.values()].sort((a, b) => a.number - b.number);
  let complete = state.complete;
  for (const each of entries) if (each.number === complete + 1) complete = each.number;
  const arrived = new Set(came.map((each) => each.key));
  const typing = { ...state.typing };
  for (const each of came) if (each.seat !== null) delete typing[each.seat];
  return {
    ...state,
    entries,
    complete,
    last: Math.max(state.last, ...came.map((each) => each.number)),
    typing,
    drafts: state.drafts.filter((each) => !arrived.has(each.key)),
    out: state.out !== null && arrived.has(state.out) ? null : state.out,
    uploads: state.uploads.filter((each) => !arrived.has(each.key)),
  };
}

function pictureEvent(state: TimelineState, event: PictureEvent, now: number): TimelineState {
  const uploads = takePicture(state.uploads, event, now);
  const entry = event.type === "picture_moved" ? event.entry : null;
  const here = entry !== null && state.entries.some((each) => each.number === entry);
  return {
    ...state,
    last: Math.max(state.last, entry ?? 0),
    uploads: here && event.type === "picture_moved" ? uploads.filter((each) => each.key !== event.key) : uploads,
  };
}

/** 0.5, 1, 2, 4 seconds. */
export const pause = (failures: number): number => Math.min(500 * 2 ** (failures - 1), 4_000);
