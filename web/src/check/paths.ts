/** What a test of the network tries, and what its figures come to. Pure: no connection, no clock. */

import type { IceServer, PathKind, PathResult } from "../signal/messages";

/** In the order of preference: straight first, then what costs least on the way. */
export const PATH_KINDS: readonly PathKind[] = ["udp", "turn_udp", "turn_tcp", "turn_tls"];

/** The ICE servers that a path needs; null where the installation has none for it. */
export function serversOf(kind: PathKind, servers: readonly IceServer[]): IceServer[] | null {
  if (kind === "udp") return [];
  const fitting = servers
    .map((server) => ({ ...server, urls: server.urls.filter((url) => kindOf(url) === kind) }))
    .filter((server) => server.urls.length > 0);
  return fitting.length > 0 ? fitting : null;
}

/** RFC 7065: `turns:` is TLS over TCP unless it says otherwise, `turn:` is UDP unless it says otherwise. */
export function kindOf(url: string): PathKind | null {
  const found = /^(turns?):[^?]+(?:\?transport=(udp|tcp))?$/i.exec(url);
  if (found === null) return null;
  const [, scheme, transport] = found;
  if (scheme?.toLowerCase() === "turns") return transport === "udp" ? null : "turn_tls";
  return transport === "tcp" ? "turn_tcp" : "turn_udp";
}

/** The path to measure: the first in order of preference among those that work. */
export function bestOf(paths: readonly PathResult[]): PathKind | null {
  return PATH_KINDS.find((kind) => paths.some((each) => each.path === kind && each.works)) ?? null;
}

/** Counters of the measured connection at one moment, in ms and octets. `lost` is the share that did not arrive (0 to 1). */
export interface Sample {
  at: number;
  sent: number;
  received: number;
  lost: number;
}

export interface Rates {
  up_bps: number | null;
  down_bps: number | null;
}

/** What browsers send in the beginning is a guess; after this long both directions have answered it. */
export const SETTLING_MS = 2_000;

/** The rates that held: the middle one of those between samples, once the guess of the beginning is over. What comes back has gone up
 * before: while a queue on the way empties a browser sends little, and what it sends says less than what it is sent. */
export function ratesOf(samples: readonly Sample[]): Rates {
  const start = samples[0]?.at ?? 0;
  const steps = samples
    .slice(1)
    .map((sample, index) => ({ sample, before: samples[index] as Sample }))
    .filter(({ sample, before }) => before.at - start >= SETTLING_MS && sample.at > before.at);
  const up = steps.map(
    ({ sample, before }) => rate(before.sent, sample.sent, sample.at - before.at) * (1 - sample.lost),
  );
  const down = steps.map(({ sample, before }) => rate(before.received, sample.received, sample.at - before.at));
  const back = median(down);
  return { up_bps: back === null ? null : Math.max(median(up) ?? 0, back), down_bps: back };
}

function rate(before: number, after: number, ms: number): number {
  return (Math.max(0, after - before) * 8_000) / ms;
}

function median(rates: number[]): number | null {
  if (rates.length === 0) return null;
  const sorted = [...rates].sort((a, b) => a - b);
  return Math.round(sorted[Math.floor(sorted.length / 2)] ?? 0);
}
