/** After the visit: how it ended, in kind words, what was agreed, and what one can do now. */

import { useEffect, useState } from "preact/hooks";
import { RecordingAfter } from "../consent/after";
import { LooksWay } from "../consent/looks";
import { type Texts, useLocal, useTexts } from "../i18n";
import type { Line } from "../signal/line";
import type { LocalText, QualityVerdict, Rating, SeatState } from "../signal/messages";
import { Icon } from "../ui/icon";
import type { IconName } from "../ui/icon-names";
import { personName } from "../ui/names";
import { Room } from "../ui/room";
import { Heading, ReadAloud, Top } from "../ui/screen";
import { reason } from "../ui/verdict";
import { follow } from "./entry";
import { navigate } from "./path";
import { roleOf } from "./visit";

interface GoodbyeProps {
  state: SeatState;
  line: Line;
  unread: number;
  onMessages(): void;
}

export function Goodbye({ state, line, unread, onMessages }: GoodbyeProps) {
  const t = useTexts();
  const local = useLocal();
  const ending = endingOf(state, t, local);
  const guest = roleOf(state) !== "patient";
  const spoke = state.ended_reason === "completed" || state.live_since !== null;
  return (
    <div class="page">
      <Top title={local(state.hospital)} />
      <main class="body stack gap-l" data-screen="goodbye" data-reason={state.ended_reason ?? "completed"}>
        {state.summary === null && (
          <div class="chairs chairs-hero">
            <Room label={t.emptyRoom} sitters={[]} />
          </div>
        )}
        <div class="stack gap-s">
          <Heading page={t.goodbye.title}>{ending.heading}</Heading>
          <p class="second" data-say="">
            {ending.body}
          </p>
          <p class="only-print">{printed(state, t, local)}</p>
        </div>
        <ReadAloud />
        {!guest && <Agreed state={state} />}
        {!guest && <WhatNow state={state} spoke={spoke} />}
        {!guest && spoke && <Rate state={state} line={line} />}
        {!guest && spoke && <Quality state={state} line={line} />}
        <RecordingAfter seat={state.seat} patient={!guest} status={state.recording} line={line} />
        {!guest && spoke && <After state={state} line={line} unread={unread} onMessages={onMessages} />}
      </main>
      {!guest && !spoke && (
        <footer class="foot">
          <button type="button" class="btn btn-main btn-large btn-wide" onClick={() => navigate("/")}>
            {t.goodbye.newVisit}
          </button>
        </footer>
      )}
    </div>
  );
}

function Agreed({ state }: { state: SeatState }) {
  const t = useTexts();
  const { summary } = state;
  if (summary === null || (summary.agreed.length === 0 && !summary.next_step)) return null;
  return (
    <section class="stack gap-m" aria-labelledby="agreed">
      <h2 id="agreed">{t.goodbye.agreed}</h2>
      <ul class="agreed">
        {summary.agreed.map((point) => (
          <li key={point}>
            <Icon name="check" />
            <span data-say="">{point}</span>
          </li>
        ))}
      </ul>
      {summary.next_step && (
        <div class="note note-teal">
          <Icon name="calendar-check" />
          <div class="grow">
            <strong>{t.goodbye.comes}</strong>
            <p class="lines" data-say="">
              {summary.next_step}
            </p>
          </div>
        </div>
      )}
    </section>
  );
}

function WhatNow({ state, spoke }: { state: SeatState; spoke: boolean }) {
  const t = useTexts();
  const completed = state.ended_reason === "completed";
  return (
    <section class="stack gap-m" aria-labelledby="now">
      <h2 id="now">{t.goodbye.next}</h2>
      <ul class="agreed">
        {completed && state.summary === null && (
          <li>
            <Icon name="check" />
            <span>{t.goodbye.doAsAgreed}</span>
          </li>
        )}
        <li>
          <Icon name="siren" tone="red" />
          <span>
            {t.goodbye.worse} <a href={`tel:${state.emergency_number}`}>{t.emergency.call(state.emergency_number)}</a>
          </span>
        </li>
        {state.ended_reason === "wrong_person" && (
          <li>
            <Icon name="mail" />
            <a class="alone" href="/join" onClick={(event) => follow(event, "/join")}>
              {t.goodbye.newLink}
            </a>
          </li>
        )}
        {spoke && (
          <li class="no-print">
            <Icon name="armchair" />
            <span>
              {t.goodbye.again}{" "}
              <a href="/" onClick={(event) => follow(event, "/")}>
                {t.goodbye.newVisit}
              </a>
            </span>
          </li>
        )}
      </ul>
    </section>
  );
}

const FACES: readonly [Rating, IconName][] = [
  ["good", "smile"],
  ["fair", "meh"],
  ["poor", "frown"],
];

/** One tap, which may be changed; it shows at once and falls back where it did not get through. */
function Rate({ state, line }: { state: SeatState; line: Line }) {
  const t = useTexts();
  const [chosen, setChosen] = useState(state.rating);
  const [failed, setFailed] = useState(false);
  useEffect(() => setChosen(state.rating), [state.rating]);
  const rate = async (rating: Rating) => {
    setChosen(rating);
    setFailed(false);
    const reply = await line.send("rating_set", { seat: state.seat, rating });
    if (reply.ok) return;
    setChosen(state.rating);
    setFailed(true);
  };
  return (
    <section class="stack gap-m no-print" aria-labelledby="rate">
      <h2 id="rate">{t.goodbye.ask}</h2>
      {/* biome-ignore lint/a11y/useSemanticElements: buttons that stay pressed, not a form */}
      <div class="rate" role="group" aria-labelledby="rate">
        {FACES.map(([rating, icon]) => (
          <button
            key={rating}
            type="button"
            class="btn"
            data-rating={rating}
            aria-pressed={chosen === rating}
            onClick={() => rate(rating)}
          >
            <Icon name={icon} />
            <span>{t.goodbye.rating[rating]}</span>
          </button>
        ))}
      </div>
      <p class="small second" role="status">
        {failed ? t.goodbye.rateFailed : chosen !== null && t.goodbye.thanks}
      </p>
    </section>
  );
}

/** Why the call was bad, where it was: so that nobody blames the doctor, or an old phone, for a network. */
function Quality({ state, line }: { state: SeatState; line: Line }) {
  const t = useTexts();
  const [verdict, setVerdict] = useState<QualityVerdict | null>(null);
  useEffect(() => {
    let over = false;
    line.send("call_quality", { seat: state.seat }).then((reply) => {
      if (!over && reply.ok) setVerdict(reply.body.verdict);
    });
    return () => {
      over = true;
    };
  }, [line, state.seat]);
  if (verdict === null) return null;
  return (
    <p class="note" data-verdict={verdict.cause}>
      <Icon name="activity" />
      <span class="grow">{reason(t, verdict, state.seat)}</span>
    </p>
  );
}

interface AfterProps {
  state: SeatState;
  line: Line;
  unread: number;
  onMessages(): void;
}

function After({ state, line, unread, onMessages }: AfterProps) {
  const t = useTexts();
  return (
    <section class="stack gap-m no-print">
      <ul class="ways">
        <li>
          <button type="button" class="way" data-open="messages" onClick={onMessages}>
            <Icon name="message-square-text" tone="teal" />
            <span class="grow">
              <strong>{t.goodbye.messages}</strong>
              <span class="way-hint">{t.goodbye.messagesBody}</span>
            </span>
            {unread > 0 && <span class="count num">{unread}</span>}
            <Icon name="chevron-right" />
          </button>
        </li>
        <li>
          <button type="button" class="way" data-print="" onClick={() => print()}>
            <Icon name="printer" tone="teal" />
            <strong class="grow">{t.goodbye.print}</strong>
          </button>
        </li>
        <LooksWay seat={state.seat} line={line} />
      </ul>
      <p class="third">{t.goodbye.closePage}</p>
    </section>
  );
}

interface Ending {
  heading: string;
  body: string;
}

function endingOf(state: SeatState, t: Texts, local: (text: LocalText) => string): Ending {
  const words = t.goodbye;
  if (roleOf(state) !== "patient") return { heading: words.guestHeading, body: words.guestOver };
  switch (state.ended_reason) {
    case "patient_left":
      return state.live_since === null
        ? { heading: words.leftHeading, body: words.leftBody }
        : { heading: words.leftCallHeading, body: words.leftCallBody };
    case "cancelled":
      return { heading: words.cancelledHeading, body: words.cancelledBody };
    case "lapsed":
      return { heading: words.lapsedHeading, body: words.lapsedBody };
    case "wrong_person":
      return { heading: words.wrongHeading, body: words.wrongBody };
    case "completed":
    case null: {
      const me = state.people.find((each) => each.seat === state.seat);
      const doctor = state.people.find((each) => each.role === "practitioner");
      const minutes = Math.round(((state.ended_at ?? 0) - (state.live_since ?? state.ended_at ?? 0)) / 60);
      return {
        heading: me === undefined ? words.headingPlain : words.heading(local(me.name)),
        body: doctor === undefined ? words.over : words.spoke(personName(t, local, doctor), minutes),
      };
    }
    default:
      return state.ended_reason satisfies never;
  }
}

/** On paper the page must say where and when it was. */
function printed(state: SeatState, t: Texts, local: (text: LocalText) => string): string {
  const at = new Date((state.ended_at ?? state.server_time) * 1000);
  const date = new Intl.DateTimeFormat(t.htmlLang, { dateStyle: "long" }).format(at);
  return t.goodbye.printed(local(state.hospital), local(state.department), date);
}

/** A guest who went out of their own accord, while the visit goes on. */
export function Left() {
  const t = useTexts();
  return (
    <div class="page">
      <Top title={t.product} />
      <main class="body stack gap-l" data-screen="left">
        <div class="chairs chairs-hero">
          <Room label={t.emptyRoom} sitters={[]} />
        </div>
        <div class="stack gap-s">
          <Heading page={t.goodbye.title}>{t.goodbye.guestHeading}</Heading>
          <p class="second">{t.goodbye.guestBody}</p>
        </div>
      </main>
    </div>
  );
}
