import { useEffect } from "preact/hooks";
import type { Line } from "../signal/line";
import type { SeatState } from "../signal/messages";
import { useStore } from "../ui/store";
import { keeperOf, type TimelineKeeper } from "./keeper";
import { unread } from "./reducer";

export type Refusal = "kind" | "size" | "empty" | "many";

/** The keeper of this seat's timeline, told of what `seat_state` says of it. */
export function useTimeline(state: SeatState | null, line: Line, seat: string): TimelineKeeper {
  const keeper = keeperOf(line, seat);
  const last = state?.last_entry ?? 0;
  const read = state?.people.find((each) => each.seat === seat)?.read ?? 0;
  useEffect(() => {
    if (state !== null) keeper.happened({ type: "heard_of", last, read });
  }, [keeper, last, read, state === null]);
  return keeper;
}

/** How much is new, and the newest of it: for a badge where the timeline itself is not shown. */
export function useUnread(state: SeatState, line: Line) {
  const keeper = useTimeline(state, line, state.seat);
  const fresh = unread(useStore(keeper.view), state.seat);
  return { count: fresh.length, newest: fresh.at(-1) ?? null };
}
