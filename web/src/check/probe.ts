/** Tests the way to the relay: each kind of path, its round trip, and what it carries there and back.
 *
 * At most twelve seconds; it may be stopped at any time, leaves nothing open, and never throws. What the figures mean is the
 * server's matter (`check_report`). */

import type { Line } from "../signal/line";
import type { IceServer, PathKind, PathResult } from "../signal/messages";
import { Echo, type Exchange } from "./echo";
import { makeNoise } from "./noise";
import { bestOf, PATH_KINDS, type Rates, ratesOf, type Sample, serversOf } from "./paths";

/** `busy`: the server had no room for a test now; `unreachable`: it did not answer. Then `paths` says nothing. */
export type ProbeStatus = "done" | "busy" | "unreachable" | "stopped";

export interface ProbeResult extends Rates {
  status: ProbeStatus;
  webrtc: boolean;
  paths: PathResult[];
}

export interface ProbeProgress {
  /** From 0 to 1. */
  share: number;
  /** What is known so far. */
  paths: readonly PathResult[];
}

/** A path that has not come up by then is of no use in a consultation either. */
const CONNECT_MS = 5_000;
/** The straight path is waited for this long before one through TURN is measured in its place. */
const STRAIGHT_MS = 2_500;
/** Refusals that say how the server is now, not what it thinks of the offer. */
const PASSING = new Set(["probes_full", "no_media", "worker_silent", "worker_died", "unreachable"]);
const AGAIN_MS = 500;
const LAST_TRY_MS = 3_000;
const MEASURE_MS = 6_000;
const SAMPLE_MS = 500;
const TOTAL_MS = CONNECT_MS + MEASURE_MS;

/** @param ice the servers of `ice_get`; empty where the installation has none */
export async function runProbe(
  line: Line,
  seat: string,
  ice: readonly IceServer[],
  onProgress: (progress: ProbeProgress) => void,
  signal?: AbortSignal,
): Promise<ProbeResult> {
  if (typeof RTCPeerConnection === "undefined") return result("done", false, [], null);
  const probe = new Probe(line, seat, ice, onProgress, signal);
  try {
    return await probe.run();
  } catch {
    return result("unreachable", true, [], null);
  } finally {
    probe.close();
  }
}

class Probe {
  private readonly paths: PathResult[] = [];
  private readonly echoes = new Map<PathKind, Echo>();
  private readonly began = performance.now();
  private readonly stopped = new AbortController();
  private refusal: ProbeStatus | null = null;
  private readonly ticking: ReturnType<typeof setInterval>;

  constructor(
    private readonly line: Line,
    private readonly seat: string,
    private readonly ice: readonly IceServer[],
    private readonly onProgress: (progress: ProbeProgress) => void,
    signal?: AbortSignal,
  ) {
    if (signal?.aborted) this.stopped.abort();
    signal?.addEventListener("abort", () => this.stopped.abort());
    this.ticking = setInterval(() => this.tell(), 200);
  }

  async run(): Promise<ProbeResult> {
    const tries = PATH_KINDS.map((kind) => this.tryPath(kind));
    const all = Promise.all(tries);
    await this.firstUsable(tries, all);
    const measured = await this.measure();
    await all;
    if (this.stopped.signal.aborted) return result("stopped", true, [], null);
    if (this.refusal !== null && this.paths.length === 0) return result(this.refusal, true, [], null);
    this.tell(1);
    return result("done", true, this.inOrder(), measured);
  }

  close(): void {
    clearInterval(this.ticking);
    this.stopped.abort();
    for (const echo of this.echoes.values()) echo.close();
    void this.line.send("check_close", { seat: this.seat });
  }

  private async tryPath(kind: PathKind): Promise<void> {
    const servers = serversOf(kind, this.ice);
    if (servers === null || this.stopped.signal.aborted) return;
    const echo = new Echo(kind, servers);
    this.echoes.set(kind, echo);
    const outcome = (await this.within(CONNECT_MS, echo.connect(this.exchange))) ?? "fails";
    if (outcome === "refused") return;
    const works = outcome === "works";
    const round_trip_ms = works ? await this.roundTrip(echo) : null;
    this.paths.push({ path: kind, works, round_trip_ms });
    this.tell();
  }

  /** A server that is busy at one moment may not be a second later. */
  private readonly exchange: Exchange = async (path, peer, sdp) => {
    for (;;) {
      const reply = await this.line.send("check_offer", { seat: this.seat, path, peer, sdp });
      if (reply.ok) return reply.body?.sdp ?? null;
      const { code } = reply.error;
      this.refusal = code === "unreachable" || code === "timeout" ? "unreachable" : "busy";
      if (!PASSING.has(code) || this.elapsed() > LAST_TRY_MS || this.stopped.signal.aborted) return null;
      await this.rest(AGAIN_MS);
    }
  };

  /** Chromium and Firefox tell it once a check on the nominated pair was answered. */
  private async roundTrip(echo: Echo): Promise<number | null> {
    for (let tries = 0; tries < 5; tries += 1) {
      const found = await echo.roundTripMs();
      if (found !== null || this.stopped.signal.aborted) return found;
      await this.rest(100);
    }
    return null;
  }

  /** The straight path, or after a while any that works, or the end of all tries. */
  private async firstUsable(tries: readonly Promise<void>[], all: Promise<unknown>): Promise<void> {
    const straight = tries[0]?.then(() => undefined) ?? Promise.resolve();
    await Promise.race([straight, all, this.rest(STRAIGHT_MS)]);
    while (bestOf(this.paths) === null && !this.stopped.signal.aborted) {
      if ((await Promise.race([all.then(() => "over"), this.rest(100)])) === "over") return;
    }
  }

  private async measure(): Promise<Rates | null> {
    const best = bestOf(this.paths);
    const echo = best === null ? undefined : this.echoes.get(best);
    const noise = echo === undefined ? null : makeNoise();
    if (echo === undefined || noise === null) return null;
    const samples: Sample[] = [];
    let hidden = false;
    try {
      await echo.send(noise.track);
      const until = performance.now() + MEASURE_MS;
      while (performance.now() < until && !this.stopped.signal.aborted) {
        samples.push(await echo.sample(performance.now()));
        hidden ||= document.visibilityState === "hidden"; // browsers slow such pages down: the figures would be theirs
        await this.rest(SAMPLE_MS);
      }
    } finally {
      noise.stop();
    }
    return hidden ? null : ratesOf(samples);
  }

  private tell(share = Math.min(0.99, this.elapsed() / TOTAL_MS)): void {
    if (!this.stopped.signal.aborted) this.onProgress({ share, paths: this.inOrder() });
  }

  private elapsed(): number {
    return performance.now() - this.began;
  }

  private inOrder(): PathResult[] {
    return PATH_KINDS.flatMap((kind) => this.paths.filter((each) => each.path === kind));
  }

  private rest(ms: number): Promise<void> {
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, ms);
      this.stopped.signal.addEventListener("abort", () => {
        clearTimeout(timer);
        resolve();
      });
    });
  }

  private within<T>(ms: number, work: Promise<T>): Promise<T | null> {
    return Promise.race([work, this.rest(ms).then(() => null)]);
  }
}

function result(status: ProbeStatus, webrtc: boolean, paths: PathResult[], rates: Rates | null): ProbeResult {
  return { status, webrtc, paths, up_bps: rates?.up_bps ?? null, down_bps: rates?.down_bps ?? null };
}
