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
import { Key } from "./idle";
import { PriorityBadge } from "./queue";

/** A key pressed for something else a moment before the card dropped must not answer it. */
const GRACE_MS = 400;

interface OfferProps {
  offer: Offer;
  session: StaffSession;
  line: Line;
  onTrouble(code: string): void;
}

export function OfferCard({ offer, session, line, onTrouble }: OfferProps) {
  const t = useTexts();
  const local = useLocal();
  const now = useServerNow(250);
  const [answered, setAnswered] = useState<"accept" | "decline" | null>(null);
  const [silent, setSilent] = useState(false);
  const [writing] = useState(() => isWriting(document.activeElement));
  const accept = useRef<HTMLButtonElement>(null);
  const answer = async (what: "accept" | "decline") => {
    if (answered !== null) return;
    setAnswered(what);
    const reply = await line.send(`offer_${what}`, { offer: offer.id });
    if (reply.ok) return;
    setAnswered(null);
    onTrouble(reply.error.code);
  };
  useEffect(() => setSilent(!chime()), []);
  useFocusWhileOpen(accept, writing);
  useAnswerKeys(answer);
  const left = Math.max(0, offer.expires_at - now);
  const age = offer.birth_year === null ? null : ageOf(offer.birth_year);
  const department = session.departments.find((each) => each.id === offer.department);
  return (
    <section
      class="offer"
      role="alertdialog"
      aria-labelledby="offer-who"
      aria-describedby="offer-why"
      data-offer={offer.id}
    >
      <progress max={offer.expires_at - offer.made_at} value={left} aria-label={t.offer.time} />
      <div class="offer-in stack">
        <div class="row row-top">
          <div class="grow stack gap-xs">
            <p class="small second">{department ? local(department.name) : t.offer.label}</p>
            <h2 id="offer-who">{age === null ? local(offer.name) : t.aged(local(offer.name), age)}</h2>
            <p id="offer-why" class="offer-why">
              {offer.reason || t.desk.noReason}
            </p>
          </div>
          <div class="left" aria-hidden="true">
            <strong>{Math.ceil(left)}</strong>
            <span class="small second">{t.offer.second(Math.ceil(left))}</span>
          </div>
        </div>
        <div class="chips">
          <PriorityBadge priority={offer.priority} />
          <span class="badge">
            <Icon name="clock" />
            {t.offer.waited(minutesSince(now, offer.waiting_since))}
          </span>
        </div>
        <div class="actions">
          <button
            type="button"
            class="btn"
            data-answer="decline"
            aria-disabled={answered !== null}
            onClick={() => answer("decline")}
          >
            <span>{t.offer.decline}</span> <Key name={t.offer.escape} />
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

/** Focus goes to Accept and back to where it was; a person who writes keeps the pen. */
function useFocusWhileOpen(target: { current: HTMLElement | null }, writing: boolean): void {
  useEffect(() => {
    if (writing) return;
    const before = document.activeElement;
    target.current?.focus();
    return () => {
      if (before instanceof HTMLElement && before.isConnected) before.focus();
    };
  }, []);
}

function useAnswerKeys(answer: (what: "accept" | "decline") => void): void {
  const latest = useRef(answer);
  latest.current = answer;
  useEffect(() => {
    const begun = performance.now();
    const pressed = (event: KeyboardEvent) => {
      const what = answerOf(event, isWriting(event.target), insideCard(event.target));
      if (what === null || event.repeat || event.isComposing) return;
      event.preventDefault();
      if (performance.now() - begun >= GRACE_MS) latest.current(what);
    };
    addEventListener("keydown", pressed, { capture: true });
    return () => removeEventListener("keydown", pressed, { capture: true });
  }, []);
}

const insideCard = (target: EventTarget | null): boolean =>
  target instanceof Element && target.closest("[data-answer=decline]") !== null;

/** What a key means for an offer. Exported for its test. */
export function answerOf(
  key: { key: string; altKey: boolean; ctrlKey: boolean; metaKey: boolean; shiftKey: boolean },
  writing: boolean,
  onDecline: boolean,
): "accept" | "decline" | null {
  if (key.ctrlKey || key.metaKey || key.shiftKey) return null;
  if (key.key === "Escape" && !key.altKey) return writing ? null : "decline";
  if (key.key !== "Enter") return null;
  if (writing) return key.altKey ? "accept" : null;
  return onDecline && !key.altKey ? "decline" : "accept";
}
