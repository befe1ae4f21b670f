import { describe, expect, it } from "vitest";
import type { Answers } from "../src/patient/intake";
import { IntakeStore, type Storing } from "../src/patient/intake-store";
import { failure, type Reply } from "../src/signal/http";

const answers = (reason: string): Answers => ({ reason, history: "", allergies: "", red_flags: [], done: false });
const good: Reply<unknown> = { ok: true, body: null };

/** A line whose replies come when the test says so. */
function stage() {
  const sent: string[] = [];
  const said: Storing[] = [];
  const replies: ((reply: Reply<unknown>) => void)[] = [];
  const send = (body: Answers) => {
    sent.push(body.reason);
    return new Promise<Reply<unknown>>((resolve) => replies.push(resolve));
  };
  const store = new IntakeStore(answers(""), send, ({ storing }) => said.push(storing));
  const reply = async (with_: Reply<unknown>) => {
    replies.shift()?.(with_);
    for (let turns = 0; turns < 5; turns++) await Promise.resolve();
  };
  return { store, sent, said, reply };
}

describe("keeping a patient's answers", () => {
  it("stores them, and not twice", async () => {
    const { store, sent, said, reply } = stage();
    void store.put(answers("cough"));
    await reply(good);
    void store.put(answers(" cough "));
    expect(sent).toEqual(["cough"]);
    expect(said).toEqual(["storing", "stored"]);
  });

  it("what the server had from the beginning is not sent", () => {
    const { store, sent } = stage();
    void store.put(answers(""));
    expect(sent).toEqual([]);
  });

  it("one at a time, and of those that came meanwhile only the newest", async () => {
    const { store, sent, said, reply } = stage();
    for (const each of ["a", "b", "c"]) void store.put(answers(each));
    expect(sent).toEqual(["a"]);
    await reply(good);
    expect(sent).toEqual(["a", "c"]);
    expect(said.at(-1)).toBe("storing");
    await reply(good);
    expect(said.at(-1)).toBe("stored");
  });

  it("are kept while the line is down, said to be so, and sent when it is back", async () => {
    const { store, sent, reply, said } = stage();
    void store.put(answers("a"));
    await reply(failure("unreachable"));
    expect(said.at(-1)).toBe("unsent");
    void store.put(answers("b"));
    await reply(failure("timeout"));
    void store.again();
    await reply(good);
    expect(sent).toEqual(["a", "b", "b"]);
    expect(said.at(-1)).toBe("stored");
    void store.again();
    expect(sent).toHaveLength(3);
  });

  it("a refusal that will not pass is told and not repeated; the same answers may be tried by hand", async () => {
    const { store, sent, reply } = stage();
    void store.put(answers("a"));
    await reply(failure("bad_message"));
    expect(store.kept).toEqual({ storing: "refused", code: "bad_message" });
    void store.again();
    expect(sent).toEqual(["a"]);
    void store.put(answers("a"));
    expect(sent).toEqual(["a", "a"]);
  });
});
