import { describe, expect, it } from "vitest";
import type { Entry } from "../src/signal/messages";
import {
  deadline,
  initialTimeline,
  isUnsent,
  MOST_DRAFTS,
  reduce,
  type TimelineCommand,
  type TimelineEvent,
  type TimelineState,
  unread,
} from "../src/timeline/reducer";
import { MOST_OCTETS, refusal } from "../src/timeline/upload";

const entry = (number: number, part: Partial<Entry> = {}): Entry => ({
  number,
  at: number,
  kind: "text",
  seat: "s_b",
  role: "practitioner",
  name: { zh: "安宁", en: "An Ning" },
  key: null,
  text: `words ${number}`,
  picture: null,
  code: null,
  reason: "",
  ...part,
});

class Run {
  state: TimelineState = initialTimeline;
  now = 0;

  tell(event: TimelineEvent, at = this.now): TimelineCommand[] {
    this.now = at;
    const step = reduce(this.state, event, at);
    this.state = step.state;
    return step.commands;
  }

  wait(): TimelineCommand[] {
    const at = deadline(this.state, this.now);
    if (at === null) throw new Error("nothing waits for the clock");
    return this.tell({ type: "time_passed" }, Math.max(at, this.now));
  }

  /** On line, with these entries known. */
  with(...entries: Entry[]): this {
    this.tell({ type: "line_changed", up: true });
    this.tell({ type: "entries_came", entries, last: entries.at(-1)?.number ?? 0, after: 0 });
    return this;
  }

  get numbers(): number[] {
    return this.state.entries.map((each) => each.number);
  }
}

describe("what is there", () => {
  it("is asked for as soon as there is a line, until nothing is missing", () => {
    const run = new Run();
    expect(run.tell({ type: "heard_of", last: 150, read: 0 })).toEqual([]);
    expect(run.tell({ type: "line_changed", up: true })).toEqual([{ type: "get", after: 0 }]);
    const first = Array.from({ length: 100 }, (_, index) => entry(index + 1));
    expect(run.tell({ type: "entries_came", entries: first, last: 150, after: 0 })).toEqual([
      { type: "get", after: 100 },
    ]);
    const rest = Array.from({ length: 50 }, (_, index) => entry(index + 101));
    expect(run.tell({ type: "entries_came", entries: rest, last: 150, after: 100 })).toEqual([]);
    expect(run.state.entries).toHaveLength(150);
  });

  it("stands in order, each once, whatever comes twice or too early", () => {
    const run = new Run().with(entry(1));
    expect(run.tell({ type: "entries_came", entries: [entry(4)], last: 4, after: null })).toEqual([
      { type: "get", after: 1 },
    ]);
    run.tell({ type: "entries_came", entries: [entry(2)], last: 4, after: null });
    run.tell({ type: "entries_came", entries: [entry(2), entry(3), entry(4)], last: 4, after: 1 });
    expect(run.numbers).toEqual([1, 2, 3, 4]);
    expect(run.state.complete).toBe(4);
  });

  it("is asked for again after the line was lost, from where it is complete", () => {
    const run = new Run().with(entry(1), entry(2));
    run.tell({ type: "line_changed", up: false });
    expect(run.tell({ type: "line_changed", up: true })).toEqual([{ type: "get", after: 2 }]);
  });

  it("is not asked for for ever when the answer brings nothing", () => {
    const run = new Run().with(entry(1));
    expect(run.tell({ type: "heard_of", last: 9, read: 0 })).toEqual([{ type: "get", after: 1 }]);
    expect(run.tell({ type: "entries_came", entries: [], last: 9, after: 1 })).toEqual([]);
  });

  it("is not asked for in a circle when more was heard of than the answer knows", () => {
    const run = new Run();
    run.tell({ type: "heard_of", last: 6, read: 0 });
    run.tell({ type: "line_changed", up: true });
    expect(run.tell({ type: "entries_came", entries: [], last: 0, after: 0 })).toEqual([]);
    expect(run.wait()).toEqual([{ type: "get", after: 0 }]);
    expect(run.now).toBe(500);
    expect(run.tell({ type: "entries_came", entries: [], last: 0, after: 0 })).toEqual([]);
    expect(deadline(run.state, run.now)).toBe(1_500);
  });

  it("waits a little after a failed request", () => {
    const run = new Run();
    run.tell({ type: "line_changed", up: true });
    expect(run.tell({ type: "get_failed" }, 1_000)).toEqual([]);
    expect(run.wait()).toEqual([{ type: "get", after: 0 }]);
    expect(run.now).toBe(1_500);
  });
});

describe("writing", () => {
  it("shows the words at once and sends them in order, one at a time", () => {
    const run = new Run().with();
    expect(run.tell({ type: "written", key: "key-one-1", text: "one", at: 5 })).toEqual([
      { type: "post", key: "key-one-1", text: "one" },
    ]);
    expect(run.tell({ type: "written", key: "key-two-2", text: "two", at: 6 })).toEqual([]);
    expect(run.state.drafts.map((each) => each.text)).toEqual(["one", "two"]);
    expect(isUnsent(run.state)).toBe(true);
    const posted = run.tell({ type: "posted", key: "key-one-1", entry: entry(1, { key: "key-one-1", seat: "s_a" }) });
    expect(posted).toEqual([{ type: "post", key: "key-two-2", text: "two" }]);
    run.tell({ type: "entries_came", entries: [entry(2, { key: "key-two-2", seat: "s_a" })], last: 2, after: null });
    expect(run.state.drafts).toEqual([]); // the entry itself may come before its acknowledgement
    expect(isUnsent(run.state)).toBe(false);
  });

  it("sends the same key again after the line was lost: once written, once there", () => {
    const run = new Run().with();
    run.tell({ type: "written", key: "key-one-1", text: "one", at: 5 });
    run.tell({ type: "line_changed", up: false });
    run.tell({ type: "post_failed", key: "key-one-1", code: "unreachable" });
    expect(run.state.drafts[0]?.refused).toBeNull();
    expect(run.tell({ type: "line_changed", up: true })).toContainEqual({
      type: "post",
      key: "key-one-1",
      text: "one",
    });
  });

  it("lets a refused text wait for the person and goes on with the next", () => {
    const run = new Run().with();
    run.tell({ type: "written", key: "key-one-1", text: "one", at: 5 });
    run.tell({ type: "written", key: "key-two-2", text: "two", at: 5 });
    expect(run.tell({ type: "post_failed", key: "key-one-1", code: "forbidden" })).toEqual([
      { type: "post", key: "key-two-2", text: "two" },
    ]);
    run.tell({ type: "posted", key: "key-two-2", entry: entry(1, { key: "key-two-2" }) });
    expect(run.state.drafts).toMatchObject([{ key: "key-one-1", refused: "forbidden" }]);
    expect(run.tell({ type: "again", key: "key-one-1" })).toEqual([{ type: "post", key: "key-one-1", text: "one" }]);
    run.tell({ type: "post_failed", key: "key-one-1", code: "forbidden" });
    run.tell({ type: "dropped", key: "key-one-1" });
    expect(run.state.drafts).toEqual([]);
  });

  it("keeps no more than it can show", () => {
    const run = new Run();
    for (let n = 0; n < MOST_DRAFTS + 9; n += 1) run.tell({ type: "written", key: `key-${n}-long`, text: "x", at: 0 });
    expect(run.state.drafts).toHaveLength(MOST_DRAFTS);
  });
});

describe("reading", () => {
  it("tells what was looked at, once, and never more than is there", () => {
    const run = new Run().with(entry(1), entry(2));
    expect(unread(run.state, "s_a").map((each) => each.number)).toEqual([1, 2]);
    expect(run.tell({ type: "looked_at", number: 2 })).toEqual([{ type: "tell_read", number: 2 }]);
    expect(run.tell({ type: "looked_at", number: 1 })).toEqual([]);
    expect(unread(run.state, "s_a")).toEqual([]);
  });

  it("counts neither one's own words nor events", () => {
    const run = new Run().with(entry(1, { seat: "s_a" }), entry(2, { kind: "event", code: "live" }), entry(3));
    expect(unread(run.state, "s_a").map((each) => each.number)).toEqual([3]);
    run.tell({ type: "heard_of", last: 3, read: 3 });
    expect(unread(run.state, "s_a")).toEqual([]);
  });
});

describe("typing", () => {
  it("is said every three seconds and seen for five, or until the words come", () => {
    const run = new Run().with();
    expect(run.tell({ type: "typed" }, 10_000)).toEqual([{ type: "tell_typing" }]);
    expect(run.tell({ type: "typed" }, 12_999)).toEqual([]);
    expect(run.tell({ type: "typed" }, 13_000)).toEqual([{ type: "tell_typing" }]);
    run.tell({ type: "typing_seen", seat: "s_b" }, 14_000);
    expect(Object.keys(run.state.typing)).toEqual(["s_b"]);
    expect(deadline(run.state, run.now)).toBe(19_000);
    run.wait();
    expect(run.state.typing).toEqual({});
    run.tell({ type: "typing_seen", seat: "s_b" });
    run.tell({ type: "entries_came", entries: [entry(1)], last: 1, after: null });
    expect(run.state.typing).toEqual({});
  });
});

describe("pictures", () => {
  const KEY = "picture-1";
  const chosen = (key = KEY, octets = 300_000): TimelineEvent => ({
    type: "picture_chosen",
    key,
    octets,
    mediaType: "image/jpeg",
  });
  const moved = (offset: number, entryNumber: number | null = null, key = KEY): TimelineEvent => ({
    type: "picture_moved",
    key,
    offset,
    entry: entryNumber,
  });

  it("go up in pieces that grow while the network is quick, and end with an entry", () => {
    const run = new Run().with();
    expect(run.tell(chosen(KEY, 200_000))).toEqual([
      { type: "picture_start", key: KEY, octets: 200_000, mediaType: "image/jpeg" },
    ]);
    expect(run.tell(moved(0))).toEqual([{ type: "picture_piece", key: KEY, from: 0, to: 65_536 }]);
    expect(run.tell(moved(65_536), 100)).toEqual([{ type: "picture_piece", key: KEY, from: 65_536, to: 196_608 }]);
    expect(run.tell(moved(196_608), 200)).toEqual([{ type: "picture_piece", key: KEY, from: 196_608, to: 200_000 }]);
    expect(run.tell(moved(200_000, 1), 300)).toEqual([{ type: "get", after: 0 }]);
    expect(run.state.uploads[0]?.status).toBe("done");
    run.tell({ type: "entries_came", entries: [entry(1, { key: KEY, kind: "picture" })], last: 1, after: 0 });
    expect(run.state.uploads).toEqual([]);
  });

  it("ask how far they came after a lost piece, and go on from there", () => {
    const run = new Run().with();
    run.tell(chosen());
    run.tell(moved(0));
    expect(run.tell({ type: "picture_failed", key: KEY, code: "unreachable", final: false })).toEqual([]);
    expect(run.wait()).toMatchObject([{ type: "picture_start", key: KEY }]);
    expect(run.tell(moved(65_536))).toMatchObject([{ type: "picture_piece", from: 65_536 }]);
    expect(run.tell({ type: "picture_failed", key: KEY, code: "offset", final: false })).toMatchObject([
      { type: "picture_start" },
    ]);
  });

  it("do not wait out their pause when the line comes back", () => {
    const run = new Run().with();
    run.tell(chosen());
    for (let n = 0; n < 5; n += 1) {
      run.tell({ type: "picture_failed", key: KEY, code: "unreachable", final: false });
      run.wait();
    }
    run.tell({ type: "picture_failed", key: KEY, code: "unreachable", final: false });
    expect(run.tell({ type: "line_changed", up: true })).toContainEqual(
      expect.objectContaining({ type: "picture_start", key: KEY }),
    );
  });

  it("go one after the other; a refused one lets the next go and may be tried again", () => {
    const run = new Run().with();
    run.tell(chosen());
    expect(run.tell(chosen("picture-2"))).toEqual([]);
    expect(run.tell({ type: "picture_failed", key: KEY, code: "picture_unreadable", final: true })).toMatchObject([
      { type: "picture_start", key: "picture-2" },
    ]);
    expect(run.state.uploads[0]).toMatchObject({ status: "failed", code: "picture_unreadable" });
    run.tell({ type: "dropped", key: "picture-2" });
    expect(run.tell({ type: "again", key: KEY })).toMatchObject([{ type: "picture_start", key: KEY }]);
  });

  it("are refused before they are sent when they cannot be taken", () => {
    expect(refusal({ size: 5, type: "image/jpeg" })).toBeNull();
    expect(refusal({ size: 0, type: "image/jpeg" })).toBe("empty");
    expect(refusal({ size: 5, type: "image/heic" })).toBe("kind");
    expect(refusal({ size: 5, type: "" })).toBe("kind");
    expect(refusal({ size: MOST_OCTETS + 1, type: "image/png" })).toBe("size");
  });
});

describe("over a line that loses things", () => {
  const random = (seed: number) => () => {
    seed = (seed * 1_664_525 + 1_013_904_223) % 4_294_967_296;
    return seed / 4_294_967_296;
  };

  it("every text arrives once and in order, and the list ends as the server's", () => {
    for (let seed = 1; seed <= 300; seed += 1) {
      const next = random(seed);
      const run = new Run();
      const server: Entry[] = [];
      const store = (key: string, text: string): Entry => {
        const known = server.find((each) => each.key === key);
        if (known !== undefined) return known;
        const made = entry(server.length + 1, { key, text, seat: "s_a" });
        server.push(made);
        return made;
      };
      let loses = 0.4;
      /** Answers as the server would, or loses question or answer. */
      const obey = (commands: TimelineCommand[]): void => {
        for (const command of commands) {
          const lost = next();
          if (command.type === "post") {
            if (lost < loses) {
              if (lost < loses / 2) store(command.key, command.text); // arrived; only its answer is lost
              obey(run.tell({ type: "post_failed", key: command.key, code: "timeout" }, run.now + 10));
            } else {
              const made = store(command.key, command.text);
              obey(run.tell({ type: "posted", key: command.key, entry: made }, run.now + 10));
            }
          } else if (command.type === "get") {
            if (lost < loses) obey(run.tell({ type: "get_failed" }, run.now + 10));
            else {
              const entries = server.filter((each) => each.number > command.after).slice(0, 7);
              obey(
                run.tell({ type: "entries_came", entries, last: server.length, after: command.after }, run.now + 10),
              );
            }
          }
        }
      };
      let written = 0;
      for (let step = 0; step < 40; step += 1) {
        const dice = next();
        if (dice < 0.3) {
          written += 1;
          obey(run.tell({ type: "written", key: `own-key-${written}`, text: String(written), at: 0 }));
        } else if (dice < 0.5) {
          server.push(entry(server.length + 1));
          const pushed = server.at(-1);
          if (pushed !== undefined && next() > loses)
            obey(run.tell({ type: "entries_came", entries: [pushed], last: server.length, after: null }));
        } else if (dice < 0.7) obey(run.tell({ type: "line_changed", up: next() < 0.6 }));
        else if (deadline(run.state, run.now) !== null) obey(run.wait());
        expect(deadline(run.state, run.now) ?? Number.POSITIVE_INFINITY).toBeGreaterThan(run.now);
      }
      loses = 0;
      obey(run.tell({ type: "line_changed", up: true }, run.now + 10_000));
      obey(run.tell({ type: "heard_of", last: server.length, read: 0 }));
      for (let tries = 0; tries < 50 && run.state.drafts.length > 0; tries += 1) obey(run.wait());
      expect(run.state.drafts).toEqual([]);
      expect(run.numbers).toEqual(server.map((each) => each.number));
      const own = server.filter((each) => each.seat === "s_a").map((each) => Number(each.text));
      expect(own).toEqual(Array.from({ length: written }, (_, index) => index + 1));
    }
  });
});
