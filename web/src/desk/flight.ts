/** A call's flight as a chart draws it. Pure. */

import type { CallQualitySeen, FlightLine, FlightSpan } from "../signal/messages";

export type Measure = "rate" | "loss" | "delay" | "frozen";

const READ: Record<Measure, (span: FlightSpan) => number | null> = {
  rate: (span) => (span.rate_bps === null ? null : Math.round(span.rate_bps / 1000)),
  loss: (span) =>
    span.loss_up === null && span.loss_down === null
      ? null
      : round(100 * Math.max(span.loss_up ?? 0, span.loss_down ?? 0)),
  delay: (span) => span.round_trip_ms,
  frozen: (span) => round(span.frozen_ms / 1000),
};

const round = (value: number) => Math.round(value * 10) / 10;

/** Times in seconds since the call began, then a row of values for each line; none where nothing was heard. */
export interface Drawn {
  times: number[];
  lines: (number | null)[][];
}

/** All lines of one measure on one axis of time, in steps of the coarsest line. */
export function drawn(flights: readonly FlightLine[], measure: Measure): Drawn {
  const step = Math.max(...flights.map((line) => line.span_s), 1);
  const begun = Math.min(...flights.map((line) => line.began_at));
  const end = Math.max(...flights.map((line) => line.began_at + line.span_s * line.spans.length));
  const times = Array.from({ length: Math.max(0, Math.ceil((end - begun) / step)) }, (_, index) => index * step);
  const read = READ[measure];
  const lines = flights.map((line) =>
    times.map((time) => {
      const span = line.spans[Math.floor((begun + time - line.began_at) / line.span_s)];
      return span === undefined || span === null ? null : read(span);
    }),
  );
  return { times, lines };
}

/** Whether there is anything to draw. */
export const known = (seen: CallQualitySeen): boolean => seen.flights.some((line) => line.spans.length > 0);
