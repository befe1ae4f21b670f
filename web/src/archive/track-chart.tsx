/** The bar of time: a range to drag or step by keys, and under it what there is of each person, with gaps and events marked. */

import { useLocal, useTexts } from "../i18n";
import type { PlayGap, PlayGranted } from "../signal/messages";
import { stopwatch } from "../ui/clock";
import { tracksOf } from "./tracks";
import { nameOf, secondsOf } from "./words";

const LEFT = 96;
const WIDTH = 604;
const ROW = 44;
/** Keys of the bar: its own steps of a tenth of a second are for dragging. */
const STEPS: Record<string, number> = { ArrowLeft: -1_000, ArrowDown: -1_000, ArrowRight: 1_000, ArrowUp: 1_000 };

interface ChartProps {
  play: PlayGranted;
  at: number;
  onSeek(toMs: number): void;
}

export function TrackChart({ play, at, onSeek }: ChartProps) {
  const t = useTexts();
  const local = useLocal();
  const length = Math.max(1, play.duration_ms);
  const x = (ms: number) => LEFT + (Math.max(0, Math.min(length, ms)) / length) * WIDTH;
  const tracks = tracksOf(play);
  const rows = play.people.length;
  const low = rows * ROW + 22;
  const gapWords = (gap: PlayGap) =>
    t.archive.gap(
      secondsOf(gap.to_ms - gap.from_ms),
      t.archive.gapReasons[gap.reason] ?? t.archive.gapReasons.other ?? "",
    );
  return (
    <div class="chart-of-tracks">
      <input
        type="range"
        class="seek"
        name="seek"
        min={0}
        max={length}
        step={100}
        value={Math.round(at)}
        aria-label={t.archive.seek}
        aria-valuetext={t.archive.positionOf(stopwatch(at / 1000), stopwatch(length / 1000))}
        onInput={(event) => onSeek(Number(event.currentTarget.value))}
        onKeyDown={(event) => {
          const step = STEPS[event.key];
          if (step === undefined || event.ctrlKey || event.altKey || event.metaKey) return;
          event.preventDefault();
          onSeek(at + step);
        }}
      />
      <svg
        class="tracks"
        viewBox={`0 0 712 ${low + 34}`}
        role="img"
        aria-label={t.archive.tracksLabel(rows, stopwatch(length / 1000), play.gaps.length)}
      >
        <defs>
          <pattern id="hatch" width="6" height="6" patternUnits="userSpaceOnUse" patternTransform="rotate(45)">
            <path d="M0 0v6" class="hatch" />
          </pattern>
        </defs>
        {play.people.map((person, row) => (
          <g key={person.seat}>
            <text x="0" y={row * ROW + 28}>
              {nameOf(t, local, person)}
            </text>
            {tracks
              .filter((each) => each.seat === person.seat)
              .flatMap((track) =>
                track.segments.map((each) => (
                  <rect
                    key={each.number}
                    class={track.kind === "video" ? "has-picture" : "has-sound"}
                    x={x(each.start_ms)}
                    y={row * ROW + (track.kind === "video" ? 12 : 26)}
                    width={Math.max(1, x(each.end_ms) - x(each.start_ms))}
                    height={track.kind === "video" ? 12 : 6}
                  />
                )),
              )}
            {play.gaps
              .filter((gap) => gap.seat === "" || gap.seat === person.seat)
              .map((gap) => (
                <rect
                  key={`${gap.from_ms} ${gap.kind}`}
                  class="gap"
                  data-gap={gap.reason}
                  x={x(gap.from_ms)}
                  y={row * ROW + (gap.kind === "audio" ? 24 : 10)}
                  width={Math.max(3, x(gap.to_ms) - x(gap.from_ms))}
                  height={gap.kind === "" ? 24 : gap.kind === "audio" ? 10 : 16}
                  fill="url(#hatch)"
                >
                  <title>{gapWords(gap)}</title>
                </rect>
              ))}
          </g>
        ))}
        <text x="0" y={low + 4}>
          {t.archive.events}
        </text>
        <path class="rule" d={`M${LEFT} ${low}h${WIDTH}`} />
        {play.timeline
          .filter((each) => each.at_ms >= 0 && each.at_ms <= length)
          .map((each) => (
            <circle key={each.number} class={`dot dot-${each.kind}`} cx={x(each.at_ms)} cy={low} r="5" />
          ))}
        <path class="playhead" d={`M${x(at)} 4V${low + 12}`} />
        <text x={LEFT} y={low + 30}>
          {stopwatch(0)}
        </text>
        <text x={LEFT + WIDTH} y={low + 30} text-anchor="end">
          {stopwatch(length / 1000)}
        </text>
      </svg>
      {play.gaps.length > 0 && (
        <ul class="gap-list small second">
          {play.gaps.map((gap) => (
            <li key={`${gap.seat} ${gap.kind} ${gap.from_ms}`}>
              <button type="button" class="btn-link num" onClick={() => onSeek(gap.from_ms)}>
                {stopwatch(gap.from_ms / 1000)}
              </button>{" "}
              {gapWords(gap)}
            </li>
          ))}
        </ul>
      )}
    </div>
  );
}
