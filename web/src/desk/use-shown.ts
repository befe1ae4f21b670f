/** Which visit the desk shows: the one under way; after its end the same, until the doctor is done with it; or one of
 * earlier today that was opened from the list. */

import { useReducer, useRef } from "preact/hooks";
import type { DeskState, SeatState } from "../signal/messages";
import type { Shown } from "./visit";

export interface ShownVisit {
  shown: Shown | null;
  open(seat: string): void;
  close(): void;
}

export function useShown(desk: DeskState, seat: SeatState | null, over: SeatState | null): ShownVisit {
  const last = useRef<Shown | null>(null);
  const [, again] = useReducer((n: number) => n + 1, 0);
  const seen = shownOf(desk, seat, over, last.current);
  last.current = seen;
  return {
    shown: seen,
    open: (which) => {
      const line = desk.recent.find((each) => each.seat === which);
      if (seat !== null || line === undefined) return;
      const state = over?.seat === which ? over : null;
      last.current = { seat: which, name: line.name, state, endedAt: line.ended_at };
      again(0);
    },
    close: () => {
      last.current = null;
      again(0);
    },
  };
}

/** What follows from the states and from what was shown before. Exported for its test. */
export function shownOf(
  desk: DeskState,
  seat: SeatState | null,
  over: SeatState | null,
  before: Shown | null,
): Shown | null {
  if (seat !== null) {
    const name = seat.patient?.name ?? seat.people.find((each) => each.role === "patient")?.name;
    return { seat: seat.seat, name: name ?? { zh: "", en: "" }, state: seat, endedAt: null };
  }
  if (before === null || before.endedAt !== null) return before;
  if (over?.seat === before.seat) {
    // a card that was wrong, or a patient who left before the talk: there is nothing to write about
    return over.live_since === null ? null : { ...before, state: over, endedAt: over.ended_at ?? 0 };
  }
  const recent = desk.recent.find((each) => each.seat === before.seat);
  if (recent !== undefined) return { ...before, endedAt: recent.ended_at };
  return desk.seat === before.seat ? before : null; // between two states: stays until the desk says otherwise
}
