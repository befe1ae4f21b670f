/** The departments a doctor is on duty in: what the server says, and meanwhile what was just asked of it. */

import { useEffect, useState } from "preact/hooks";
import type { Line } from "../signal/line";
import type { DeskState, StaffSession } from "../signal/messages";

export interface Duty {
  on: readonly string[];
  toggle(department: string): void;
  toggleAll(): void;
}

export function useDuty(line: Line, desk: DeskState, session: StaffSession, fail: (code: string) => void): Duty {
  const [asked, setAsked] = useState<readonly string[] | null>(null);
  useEffect(() => setAsked(null), [desk.revision]);
  const on = asked ?? desk.on_duty;
  const ask = async (departments: string[]) => {
    setAsked(departments);
    const reply = await line.send("duty_set", { departments });
    if (reply.ok) return;
    setAsked(null);
    fail(reply.error.code);
  };
  return {
    on,
    toggle: (id) => void ask(on.includes(id) ? on.filter((each) => each !== id) : [...on, id]),
    toggleAll: () => void ask(on.length > 0 ? [] : session.departments.map((each) => each.id)),
  };
}
