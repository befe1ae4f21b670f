/** Where one stands in line: the drawing's sitters, the place in words, the wait as an interval. */

import { useLocal, useTexts } from "../i18n";
import { serverNow } from "../signal/fresh";
import type { Place, SeatState } from "../signal/messages";
import { timeOfDay } from "../ui/clock";
import type { Sitter } from "../ui/room";
import { Heading } from "../ui/screen";
import { dayOf } from "./link-card";
import { visitTime } from "./when";

/** Drawn before oneself; beyond that the words say it. */
const MOST_DRAWN = 4;

export function sittersOf(ahead: number, t: ReturnType<typeof useTexts>): Sitter[] {
  const drawn = Math.min(ahead, MOST_DRAWN);
  const before: Sitter[] = Array.from({ length: drawn }, () => ({}));
  if (ahead > MOST_DRAWN && before[0]) before[0].tag = t.waiting.more(ahead - MOST_DRAWN);
  return [...before, { you: true, tag: t.waiting.you }];
}

export function PlaceInLine({ state }: { state: SeatState }) {
  const t = useTexts();
  const local = useLocal();
  const { place } = state;
  if (state.state === "scheduled") return <Scheduled state={state} />;
  if (state.state === "offered") {
    return (
      <>
        <Words heading={t.waiting.offered} body={t.waiting.offeredBody} />
        <p class="third" data-say="">
          {t.waiting.offeredNext}
        </p>
      </>
    );
  }
  if (place === null) return <Words heading={t.waiting.entering} body="" />;
  const where = `${local(state.hospital)}${t.listJoin}${local(state.department)}`;
  return (
    <>
      <p class="third">{where}</p>
      <Heading small page={t.waiting.title}>
        {t.waiting.line(place.ahead)}
      </Heading>
      {place.low_minutes !== null && place.high_minutes !== null ? (
        <Interval low={place.low_minutes} high={place.high_minutes} />
      ) : (
        <Unknown place={place} />
      )}
      {place.ahead === 0 && place.doctors_on_duty > 0 && (
        <p class="second" data-say="">
          {t.waiting.next}
        </p>
      )}
      <p class="third">
        {t.waiting.updated(timeOfDay(t, state.server_time))}{" "}
        {place.doctors_on_duty > 0 && t.waiting.doctors(place.doctors_on_duty)}
      </p>
    </>
  );
}

function Scheduled({ state }: { state: SeatState }) {
  const t = useTexts();
  const local = useLocal();
  const at = state.starts_at === null ? null : visitTime(state.starts_at, serverNow(), t.htmlLang, state.time_zone);
  return (
    <>
      <p class="third">{`${local(state.hospital)}${t.listJoin}${local(state.department)}`}</p>
      <Heading key="scheduled" page={t.waiting.title}>
        {t.waiting.scheduled}
      </Heading>
      {at !== null && (
        <p class="lead" data-say="">
          <strong>{t.waiting.scheduledAt(dayOf(t, at.hospital), at.hospital.time)}</strong>
        </p>
      )}
      {at !== null && at.here !== null && (
        <p class="second" data-say="">
          {t.join.yourTime(dayOf(t, at.here), at.here.time)}
        </p>
      )}
      <p class="second" data-say="">
        {t.waiting.scheduledBody}
      </p>
    </>
  );
}

function Words({ heading, body }: { heading: string; body: string }) {
  const t = useTexts();
  return (
    <>
      <Heading key={heading} page={t.waiting.title}>
        {heading}
      </Heading>
      <p class="second" data-say="">
        {body}
      </p>
    </>
  );
}

function Unknown({ place }: { place: Place }) {
  const t = useTexts();
  const nobody = place.doctors_on_duty === 0;
  return (
    <div class="unknown">
      <p class="lead" data-say="">
        {nobody ? t.waiting.nobody : t.waiting.unknown}
      </p>
      <p class="second" data-say="">
        {nobody ? t.waiting.nobodyBody : t.waiting.unknownBody}
      </p>
    </div>
  );
}

const SCALES = [10, 20, 30, 45, 60, 90, 120, 180, 240, 360, 480, 720, 1440];

/** The end of the line from now: the first round number with room beyond the interval. */
export const scaleFor = (high: number): number => SCALES.find((each) => each >= high * 1.25) ?? Math.ceil(high * 1.25);

function Interval({ low, high }: { low: number; high: number }) {
  const t = useTexts();
  const end = scaleFor(high);
  const x = (minutes: number) => (minutes / end) * 350;
  const width = Math.max(18, x(high) - x(low));
  const words = t.waiting.wait(low, high);
  const apart = x(high) - x(low) > 30;
  return (
    <>
      <p class="wait-time" data-say={`${words.before} ${words.number} ${words.after}`}>
        {words.before && <small>{words.before}</small>} <span>{words.number}</span> <small>{words.after}</small>
      </p>
      <svg class="span-bar" viewBox="0 0 350 44" role="img" aria-label={t.waiting.bar(end, low, high)}>
        <rect class="span-track" x=".75" y="6" width="348.500" height="12" rx="6" />
        <rect class="span-part" x={Math.min(x(low), 350 - width)} y="3" width={width} height="18" rx="9" />
        <text x="0" y="40">
          {t.waiting.now}
        </text>
        {apart && x(low) > 44 && (
          <text x={x(low)} y="40" text-anchor="middle">
            {low}
          </text>
        )}
        {x(high) > 44 && (
          <text x={x(high)} y="40" text-anchor="middle">
            {high}
          </text>
        )}
        {x(high) < 290 && (
          <text x="350" y="40" text-anchor="end">
            {t.waiting.scale(end)}
          </text>
        )}
      </svg>
    </>
  );
}
