/** The doctor's one screen: patients at the left, the room or a visit in the middle, at the right who and what it is about. */

import { useEffect, useRef, useState } from "preact/hooks";
import { errorText, useLocal, useTexts } from "../i18n";
import { serverNow } from "../signal/fresh";
import type { Line, LineStatus } from "../signal/line";
import type { DeskState, Offer, SeatState, StaffSession } from "../signal/messages";
import { useServerNow } from "../ui/clock";
import { useTitle } from "../ui/screen";
import { BriefPane } from "./chart";
import { FindSheet } from "./find";
import { Idle, IdleSide } from "./idle";
import { InviteSheet, type Made, MadeSheet } from "./invite-patient";
import { Invited } from "./invited";
import { KeysSheet } from "./keys-sheet";
import { useOfferNotice } from "./notice";
import { Notices } from "./notices";
import { OfferCard } from "./offer";
import { endOf, type OfferEnd } from "./offers";
import { Queue } from "./queue";
import { Recent } from "./recent";
import { TopBar } from "./top-bar";
import { useDuty } from "./use-duty";
import { useDeskKeys } from "./use-keys";
import { flushNotes, useUnsentWarning } from "./use-notes";
import { useShown } from "./use-shown";
import { Visit } from "./visit";
import { usePaneKeys } from "./walk";

interface ScreenProps {
  session: StaffSession;
  line: Line;
  status: LineStatus;
  desk: DeskState;
  seat: SeatState | null;
  over: SeatState | null;
  onSignOut(): void;
}

type Sheet = { kind: "keys" | "find" | "invite" } | { kind: "made"; made: Made };

export function DeskScreen({ session, line, status, desk, seat, over, onSignOut }: ScreenProps) {
  const t = useTexts();
  const [trouble, setTrouble] = useState<string | null>(null);
  const [sheet, setSheet] = useState<Sheet | null>(null);
  const [chosen, setChosen] = useState<string | null>(null);
  const fail = (code: string) => setTrouble(errorText(t, code));
  const duty = useDuty(line, desk, session, fail);
  const { shown, open, close } = useShown(desk, seat, over);
  const offer = desk.offer !== null && seat === null ? desk.offer : null;
  const { ended, answered, read } = useOfferEnd(desk.offer, seat);
  const waitingIn = (department: string) => desk.queue.filter((each) => each.department === department).length;
  const shut = () => setSheet(null);
  const unread = desk.recent.find((each) => each.unread > 0);
  const signOut = async () => ((await flushNotes()) ? onSignOut() : setTrouble(t.desk.unsent));
  useDeskKeys({
    d: duty.toggleAll,
    "?": () => setSheet({ kind: "keys" }),
    "Control+k": () => setSheet({ kind: "find" }),
    o: unread !== undefined && seat === null ? () => open(unread.seat) : undefined,
    Escape: seat === null && shown === null && chosen !== null ? () => setChosen(null) : undefined,
  });
  usePaneKeys();
  useUnsentWarning();
  useOfferNotice(offer?.id ?? null);
  useTitle(offer !== null ? t.offer.page : `${t.desk.title} · ${t.product}`);
  const notices = (
    <Notices
      status={status}
      trouble={trouble}
      ended={ended}
      over={shown === null ? over : null}
      seat={seat}
      offer={offer}
      onRead={() => setTrouble(null)}
      onEndRead={read}
    />
  );
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
      <TopBar
        {...{ session, duty, waitingIn }}
        onFind={() => setSheet({ kind: "find" })}
        onKeys={() => setSheet({ kind: "keys" })}
        onSignOut={signOut}
      />
      <nav class="pane desk-left" data-pane="left" aria-label={t.desk.panes.left}>
        <Queue {...{ desk, session, chosen }} onChoose={(id) => setChosen(id === chosen ? null : id)} />
        <Invited
          desk={desk}
          onInvite={() => setSheet({ kind: "invite" })}
          onMade={(made, of) => setSheet({ kind: "made", made: { ...made, name: of.name, contact: of.contact } })}
          onTrouble={fail}
        />
        <Recent desk={desk} open={shown?.endedAt != null ? shown.seat : null} busy={seat !== null} onOpen={open} />
      </nav>
      {shown !== null ? (
        <Visit key={shown.seat} {...{ shown, session, line, status, notices }} onClose={close} onTrouble={fail} />
      ) : (
        <>
          <main class="pane" id="middle" tabIndex={-1} data-pane="middle" aria-label={t.desk.panes.middle}>
            {notices}
            <Idle {...{ desk, session, duty }} onOpen={open} />
          </main>
          <aside class="pane chart" data-pane="right" aria-label={t.desk.panes.right}>
            <Beside {...{ desk, session, offer, chosen }} />
            {offer === null && chosen === null && <IdleSide {...{ session, duty, waitingIn }} />}
          </aside>
        </>
      )}
      {offer !== null && (
        <OfferCard key={offer.id} {...{ offer, session, line }} onAnswered={answered} onTrouble={fail} />
      )}
      {sheet?.kind === "keys" && <KeysSheet of="practitioner" onClose={shut} />}
      {sheet?.kind === "find" && (
        <FindSheet
          desk={desk}
          onClose={shut}
          onFound={(found) => {
            shut();
            if (found.kind === "recent") open(found.id);
            else if (found.kind === "waiting") setChosen(found.id);
            reveal(found.id);
          }}
        />
      )}
      {sheet?.kind === "invite" && (
        <InviteSheet session={session} onClose={shut} onMade={(made) => setSheet({ kind: "made", made })} />
      )}
      {sheet?.kind === "made" && (
        <MadeSheet made={sheet.made} onClose={shut} onAnother={() => setSheet({ kind: "invite" })} />
      )}
    </div>
  );
}

/** Brings a row of the left pane into sight and gives it focus, once the sheet in front has given focus back. */
function reveal(id: string): void {
  requestAnimationFrame(() => {
    const row = document.querySelector<HTMLElement>(
      `[data-consultation="${id}"], [data-invited="${id}"], [data-recent="${id}"]`,
    );
    row?.scrollIntoView({ block: "nearest" });
    row?.focus();
  });
}

interface BesideProps {
  desk: DeskState;
  session: StaffSession;
  offer: Offer | null;
  chosen: string | null;
}

/** At the right while no visit is open: the patient offered, or the one chosen in the queue. */
function Beside({ desk, session, offer, chosen }: BesideProps) {
  const t = useTexts();
  const local = useLocal();
  const now = useServerNow(5_000);
  const line = desk.queue.find((each) => each.consultation === (offer?.consultation ?? chosen));
  const who = offer ?? line;
  if (who === undefined) return null;
  const department = session.departments.find((each) => each.id === who.department);
  const waited = t.brief.waited(Math.max(0, Math.floor((now - who.waiting_since) / 60)));
  const about = [department ? local(department.name) : null, waited].filter((each) => each !== null);
  return (
    <BriefPane
      name={who.name}
      birthYear={who.birth_year}
      about={about.join(t.listJoin)}
      reason={who.reason}
      intake={offer?.intake ?? null}
      flags={line?.red_flags ?? []}
      expect={who.expect}
    />
  );
}

/** Tells what became of an offer that went without this doctor's answer. */
function useOfferEnd(offer: Offer | null, seat: SeatState | null) {
  const before = useRef<Offer | null>(null);
  const own = useRef<string | null>(null);
  const [ended, setEnded] = useState<OfferEnd | null>(null);
  useEffect(() => {
    const end = seat === null ? endOf(before.current, offer, own.current, serverNow()) : null;
    if (end !== null) setEnded(end);
    else if (offer !== null) setEnded(null);
    before.current = offer;
  }, [offer, seat]);
  return { ended, answered: (id: string) => (own.current = id), read: () => setEnded(null) };
}
