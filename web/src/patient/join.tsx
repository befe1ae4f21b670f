/** Somebody comes by a link: the token stands in the fragment, leaves the address at once, is shown to the server, and is
 * used up only when the person has said that the name card is right. Never stores the token. */

import { useCallback, useEffect, useRef, useState } from "preact/hooks";
import { errorText, useLocal, useTexts } from "../i18n";
import { request } from "../signal/http";
import type { JoinToken, LinkCard, SeatGranted } from "../signal/messages";
import { Field, Refusal } from "../ui/field";
import { Icon } from "../ui/icon";
import type { IconName } from "../ui/icon-names";
import { Room } from "../ui/room";
import { EmergencyNote, Heading, Note, ReadAloud, Top } from "../ui/screen";
import { holdVisit } from "./held";
import { DoorPlate } from "./link-card";
import { Opening } from "./opening";
import { Reissue } from "./reissue";
import { partOfDay } from "./when";

const TOKEN = /^[A-Za-z0-9_-]{43}$/;

/** Taken out of the address at once: it must not stay in the history or in a copied link. */
export function takeToken(): string | null {
  const token = location.hash.slice(1);
  if (location.hash !== "") history.replaceState(null, "", location.pathname + location.search);
  return TOKEN.test(token) ? token : null;
}

type Look = { card: LinkCard } | { code: string } | null;

interface JoinProps {
  onSeat(page: string): void;
}

export function Join({ onSeat }: JoinProps) {
  const [token, setToken] = useState(takeToken);
  const [look, setLook] = useState<Look>(null);
  const ask = useCallback(async () => {
    if (token === null) return;
    setLook(null);
    const reply = await request<LinkCard>("POST", "/api/join/look", { token });
    setLook(reply.ok ? { card: reply.body } : { code: reply.error.code });
  }, [token]);
  useEffect(() => void ask(), [ask]);
  useEffect(() => {
    const pasted = () => setToken((before) => takeToken() ?? before); // another link into the same window
    addEventListener("hashchange", pasted);
    return () => removeEventListener("hashchange", pasted);
  }, []);
  if (token === null) return <Reissue reason="none" />;
  if (look === null) return <Looking />;
  if ("card" in look) {
    const spent = () => setLook({ code: "link_spent" });
    return <JoinCard key={token} card={look.card} token={token} onSeat={onSeat} onSpent={spent} />;
  }
  return look.code === "link_spent" ? <Reissue reason="spent" /> : <Unreached code={look.code} onAgain={ask} />;
}

function Looking() {
  const t = useTexts();
  return <Opening heading={t.join.looking} body={t.join.lookingBody} slow={false} />;
}

function Unreached({ code, onAgain }: { code: string; onAgain(): void }) {
  const t = useTexts();
  return (
    <div class="page">
      <Top title={t.product} />
      <main class="body stack gap-l" data-screen="join-unreached">
        <Hero />
        <Heading page={t.join.title}>{t.join.title}</Heading>
        <Note tone="amber" icon="wifi-off" title={errorText(t, code)} live>
          <button type="button" class="btn note-btn" onClick={onAgain}>
            {t.tryAgain}
          </button>
        </Note>
      </main>
    </div>
  );
}

interface CardProps {
  card: LinkCard;
  token: string;
  onSeat(page: string): void;
  onSpent(): void;
}

type Doubt = "not_me" | "in_use" | "stay" | null;

/** Exported for the preview. */
export function JoinCard({ card, token, onSeat, onSpent }: CardProps) {
  const local = useLocal();
  const t = useTexts();
  const [doubt, setDoubt] = useState<Doubt>(card.in_use ? "in_use" : null);
  const [busy, setBusy] = useState(false);
  const [refused, setRefused] = useState<string | null>(null);
  const name = useRef("");
  const enter = async (replace: boolean) => {
    if (busy) return;
    setBusy(true);
    setRefused(null);
    const body: JoinToken = { token, name: name.current.trim() || null, replace };
    const reply = await request<SeatGranted>("POST", "/api/join", body);
    setBusy(false);
    if (reply.ok) {
      holdVisit(reply.body.page);
      onSeat(reply.body.page);
    } else if (reply.error.code === "link_spent") onSpent();
    else if (reply.error.code === "seat_in_use") setDoubt("in_use");
    else setRefused(errorText(t, reply.error.code));
  };
  const patient = card.patient === null ? "" : local(card.patient);
  const shared = { card, patient, busy, refused };
  if (doubt === "in_use") return <InUse {...shared} onEnter={() => enter(true)} onStay={() => setDoubt("stay")} />;
  if (doubt === "stay") return <Stayed card={card} />;
  if (doubt === "not_me") return <NotMe card={card} patient={patient} onBack={() => setDoubt(null)} />;
  if (card.kind === "resume") return <Resume {...shared} onEnter={() => enter(false)} />;
  if (card.kind === "patient")
    return <Welcome {...shared} onEnter={() => enter(false)} onNotMe={() => setDoubt("not_me")} />;
  const enterAs = (own: string) => {
    name.current = own;
    void enter(false);
  };
  return <Guest {...shared} onEnter={enterAs} />;
}

interface SharedProps {
  card: LinkCard;
  /** Empty where the link does not say. */
  patient: string;
  busy: boolean;
  refused: string | null;
}

function Welcome({
  card,
  patient,
  busy,
  refused,
  onEnter,
  onNotMe,
}: SharedProps & { onEnter(): void; onNotMe(): void }) {
  const t = useTexts();
  const local = useLocal();
  const hello = t.join.hello[partOfDay(new Date().getHours())];
  return (
    <div class="page">
      <Top title={local(card.hospital)} />
      <main class="body stack gap-l" data-screen="join" data-kind={card.kind}>
        <div>
          <Heading page={local(card.hospital)}>{t.join.greeting(hello, patient)}</Heading>
          <p class="second" data-say="">
            {t.join.isItYou}
          </p>
          <button type="button" class="notme" data-answer="no" onClick={onNotMe}>
            {t.join.notMe(patient)}
          </button>
        </div>
        <DoorPlate card={card} />
        <ReadAloud />
        <Next />
        <p class="small second">{t.join.install}</p>
        <EmergencyNote number={card.emergency_number} />
      </main>
      <Enter words={t.join.start(patient)} busy={busy} refused={refused} onEnter={onEnter} />
    </div>
  );
}

const NEXT_ICONS: IconName[] = ["video", "clipboard-list", "armchair"];

function Next() {
  const t = useTexts();
  return (
    <ol class="steps3">
      {t.join.next.map((words, index) => (
        <li key={words}>
          <Icon name={NEXT_ICONS[index] ?? "check"} />
          <span>{words}</span>
          <span class="steps-time">{t.join.nextTimes[index]}</span>
        </li>
      ))}
    </ol>
  );
}

function NotMe({ card, patient, onBack }: { card: LinkCard; patient: string; onBack(): void }) {
  const t = useTexts();
  const local = useLocal();
  return (
    <div class="page">
      <Top title={local(card.hospital)} onBack={onBack} />
      <main class="body stack gap-l" data-screen="join-not-me">
        <Hero />
        <div class="stack gap-s">
          <Heading page={local(card.hospital)}>{t.join.notMeHeading}</Heading>
          <p class="second" data-say="">
            {t.join.notMeBody(patient)}
          </p>
        </div>
        <ReadAloud />
        <button type="button" class="btn btn-wide" onClick={onBack}>
          {t.join.notMeBack(patient)}
        </button>
        <p class="second">{t.join.notMePhone}</p>
        <EmergencyNote number={card.emergency_number} />
      </main>
    </div>
  );
}

function Resume({ card, patient, busy, refused, onEnter }: SharedProps & { onEnter(): void }) {
  const t = useTexts();
  const local = useLocal();
  return (
    <div class="page">
      <Top title={local(card.hospital)} />
      <main class="body stack gap-l" data-screen="join" data-kind="resume">
        <Hero />
        <div class="stack gap-s">
          <Heading page={local(card.hospital)}>{patient ? t.join.resumeHeading(patient) : t.join.resumePlain}</Heading>
          <p class="second" data-say="">
            {t.join.resumeBody}
          </p>
        </div>
        <DoorPlate card={card} />
        <ReadAloud />
        <EmergencyNote number={card.emergency_number} />
      </main>
      <Enter words={t.join.resume} busy={busy} refused={refused} onEnter={onEnter} />
    </div>
  );
}

function InUse({ card, busy, refused, onEnter, onStay }: SharedProps & { onEnter(): void; onStay(): void }) {
  const t = useTexts();
  const local = useLocal();
  return (
    <div class="page">
      <Top title={local(card.hospital)} />
      <main class="body stack gap-l" data-screen="join-in-use">
        <Hero />
        <div class="stack gap-s">
          <Heading key="in_use" page={local(card.hospital)}>
            {t.join.inUseHeading}
          </Heading>
          <p class="second" data-say="">
            {t.join.inUseBody}
          </p>
        </div>
        <ReadAloud />
        <button type="button" class="btn btn-large btn-wide" onClick={onStay}>
          {t.join.inUseNo}
        </button>
      </main>
      <Enter words={t.join.inUseYes} busy={busy} refused={refused} onEnter={onEnter} />
    </div>
  );
}

function Stayed({ card }: { card: LinkCard }) {
  const t = useTexts();
  const local = useLocal();
  return (
    <div class="page">
      <Top title={local(card.hospital)} />
      <main class="body stack gap-l" data-screen="join-stayed">
        <Hero />
        <Heading page={local(card.hospital)}>{t.join.stayHeading}</Heading>
        <p class="second" data-say="">
          {t.join.stayBody}
        </p>
        <EmergencyNote number={card.emergency_number} />
      </main>
    </div>
  );
}

function Guest({ card, patient, busy, refused, onEnter }: SharedProps & { onEnter(name: string): void }) {
  const t = useTexts();
  const local = useLocal();
  const [name, setName] = useState("");
  const [asked, setAsked] = useState(false);
  const missing = name.trim() === "";
  const submit = (event: Event) => {
    event.preventDefault();
    setAsked(true);
    if (missing) document.getElementById("name")?.focus();
    else onEnter(name);
  };
  return (
    <form class="page" onSubmit={submit} noValidate>
      <Top title={local(card.hospital)} />
      <main class="body stack gap-l" data-screen="join" data-kind={card.kind}>
        <Hero />
        <div class="stack gap-s">
          <Heading page={t.join.title}>{patient ? t.join.guestHeading(patient) : t.join.guestPlain}</Heading>
          <p class="second" data-say="">
            {card.kind === "interpreter" ? t.join.interpreterBody : t.join.companionBody}
          </p>
        </div>
        <ReadAloud />
        <Field id="name" label={t.join.name} error={asked && missing ? t.join.nameMissing : null}>
          <input
            class="input"
            id="name"
            name="name"
            autocomplete="name"
            maxLength={80}
            value={name}
            aria-describedby="name-error"
            aria-invalid={asked && missing}
            aria-required="true"
            onInput={(event) => setName(event.currentTarget.value)}
          />
        </Field>
        <DoorPlate card={card} />
        <p class="third">{t.join.once}</p>
      </main>
      <Enter words={t.join.enter} busy={busy} refused={refused} />
    </form>
  );
}

function Hero() {
  const t = useTexts();
  return (
    <div class="chairs chairs-hero">
      <Room label={t.emptyRoom} sitters={[{}]} />
    </div>
  );
}

interface EnterProps {
  words: string;
  busy: boolean;
  refused: string | null;
  /** Left out in a form, which is sent. */
  onEnter?: (() => void) | undefined;
}

function Enter({ words, busy, refused, onEnter }: EnterProps) {
  const t = useTexts();
  return (
    <footer class="foot">
      <Refusal words={refused} />
      <button
        type={onEnter ? "button" : "submit"}
        class="btn btn-main btn-large btn-wide"
        data-answer="yes"
        aria-disabled={busy}
        onClick={onEnter}
      >
        {busy ? t.join.starting : words}
      </button>
    </footer>
  );
}
