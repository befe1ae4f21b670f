/** The line against a real Socket.IO server on a free port. */

import { createServer, type Server as HttpServer } from "node:http";
import type { AddressInfo } from "node:net";
import { Server } from "socket.io";
import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { type Line, type LineStatus, openLine } from "../src/signal/line";
import type { SeatState } from "../src/signal/messages";

const SEAT = "s_aaaaaaaaaaaaaaaa";
const state = { revision: 7, server_time: 1_000 } as SeatState;

let http: HttpServer;
let server: Server;
let line: Line | null = null;
let port = 0;

beforeEach(async () => {
  port = await listen(0);
  vi.stubGlobal("location", {
    protocol: "http:",
    hostname: "127.0.0.1",
    host: `127.0.0.1:${port}`,
    port: String(port),
  });
});

afterEach(async () => {
  line?.close();
  line = null;
  await server.close();
  vi.unstubAllGlobals();
});

function listen(on: number): Promise<number> {
  http = createServer();
  server = new Server(http, { transports: ["websocket"], path: "/socket.io" });
  return new Promise((done) => http.listen(on, "127.0.0.1", () => done((http.address() as AddressInfo).port)));
}

function open(seen: SeatState[] = []): Line {
  line = openLine({ audience: "seat", seat: SEAT }, { seat_state: (each) => seen.push(each) });
  return line;
}

function reaches(on: Line, wanted: LineStatus["state"]): Promise<LineStatus> {
  return new Promise((done) => {
    if (on.status.get().state === wanted) done(on.status.get());
    const stop = on.status.subscribe((status) => {
      if (status.state !== wanted) return;
      stop();
      done(status);
    });
  });
}

it("says who speaks, and hands states on", async () => {
  const auth: unknown[] = [];
  server.on("connection", (socket) => {
    auth.push(socket.handshake.auth);
    socket.emit("seat_state", state);
  });
  const seen: SeatState[] = [];
  await reaches(open(seen), "up");
  await vi.waitFor(() => expect(seen).toEqual([state]));
  expect(auth).toEqual([{ protocol: 1, audience: "seat", seat: SEAT }]);
});

it("sends a message and gives back its acknowledgement, good or bad", async () => {
  server.on("connection", (socket) => {
    socket.on("link_create", (body, ack) => ack({ ok: true, body: { path: body.role, expires_at: 1 } }));
    socket.on("seat_leave", (_body, ack) => ack({ ok: false, error: { code: "not_allowed", message: "no" } }));
    socket.on("consultation_end", (_body, ack) => ack("nonsense"));
  });
  const on = open();
  await reaches(on, "up");
  expect(await on.send("link_create", { seat: SEAT, role: "companion" })).toEqual({
    ok: true,
    body: { path: "companion", expires_at: 1 },
  });
  expect(await on.send("seat_leave", { seat: SEAT })).toMatchObject({ ok: false, error: { code: "not_allowed" } });
  expect(await on.send("consultation_end", { seat: SEAT })).toMatchObject({ ok: false, error: { code: "fault" } });
});

it("comes back by itself when the server went away, and keeps nothing to send meanwhile", async () => {
  const on = open();
  await reaches(on, "up");
  await server.close();
  await reaches(on, "down");
  expect(await on.send("seat_leave", { seat: SEAT })).toMatchObject({ ok: false, error: { code: "unreachable" } });
  const late: unknown[] = [];
  await listen(port);
  server.on("connection", (socket) => socket.onAny((name) => late.push(name)));
  await reaches(on, "up");
  expect(late).toEqual([]);
});

it("comes back after the server closed it with retry", async () => {
  let times = 0;
  server.on("connection", (socket) => {
    times += 1;
    if (times > 1) return;
    socket.emit("socket_closing", { code: "server_stopping", retry: true });
    socket.disconnect();
  });
  const on = open();
  await reaches(on, "down");
  await reaches(on, "up");
  expect(times).toBe(2);
});

it("stays closed when the server says so, and tells why", async () => {
  server.on("connection", (socket) => {
    socket.emit("socket_closing", { code: "replaced", retry: false });
    socket.disconnect();
  });
  expect(await reaches(open(), "closed")).toEqual({ state: "closed", code: "replaced" });
});

it("does not knock again at a seat that is not its own", async () => {
  let knocks = 0;
  server.use((_socket, next) => {
    knocks += 1;
    next(Object.assign(new Error("refused"), { data: { code: "no_seat" } }));
  });
  expect(await reaches(open(), "closed")).toEqual({ state: "closed", code: "no_seat" });
  expect(knocks).toBe(1);
});

it("knocks again while the server is only stopping", async () => {
  let knocks = 0;
  server.use((_socket, next) => {
    knocks += 1;
    next(knocks === 1 ? Object.assign(new Error("refused"), { data: { code: "server_stopping" } }) : undefined);
  });
  await reaches(open(), "up");
  expect(knocks).toBe(2);
});

it("is back within a moment of a lost connection: the first try does not wait", async () => {
  const on = open();
  await reaches(on, "up");
  server.disconnectSockets(true);
  await reaches(on, "down");
  const lostAt = performance.now();
  await reaches(on, "up");
  expect(performance.now() - lostAt).toBeLessThan(400);
});

it("makes a new connection at once when the device comes on line again, though the old one looks alive", async () => {
  const window = new EventTarget();
  vi.stubGlobal("window", window);
  vi.stubGlobal("navigator", {});
  let times = 0;
  server.on("connection", () => {
    times += 1;
  });
  const on = open();
  await reaches(on, "up");
  window.dispatchEvent(new Event("online"));
  expect(on.status.get()).toEqual({ state: "down" });
  await reaches(on, "up");
  await vi.waitFor(() => expect(times).toBe(2));
});

it("hands other messages to whoever listens, for as long as they do", async () => {
  server.on("connection", (socket) =>
    socket.on("seat_leave", (_body, ack) => {
      socket.emit("typing_seen", { seat: "s_b" });
      ack({ ok: true, body: null });
    }),
  );
  const on = open();
  await reaches(on, "up");
  const heard: unknown[] = [];
  const stop = on.on("typing_seen", (body) => heard.push(body));
  await on.send("seat_leave", { seat: SEAT });
  await vi.waitFor(() => expect(heard).toEqual([{ seat: "s_b" }]));
  stop();
  await on.send("seat_leave", { seat: SEAT });
  expect(heard).toHaveLength(1);
});
