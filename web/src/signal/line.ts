/** The line to signaling: one Socket.IO connection that comes back by itself. Decides when to try again and when not;
 * knows nothing of what the messages mean. */

import { io, type Socket } from "socket.io-client";
import { createStore, type Store } from "../ui/store";
import { noteServerTime } from "./fresh";
import { failure, type Reply } from "./http";
import type { ClientMessages, ConnectAuth, ServerMessages, SocketClosing } from "./messages";
import { onNetworkChange } from "./network";

/** `down` is on its way back; `closed` stays closed and says why (a code of `socket_closing` or of a refused connect). */
export type LineStatus = { state: "opening" | "up" | "down" } | { state: "closed"; code: string };

export interface Line {
  status: Store<LineStatus>;
  send<K extends keyof ClientMessages>(name: K, body: ClientMessages[K][0]): Promise<Reply<ClientMessages[K][1]>>;
  /** Hears every message of one kind from the server, whichever seat it is for; gives back how to stop. */
  on<K extends keyof ServerMessages>(name: K, listener: (body: ServerMessages[K]) => void): () => void;
  close(): void;
}

export interface Handlers {
  seat_state?(state: ServerMessages["seat_state"]): void;
  desk_state?(state: ServerMessages["desk_state"]): void;
}

const ACK_TIMEOUT_MS = 8_000;
/** The first try comes at once: most losses are a moment long. Then these, each shortened by up to a half at random. */
const PAUSES_MS = [0, 500, 1_000, 2_000, 4_000];
/** A connect refused with one of these will be refused again, however often it is tried. */
const FINAL = new Set([
  "not_signed_in",
  "no_seat",
  "seat_unknown",
  "forbidden",
  "not_allowed",
  "bad_auth",
  "bad_body",
  "protocol_error",
  "protocol_unsupported",
]);

export function openLine(auth: ConnectAuth, handlers: Handlers): Line {
  const status = createStore<LineStatus>({ state: "opening" });
  const socket = io({
    path: "/socket.io",
    transports: ["websocket"],
    auth: { protocol: 1, ...auth },
    forceNew: true,
    reconnection: false, // ours knows about networks that come and go
    timeout: ACK_TIMEOUT_MS,
  });
  const again = retry(socket);
  const unwatch = onNetworkChange(() => {
    if (status.get().state === "closed") return;
    socket.disconnect(); // the old path may look alive for half a minute after its network is gone
    lost();
    again.now();
  });

  const close = (code: string) => {
    again.stop();
    unwatch();
    status.set({ state: "closed", code });
    socket.disconnect();
  };
  const lost = () => {
    const now = status.get().state;
    if (now === "up") status.set({ state: "down" });
  };

  let heardAt = 0;
  socket.on("connect", () => {
    heardAt = performance.now();
    socket.io.engine?.on("packet", () => {
      heardAt = performance.now();
    });
    again.reset();
    status.set({ state: "up" });
  });
  socket.on("disconnect", (reason) => {
    if (status.get().state === "closed" || reason === "io client disconnect") return;
    lost();
    again.later();
  });
  socket.on("connect_error", (error) => {
    if (status.get().state === "closed") return;
    lost();
    const code = (error as { data?: { code?: string } }).data?.code;
    if (code !== undefined && FINAL.has(code)) close(code);
    else again.later();
  });
  socket.on("socket_closing", (closing: SocketClosing) => {
    if (!closing.retry) close(closing.code);
  });
  for (const name of ["seat_state", "desk_state"] as const) {
    socket.on(name, (state: ServerMessages["seat_state"] & ServerMessages["desk_state"]) => {
      noteServerTime(state.server_time);
      handlers[name]?.(state);
    });
  }

  return {
    status,
    async send(name, body) {
      if (!socket.connected) return failure("unreachable"); // else socket.io would keep it and send it much later
      try {
        const ack: unknown = await socket.timeout(ACK_TIMEOUT_MS).emitWithAck(name, body);
        return isReply(ack) ? (ack as Reply<ClientMessages[typeof name][1]>) : failure("fault");
      } catch {
        if (!socket.connected) return failure("unreachable");
        if (performance.now() - heardAt > ACK_TIMEOUT_MS) socket.io.engine?.close(); // nothing at all came: the line is dead
        return failure("timeout");
      }
    },
    on(name, listener) {
      const hear = (body: ServerMessages[typeof name]) => listener(body);
      socket.on(name as string, hear);
      return () => socket.off(name as string, hear);
    },
    close: () => close("left"),
  };
}

function isReply(ack: unknown): boolean {
  if (typeof ack !== "object" || ack === null || !("ok" in ack)) return false;
  if (ack.ok === true) return true;
  return "error" in ack && typeof (ack.error as { code?: unknown } | null)?.code === "string";
}

function retry(socket: Socket) {
  let tries = 0;
  let timer: ReturnType<typeof setTimeout> | undefined;
  return {
    later() {
      const pauseMs = PAUSES_MS[Math.min(tries, PAUSES_MS.length - 1)] ?? 0;
      tries += 1;
      clearTimeout(timer);
      timer = setTimeout(() => socket.connect(), pauseMs * (1 - Math.random() / 2));
    },
    now() {
      tries = 1;
      clearTimeout(timer);
      socket.connect();
    },
    reset() {
      tries = 0;
    },
    stop: () => clearTimeout(timer),
  };
}
