/** The notes of one consultation as a pure machine: what was typed, what the server has, when it is sent.
 *
 * Its one promise: nothing typed is ever lost. A lost answer, a second window, a dead line and a sign-out all end with the
 * doctor's words in `draft`, or merged with somebody else's. Never touches the network or a clock: use-notes.ts does. */

import type { Notes, NotesKept } from "../signal/messages";

export const FIELDS = ["complaint", "illness", "history", "allergies", "assessment", "advice"] as const;
export type Field = (typeof FIELDS)[number];

/** Longest text of a field that the server takes. */
export const MAX_FIELD = 8_000;
/** A pause in typing that is worth a save; whoever never pauses is saved all the same. */
const PAUSE_MS = 1_000;
const LONGEST_UNSAVED_MS = 5_000;
const FIRST_RETRY_MS = 1_000;
const LONGEST_RETRY_MS = 15_000;
/** Sends whose answer never came; the oldest is forgotten first, which may at worst show a passage twice. */
const MAX_UNSURE = 8;
/** Asking again with the same words is of no use; a change or a touch asks again. */
const FINAL = new Set(["forbidden", "not_allowed", "seat_unknown", "no_seat", "bad_body", "bad_message", "not_found"]);

export const NO_NOTES: Notes = { complaint: "", illness: "", history: "", allergies: "", assessment: "", advice: "" };

export interface NotesState {
  /** What the form holds. */
  draft: Notes;
  /** What the server is known to have, and its number; `known` is false before the first answer and after a conflict. */
  base: Notes;
  revision: number;
  known: boolean;
  savedAt: number | null;
  busy: "no" | "getting" | "saving";
  sent: Notes | null;
  unsure: readonly Notes[];
  dirtySince: number | null;
  /** When the next step is due, in the clock of the caller. */
  dueAt: number | null;
  tries: number;
  trouble: string | null;
  /** Fields where another one's words were put beside one's own. */
  merged: readonly Field[];
}

export type NotesEvent =
  | { type: "opened" }
  | { type: "typed"; field: Field; text: string }
  | { type: "flushed" }
  | { type: "line_up" }
  | { type: "got"; kept: NotesKept }
  | { type: "saved"; kept: NotesKept }
  | { type: "refused"; code: string }
  | { type: "merge_read" }
  | { type: "time_passed" };

export type NotesCommand = { type: "get" } | { type: "save"; revision: number; notes: Notes };

export const noNotes: NotesState = {
  draft: NO_NOTES,
  base: NO_NOTES,
  revision: 0,
  known: false,
  savedAt: null,
  busy: "no",
  sent: null,
  unsure: [],
  dirtySince: null,
  dueAt: null,
  tries: 0,
  trouble: null,
  merged: [],
};

export const isDirty = (state: NotesState): boolean => !sameNotes(state.draft, state.base);

/** The fields that the server would refuse for their length. */
export const tooLong = (notes: Notes): Field[] => FIELDS.filter((field) => notes[field].length > MAX_FIELD);

export interface Step {
  state: NotesState;
  command: NotesCommand | null;
}

export function stepNotes(state: NotesState, event: NotesEvent, now: number): Step {
  return settle(happened(state, event, now), now);
}

function happened(state: NotesState, event: NotesEvent, now: number): NotesState {
  switch (event.type) {
    case "opened":
      return state.known ? state : { ...state, dueAt: now };
    case "typed":
      return typed(state, event.field, event.text, now);
    case "flushed":
    case "line_up":
      return isDirty(state) || !state.known ? { ...state, dueAt: now } : state;
    case "got":
      return got(state, event.kept, now);
    case "saved":
      return saved(state, event.kept, now);
    case "refused":
      return refused(state, event.code, now);
    case "merge_read":
      return { ...state, merged: [] };
    case "time_passed":
      return state;
    default:
      return event satisfies never;
  }
}

function typed(state: NotesState, field: Field, text: string, now: number): NotesState {
  const next = { ...state, draft: { ...state.draft, [field]: text } };
  if (!isDirty(next)) return { ...next, dirtySince: null, dueAt: next.known ? null : next.dueAt };
  const dirtySince = state.dirtySince ?? now;
  const due = Math.min(now + PAUSE_MS, dirtySince + LONGEST_UNSAVED_MS);
  const waits = state.tries > 0 && state.dueAt !== null; // a server in trouble is not asked at each letter
  return { ...next, dirtySince, dueAt: waits ? state.dueAt : due };
}

function got(state: NotesState, kept: NotesKept, now: number): NotesState {
  const { notes, merged } = merge(state, kept.notes);
  const next: NotesState = {
    ...state,
    draft: notes,
    base: kept.notes,
    revision: kept.revision,
    known: true,
    savedAt: kept.saved_at ?? state.savedAt,
    busy: "no",
    sent: null,
    unsure: [],
    tries: 0,
    trouble: null,
    merged: [...new Set([...state.merged, ...merged])],
  };
  return isDirty(next) ? { ...next, dirtySince: state.dirtySince ?? now, dueAt: now } : clean(next);
}

function saved(state: NotesState, kept: NotesKept, now: number): NotesState {
  const next: NotesState = {
    ...state,
    base: state.sent ?? kept.notes, // not what came back: a server that trims would make us send for ever
    revision: kept.revision,
    savedAt: kept.saved_at ?? state.savedAt,
    busy: "no",
    sent: null,
    unsure: [],
    tries: 0,
    trouble: null,
  };
  return isDirty(next) ? { ...next, dirtySince: now, dueAt: now + PAUSE_MS } : clean(next);
}

function refused(state: NotesState, code: string, now: number): NotesState {
  const sent = state.busy === "saving" ? state.sent : null;
  const next: NotesState = { ...state, busy: "no", sent: null };
  if (code === "notes_changed") return { ...next, known: false, dueAt: now };
  const tries = state.tries + 1;
  const unsure = sent === null ? state.unsure : [...state.unsure, sent].slice(-MAX_UNSURE);
  const pause = Math.min(FIRST_RETRY_MS * 2 ** Math.min(tries - 1, 10), LONGEST_RETRY_MS);
  if (FINAL.has(code)) return { ...next, tries: 0, trouble: code, dueAt: null };
  return { ...next, unsure, tries, trouble: code, dueAt: now + pause };
}

const clean = (state: NotesState): NotesState => ({ ...state, dirtySince: null, dueAt: null });

/** Orders what is due, one thing at a time. */
function settle(state: NotesState, now: number): Step {
  if (state.busy !== "no" || state.dueAt === null || state.dueAt > now) return { state, command: null };
  if (!state.known) return { state: { ...state, busy: "getting", dueAt: null }, command: { type: "get" } };
  if (!isDirty(state)) return { state: clean(state), command: null };
  if (tooLong(state.draft).length > 0) return { state: { ...state, dueAt: null }, command: null };
  return {
    state: { ...state, busy: "saving", sent: state.draft, dueAt: null },
    command: { type: "save", revision: state.revision, notes: state.draft },
  };
}

/** Three-way, field by field: who changed a field has it; where both did, both are kept, theirs first. */
function merge(state: NotesState, theirs: Notes): { notes: Notes; merged: Field[] } {
  const notes = { ...state.draft };
  const merged: Field[] = [];
  for (const field of FIELDS) {
    const mine = state.draft[field];
    const other = theirs[field];
    const ours = other === state.base[field] || state.unsure.some((each) => each[field] === other);
    if (ours) continue;
    if (mine === state.base[field] || other.includes(mine)) notes[field] = other;
    else if (!mine.includes(other)) {
      notes[field] = `${other}\n${mine}`;
      merged.push(field);
    }
  }
  return { notes, merged };
}

const sameNotes = (a: Notes, b: Notes): boolean => FIELDS.every((field) => a[field] === b[field]);

export type NotesWord = "opening" | "empty" | "saved" | "saving" | "unsaved" | "too_long" | "trouble";

/** What to say beside the form. */
export function wordOf(state: NotesState): NotesWord {
  if (tooLong(state.draft).length > 0) return "too_long";
  if (state.trouble !== null && (isDirty(state) || !state.known)) return "trouble";
  if (state.busy === "saving") return "saving";
  if (isDirty(state)) return "unsaved";
  if (!state.known) return "opening";
  return state.savedAt === null ? "empty" : "saved";
}
