/** The ICE servers of a seat. A hospital without TURN, or one that does not answer, gives none: the call goes on without. */

import { serverNow } from "../signal/fresh";
import type { Line } from "../signal/line";

export interface KnownIce {
  servers: RTCIceServer[];
  /** Until when they may be used for a new connection, in ms of performance.now(). */
  until: number;
}

/** A connection takes seconds to come up and must not find its credential too old. */
const MARGIN_S = 60;
/** Without servers it is asked again only after this. */
const NONE_MS = 60_000;

export async function askIce(line: Line, seat: string): Promise<KnownIce> {
  const reply = await line.send("ice_get", { seat });
  const body = reply.ok ? reply.body : null;
  if (!body || body.servers.length === 0) return { servers: [], until: performance.now() + NONE_MS };
  const left = Math.max(0, body.expires_at - serverNow() - MARGIN_S);
  return { servers: body.servers, until: performance.now() + left * 1_000 };
}
