/** The doctor's one screen: queue at the left, call or room in the middle, at the right who and what it is about. */

import { useEffect, useRef, useState } from "preact/hooks";
import { isWriting, useLasting } from "../call/use-call";
import { errorText, useLocal, useTexts } from "../i18n";
import { isNews } from "../signal/fresh";
import { type Line, type LineStatus, openLine } from "../signal/line";
import type { DeskState, Offer, SeatState, StaffSession } from "../signal/messages";
import { timeOfDay, useServerNow } from "../ui/clock";
import { Icon } from "../ui/icon";
import { initials } from "../ui/names";
import { LanguageButton, Note, useTitle } from "../ui/screen";
import { useStore } from "../ui/store";
import { Closed } from "./closed";
import { Idle } from "./idle";
import { OfferCard } from "./offer";
import { Queue } from "./queue";
import { Stage } from "./stage";
import { useDuty } from "./use-duty";

interface DeskProps {
  session: StaffSession;
  onSignOut(): void;
  onSignedOut(): void;
}

export function Desk(props: DeskProps) {
  const [round, setRound] = useState(0);
  return <OpenDesk key={round} {...props} onAgain={() => setRound(round + 1)} />;
}

const SIGNED_OUT = new Set(["signed_out", "not_signed_in", "forbidden", "bad_auth"]);

function OpenDesk({ session, onSignOut, onSignedOut, onAgain }: DeskProps & { onAgain(): void }) {
  const t = useTexts();
  const { line, desk, seat, over } = useDesk();
  const status = useStore(line.status);
  const closed = status.state === "closed" ? status.code : null;
  const gone = closed !== null && SIGNED_OUT.has(closed);
  useEffect(() => {
    if (gone) onSignedOut();
  }, [gone, onSignedOut]);
  if (closed !== null && !gone && closed !== "left") return <Closed code={closed} onAgain={onAgain} />;
  if (desk === null)
    return (
      <main class="desk-blank" data-screen="opening" aria-busy="true">
        <p role="status">{t.desk.opening}</p>
      </main>
    );
  return <DeskScreen {...{ session, line, status, desk, seat, over, onSignOut }} />;
}

/** What the server says of desk and seat: `seat` only while it is the one under way, `over` from its end on. */
function useDesk(): { line: Line; desk: DeskState | null; seat: SeatState | null; over: SeatState | null } {
  const [desk, setDesk] = useState<DeskState | null>(null);
  const [seat, setSeat] = useState<SeatState | null>(null);
  const [line] = useState(() =>
    openLine(
      { audience: "desk" },
      {
        desk_state: (next) => setDesk((before) => (isNews(before, next, () => "desk") ? next : before)),
        seat_state: (next) => setSeat((before) => (isNews(before, next, (each) => each.seat) ? next : before)),
      },
    ),
  );
  useEffect(() => () => line.close(), [line]);
  const current = desk !== null && seat !== null && desk.seat === seat.seat && seat.state !== "ended" ? seat : null;
  return { line, desk, seat: current, over: seat?.state === "ended" ? seat : null };
}

interface ScreenProps {
  session: StaffSession;
  line: Line;
  status: LineStatus;
  desk: DeskState;
  seat: SeatState | null;
  over: SeatState | null;
  onSignOut(): void;
}

export function DeskScreen({ session, line, status, desk, seat, over, onSignOut }: ScreenProps) {
  const t = useTexts();
  const local = useLocal();
  const [trouble, setTrouble] = useState<string | null>(null);
  const fail = (code: string) => setTrouble(errorText(t, code));
  const duty = useDuty(line, desk, session, fail);
  const accepted = useAccepted(desk, seat);
  const lost = useLasting(status.state === "down", 1_500);
  useDutyKey(duty.toggleAll);
  useTitle(desk.offer ? t.offer.page(local(desk.offer.name)) : `${t.desk.title} · ${t.product}`);
  const offer = desk.offer !== null && seat === null ? desk.offer : null;
  return (
    <div
      class="desk"
      data-screen="desk"
      data-duty={duty.on.length > 0 ? "on" : "off"}
      data-call={seat?.state ?? "none"}
    >
      <a class="skip" href="#middle">
        {t.desk.skip}
      </a>
      <TopBar {...{ session, duty, onSignOut }} />
      <Queue desk={desk} session={session} />
      <main class="pane" id="middle" tabIndex={-1}>
        <div class="desk-notes" role="status">
          {lost && (
            <Note tone="amber" icon="wifi-off" title={t.desk.lostTitle}>
              <p>{navigator.onLine ? t.desk.lostBody : t.desk.offline}</p>
            </Note>
          )}
          {trouble !== null && (
            <Note tone="amber" icon="triangle-alert" title={trouble}>
              <button type="button" class="btn note-btn" onClick={() => setTrouble(null)}>
                {t.desk.dismiss}
              </button>
            </Note>
          )}
          {seat === null && over !== null && desk.offer === null && <Over key={over.consultation} state={over} />}
        </div>
        {seat === null ? (
          <Idle desk={desk} session={session} duty={duty} />
        ) : (
          <Stage key={seat.seat} state={seat} line={line} status={status} request={accepted} onTrouble={fail} />
        )}
      </main>
      {offer !== null && <OfferCard key={offer.id} offer={offer} session={session} line={line} onTrouble={fail} />}
    </div>
  );
}

/** Says that the last visit is over and who ended it, until it is read or the next patient is offered. */
function Over({ state }: { state: SeatState }) {
  const t = useTexts();
  const local = useLocal();
  const [read, setRead] = useState(false);
  const patient = state.people.find((each) => each.role === "patient");
  if (read || patient === undefined) return null;
  const name = local(patient.name);
  const words = state.ended_reason === "patient_left" ? t.stage.patientEnded(name) : t.stage.ended(name);
  return (
    <Note tone="teal" icon="check" title={words}>
      <button type="button" class="btn note-btn" onClick={() => setRead(true)}>
        {t.desk.dismiss}
      </button>
    </Note>
  );
}

/** The offer that became the call under way: age and reason stay in sight while one talks. Gone after a reload. */
function useAccepted(desk: DeskState, seat: SeatState | null): Offer | null {
  const last = useRef<Offer | null>(null);
  if (desk.offer !== null) last.current = desk.offer;
  return seat !== null && last.current?.consultation === seat.consultation ? last.current : null;
}

function useDutyKey(toggle: () => void): void {
  const latest = useRef(toggle);
  latest.current = toggle;
  useEffect(() => {
    const pressed = (event: KeyboardEvent) => {
      if (event.repeat || event.ctrlKey || event.metaKey || event.altKey || isWriting(event.target)) return;
      if (event.key.toLowerCase() === "d" && document.querySelector("dialog[open]") === null) latest.current();
    };
    addEventListener("keydown", pressed);
    return () => removeEventListener("keydown", pressed);
  }, []);
}

interface TopBarProps {
  session: StaffSession;
  duty: ReturnType<typeof useDuty>;
  onSignOut(): void;
}

function TopBar({ session, duty, onSignOut }: TopBarProps) {
  const t = useTexts();
  const local = useLocal();
  const now = useServerNow(5_000);
  const name = local(session.practitioner.name);
  const on = duty.on.length > 0;
  return (
    <header class="desk-top">
      <span class="brand">
        <Icon name="mark" />
        <span>{local(session.hospital)}</span>
      </span>
      <span class="grow" />
      <label class="switch duty">
        <input
          type="checkbox"
          role="switch"
          name="duty"
          checked={on}
          aria-label={t.desk.dutyAll}
          onChange={duty.toggleAll}
        />
        <span>{on ? t.desk.onDuty : t.desk.offDuty}</span>
      </label>
      <time class="clock">{timeOfDay(t, now)}</time>
      <LanguageButton />
      <span class="who-top">
        <span class="avatar avatar-s" aria-hidden="true">
          {initials(name)}
        </span>
        <span>{t.doctor(name)}</span>
      </span>
      <button type="button" class="btn btn-quiet" name="sign_out" aria-label={t.desk.signOut} onClick={onSignOut}>
        <Icon name="log-out" />
        <span class="out-word">{t.desk.signOut}</span>
      </button>
    </header>
  );
}
