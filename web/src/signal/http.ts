/** Requests to the hospital. Every answer is a value: a body, or an error with a code that i18n can say. Never throws. */

import type { ErrorReply } from "./messages";

/** Why not; `retryAfterS` when the server says when it is worth trying again (RFC 9110, Retry-After). */
export type Refusal = ErrorReply & { retryAfterS?: number };

export type Reply<T> = { ok: true; body: T } | { ok: false; error: Refusal };

const TIMEOUT_MS = 10_000;

export const failure = (code: string, message = ""): { ok: false; error: Refusal } => ({
  ok: false,
  error: { code, message },
});

/** `X-Consilium` proves that the request is ours: another origin cannot send it without a preflight. */
export async function request<T>(
  method: "GET" | "POST" | "PUT" | "DELETE",
  path: string,
  body?: object,
): Promise<Reply<T>> {
  const headers: Record<string, string> = { Accept: "application/json" };
  if (method !== "GET") headers["X-Consilium"] = "1";
  if (body !== undefined) headers["Content-Type"] = "application/json";
  const stop = new AbortController();
  const timer = setTimeout(() => stop.abort(), TIMEOUT_MS);
  try {
    const response = await fetch(path, {
      method,
      headers,
      body: body === undefined ? null : JSON.stringify(body),
      credentials: "same-origin",
      cache: "no-store",
      redirect: "error",
      signal: stop.signal,
    });
    return await read<T>(response);
  } catch {
    return failure(stop.signal.aborted ? "timeout" : "unreachable");
  } finally {
    clearTimeout(timer);
  }
}

async function read<T>(response: Response): Promise<Reply<T>> {
  const text = await response.text();
  let parsed: unknown = null;
  try {
    parsed = text === "" ? null : JSON.parse(text);
  } catch {
    return failure(response.ok ? "fault" : "unreachable"); // a proxy's own page, not our server
  }
  if (response.ok) return { ok: true, body: parsed as T };
  const { code, message } = (parsed ?? {}) as Partial<ErrorReply>;
  const refusal = failure(typeof code === "string" ? code : "fault", typeof message === "string" ? message : "");
  const after = Number(response.headers.get("Retry-After") ?? "none");
  if (after > 0) refusal.error.retryAfterS = after;
  return refusal;
}
