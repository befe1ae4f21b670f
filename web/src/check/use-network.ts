/** The network's test for as long as it is on the screen: begins when the line is up, tells how far it is, and reports. */

import { useCallback, useEffect, useRef, useState } from "preact/hooks";
import type { Devices } from "../call/reducer";
import type { Line, LineStatus } from "../signal/line";
import type { CheckReport, CheckResult } from "../signal/messages";
import { isReported, type Measured, reportOf, type Speaker } from "./report";

export type Network =
  | { state: "testing"; seconds: number }
  | { state: "done"; result: CheckResult }
  | { state: "failed" };

export const TEST_SECONDS = 10;

/** Somebody may leave the browser's question about camera and microphone standing: until it is answered it is a no. */
const UNANSWERED: Devices = { microphone: "refused", camera: "refused" };
const UNANSWERED_MS = 2_000;

export interface NetworkTest {
  network: Network;
  again(): void;
  /** Tells the server what it does not know yet, such as the answer about the chime. */
  report(): void;
}

interface Subject {
  seat: string;
  line: Line;
  status: LineStatus;
  devices: Devices | null;
  speaker: Speaker;
}

export function useNetworkTest({ seat, line, status, devices, speaker }: Subject): NetworkTest {
  const [network, setNetwork] = useState<Network>({ state: "testing", seconds: 0 });
  const [measured, setMeasured] = useState<Measured | "none" | null>(null);
  const [round, setRound] = useState(0);
  const told = useRef<CheckReport | null>(null);
  const up = status.state === "up";
  useEffect(() => {
    if (!up || measured !== null) return;
    const stop = new AbortController();
    setNetwork({ state: "testing", seconds: 0 });
    void probe(line, seat, stop.signal, (share) =>
      setNetwork({ state: "testing", seconds: Math.min(TEST_SECONDS - 1, Math.floor(share * TEST_SECONDS)) }),
    ).then((found) => {
      if (!stop.signal.aborted) setMeasured(found ?? "none");
    });
    return () => stop.abort();
  }, [up, round]);
  const report = useCallback(async () => {
    if (measured === null) return;
    const found = measured === "none" ? null : measured;
    const body = reportOf(seat, "RTCPeerConnection" in globalThis, devices ?? UNANSWERED, speaker, found);
    if (isReported(body, told.current)) return;
    told.current = body;
    const reply = await line.send("check_report", body);
    if (!reply.ok) told.current = null;
    // without a test there is nothing to expect: what the server makes of the devices alone is not shown as a result
    setNetwork(reply.ok && found !== null ? { state: "done", result: reply.body } : { state: "failed" });
  }, [measured, devices, speaker]);
  useEffect(() => {
    if (devices !== null) {
      void report();
      return;
    }
    const timer = setTimeout(() => void report(), UNANSWERED_MS);
    return () => clearTimeout(timer);
  }, [measured, devices]);
  const again = () => {
    told.current = null;
    setMeasured(null);
    setRound(round + 1);
  };
  return { network, again, report: () => void report() };
}

async function probe(
  line: Line,
  seat: string,
  signal: AbortSignal,
  onShare: (share: number) => void,
): Promise<Measured | null> {
  try {
    const [{ runProbe }, ice] = await Promise.all([import("./probe"), line.send("ice_get", { seat })]);
    const servers = ice.ok ? ice.body.servers : [];
    const found = await runProbe(line, seat, servers, ({ share }) => onShare(share), signal);
    return found.status === "done" ? { paths: found.paths, up_bps: found.up_bps, down_bps: found.down_bps } : null;
  } catch {
    return null; // this part of the page could not be fetched
  }
}
