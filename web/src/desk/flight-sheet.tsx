/** How the call was carried: one sentence, and under it the figures over time. Fetched with its drawing library when opened. */

import { useEffect, useRef, useState } from "preact/hooks";
import UPlot from "uplot";
import "uplot/dist/uPlot.min.css";
import { type Texts, useTexts } from "../i18n";
import type { Line } from "../signal/line";
import type { CallQualitySeen, FlightLine } from "../signal/messages";
import { Icon } from "../ui/icon";
import { Sheet } from "../ui/screen";
import { reason } from "../ui/verdict";
import { drawn, known, type Measure } from "./flight";

interface FlightProps {
  seat: string;
  line: Line;
  onClose(): void;
}

export function FlightSheet({ seat, line, onClose }: FlightProps) {
  const t = useTexts();
  const [seen, setSeen] = useState<CallQualitySeen | "failed" | null>(null);
  const [tries, setTries] = useState(0);
  useEffect(() => {
    let over = false;
    line.send("call_quality", { seat }).then((reply) => {
      if (!over) setSeen(reply.ok ? reply.body : "failed");
    });
    return () => {
      over = true;
    };
  }, [seat, line, tries]);
  return (
    <Sheet title={t.flight.title} sheet={false} onClose={onClose}>
      {seen === null && <p class="second">{t.flight.loading}</p>}
      {seen === "failed" && (
        <p class="error" role="alert">
          <Icon name="triangle-alert" />
          <span>{t.flight.failed}</span>
          <button type="button" class="btn btn-quiet" onClick={() => setTries(tries + 1)}>
            {t.tryAgain}
          </button>
        </p>
      )}
      {seen !== null && seen !== "failed" && <Seen seen={seen} seat={seat} />}
      <div class="actions">
        <button type="button" class="btn" onClick={onClose}>
          {t.close}
        </button>
      </div>
    </Sheet>
  );
}

const MEASURES: readonly Measure[] = ["rate", "loss", "delay", "frozen"];

function Seen({ seen, seat }: { seen: CallQualitySeen; seat: string }) {
  const t = useTexts();
  if (!known(seen)) return <p class="second">{t.flight.none}</p>;
  return (
    <>
      <p
        class={`note ${seen.verdict === null ? "note-teal" : "note-amber"}`}
        data-verdict={seen.verdict?.cause ?? "good"}
      >
        <Icon name={seen.verdict === null ? "check" : "triangle-alert"} />
        <span class="grow">{reason(t, seen.verdict, seat)}</span>
      </p>
      <ul class="flight-key" aria-hidden="true">
        {seen.flights.map((line, index) => (
          <li key={line.seat} data-line={index % COLOURS.length}>
            {t.roles[line.role]}
          </li>
        ))}
      </ul>
      {MEASURES.map((measure) => (
        <Chart key={measure} measure={measure} flights={seen.flights} />
      ))}
      <Figures flights={seen.flights} />
    </>
  );
}

const COLOURS = ["--teal", "--amber-edge", "--red", "--ink-2"] as const;
const HEIGHT = 96;
const MINUTES = [0.5, 1, 2, 5, 10, 20, 30, 60, 120];

function Chart({ measure, flights }: { measure: Measure; flights: FlightLine[] }) {
  const t = useTexts();
  const place = useRef<HTMLDivElement>(null);
  useEffect(() => {
    const box = place.current;
    if (box === null) return;
    const chart = new UPlot(optionsFor(box, flights, t), dataFor(flights, measure), box);
    const fit = new ResizeObserver(() => chart.setSize({ width: box.clientWidth, height: HEIGHT }));
    fit.observe(box);
    return () => {
      fit.disconnect();
      chart.destroy();
    };
  }, [flights, measure, t]);
  return (
    <figure class="flight-chart">
      <figcaption>{t.flight.measures[measure]}</figcaption>
      <div ref={place} data-chart={measure} aria-hidden="true" />
    </figure>
  );
}

function dataFor(flights: FlightLine[], measure: Measure): UPlot.AlignedData {
  const { times, lines } = drawn(flights, measure);
  return [times, ...lines] as UPlot.AlignedData;
}

function optionsFor(box: HTMLElement, flights: FlightLine[], t: Texts): UPlot.Options {
  const style = getComputedStyle(box);
  const colour = (name: string) => style.getPropertyValue(name).trim() || "currentColor";
  const axis = { stroke: colour("--ink-2"), grid: { stroke: colour("--line"), width: 1 }, ticks: { show: false } };
  return {
    width: box.clientWidth,
    height: HEIGHT,
    legend: { show: false },
    cursor: { sync: { key: "flight" }, drag: { x: false, y: false } },
    scales: { x: { time: false }, y: { range: (_, __, most) => [0, Math.max(1, most * 1.1)] } },
    axes: [
      {
        ...axis,
        size: 22,
        incrs: MINUTES.map((minutes) => minutes * 60),
        values: (_, ticks) => ticks.map((tick) => t.flight.minute(tick / 60)),
      },
      { ...axis, size: 48 },
    ],
    series: [
      {},
      ...flights.map((line, index) => ({
        label: t.roles[line.role],
        stroke: colour(COLOURS[index % COLOURS.length] ?? "--teal"),
        width: 2,
        points: { show: false },
        spanGaps: false,
      })),
    ],
  };
}

/** The same in numbers, minute by minute, for who does not see a drawing. */
function Figures({ flights }: { flights: FlightLine[] }) {
  const t = useTexts();
  const rows = MEASURES.map((measure) => drawn(flights, measure));
  const times = rows[0]?.times ?? [];
  return (
    <details>
      <summary>{t.flight.figures}</summary>
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reached by keys */}
      <section class="figures" aria-label={t.flight.figures} tabIndex={0}>
        <table class="num">
          <thead>
            <tr>
              <th scope="col">{t.flight.time}</th>
              {flights.flatMap((line) =>
                MEASURES.map((measure) => (
                  <th key={`${line.seat}${measure}`} scope="col">
                    {t.roles[line.role]}
                    {t.colon}
                    {t.flight.measures[measure]}
                  </th>
                )),
              )}
            </tr>
          </thead>
          <tbody>
            {times.map((time, at) => (
              <tr key={time}>
                <th scope="row">{t.flight.minute(time / 60)}</th>
                {flights.flatMap((line, which) =>
                  MEASURES.map((measure, row) => (
                    <td key={`${line.seat}${measure}`}>{rows[row]?.lines[which]?.[at] ?? ""}</td>
                  )),
                )}
              </tr>
            ))}
          </tbody>
        </table>
      </section>
    </details>
  );
}
