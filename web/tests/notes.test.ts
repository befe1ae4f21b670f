import { describe, expect, it } from "vitest";
import {
  FIELDS,
  isDirty,
  MAX_FIELD,
  NO_NOTES,
  type NotesCommand,
  type NotesEvent,
  type NotesState,
  noNotes,
  stepNotes,
  tooLong,
  wordOf,
} from "../src/desk/notes";
import type { Notes, NotesKept } from "../src/signal/messages";

const kept = (revision: number, part: Partial<Notes> = {}, savedAt: number | null = 100): NotesKept => ({
  revision,
  saved_at: revision === 0 ? null : savedAt,
  notes: { ...NO_NOTES, ...part },
});

/** Plays events at times; collects the orders. */
function play(events: [number, NotesEvent][], from: NotesState = noNotes) {
  let state = from;
  const commands: NotesCommand[] = [];
  for (const [at, event] of events) {
    const step = stepNotes(state, event, at);
    state = step.state;
    if (step.command !== null) commands.push(step.command);
  }
  return { state, commands };
}

const typed = (text: string, field: (typeof FIELDS)[number] = "advice"): NotesEvent => ({ type: "typed", field, text });
const tick: NotesEvent = { type: "time_passed" };
const ready = play([
  [0, { type: "opened" }],
  [1, { type: "got", kept: kept(0) }],
]).state;

describe("notes", () => {
  it("are asked for at once and may be typed before they come", () => {
    const { state, commands } = play([
      [0, { type: "opened" }],
      [10, typed("Rest")],
      [20, { type: "got", kept: kept(3, { complaint: "Cough" }) }],
    ]);
    expect(commands).toEqual([
      { type: "get" },
      { type: "save", revision: 3, notes: { ...NO_NOTES, complaint: "Cough", advice: "Rest" } },
    ]);
    expect(state.draft).toMatchObject({ complaint: "Cough", advice: "Rest" });
  });

  it("are saved a second after the last letter", () => {
    const at = (ms: number) =>
      play(
        [
          [0, typed("R")],
          [400, typed("Re")],
          [ms, tick],
        ],
        ready,
      ).commands.length;
    expect(at(1_399)).toBe(0);
    expect(at(1_400)).toBe(1);
  });

  it("are saved after five seconds even if one never pauses", () => {
    const letters = Array.from({ length: 14 }, (_, n): [number, NotesEvent] => [n * 400, typed("x".repeat(n + 1))]);
    expect(play(letters, ready).commands).toHaveLength(1);
  });

  it("are saved at once when the field is left", () => {
    expect(
      play(
        [
          [0, typed("Rest")],
          [1, { type: "flushed" }],
        ],
        ready,
      ).commands,
    ).toHaveLength(1);
  });

  it("are not sent when nothing changed", () => {
    const events: [number, NotesEvent][] = [
      [0, typed("R")],
      [1, typed("")],
      [2, { type: "flushed" }],
      [9_000, tick],
    ];
    expect(play(events, ready).commands).toEqual([]);
  });

  it("typed while a save is on its way are sent after it", () => {
    const { state, commands } = play(
      [
        [0, typed("Rest")],
        [1_000, tick],
        [1_100, typed("Rest, drink")],
        [1_200, { type: "saved", kept: kept(1, { advice: "Rest" }) }],
        [2_200, tick],
        [2_300, { type: "saved", kept: kept(2, { advice: "Rest, drink" }, 222) }],
      ],
      ready,
    );
    expect(commands.map((each) => each.type === "save" && [each.revision, each.notes.advice])).toEqual([
      [0, "Rest"],
      [1, "Rest, drink"],
    ]);
    expect(wordOf(state)).toBe("saved");
    expect(state.savedAt).toBe(222);
  });

  it("stay in memory while the line is down and go when it is back", () => {
    const down = play(
      [
        [0, typed("Rest")],
        [1_000, tick],
        [1_001, { type: "refused", code: "unreachable" }],
      ],
      ready,
    ).state;
    expect(wordOf(down)).toBe("trouble");
    const { commands, state } = play(
      [
        [1_100, typed("Rest now")],
        [1_200, { type: "line_up" }],
      ],
      down,
    );
    expect(commands).toHaveLength(1);
    expect(commands[0]).toMatchObject({ type: "save", notes: { advice: "Rest now" } });
    expect(state.draft.advice).toBe("Rest now");
  });

  it("are tried again with growing pauses", () => {
    let state = play(
      [
        [0, typed("Rest")],
        [0, { type: "flushed" }],
      ],
      ready,
    ).state;
    const pauses: number[] = [];
    for (let n = 0, now = 0; n < 7; n++) {
      state = play([[now, { type: "refused", code: "busy" }]], state).state;
      pauses.push((state.dueAt ?? 0) - now);
      now = state.dueAt ?? 0;
      state = play([[now, tick]], state).state;
    }
    expect(pauses).toEqual([1_000, 2_000, 4_000, 8_000, 15_000, 15_000, 15_000]);
  });

  it("that may not be saved are kept and said, and not asked again by themselves", () => {
    const { state } = play(
      [
        [0, typed("Rest")],
        [0, { type: "flushed" }],
        [1, { type: "refused", code: "forbidden" }],
      ],
      ready,
    );
    expect(state).toMatchObject({ trouble: "forbidden", dueAt: null, draft: { advice: "Rest" } });
    expect(
      play(
        [
          [2, typed("Rest!")],
          [1_002, tick],
        ],
        state,
      ).commands,
    ).toHaveLength(1);
  });

  it("too long for the server are said and kept", () => {
    const long = "x".repeat(MAX_FIELD + 1);
    const { state, commands } = play(
      [
        [0, typed(long)],
        [5_000, { type: "flushed" }],
      ],
      ready,
    );
    expect(commands).toEqual([]);
    expect(tooLong(state.draft)).toEqual(["advice"]);
    expect(wordOf(state)).toBe("too_long");
    expect(state.draft.advice).toBe(long);
  });
});

describe("notes of two windows", () => {
  const conflicted = (mine: Partial<Notes>, theirs: Partial<Notes>, base: Partial<Notes> = {}) => {
    let state = play([
      [0, { type: "opened" }],
      [1, { type: "got", kept: kept(1, base) }],
    ]).state;
    for (const field of FIELDS)
      if (mine[field] !== undefined) state = play([[2, typed(mine[field], field)]], state).state;
    return play(
      [
        [2_000, { type: "flushed" }],
        [2_001, { type: "refused", code: "notes_changed" }],
        [2_002, { type: "got", kept: kept(2, theirs) }],
      ],
      state,
    );
  };

  it("fetch what is there and save over it", () => {
    const { commands } = conflicted({ advice: "Rest" }, { complaint: "Cough" });
    expect(commands).toEqual([
      { type: "save", revision: 1, notes: { ...NO_NOTES, advice: "Rest" } },
      { type: "get" },
      { type: "save", revision: 2, notes: { ...NO_NOTES, complaint: "Cough", advice: "Rest" } },
    ]);
  });

  it("keep both where both wrote, and say so", () => {
    const { state } = conflicted({ advice: "Rest" }, { advice: "Drink" });
    expect(state.draft.advice).toBe("Drink\nRest");
    expect(state.merged).toEqual(["advice"]);
    expect(play([[3_000, { type: "merge_read" }]], state).state.merged).toEqual([]);
  });

  it("take the longer where one continues the other", () => {
    expect(conflicted({ advice: "Rest, drink" }, { advice: "Rest" }, { advice: "R" }).state.draft.advice).toBe(
      "Rest, drink",
    );
    expect(conflicted({ advice: "Rest" }, { advice: "Rest, drink" }, { advice: "R" }).state.draft.advice).toBe(
      "Rest, drink",
    );
  });

  it("let what the other one deleted stay deleted where one did not touch it", () => {
    expect(conflicted({ complaint: "Cough" }, {}, { advice: "Old" }).state.draft).toMatchObject({
      complaint: "Cough",
      advice: "",
    });
  });

  it("know their own save whose answer was lost", () => {
    const { state, commands } = play(
      [
        [0, typed("Rest in bed")],
        [0, { type: "flushed" }],
        [8_000, { type: "refused", code: "timeout" }],
        [8_001, typed("Rest")],
        [9_000, tick],
        [9_001, { type: "refused", code: "notes_changed" }],
        [9_002, { type: "got", kept: kept(1, { advice: "Rest in bed" }) }],
      ],
      ready,
    );
    expect(state.draft.advice).toBe("Rest");
    expect(state.merged).toEqual([]);
    expect(commands.at(-1)).toMatchObject({ type: "save", revision: 1, notes: { advice: "Rest" } });
  });
});

describe("whatever happens", () => {
  /** A small server of its own with two writers, and an adversary who loses, delays and refuses. */
  it("every word typed is at the server in the end", () => {
    for (let seed = 1; seed <= 300; seed++) {
      const random = generator(seed);
      const server = { revision: 0, notes: NO_NOTES };
      const other = () => {
        const field = FIELDS[Math.floor(random() * FIELDS.length)] ?? "advice";
        const word = `o${words.length}-${server.revision}o`;
        words.push(word);
        server.notes = { ...server.notes, [field]: `${server.notes[field]} ${word}`.trim() };
        server.revision++;
      };
      let state = noNotes;
      let now = 0;
      const words: string[] = [];
      const answers: NotesEvent[] = [];
      const happen = (event: NotesEvent) => {
        const step = stepNotes(state, event, now);
        state = step.state;
        if (step.command !== null) answers.push(serve(step.command));
      };
      const serve = (command: NotesCommand): NotesEvent => {
        const fate = calm ? 1 : random();
        if (fate < 0.15) return { type: "refused", code: "unreachable" };
        if (command.type === "save") {
          if (command.revision !== server.revision) return { type: "refused", code: "notes_changed" };
          server.notes = command.notes;
          server.revision++;
        }
        if (fate < 0.3) return { type: "refused", code: "timeout" };
        const reply: NotesKept = { revision: server.revision, saved_at: now, notes: server.notes };
        return command.type === "get" ? { type: "got", kept: reply } : { type: "saved", kept: reply };
      };
      let calm = false;
      happen({ type: "opened" });
      for (let turn = 0; turn < 120; turn++) {
        calm = turn > 100;
        now += random() * 1_500;
        const dice = random();
        const answer = answers.shift();
        if (answer !== undefined && (dice < 0.7 || calm)) happen(answer);
        else if (answer !== undefined) answers.unshift(answer);
        if (calm) happen({ type: "flushed" });
        else if (dice < 0.5) {
          const field = FIELDS[Math.floor(random() * FIELDS.length)] ?? "advice";
          const word = `w${words.length}w`;
          words.push(word);
          happen({ type: "typed", field, text: `${state.draft[field]} ${word}`.trim() });
        } else if (dice < 0.6) happen({ type: "flushed" });
        else if (dice < 0.65) happen({ type: "line_up" });
        else if (dice < 0.7) other();
        else happen({ type: "time_passed" });
      }
      const all = FIELDS.map((field) => server.notes[field]).join(" ");
      expect(isDirty(state), `seed ${seed}`).toBe(false);
      for (const word of words) expect(all, `seed ${seed}`).toContain(word);
    }
  });
});

/** mulberry32: the same seed gives the same run. */
function generator(seed: number): () => number {
  let a = seed;
  return () => {
    a = (a + 0x6d2b79f5) | 0;
    let t = Math.imul(a ^ (a >>> 15), 1 | a);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4_294_967_296;
  };
}
