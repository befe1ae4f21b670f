import { expect, test } from "vitest";
import { flown } from "../preview/flights";
import { drawn, known } from "../src/desk/flight";
import { en } from "../src/i18n/en";
import { zh } from "../src/i18n/zh";
import type { FlightLine, FlightSpan, QualityVerdict } from "../src/signal/messages";
import { reason } from "../src/ui/verdict";

const [patient, doctor] = flown(true).flights as [FlightLine, FlightLine];

test("all lines stand on one axis of time, gaps stay gaps", () => {
  const { times, lines } = drawn([patient, doctor], "loss");
  expect(times.length).toBe(84);
  expect(lines.map((line) => line.length)).toEqual([84, 84]);
  expect(lines[0]?.slice(50, 53)).toEqual([null, null, null]);
  expect(lines[0]?.[30]).toBeGreaterThan(5);
  expect(lines[1]?.every((value) => value === 0)).toBe(true);
});

test("a line that came later begins later, in steps of the coarsest", () => {
  const late = { ...doctor, began_at: 40, span_s: 20, spans: doctor.spans.slice(0, 4) };
  const { times, lines } = drawn([patient, late], "rate");
  expect(times.slice(0, 4)).toEqual([0, 20, 40, 60]);
  expect(lines[1]?.slice(0, 2)).toEqual([null, null]);
  expect(lines[1]?.[2]).not.toBeNull();
  expect(lines[1]?.[6]).toBeNull();
});

test("nothing heard draws nothing", () => {
  expect(drawn([], "delay")).toEqual({ times: [], lines: [] });
  expect(known({ verdict: null, flights: [{ ...patient, spans: [] }] })).toBe(false);
  const silent: FlightSpan = { ...(doctor.spans[0] as FlightSpan), loss_up: null, loss_down: null, rate_bps: null };
  expect(drawn([{ ...doctor, spans: [silent] }], "loss").lines).toEqual([[null]]);
});

const verdict = (part: Partial<QualityVerdict>): QualityVerdict => ({
  cause: "loss",
  seat: "s_patient",
  role: "patient",
  seconds: 130,
  of_seconds: 840,
  worst: 0.127,
  ...part,
});

test("whoever reads it is told whose line it was", () => {
  expect(reason(en, verdict({}), "s_doctor")).toContain("the patient’s line lost up to 13 %");
  expect(reason(en, verdict({}), "s_patient")).toContain("your line lost up to 13 %");
  expect(reason(zh, verdict({}), "s_patient")).toContain("您的网络最多丢失了 13%");
  expect(reason(en, verdict({ cause: "narrow", worst: 64_000 }), "s_doctor")).toContain("64 kbit/s");
  expect(reason(en, verdict({ cause: "narrow", worst: 400 }), "s_doctor")).toContain(
    "carried next to nothing at its worst",
  );
  expect(reason(zh, verdict({ cause: "narrow", worst: 400 }), "s_patient")).toContain("最差时几乎不通");
  expect(reason(en, verdict({ cause: "delay", worst: 940 }), "s_doctor")).toContain("0.9 s");
  expect(reason(en, null, "s_doctor")).toBe(en.verdict.good);
});

test("every cause has a sentence of its own in both languages", () => {
  const causes = ["interrupted", "loss", "narrow", "delay", "frozen"] as const;
  for (const t of [en, zh]) {
    const told = causes.map((cause) => reason(t, verdict({ cause }), "s_doctor"));
    expect(new Set(told).size).toBe(causes.length);
  }
});
