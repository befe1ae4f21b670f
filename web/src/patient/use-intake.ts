/** Carries the questions' machine through all that comes before the call. */

import { useEffect, useRef, useState } from "preact/hooks";
import type { Line, LineStatus } from "../signal/line";
import type { SeatState } from "../signal/messages";
import { beginIntake, type IntakeEvent, type IntakeState, stepIntake } from "./intake";
import { IntakeStore, type Kept } from "./intake-store";

export interface RunningIntake extends Kept {
  state: IntakeState;
  happened(event: IntakeEvent): void;
}

const AGAIN_MS = 3_000;

/** @param remembered the question this device looked at last */
export function useIntake(seat: SeatState, line: Line, status: LineStatus, remembered: string | null): RunningIntake {
  const [state, setState] = useState(() => beginIntake(seat.patient, remembered));
  const [kept, setKept] = useState<Kept>({ storing: "stored", code: "" });
  const latest = useRef(state);
  const [store] = useState(
    () =>
      new IntakeStore(state.answers, (answers) => line.send("intake_save", { seat: seat.seat, ...answers }), setKept),
  );
  const up = status.state === "up";
  useEffect(() => {
    if (!up) return;
    void store.again();
    const timer = setInterval(() => void store.again(), AGAIN_MS);
    return () => clearInterval(timer);
  }, [up]);

  /** A call comes in the middle of a sentence: what stands there is stored too. */
  const flush = () => {
    if (seat.patient !== null) void store.put(latest.current.answers);
  };
  const called = seat.state === "offered";
  useEffect(() => {
    if (called) flush();
  }, [called]);
  useEffect(() => flush, []);

  const happened = (event: IntakeEvent) => {
    const { state: next, save } = stepIntake(latest.current, event);
    latest.current = next;
    setState(next);
    if (save !== null) void store.put(save);
  };
  return { state, ...kept, happened };
}
