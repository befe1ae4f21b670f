/** Keeps one seat's timeline for as long as its line lives, whichever screen shows it. Carries out what reducer.ts orders. */

import type { Line } from "../signal/line";
import { createStore } from "../ui/store";
import {
  deadline,
  initialTimeline,
  isUnsent,
  reduce,
  type TimelineCommand,
  type TimelineEvent,
  type TimelineState,
} from "./reducer";
import { type Sent, sendPiece, startPicture } from "./sending";
import { MOST_UPLOADS, refusal } from "./upload";
import type { Refusal } from "./use-timeline";

const keepers = new WeakMap<Line, Map<string, TimelineKeeper>>();

/** The keeper of a seat on this line: every component that asks gets the same one. */
export function keeperOf(line: Line, seat: string): TimelineKeeper {
  const ofLine = keepers.get(line) ?? new Map<string, TimelineKeeper>();
  keepers.set(line, ofLine);
  const keeper = ofLine.get(seat) ?? new TimelineKeeper(line, seat);
  ofLine.set(seat, keeper);
  return keeper;
}

interface Chosen {
  file: Blob;
  /** Address of the picture in this page, to show before it has arrived. */
  address: string;
}

export class TimelineKeeper {
  readonly view = createStore<TimelineState>(initialTimeline);
  /** What stands in the place to write, whichever screen shows it. */
  words = "";
  private readonly chosen = new Map<string, Chosen>();
  private timer: ReturnType<typeof setTimeout> | undefined;
  private closed = false;
  private readonly stops: (() => void)[];

  constructor(
    private readonly line: Line,
    private readonly seat: string,
  ) {
    this.stops = [
      line.status.subscribe((status) => {
        if (status.state === "closed") this.close();
        else this.happened({ type: "line_changed", up: status.state === "up" });
      }),
      line.on("timeline_entries", (body) => {
        if (body.seat !== seat) return;
        this.happened({ type: "entries_came", entries: body.entries, last: body.last, after: null });
      }),
      line.on("typing_seen", (body) => this.happened({ type: "typing_seen", seat: body.seat })),
    ];
    if (typeof window !== "undefined") {
      const ask = (event: BeforeUnloadEvent) => {
        if (isUnsent(this.view.get())) event.preventDefault();
      };
      window.addEventListener("beforeunload", ask);
      this.stops.push(() => window.removeEventListener("beforeunload", ask));
    }
    this.happened({ type: "line_changed", up: line.status.get().state === "up" });
  }

  happened(event: TimelineEvent): void {
    if (this.closed) return;
    const { state, commands } = reduce(this.view.get(), event, performance.now());
    this.forget(state);
    this.view.set(state);
    this.setTimer();
    for (const command of commands) void this.carryOut(command);
  }

  write(text: string): void {
    this.happened({ type: "written", key: drawKey(), text, at: Date.now() / 1000 });
  }

  /** Sends what can be sent; says why the first of the others cannot. */
  sendAll(files: readonly File[]): Refusal | null {
    let first: Refusal | null = null;
    for (const file of files) {
      const why = this.view.get().uploads.length >= MOST_UPLOADS ? "many" : refusal(file);
      if (why === null) this.send(file);
      else first ??= why;
    }
    return first;
  }

  private send(file: Blob): void {
    const key = drawKey();
    this.chosen.set(key, { file, address: URL.createObjectURL(file) });
    this.happened({ type: "picture_chosen", key, octets: file.size, mediaType: file.type });
  }

  /** Where a picture under way can be shown from. */
  address = (key: string): string | null => this.chosen.get(key)?.address ?? null;

  private close(): void {
    this.closed = true;
    for (const stop of this.stops) stop();
    clearTimeout(this.timer);
  }

  private async carryOut(command: TimelineCommand): Promise<void> {
    const { line, seat } = this;
    switch (command.type) {
      case "get": {
        const reply = await line.send("timeline_get", { seat, after: command.after });
        if (!reply.ok) return this.happened({ type: "get_failed" });
        const { entries, last } = reply.body;
        return this.happened({ type: "entries_came", entries, last, after: command.after });
      }
      case "post": {
        const { key, text } = command;
        const reply = await line.send("timeline_post", { seat, key, text });
        if (reply.ok) return this.happened({ type: "posted", key, entry: reply.body });
        return this.happened({ type: "post_failed", key, code: reply.error.code });
      }
      case "tell_read":
        await line.send("timeline_read", { seat, number: command.number });
        return;
      case "tell_typing":
        await line.send("typing_set", { seat });
        return;
      case "picture_start": {
        const { key, octets, mediaType } = command;
        return this.answered(key, await startPicture(seat, { key, octets, media_type: mediaType }));
      }
      case "picture_piece": {
        const file = this.chosen.get(command.key)?.file;
        if (file === undefined) return;
        return this.answered(
          command.key,
          await sendPiece(seat, command.key, command.from, file.slice(command.from, command.to)),
        );
      }
      default:
        command satisfies never;
    }
  }

  private answered(key: string, sent: Sent): void {
    if ("progress" in sent)
      this.happened({ type: "picture_moved", key, offset: sent.progress.offset, entry: sent.progress.entry });
    else this.happened({ type: "picture_failed", key, code: sent.code, final: sent.final });
  }

  private forget(state: TimelineState): void {
    for (const [key, { address }] of this.chosen) {
      if (state.uploads.some((each) => each.key === key)) continue;
      if (!this.view.get().uploads.some((each) => each.key === key)) continue; // chosen a moment ago
      URL.revokeObjectURL(address);
      this.chosen.delete(key);
    }
  }

  private setTimer(): void {
    clearTimeout(this.timer);
    const now = performance.now();
    const at = deadline(this.view.get(), now);
    if (at !== null)
      this.timer = setTimeout(() => this.happened({ type: "time_passed" }), Math.max(1, Math.ceil(at - now)));
  }
}

/** Names a text or picture of this device: the same key again is the same entry again. */
function drawKey(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(12));
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}
