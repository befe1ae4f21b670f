/** A patient is offered: a card with a clock over the desk. Enter accepts, Escape declines, unless somebody is writing. */

import { useEffect, useRef, useState } from "preact/hooks";
import { isWriting } from "../call/use-call";
import { useLocal, useTexts } from "../i18n";
import type { Line } from "../signal/line";
import type { Offer, StaffSession } from "../signal/messages";
import { chime } from "../ui/chime";
import { minutesSince, useServerNow } from "../ui/clock";
import { Icon } from "../ui/icon";
import { ageOf } from "../ui/names";
import { type Answer, answerOf } from "./offers";
import { Expect, Key, PriorityBadge, RedFlags } from "./signs";

/** A key pressed for something else a moment before the card dropped must not answer it. */
const GRACE_MS = 400;

interface OfferProps {
  offer: Offer;
  session: StaffSession;
  line: Line;
  onAnswered(offer: string): void;
  onTrouble(code: string): void;
}

export function OfferCard({ offer, session, line, onAnswered, onTrouble }: OfferProps) {
  const t = useTexts();
  const local = useLocal();
  const [answered, setAnswered] = useState<Answer | null>(null);
  const [silent, setSilent] = useState(false);
  const [writing] = useState(() => isWriting(document.activeElement));
  const accept = useRef<HTMLButtonElement>(null);
  const answer = async (what: Answer) => {
    if (answered !== null) return;
    setAnswered(what);
    onAnswered(offer.id);
    const reply = await line.send(`offer_${what}`, { offer: offer.id });
    if (reply.ok) return;
    setAnswered(null);
    onTrouble(reply.error.code);
  };
  useEffect(() => setSilent(!chime()), []);
  useFocusWhileOpen(accept, writing);
  useAnswerKeys(answer);
  const age = offer.birth_year === null ? null : ageOf(offer.birth_year);
  const department = session.departments.find((each) => each.id === offer.department);
  return (
    <section
      class="offer"
      role="alertdialog"
      aria-labelledby="offer-who"
      aria-describedby="offer-why offer-marks"
      data-offer={offer.id}
    >
      <Bar offer={offer} />
      <div class="offer-in stack">
        <div class="row row-top">
          <div class="grow stack gap-xs">
            <p class="small second">{department ? local(department.name) : t.offer.label}</p>
            <h2 id="offer-who">{age === null ? local(offer.name) : t.aged(local(offer.name), age)}</h2>
            <p id="offer-why" class="offer-why">
              {offer.reason || t.desk.noReason}
            </p>
          </div>
          <Left offer={offer} />
        </div>
        <Marks offer={offer} />
        <InShort offer={offer} />
        <div class="actions">
          <button
            type="button"
            class="btn"
            data-answer="decline"
            aria-disabled={answered !== null}
            onClick={() => answer("decline")}
          >
            <span>{t.offer.decline}</span> {!writing && <Key name={t.offer.escape} />}
          </button>
          <button
            type="button"
            ref={accept}
            class="btn btn-main"
            data-answer="accept"
            aria-disabled={answered !== null}
            onClick={() => answer("accept")}
          >
            <Icon name="phone" />
            <span>{answered === "accept" ? t.offer.taking : t.offer.accept}</span>{" "}
            {answered === null && <Key name={writing ? t.offer.altEnter : t.offer.enter} />}
          </button>
        </div>
        <p class="small second">{silent ? t.desk.soundAsk : t.offer.passes}</p>
      </div>
    </section>
  );
}

const leftOf = (offer: Offer, now: number): number => Math.max(0, offer.expires_at - now);

/** The time left as a bar that shrinks; drawn often, said never: a screen reader would talk of nothing else. */
function Bar({ offer }: { offer: Offer }) {
  const t = useTexts();
  const now = useServerNow(250);
  return <progress max={offer.expires_at - offer.made_at} value={leftOf(offer, now)} aria-label={t.offer.time} />;
}

function Left({ offer }: { offer: Offer }) {
  const t = useTexts();
  const seconds = Math.ceil(leftOf(offer, useServerNow(250)));
  return (
    <div class="left" aria-hidden="true">
      <strong>{seconds}</strong>
      <span class="small second">{t.offer.second(seconds)}</span>
    </div>
  );
}

function Marks({ offer }: { offer: Offer }) {
  const t = useTexts();
  const now = useServerNow(5_000);
  const flags = offer.intake?.red_flags ?? [];
  return (
    <div class="chips" id="offer-marks">
      {flags.length > 0 ? <RedFlags flags={flags} /> : <PriorityBadge priority={offer.priority} />}
      <Expect expect={offer.expect} badge />
      <span class="badge">
        <Icon name="clock" />
        {t.offer.waited(minutesSince(now, offer.waiting_since))}
      </span>
    </div>
  );
}

/** The answers in a few lines; the whole of them stands at the right once the door is open. */
function InShort({ offer }: { offer: Offer }) {
  const t = useTexts();
  const allergies = offer.intake?.allergies.trim() ?? "";
  const history = offer.intake?.history.trim() ?? "";
  if (allergies === "" && history === "") return null;
  return (
    <dl class="facts offer-facts">
      {allergies !== "" && (
        <div>
          <dt>{t.offer.allergies}</dt>
          <dd class="clamp">
            <strong>{allergies}</strong>
          </dd>
        </div>
      )}
      {history !== "" && (
        <div>
          <dt>{t.offer.told}</dt>
          <dd class="clamp">{history}</dd>
        </div>
      )}
    </dl>
  );
}

/** Focus goes to Accept and back to where it was; a person who writes keeps the pen. */
function useFocusWhileOpen(target: { current: HTMLElement | null }, writing: boolean): void {
  useEffect(() => {
    if (writing) return;
    const before = document.activeElement;
    target.current?.focus();
    return () => {
      if (before instanceof HTMLElement && before.isConnected && before !== document.body) before.focus();
    };
  }, []);
}

function useAnswerKeys(answer: (what: Answer) => void): void {
  const latest = useRef(answer);
  latest.current = answer;
  useEffect(() => {
    const begun = performance.now();
    const pressed = (event: KeyboardEvent) => {
      if (document.querySelector("dialog[open]") !== null && !event.altKey) return; // keys belong to the sheet in front
      const what = answerOf(event, isWriting(event.target), onDecline(event.target));
      if (what === null || event.repeat || event.isComposing) return;
      event.preventDefault();
      event.stopPropagation();
      if (performance.now() - begun >= GRACE_MS) latest.current(what);
    };
    addEventListener("keydown", pressed, { capture: true });
    return () => removeEventListener("keydown", pressed, { capture: true });
  }, []);
}

const onDecline = (target: EventTarget | null): boolean =>
  target instanceof Element && target.closest("[data-answer=decline]") !== null;
