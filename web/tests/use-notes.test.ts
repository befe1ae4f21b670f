import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { NO_NOTES } from "../src/desk/notes";
import { flushNotes, keeperOf, resumeNotes, unsentNotes } from "../src/desk/use-notes";
import { failure } from "../src/signal/http";
import type { Line, LineStatus } from "../src/signal/line";
import type { NotesKept, NotesSave } from "../src/signal/messages";
import { createStore } from "../src/ui/store";

/** A line whose server keeps notes and can be cut. */
function lineTo(server: { kept: NotesKept; cut: boolean; saves: number }): Line {
  return {
    status: createStore<LineStatus>({ state: "up" }),
    async send(name, body) {
      if (server.cut) return failure("unreachable");
      if (name === "notes_save") {
        server.saves++;
        const { revision, notes } = body as NotesSave;
        server.kept = { revision: revision + 1, saved_at: 1, notes };
      }
      return { ok: true, body: server.kept as never };
    },
    on: () => () => undefined,
    close: () => undefined,
  };
}

const server = () => ({ kept: { revision: 0, saved_at: null, notes: NO_NOTES } as NotesKept, cut: false, saves: 0 });

describe("a keeper of notes", () => {
  beforeEach(() => void vi.useFakeTimers());
  afterEach(() => void vi.useRealTimers());

  it("still has its line when the stored notes come before the form is drawn", async () => {
    const hospital = server();
    const keeper = keeperOf("s_fast", "p_a", lineTo(hospital));
    await vi.advanceTimersByTimeAsync(10);
    const hide = keeper.show();
    keeper.type("advice", "Rest");
    await vi.advanceTimersByTimeAsync(1_100);
    expect(hospital.kept.notes.advice).toBe("Rest");
    hide();
  });

  it("sends the last words after the form is gone", async () => {
    const hospital = server();
    const keeper = keeperOf("s_gone", "p_a", lineTo(hospital));
    const hide = keeper.show();
    await vi.advanceTimersByTimeAsync(10);
    keeper.type("advice", "Rest");
    hide();
    await vi.advanceTimersByTimeAsync(10);
    expect(hospital.kept.notes.advice).toBe("Rest");
    expect(unsentNotes()).toBe(false);
  });

  it("keeps words over a sign-out, for the same doctor alone", async () => {
    const hospital = server();
    const first = lineTo(hospital);
    const keeper = keeperOf("s_out", "p_a", first);
    const hide = keeper.show();
    await vi.advanceTimersByTimeAsync(10);
    hospital.cut = true;
    keeper.type("advice", "Rest");
    hide();
    const flushed = flushNotes();
    await vi.advanceTimersByTimeAsync(5_000);
    expect(await flushed).toBe(false);
    expect(unsentNotes()).toBe(true);

    hospital.cut = false;
    expect(keeperOf("s_out", "p_b", lineTo(server())).view.get().draft.advice).toBe("");
  });

  it("sends them when that doctor is back", async () => {
    const hospital = server();
    const keeper = keeperOf("s_back", "p_a", lineTo(hospital));
    const hide = keeper.show();
    await vi.advanceTimersByTimeAsync(10);
    hospital.cut = true;
    keeper.type("advice", "Rest");
    hide();
    await vi.advanceTimersByTimeAsync(2_000);
    hospital.cut = false;
    const again = lineTo(hospital);
    resumeNotes("p_b", lineTo(server()));
    resumeNotes("p_a", again);
    await vi.advanceTimersByTimeAsync(20_000);
    expect(hospital.kept.notes.advice).toBe("Rest");
  });
});
