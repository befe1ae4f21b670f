/** Drives the call's machine in tests: events in, orders kept, the clock let run. */

import { type CallCommand, type CallEvent, type CallState, deadline, initialCall, reduce } from "../src/call/reducer";
import type { Rung } from "../src/signal/messages";

/** Feeds events at given times and keeps what was ordered. */
export class Run {
  state: CallState = initialCall;
  commands: CallCommand[] = [];
  now = 0;

  tell(event: CallEvent, at = this.now): CallCommand[] {
    this.now = at;
    const step = reduce(this.state, event, at);
    this.state = step.state;
    this.commands.push(...step.commands);
    return step.commands;
  }

  /** Lets the clock run to the next deadline. */
  wait(): CallCommand[] {
    const at = deadline(this.state);
    if (at === null) throw new Error("nothing waits for the clock");
    return this.tell({ type: "time_passed" }, Math.max(at, this.now));
  }

  sees(epoch: string | null, others: string[], part: { rung?: Rung; lowered?: boolean } = {}): CallCommand[] {
    return this.tell({ type: "room_seen", epoch, others, rung: "media", lowered: false, ...part });
  }

  inRoom(...others: string[]): this {
    this.tell({ type: "ice_known", until: Number.POSITIVE_INFINITY });
    this.tell({ type: "line_changed", up: true });
    this.sees("e1", others);
    return this;
  }

  connected(...others: string[]): this {
    this.inRoom(...others);
    this.tell({ type: "answered", attempt: 1 });
    this.tell({ type: "connection_changed", attempt: 1, connection: "connected" });
    this.commands = [];
    return this;
  }
}

export const types = (commands: CallCommand[]) => commands.map((each) => each.type);
/** Without what is said about it. */
export const connecting = (commands: CallCommand[]) => types(commands).filter((each) => each !== "tell_path");
