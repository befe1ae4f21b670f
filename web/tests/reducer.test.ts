import { describe, expect, it } from "vitest";
import {
  type CallCommand,
  type CallEvent,
  CONNECTING_MS,
  DISCONNECTED_MS,
  deadline,
  health,
  sending,
} from "../src/call/reducer";
import { LOST_MS } from "../src/call/rung";
import { connecting, Run, types } from "./run";

describe("opening", () => {
  it("opens devices at once and no connection before there is a call", () => {
    const run = new Run();
    expect(types(run.tell({ type: "started", webrtc: true }))).toEqual(["open_devices"]);
    run.tell({ type: "line_changed", up: true });
    expect(run.sees(null, [])).toEqual([]);
    expect(deadline(run.state)).toBeNull();
    expect(health(run.state)).toBe("none");
  });

  it("offers for everybody who is in the call, in one order, whatever order they came in", () => {
    const run = new Run().inRoom("s_c", "s_b");
    expect(run.commands).toContainEqual({ type: "negotiate", attempt: 1, seats: ["s_b", "s_c"] });
  });

  it("waits for the line", () => {
    const run = new Run();
    run.tell({ type: "ice_known", until: Number.POSITIVE_INFINITY });
    expect(run.sees("e1", ["s_b"])).toEqual([]);
    expect(types(run.tell({ type: "line_changed", up: true }))).toEqual(["open_peer", "negotiate"]);
  });

  it("does not wait for devices: a person without any still sees and hears", () => {
    const run = new Run();
    run.tell({ type: "started", webrtc: true });
    expect(types(run.inRoom("s_b").commands)).toContain("negotiate");
  });
});

describe("people come and go", () => {
  it("negotiates one at a time and ignores nothing", () => {
    const run = new Run().inRoom("s_b");
    expect(run.sees("e1", ["s_b", "s_c"])).toEqual([]);
    expect(run.sees("e1", ["s_c"])).toEqual([]);
    expect(run.tell({ type: "answered", attempt: 1 })).toEqual([{ type: "negotiate", attempt: 1, seats: ["s_c"] }]);
    expect(run.tell({ type: "answered", attempt: 1 })).toEqual([]);
  });

  it("offers nothing anew when the same people are told of again", () => {
    const run = new Run().connected("s_b", "s_c");
    expect(run.sees("e1", ["s_c", "s_b"])).toEqual([]);
  });
});

describe("a connection that fails", () => {
  it("is replaced at once, then after growing pauses", () => {
    const run = new Run().connected("s_b");
    expect(types(run.tell({ type: "connection_changed", attempt: 1, connection: "failed" }))).toEqual([
      "close_peer",
      "open_peer",
      "negotiate",
    ]);
    const pauses: number[] = [];
    for (let attempt = 2; attempt < 8; attempt += 1) {
      const orders = run.tell({ type: "connection_changed", attempt, connection: "failed" });
      expect(connecting(orders)).toEqual(["close_peer"]);
      pauses.push((deadline(run.state) ?? 0) - run.now);
      expect(connecting(run.wait())).toEqual(["open_peer", "negotiate"]);
    }
    expect(pauses).toEqual([1_000, 2_000, 4_000, 4_000, 4_000, 4_000]);
  });

  it("is given time to recover while it is only disconnected", () => {
    const run = new Run().connected("s_b");
    run.tell({ type: "connection_changed", attempt: 1, connection: "disconnected" }, 1_000);
    expect(health(run.state)).toBe("interrupted");
    expect(run.tell({ type: "time_passed" }, 1_000 + DISCONNECTED_MS - 1)).toEqual([]);
    run.tell({ type: "connection_changed", attempt: 1, connection: "connected" });
    expect(deadline(run.state)).toBeNull();
    run.tell({ type: "connection_changed", attempt: 1, connection: "disconnected" }, 9_000);
    expect(deadline(run.state)).toBe(9_000 + DISCONNECTED_MS);
    expect(types(run.wait())).toEqual(["close_peer", "open_peer", "negotiate"]);
  });

  it("is given up when it does not come up after the answer", () => {
    const run = new Run().inRoom("s_b");
    run.tell({ type: "answered", attempt: 1 }, 500);
    run.tell({ type: "connection_changed", attempt: 1, connection: "connecting" }, 600);
    expect(connecting(run.wait())).toEqual([]); // what is said at four seconds
    expect(deadline(run.state)).toBe(600 + CONNECTING_MS);
    expect(types(run.wait())).toEqual(["close_peer", "open_peer", "negotiate"]);
  });

  it("says nothing of a connection that was given up before", () => {
    const run = new Run().connected("s_b");
    run.tell({ type: "connection_changed", attempt: 1, connection: "failed" });
    const before = run.state;
    expect(run.tell({ type: "connection_changed", attempt: 1, connection: "connected" })).toEqual([]);
    expect(run.tell({ type: "answered", attempt: 1 })).toEqual([]);
    expect(run.state).toEqual(before);
  });
});

describe("a refused offer", () => {
  it("is made again after a pause, and on a new connection after three refusals", () => {
    const run = new Run().connected("s_b");
    run.sees("e1", ["s_b", "s_c"]);
    expect(types(run.tell({ type: "refused", attempt: 1 }))).toEqual(["negotiate"]);
    expect(run.tell({ type: "refused", attempt: 1 })).toEqual([]);
    expect((deadline(run.state) ?? 0) - run.now).toBe(1_000);
    expect(types(run.wait())).toEqual(["negotiate"]);
    expect(types(run.tell({ type: "refused", attempt: 1 }))).toEqual(["close_peer", "open_peer", "negotiate"]);
  });
});

describe("the line", () => {
  it("may go and come back without touching a connection that lives", () => {
    const run = new Run().connected("s_b");
    expect(run.tell({ type: "line_changed", up: false })).toEqual([]);
    expect(run.tell({ type: "line_changed", up: true })).toEqual([]);
  });

  it("finds a dead connection on coming back and opens a new one without waiting", () => {
    const run = new Run().connected("s_b");
    run.tell({ type: "line_changed", up: false });
    run.tell({ type: "connection_changed", attempt: 1, connection: "disconnected" });
    expect(types(run.tell({ type: "line_changed", up: true }))).toEqual(["close_peer", "open_peer", "negotiate"]);
  });

  it("holds offers back while it is down", () => {
    const run = new Run().connected("s_b");
    run.tell({ type: "line_changed", up: false });
    expect(run.sees("e1", ["s_b", "s_c"])).toEqual([]);
    expect(deadline(run.state)).toBeNull();
    expect(types(run.tell({ type: "line_changed", up: true }))).toEqual(["negotiate"]);
  });
});

describe("another relay", () => {
  it("means a new connection at once", () => {
    const run = new Run().connected("s_b");
    const orders = run.sees("e2", ["s_b"]);
    expect(types(orders)).toEqual(["close_peer", "open_peer", "negotiate"]);
    expect(run.state.peer).toMatchObject({ attempt: 2, epoch: "e2" });
    expect(health(run.state)).toBe("interrupted");
  });

  it("none at all closes the connection; it goes on in writing until there is one again", () => {
    const run = new Run().connected("s_b");
    expect(types(run.sees(null, []))).toEqual(["close_peer"]);
    expect(run.wait()).toEqual([{ type: "tell_path", rung: "text", reason: "no_path" }]);
    expect(run.now).toBe(LOST_MS);
    expect(deadline(run.state)).toBeNull();
    expect(types(run.sees("e2", ["s_b"]))).toEqual(["open_peer", "negotiate"]);
  });
});

describe("sound and picture", () => {
  const ready = { microphone: "ready", camera: "ready" } as const;

  it("are told once the devices are known, and again on every change", () => {
    const run = new Run().connected("s_b");
    expect(sending(run.state)).toEqual({ microphone: false, camera: false });
    expect(run.tell({ type: "devices_opened", devices: ready })).toEqual([
      { type: "apply_media", microphone: true, camera: true },
      { type: "tell_media", microphone: true, camera: true },
    ]);
    expect(run.tell({ type: "camera_switched" })).toContainEqual({
      type: "tell_media",
      microphone: true,
      camera: false,
    });
    expect(run.tell({ type: "device_lost", kind: "microphone" })).toContainEqual({
      type: "tell_media",
      microphone: false,
      camera: false,
    });
  });

  it("are told again when the line comes back", () => {
    const run = new Run().connected("s_b");
    run.tell({ type: "devices_opened", devices: ready });
    run.tell({ type: "line_changed", up: false });
    run.tell({ type: "microphone_switched" });
    expect(run.tell({ type: "line_changed", up: true })).toEqual([
      { type: "tell_media", microphone: false, camera: true },
    ]);
  });

  it("stay off without a device, and a mute chosen before the device was there holds", () => {
    const run = new Run().connected("s_b");
    run.tell({ type: "microphone_switched" });
    run.tell({ type: "devices_opened", devices: { microphone: "ready", camera: "refused" } });
    expect(sending(run.state)).toEqual({ microphone: false, camera: false });
    run.tell({ type: "microphone_switched" });
    expect(sending(run.state)).toEqual({ microphone: true, camera: false });
  });
});

it("lets everything go when it is over", () => {
  const run = new Run().connected("s_b");
  run.tell({ type: "devices_opened", devices: { microphone: "ready", camera: "ready" } });
  expect(types(run.tell({ type: "over" }))).toEqual(["close_devices", "close_peer"]);
  expect(deadline(run.state)).toBeNull();
});

describe("whatever happens", () => {
  /** A small seeded generator: the same runs each time. */
  const random = (seed: number) => () => {
    seed = (seed * 1_664_525 + 1_013_904_223) % 4_294_967_296;
    return seed / 4_294_967_296;
  };

  it("orders fit together: one connection at a time, one offer at a time, and it settles when the world does", () => {
    for (let seed = 1; seed <= 400; seed += 1) {
      const next = random(seed);
      const pick = <T>(from: readonly T[]): T => from[Math.floor(next() * from.length)] as T;
      const run = new Run();
      let open: number | null = null;
      let offering = false;
      let picturing = false;
      const must = (holds: boolean, what: string) => {
        if (!holds) throw new Error(`seed ${seed}: ${what}`);
      };
      const obey = (commands: CallCommand[]) => {
        for (const command of commands) {
          if (command.type === "open_peer") {
            must(open === null, "two connections at a time");
            open = command.attempt;
            offering = false;
          } else if (command.type === "close_peer") {
            must(open === command.attempt, "closed what is not open");
            open = null;
          } else if (command.type === "send_still") {
            must(!picturing, "two stills at a time");
            picturing = true;
          } else if (command.type === "negotiate") {
            must(open === command.attempt, "an offer on another connection");
            must(!offering, "two offers at a time");
            offering = true;
          }
        }
      };
      for (let step = 0; step < 60; step += 1) {
        const attempt = run.state.attempts;
        const events: CallEvent[] = [
          {
            type: "room_seen",
            epoch: pick(["e1", "e2", null]),
            others: pick([[], ["s_b"], ["s_b", "s_c"]]),
            rung: pick(["media", "stills", "text"]),
            lowered: next() < 0.2,
          },
          { type: "path_silent", attempt, since: run.now - 2_500 },
          { type: "network_changed" },
          { type: "ice_known", until: run.now + 20_000 },
          { type: "devices_opened", devices: { microphone: "ready", camera: pick(["ready", "missing"]) } },
          { type: "devices_changed" },
          { type: "line_changed", up: next() < 0.7 },
          {
            type: "connection_changed",
            attempt,
            connection: pick(["connecting", "connected", "disconnected", "failed"]),
          },
          { type: "time_passed" },
          { type: "camera_switched" },
        ];
        if (offering) events.push({ type: "answered", attempt }, { type: "refused", attempt });
        if (picturing) events.push({ type: "still_done" });
        const event = pick(events);
        if (event.type === "still_done") picturing = false;
        if (event.type === "answered" || event.type === "refused") offering = false;
        obey(run.tell(event, run.now + Math.floor(next() * 3_000)));
        const due = deadline(run.state);
        must(due === null || due > run.now, "looks at the clock in a circle");
      }
      offering = false;
      obey(run.tell({ type: "refused", attempt: run.state.attempts }));
      obey(run.tell({ type: "line_changed", up: false }));
      obey(run.sees("e9", ["s_z"]));
      obey(run.tell({ type: "ice_known", until: Number.POSITIVE_INFINITY }));
      obey(run.tell({ type: "line_changed", up: true }));
      obey(run.sees("e9", ["s_z"]));
      for (let step = 0; step < 3 && deadline(run.state) !== null; step += 1) obey(run.wait());
      offering = false;
      obey(run.tell({ type: "answered", attempt: run.state.attempts }));
      obey(run.tell({ type: "connection_changed", attempt: run.state.attempts, connection: "connected" }));
      must(health(run.state) === "connected", "not connected in the end");
      must(run.state.peer?.agreed?.join() === "s_z", "wrong people in the end");
      must(run.state.rung === "media", "in writing in the end");
      must(deadline(run.state) === null, "waits for the clock in the end");
    }
  });
});
