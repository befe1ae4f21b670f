/** A call of fourteen minutes whose patient had a bad line for a while. */

import type { CallQualitySeen, FlightSpan } from "../src/signal/messages";
import { id } from "./states";

const span = (part: Partial<FlightSpan>): FlightSpan => ({
  rate_bps: 850_000,
  estimate_bps: 1_500_000,
  loss_up: 0,
  loss_down: 0,
  round_trip_ms: 60,
  frozen_ms: 0,
  clarity: "hd",
  path: "udp",
  ...part,
});

const wave = (index: number, of: number) => 1 + 0.12 * Math.sin((index / of) * 9);

function patientSpan(index: number): FlightSpan | null {
  if (index >= 50 && index < 53) return null;
  const bad = index >= 28 && index < 50;
  return span({
    rate_bps: Math.round((bad ? 190_000 : 850_000) * wave(index, 12)),
    loss_up: bad ? 0.06 + 0.06 * wave(index, 3) : 0.002,
    round_trip_ms: Math.round((bad ? 320 : 70) * wave(index, 8)),
    clarity: bad ? "low" : "hd",
  });
}

export const flown = (bad: boolean): CallQualitySeen => ({
  verdict: bad
    ? { cause: "loss", seat: id("s", "a"), role: "patient", seconds: 220, of_seconds: 840, worst: 0.127 }
    : null,
  flights: [
    {
      seat: id("s", "a"),
      role: "patient",
      began_at: 0,
      span_s: 10,
      spans: Array.from({ length: 84 }, (_, index) =>
        bad ? patientSpan(index) : span({ rate_bps: 850_000 * wave(index, 12) }),
      ),
    },
    {
      seat: id("s", "b"),
      role: "practitioner",
      began_at: 0,
      span_s: 10,
      spans: Array.from({ length: 84 }, (_, index) =>
        span({
          rate_bps: Math.round(920_000 * wave(index, 20)),
          frozen_ms: bad && index >= 49 && index < 54 ? 6_000 : 0,
        }),
      ),
    },
  ],
});
