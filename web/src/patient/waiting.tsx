/** The waiting room: the chairs are the queue, the wait is an interval, and nobody is left to guess. */

import { useEffect, useState } from "preact/hooks";
import { useLasting } from "../call/use-call";
import { errorText, useLocal, useTexts } from "../i18n";
import type { LineStatus } from "../signal/line";
import type { Place, SeatState } from "../signal/messages";
import { useAwake } from "../ui/awake";
import { chime } from "../ui/chime";
import { timeOfDay } from "../ui/clock";
import { Icon } from "../ui/icon";
import type { IconName } from "../ui/icon-names";
import { Room, type Sitter } from "../ui/room";
import { Heading, Note, Question, Sheet, Top } from "../ui/screen";
import { Check } from "./check";
import type { Leave } from "./visit";

interface WaitingProps {
  state: SeatState;
  status: LineStatus;
  onLeave: Leave;
}

const TIP_ICONS: IconName[] = ["pill", "sun", "battery-medium"];
/** Drawn before oneself; beyond that the words say it. */
const MOST_DRAWN = 4;

export function Waiting({ state, status, onLeave }: WaitingProps) {
  const t = useTexts();
  const [asking, setAsking] = useState<"leave" | "worse" | null>(null);
  const [refused, setRefused] = useState<string | null>(null);
  const lost = useLasting(status.state === "down", 1_500);
  const ahead = state.place?.ahead ?? 0;
  const called = state.state === "offered";
  useAwake();
  useEffect(() => {
    if (called) chime();
  }, [called]);
  const leave = async () => {
    setAsking(null);
    const reply = await onLeave();
    if (!reply.ok) setRefused(reply.error.code);
  };
  return (
    <div class="page">
      <Top title={t.waiting.title} />
      <main class="body stack gap-l body-flush" data-screen="waiting" data-state={state.state} data-ahead={ahead}>
        <div class="chairs">
          <Room label={t.waiting.room(ahead)} sitters={sittersOf(ahead, t)} open={state.place?.doctors_on_duty !== 0} />
        </div>
        {lost && (
          <Note tone="amber" icon="wifi-off" title={t.waiting.lostTitle} live>
            <p>{navigator.onLine ? t.waiting.lostBody : t.waiting.offline}</p>
          </Note>
        )}
        <section class="stack gap-s" aria-live="polite" aria-atomic="true">
          <PlaceInLine state={state} />
        </section>
        <Check />
        <Note icon="bell" title={t.waiting.keepTitle}>
          <p class="second">{t.waiting.keepBody}</p>
        </Note>
        <ul class="tips list">
          {t.waiting.tips.map((tip, index) => (
            <li key={tip}>
              <Icon name={TIP_ICONS[index] ?? "check"} />
              <span>{tip}</span>
            </li>
          ))}
        </ul>
        <div class="stack gap-s">
          <button type="button" class="btn btn-quiet btn-leave" onClick={() => setAsking("leave")}>
            <Icon name="log-out" />
            <span>{t.waiting.leave}</span>
          </button>
          {refused !== null && (
            <p class="error" role="status">
              <Icon name="triangle-alert" />
              <span>{errorText(t, refused)}</span>
            </p>
          )}
        </div>
      </main>
      <footer class="foot">
        <button type="button" class="btn btn-alarm btn-large btn-wide" onClick={() => setAsking("worse")}>
          <Icon name="siren" />
          <span>{t.emergency.worse}</span>
        </button>
      </footer>
      {asking === "worse" && <Worse number={state.emergency_number} onClose={() => setAsking(null)} />}
      {asking === "leave" && (
        <Question
          sheet
          title={t.waiting.leaveTitle}
          body={t.waiting.leaveBody}
          yes={t.waiting.leaveYes}
          no={t.waiting.leaveNo}
          onYes={leave}
          onNo={() => setAsking(null)}
        />
      )}
    </div>
  );
}

function sittersOf(ahead: number, t: ReturnType<typeof useTexts>): Sitter[] {
  const drawn = Math.min(ahead, MOST_DRAWN);
  const before: Sitter[] = Array.from({ length: drawn }, () => ({}));
  if (ahead > MOST_DRAWN && before[0]) before[0].tag = t.waiting.more(ahead - MOST_DRAWN);
  return [...before, { you: true, tag: t.waiting.you }];
}

function PlaceInLine({ state }: { state: SeatState }) {
  const t = useTexts();
  const local = useLocal();
  const { place } = state;
  if (state.state === "scheduled") return <Words heading={t.waiting.scheduled} body={t.waiting.scheduledBody} />;
  if (state.state === "offered") return <Words heading={t.waiting.offered} body={t.waiting.offeredBody} />;
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
      <p class="third">
        {t.waiting.updated(timeOfDay(t, state.server_time))}{" "}
        {place.doctors_on_duty > 0 && t.waiting.doctors(place.doctors_on_duty)}
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
      <p class="second">{body}</p>
    </>
  );
}

function Unknown({ place }: { place: Place }) {
  const t = useTexts();
  const nobody = place.doctors_on_duty === 0;
  return (
    <div class="unknown">
      <p class="lead">{nobody ? t.waiting.nobody : t.waiting.unknown}</p>
      <p class="second">{nobody ? t.waiting.nobodyBody : t.waiting.unknownBody}</p>
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
      <p class="wait-time">
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

function Worse({ number, onClose }: { number: string; onClose(): void }) {
  const t = useTexts();
  return (
    <Sheet sheet title={t.emergency.sheetTitle} onClose={onClose}>
      <p>{t.emergency.sheetBody(number)}</p>
      <a class="btn btn-red btn-large btn-wide" href={`tel:${number}`}>
        <Icon name="phone" />
        <span>{t.emergency.call(number)}</span>
      </a>
      <p class="third">{t.emergency.keepPlace}</p>
      <button type="button" class="btn btn-wide" onClick={onClose}>
        {t.emergency.stay}
      </button>
    </Sheet>
  );
}
