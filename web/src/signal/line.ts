/** The line to signaling: one Socket.IO connection that comes back by itself. Decides when to try again and when not;
 * knows nothing of what the messages mean. */

import { io, type Socket } from "socket.io-client";
import { createStore, type Store } from "../ui/store";
import { noteServerTime } from "./fresh";
import { failure, type Reply } from "./http";
import type { ClientMessages, ConnectAuth, ServerMessages, SocketClosing } from "./messages";

/** `down` is on its way back; `closed` stays closed and says why (a code of `socket_closing` or of a refused connect). */
export type LineStatus = { state: "opening" | "up" | "down" } | { state: "closed"; code: string };

export interface Line {
  status: Store<LineStatus>;
  send<K extends keyof ClientMessages>(name: K, body: ClientMessages[K][0]): Promise<Reply<ClientMessages[K][1]>>;
  close(): void;
}

export interface Handlers {
  seat_state?(state: ServerMessages["seat_state"]): void;
  desk_state?(state: ServerMessages["desk_state"]): void;
}

const ACK_TIMEOUT_MS = 8_000;
const LONGEST_PAUSE_MS = 5_000;
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
    reconnectionDelay: 500,
    reconnectionDelayMax: LONGEST_PAUSE_MS,
    timeout: ACK_TIMEOUT_MS,
  });
  const again = retry(socket);

  const close = (code: string) => {
    again.stop();
    status.set({ state: "closed", code });
    socket.disconnect();
  };
  const lost = () => {
    const now = status.get().state;
    if (now === "up") status.set({ state: "down" });
  };

  socket.on("connect", () => {
    again.reset();
    status.set({ state: "up" });
  });
  socket.on("disconnect", (reason) => {
    if (status.get().state === "closed") return;
    lost();
    if (reason === "io server disconnect") again.later(); // socket.io does not come back from this by itself
  });
  socket.on("connect_error", (error) => {
    if (status.get().state === "closed") return;
    lost();
    const code = (error as { data?: { code?: string } }).data?.code;
    if (code !== undefined && FINAL.has(code)) close(code);
    else if (!socket.active) again.later();
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
        return failure(socket.connected ? "timeout" : "unreachable");
      }
    },
    close: () => close("left"),
  };
}

function isReply(ack: unknown): boolean {
  if (typeof ack !== "object" || ack === null || !("ok" in ack)) return false;
  if (ack.ok === true) return true;
  return "error" in ack && typeof (ack.error as { code?: unknown } | null)?.code === "string";
}

/** Growing pauses between tries, one second at first. */
function retry(socket: Socket) {
  let pauseMs = 1_000;
  let timer: ReturnType<typeof setTimeout> | undefined;
  return {
    later() {
      clearTimeout(timer);
      timer = setTimeout(() => socket.connect(), pauseMs);
      pauseMs = Math.min(pauseMs * 2, LONGEST_PAUSE_MS);
    },
    reset() {
      pauseMs = 1_000;
    },
    stop: () => clearTimeout(timer),
  };
}
