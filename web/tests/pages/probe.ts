/** The test of the network as a page of its own, for tests/browser/test_probe.py: bundled and put into a page of the server. */

import { type ProbeResult, runProbe } from "../../src/check/probe";
import type { Reply } from "../../src/signal/http";
import { openLine } from "../../src/signal/line";
import type { IceServers } from "../../src/signal/messages";

export interface Probed extends ProbeResult {
  ms: number;
  shares: number[];
}

/** @param stopAfterMs when to stop it; null lets it run to its end */
async function probe(seat: string, stopAfterMs: number | null): Promise<Probed> {
  const line = openLine({ audience: "seat", seat }, {});
  await new Promise<void>((resolve) => {
    line.status.subscribe((status) => status.state === "up" && resolve());
  });
  const reply = (await line.send("ice_get", { seat })) as Reply<IceServers>;
  const stop = new AbortController();
  const shares: number[] = [];
  const began = performance.now();
  if (stopAfterMs !== null) setTimeout(() => stop.abort(), stopAfterMs);
  const servers = reply.ok ? reply.body.servers : [];
  const found = await runProbe(line, seat, servers, ({ share }) => shares.push(share), stop.signal);
  const ms = performance.now() - began;
  line.close();
  return { ...found, ms, shares };
}

Object.assign(window, { probe });
