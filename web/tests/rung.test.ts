import { describe, expect, it } from "vitest";
import { DISCONNECTED_MS, deadline, ICE_MS } from "../src/call/reducer";
import { FIRST_MS, LINE_MS, LOST_MS, STILL_MS } from "../src/call/rung";
import { SILENT_MS, Silence } from "../src/call/silence";
import { connecting, Run, types } from "./run";

describe("devices that come and go", () => {
  const ready = { microphone: "ready", camera: "ready" } as const;

  it("are looked for at once when one is lost, and what is found is told", () => {
    const run = new Run().connected("s_b");
    run.tell({ type: "devices_opened", devices: ready });
    expect(run.tell({ type: "device_lost", kind: "microphone" }, 60_000)).toEqual([{ type: "open_devices" }]);
    expect(run.tell({ type: "device_lost", kind: "camera" })).toEqual([]); // one search finds both
    expect(run.tell({ type: "devices_opened", devices: ready })).toEqual([
      { type: "apply_media", microphone: true, camera: true },
    ]);
  });

  it("are not looked for again and again when they break at once", () => {
    const run = new Run().connected("s_b");
    run.tell({ type: "devices_opened", devices: ready }, 1_000);
    expect(types(run.tell({ type: "device_lost", kind: "camera" }, 2_000))).toEqual(["apply_media", "tell_media"]);
  });

  it("are looked for when something is plugged in and one was missing, but never after a refusal", () => {
    const run = new Run().connected("s_b");
    run.tell({ type: "devices_opened", devices: { microphone: "ready", camera: "refused" } });
    expect(run.tell({ type: "devices_changed" })).toEqual([]);
    run.tell({ type: "devices_opened", devices: { microphone: "ready", camera: "missing" } });
    expect(run.tell({ type: "devices_changed" })).toEqual([{ type: "open_devices" }]);
    expect(run.tell({ type: "devices_changed" })).toEqual([]);
  });

  it("turn only a camera that sends", () => {
    const run = new Run().connected("s_b");
    expect(run.tell({ type: "camera_turned" })).toEqual([]);
    run.tell({ type: "devices_opened", devices: ready });
    expect(run.tell({ type: "camera_turned" })).toEqual([{ type: "turn_camera" }]);
  });
});

describe("ICE servers", () => {
  it("are asked for before the call, so that it need not wait for them", () => {
    const run = new Run();
    run.tell({ type: "started", webrtc: true });
    expect(types(run.tell({ type: "line_changed", up: true }))).toEqual(["ask_ice"]);
    run.tell({ type: "ice_known", until: 60_000 });
    expect(types(run.sees("e1", ["s_b"]))).toEqual(["open_peer", "negotiate"]);
  });

  it("are waited for, but not long", () => {
    const run = new Run();
    run.tell({ type: "started", webrtc: true });
    run.sees("e1", ["s_b"]);
    expect(types(run.tell({ type: "line_changed", up: true }))).toEqual(["ask_ice"]);
    expect(deadline(run.state)).toBe(ICE_MS);
    expect(types(run.wait())).toEqual(["open_peer", "negotiate"]);
  });

  it("that do not come while a new connection must wait anyway make nobody look at the clock in a circle", () => {
    const run = new Run().connected("s_b");
    run.tell({ type: "started", webrtc: true });
    for (let attempt = 1; attempt < 5; attempt += 1) {
      run.tell({ type: "connection_changed", attempt, connection: "failed" });
      if (run.state.peer === null) run.tell({ type: "time_passed" }, run.state.reopenAt);
    }
    run.tell({ type: "line_changed", up: false });
    run.tell({ type: "line_changed", up: true });
    run.state = { ...run.state, peer: null, ice: { state: "asking", since: run.now }, reopenAt: run.now + 9_000 };
    expect(deadline({ ...run.state, rung: "text", lostAt: 0 })).toBe(run.now + 9_000);
  });

  it("are asked for anew for a connection opened after they ran out", () => {
    const run = new Run().connected("s_b");
    run.tell({ type: "started", webrtc: true });
    run.tell({ type: "ice_known", until: 5_000 });
    expect(types(run.tell({ type: "connection_changed", attempt: 1, connection: "failed" }, 6_000))).toEqual([
      "close_peer",
      "ask_ice",
    ]);
    expect(types(run.tell({ type: "ice_known", until: 90_000 }))).toEqual(["open_peer", "negotiate"]);
  });

  it("whose question the line lost are asked for again with the line", () => {
    const run = new Run();
    run.tell({ type: "started", webrtc: true });
    run.tell({ type: "line_changed", up: true });
    run.tell({ type: "line_changed", up: false });
    expect(types(run.tell({ type: "line_changed", up: true }))).toEqual(["ask_ice"]);
  });
});

describe("no path for sound", () => {
  const ready = { microphone: "ready", camera: "ready" } as const;
  const lowered = (run: Run, at: number) => {
    run.tell({ type: "connection_changed", attempt: run.state.attempts, connection: "disconnected" }, at);
    run.tell({ type: "time_passed" }, at + DISCONNECTED_MS);
    return run.tell({ type: "time_passed" }, at + LOST_MS);
  };

  it("is said within five seconds of the first try, as stills where there is a camera", () => {
    const run = new Run();
    run.tell({ type: "started", webrtc: true });
    run.inRoom("s_b");
    run.tell({ type: "devices_opened", devices: ready });
    expect(run.tell({ type: "time_passed" }, FIRST_MS - 1)).toEqual([]);
    expect(run.tell({ type: "time_passed" }, FIRST_MS)).toEqual([
      { type: "tell_path", rung: "stills", reason: "no_path" },
      { type: "send_still" },
    ]);
  });

  it("is said three seconds after it broke, while new connections are tried, and taken back at once", () => {
    const run = new Run().connected("s_b");
    expect(types(lowered(run, 10_000))).toEqual(["tell_path"]);
    expect(run.state).toMatchObject({ rung: "text", peer: { attempt: 2 } });
    expect(run.tell({ type: "connection_changed", attempt: 2, connection: "connected" })).toEqual([
      { type: "tell_path", rung: "media", reason: null },
    ]);
    expect(run.state.lostAt).toBeNull();
  });

  it("counts from when nothing came any more, not from when that was noticed", () => {
    const run = new Run().connected("s_b");
    expect(types(run.tell({ type: "path_silent", attempt: 1, since: 7_000 }, 9_500))).toEqual([
      "close_peer",
      "open_peer",
      "negotiate",
    ]);
    expect(run.tell({ type: "time_passed" }, 7_000 + LOST_MS)).toEqual([
      { type: "tell_path", rung: "text", reason: "no_path" },
    ]);
  });

  it("is not said of a connection that recovers in time", () => {
    const run = new Run().connected("s_b");
    run.tell({ type: "connection_changed", attempt: 1, connection: "disconnected" }, 1_000);
    run.tell({ type: "connection_changed", attempt: 1, connection: "connected" }, 2_500);
    expect(run.tell({ type: "time_passed" }, 9_000)).toEqual([]);
  });

  it("is not said in the moment in which the line itself came back", () => {
    const run = new Run().connected("s_b");
    run.tell({ type: "line_changed", up: false }, 1_000);
    run.tell({ type: "connection_changed", attempt: 1, connection: "failed" }, 2_000);
    run.tell({ type: "time_passed" }, 30_000);
    expect(run.state.rung).toBe("media");
    run.tell({ type: "line_changed", up: true }, 40_000);
    run.sees("e1", ["s_b"]);
    expect(deadline(run.state)).toBe(40_000 + LINE_MS);
    run.tell({ type: "connection_changed", attempt: 2, connection: "connected" }, 40_300);
    expect(run.tell({ type: "time_passed" }, 42_000)).toEqual([]);
  });

  it("is told again to a server that remembers otherwise", () => {
    const run = new Run();
    run.tell({ type: "ice_known", until: Number.POSITIVE_INFINITY });
    run.tell({ type: "line_changed", up: true });
    run.sees("e1", ["s_b"], { rung: "stills" });
    run.tell({ type: "answered", attempt: 1 });
    expect(run.tell({ type: "connection_changed", attempt: 1, connection: "connected" })).toEqual([
      { type: "tell_path", rung: "media", reason: null },
    ]);
  });

  it("gives a still every three seconds, one at a time, none with the camera off", () => {
    const run = new Run().connected("s_b");
    run.tell({ type: "devices_opened", devices: ready });
    expect(types(lowered(run, 10_000))).toEqual(["tell_path", "send_still"]);
    expect(run.tell({ type: "time_passed" }, 17_000)).toEqual([]); // the first is still under way
    expect(run.tell({ type: "still_done" }, 17_500)).toEqual([{ type: "send_still" }]); // it took long: the next at once
    run.tell({ type: "still_done" }, 17_600);
    expect(deadline(run.state)).toBe(17_500 + STILL_MS);
    expect(types(run.tell({ type: "camera_switched" }))).toEqual(["apply_media", "tell_path", "tell_media"]);
    expect(run.state.rung).toBe("text");
    expect(run.tell({ type: "time_passed" }, 40_000)).not.toContainEqual({ type: "send_still" });
  });

  it("of somebody else gives them stills, too, while one's own call goes on", () => {
    const run = new Run().connected("s_b");
    run.tell({ type: "devices_opened", devices: ready });
    expect(run.sees("e1", ["s_b"], { lowered: true })).toEqual([{ type: "send_still" }]);
    expect(run.state.rung).toBe("media");
    run.tell({ type: "still_done" });
    expect(deadline(run.state)).toBe(STILL_MS);
    run.sees("e1", ["s_b"]);
    expect(deadline(run.state)).toBeNull();
  });

  it("is there from the start in a browser that cannot call", () => {
    const run = new Run();
    run.tell({ type: "started", webrtc: false });
    run.tell({ type: "line_changed", up: true });
    expect(run.sees("e1", ["s_b"])).toEqual([{ type: "tell_path", rung: "text", reason: "no_webrtc" }]);
    expect(run.tell({ type: "time_passed" }, 60_000)).toEqual([]);
    expect(deadline(run.state)).toBeNull();
  });
});

describe("another network", () => {
  it("means a new connection at once, even where the old one looks alive", () => {
    const run = new Run().connected("s_b");
    expect(types(run.tell({ type: "network_changed" }))).toEqual(["close_peer", "open_peer", "negotiate"]);
  });

  it("ends the pause between two tries", () => {
    const run = new Run().connected("s_b");
    for (let attempt = 1; attempt < 5; attempt += 1) {
      run.tell({ type: "connection_changed", attempt, connection: "failed" });
      if (run.state.peer === null) run.tell({ type: "time_passed" }, run.state.reopenAt);
    }
    run.tell({ type: "connection_changed", attempt: 5, connection: "failed" });
    expect(connecting(run.tell({ type: "network_changed" }))).toEqual(["open_peer", "negotiate"]);
  });
});

describe("silence", () => {
  it("is when packets go out and nothing comes back for long enough", () => {
    const silence = new Silence();
    expect(silence.sample(100, 100, 0)).toBeNull();
    expect(silence.sample(100, 200, SILENT_MS - 1)).toBeNull();
    expect(silence.sample(100, 300, SILENT_MS)).toBe(0);
    expect(silence.sample(101, 400, SILENT_MS + 500)).toBeNull();
  });

  it("is no silence when nothing went out either", () => {
    const silence = new Silence();
    silence.sample(100, 100, 0);
    expect(silence.sample(100, 100, 60_000)).toBeNull();
    expect(silence.sample(100, 101, 60_700)).toBeNull();
  });
});
