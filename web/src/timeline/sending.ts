/** The two requests by which a picture goes up. Every outcome is a value; says whether the picture or only the moment was refused. */

import type { ErrorReply, PictureProgress, PictureStart } from "../signal/messages";

export type Sent = { progress: PictureProgress } | { code: string; final: boolean };

/** A piece of 512 KiB at 100 kbit/s takes 42 s. */
const TIMEOUT_MS = 60_000;
/** Refusals that say nothing against the picture: timeout, conflict of offsets, too early, too often. */
const PASSING_STATUS: ReadonlySet<number> = new Set([408, 409, 425, 429]);

export const startPicture = (seat: string, start: PictureStart): Promise<Sent> =>
  send("POST", `/api/seats/${seat}/pictures`, JSON.stringify(start), { "Content-Type": "application/json" });

export const sendPiece = (seat: string, key: string, from: number, piece: Blob): Promise<Sent> =>
  send("PATCH", `/api/seats/${seat}/pictures/${key}`, piece, {
    "Content-Type": "application/offset+octet-stream",
    "Upload-Offset": String(from),
  });

export const pictureAddress = (seat: string, id: string): string => `/api/seats/${seat}/pictures/${id}`;

async function send(method: string, path: string, body: BodyInit, headers: Record<string, string>): Promise<Sent> {
  const stop = new AbortController();
  const timer = setTimeout(() => stop.abort(), TIMEOUT_MS);
  try {
    const response = await fetch(path, {
      method,
      headers: { Accept: "application/json", "X-Consilium": "1", ...headers },
      body,
      credentials: "same-origin",
      cache: "no-store",
      redirect: "error",
      signal: stop.signal,
    });
    const answer = (await response.json()) as PictureProgress & ErrorReply;
    if (response.ok && typeof answer.offset === "number") return { progress: answer };
    if (response.status === 409) return { code: "offset", final: false };
    return { code: answer.code ?? "fault", final: response.status < 500 && !PASSING_STATUS.has(response.status) };
  } catch {
    return { code: stop.signal.aborted ? "timeout" : "unreachable", final: false };
  } finally {
    clearTimeout(timer);
  }
}
