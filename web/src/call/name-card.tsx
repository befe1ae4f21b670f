/** The name card: who the other is, before anybody is seen or heard, so that nobody sits in the wrong room.
 * Patient and doctor each say that it is right; guests only wait. The server opens the media when both have. */

import { useEffect, useRef, useState } from "preact/hooks";
import { errorText, useLocal, useTexts } from "../i18n";
import type { Line } from "../signal/line";
import type { Person, SeatState } from "../signal/messages";
import { Icon } from "../ui/icon";
import { ageOf, initials, personName } from "../ui/names";
import { useFocusWhereLost } from "../ui/screen";
import { play } from "./sound";
import { isWriting } from "./use-call";

/** Whether the card is to be shown in place of the call. */
export const needsCard = (state: SeatState): boolean => state.state === "connecting" && state.media_epoch === null;

/** An Enter meant for what was there before must not confirm a card that nobody has read. */
const READING_MS = 700;

interface NameCardProps {
  state: SeatState;
  line: Line;
  /** One's own camera meanwhile. */
  preview: MediaStream | null;
}

export function NameCard({ state, line, preview }: NameCardProps) {
  const me = state.people.find((each) => each.seat === state.seat);
  const other = counterpart(state, me);
  return (
    <div class="card-room" data-screen="card" data-confirmed={me?.confirmed ?? false}>
      <Mirror stream={preview} />
      <section class="name-card" aria-labelledby="card-name">
        {other === null || me === undefined ? (
          <GuestWaits />
        ) : (
          <>
            <Identity state={state} me={me} other={other} />
            {me.confirmed ? <Waits other={other} /> : <Ask key={other.seat} state={state} line={line} me={me} />}
          </>
        )}
      </section>
    </div>
  );
}

/** Whom this seat has to recognise: patient and practitioner each other; guests nobody. */
export function counterpart(state: SeatState, me: Person | undefined): Person | null {
  const wanted = me?.role === "patient" ? "practitioner" : me?.role === "practitioner" ? "patient" : null;
  return state.people.find((each) => each.role === wanted) ?? null;
}

function Mirror({ stream }: { stream: MediaStream | null }) {
  const t = useTexts();
  const video = useRef<HTMLVideoElement>(null);
  useEffect(() => {
    const element = video.current;
    if (element === null) return;
    element.srcObject = stream;
    if (stream !== null) void play(element);
  }, [stream]);
  return (
    <figure class="card-mirror">
      <video ref={video} muted playsInline hidden={stream === null} tabIndex={-1} aria-hidden="true" />
      <figcaption class="tag">
        <Icon name="lock" />
        <span>{t.card.unseen}</span>
      </figcaption>
    </figure>
  );
}

function Identity({ state, me, other }: { state: SeatState; me: Person; other: Person }) {
  const t = useTexts();
  const local = useLocal();
  const heading = useFocusWhereLost();
  const doctor = me.role === "practitioner";
  const year = doctor ? (state.patient?.birth_year ?? null) : null;
  const where = `${local(state.hospital)}${t.listJoin}${local(state.department)}`;
  return (
    <div class="row row-top card-who">
      <span class={doctor ? "avatar avatar-l avatar-sand" : "avatar avatar-l"} aria-hidden="true">
        {initials(local(other.name))}
      </span>
      <div class="grow">
        <p class="third">{doctor ? t.card.willSee.practitioner : t.card.willSee.patient}</p>
        <h1 ref={heading} id="card-name" class="h-small" tabIndex={-1}>
          {personName(t, local, other)}
        </h1>
        {doctor ? (
          <>
            {year !== null && <p class="second num">{t.card.born(ageOf(year))}</p>}
            <p class="card-reason">
              <span class="sr">{t.card.reason} </span>
              {state.patient?.reason || t.card.noReason}
            </p>
          </>
        ) : (
          other.title !== null && <p class="second">{local(other.title)}</p>
        )}
        <p class="third">{where}</p>
      </div>
    </div>
  );
}

function Ask({ state, line, me }: { state: SeatState; line: Line; me: Person }) {
  const t = useTexts();
  const [step, setStep] = useState<"card" | "wrong" | "sending">("card");
  const [refused, setRefused] = useState<string | null>(null);
  const answer = async (right: boolean) => {
    setStep("sending");
    const reply = await line.send("seat_confirm", { seat: state.seat, right });
    if (reply.ok) return;
    setStep("card");
    setRefused(reply.error.code);
  };
  useEnter(me.role === "practitioner" && step === "card", () => answer(true));
  if (step === "wrong") return <Wrong onYes={() => answer(false)} onNo={() => setStep("card")} />;
  return (
    <div class="card-ask">
      <h2>{t.card.question}</h2>
      <div class="actions">
        <button type="button" class="btn" data-answer="wrong" onClick={() => setStep("wrong")}>
          {t.card.no}
        </button>
        <button
          type="button"
          class="btn btn-main"
          data-answer="confirm"
          aria-disabled={step === "sending"}
          onClick={() => step === "card" && answer(true)}
        >
          <Icon name="check" />
          <span>{step === "sending" ? t.card.sending : t.card.yes}</span>
          {me.role === "practitioner" && <kbd>{t.offer.enter}</kbd>}
        </button>
      </div>
      <div role="status">
        {refused !== null && (
          <p class="error">
            <Icon name="triangle-alert" />
            <span>{errorText(t, refused)}</span>
          </p>
        )}
      </div>
    </div>
  );
}

function Wrong({ onYes, onNo }: { onYes(): void; onNo(): void }) {
  const t = useTexts();
  const heading = useRef<HTMLHeadingElement>(null);
  useEffect(() => heading.current?.focus(), []);
  return (
    <div class="card-ask">
      <h2 ref={heading} tabIndex={-1}>
        {t.card.wrongTitle}
      </h2>
      <p class="second">{t.card.wrongBody}</p>
      <div class="actions">
        <button type="button" class="btn" data-answer="back" onClick={onNo}>
          {t.card.wrongNo}
        </button>
        <button type="button" class="btn btn-ink" data-answer="wrong-person" onClick={onYes}>
          {t.card.wrongYes}
        </button>
      </div>
    </div>
  );
}

function Waits({ other }: { other: Person }) {
  const t = useTexts();
  const local = useLocal();
  const name = personName(t, local, other);
  const words = !other.present ? t.card.away(name) : other.confirmed ? t.card.both : t.card.waits(name);
  return (
    <div class="card-ask" role="status">
      <p>
        <strong>{words}</strong>
      </p>
      {other.present && !other.confirmed && <p class="second">{t.card.waitsBody}</p>}
    </div>
  );
}

function GuestWaits() {
  const t = useTexts();
  return (
    <div role="status">
      <h1 id="card-name" class="h-small">
        {t.card.title}
      </h1>
      <p class="second">{t.card.guest}</p>
    </div>
  );
}

/** Enter anywhere on the desk, unless somebody is writing, a button has focus or the card has only just come. */
function useEnter(on: boolean, confirm: () => void): void {
  const latest = useRef(confirm);
  latest.current = confirm;
  const since = useRef(performance.now());
  useEffect(() => {
    if (!on) return;
    const pressed = (event: KeyboardEvent) => {
      if (event.key !== "Enter" || event.repeat || event.ctrlKey || event.metaKey || event.altKey) return;
      if (performance.now() - since.current < READING_MS || isWriting(event.target)) return;
      if (event.target instanceof HTMLElement && event.target.closest("button, a, summary") !== null) return;
      event.preventDefault();
      latest.current();
    };
    addEventListener("keydown", pressed);
    return () => removeEventListener("keydown", pressed);
  }, [on]);
}
