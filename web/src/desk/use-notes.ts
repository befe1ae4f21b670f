/** Carries out what the notes' machine orders. A keeper outlives the form that shows it: words not sent yet go on being sent
 * when the form is gone, and wait in memory while nobody is signed in. */

import { useEffect, useMemo } from "preact/hooks";
import type { Line } from "../signal/line";
import { createStore, useStore } from "../ui/store";
import { type Field, isDirty, type NotesCommand, type NotesEvent, type NotesState, noNotes, stepNotes } from "./notes";

/** How long an ending waits for the last words to arrive. */
const FLUSH_MS = 4_000;

export class NotesKeeper {
  readonly view = createStore<NotesState>(noNotes);
  private line: Line | null = null;
  private unwatch: () => void = () => undefined;
  private timer: ReturnType<typeof setTimeout> | undefined;
  /** How many forms show it; null before the first, for whom it was made. */
  private shown: number | null = null;

  constructor(
    readonly seat: string,
    readonly owner: string,
  ) {}

  /** Speaks over `line` from now on: a new one after each sign-in. */
  attach(line: Line): void {
    if (line === this.line) return;
    this.unwatch();
    this.line = line;
    this.unwatch = line.status.subscribe((status) => {
      if (status.state === "up") this.happened({ type: "line_up" });
    });
    this.happened({ type: "opened" });
    this.happened({ type: "line_up" });
  }

  type(field: Field, text: string): void {
    this.happened({ type: "typed", field, text });
  }

  happened(event: NotesEvent): void {
    const { state, command } = stepNotes(this.view.get(), event, performance.now());
    this.view.set(state);
    clearTimeout(this.timer);
    if (state.dueAt !== null) {
      const wait = Math.max(0, Math.ceil(state.dueAt - performance.now()));
      this.timer = setTimeout(() => this.happened({ type: "time_passed" }), wait);
    }
    if (command !== null) void this.carryOut(command);
    this.forgetIfDone();
  }

  /** Sends what is not sent yet. @returns whether everything is with the server */
  async flush(): Promise<boolean> {
    const until = performance.now() + FLUSH_MS;
    this.happened({ type: "flushed" });
    while (isDirty(this.view.get()) && performance.now() < until) {
      const { busy, trouble } = this.view.get();
      if (busy === "no" && trouble !== null) return false;
      await new Promise((done) => setTimeout(done, 50));
    }
    return !isDirty(this.view.get());
  }

  show(): () => void {
    this.shown = (this.shown ?? 0) + 1;
    return () => {
      this.shown = (this.shown ?? 1) - 1;
      this.happened({ type: "flushed" });
    };
  }

  private async carryOut(command: NotesCommand): Promise<void> {
    const { line, seat } = this;
    if (line === null) return;
    if (command.type === "get") {
      const reply = await line.send("notes_get", { seat });
      this.happened(reply.ok ? { type: "got", kept: reply.body } : { type: "refused", code: reply.error.code });
      return;
    }
    const reply = await line.send("notes_save", { seat, revision: command.revision, notes: command.notes });
    this.happened(reply.ok ? { type: "saved", kept: reply.body } : { type: "refused", code: reply.error.code });
  }

  private forgetIfDone(): void {
    const state = this.view.get();
    if (this.shown !== 0 || isDirty(state) || state.busy !== "no") return;
    clearTimeout(this.timer);
    this.unwatch();
    this.line = null;
    keepers.delete(nameOf(this.seat, this.owner));
  }
}

/** By seat and doctor. */
const keepers = new Map<string, NotesKeeper>();

const nameOf = (seat: string, owner: string) => `${owner} ${seat}`;

/** The keeper of a seat's notes; the one that still holds unsent words, if there is one. */
export function keeperOf(seat: string, owner: string, line: Line): NotesKeeper {
  const name = nameOf(seat, owner);
  const keeper = keepers.get(name) ?? new NotesKeeper(seat, owner);
  keepers.set(name, keeper);
  keeper.attach(line);
  return keeper;
}

/** After a sign-in: words of this doctor that could not be sent before go now. Nobody else's are touched. */
export function resumeNotes(owner: string, line: Line): void {
  for (const keeper of [...keepers.values()]) if (keeper.owner === owner) keeper.attach(line);
}

/** Before a sign-out. @returns whether nothing is left unsent */
export async function flushNotes(): Promise<boolean> {
  const done = await Promise.all([...keepers.values()].map((keeper) => keeper.flush()));
  return done.every(Boolean);
}

export const unsentNotes = (): boolean => [...keepers.values()].some((keeper) => isDirty(keeper.view.get()));

export interface OpenNotes {
  keeper: NotesKeeper;
  state: NotesState;
}

export function useNotes(seat: string, owner: string, line: Line): OpenNotes {
  const keeper = useMemo(() => keeperOf(seat, owner, line), [seat, owner, line]);
  useEffect(() => keeper.show(), [keeper]);
  return { keeper, state: useStore(keeper.view) };
}

/** The browser asks before a window with unsent words is closed. */
export function useUnsentWarning(): void {
  useEffect(() => {
    const leaving = (event: BeforeUnloadEvent) => {
      if (unsentNotes()) event.preventDefault();
    };
    addEventListener("beforeunload", leaving);
    return () => removeEventListener("beforeunload", leaving);
  }, []);
}
