/** What the desk has to say above the middle: a lost line, what did not work, what became of an offer, that a visit is over. */

import { useState } from "preact/hooks";
import { useLasting } from "../call/use-call";
import { useLocal, useTexts } from "../i18n";
import type { LineStatus } from "../signal/line";
import type { Offer, SeatState } from "../signal/messages";
import { Icon } from "../ui/icon";
import { Note } from "../ui/screen";
import type { OfferEnd } from "./offers";

interface NoticesProps {
  status: LineStatus;
  trouble: string | null;
  ended: OfferEnd | null;
  over: SeatState | null;
  seat: SeatState | null;
  offer: Offer | null;
  onRead(): void;
  onEndRead(): void;
}

export function Notices({ status, trouble, ended, over, seat, offer, onRead, onEndRead }: NoticesProps) {
  const t = useTexts();
  const local = useLocal();
  const lost = useLasting(status.state === "down", 1_500);
  const words =
    ended === null ? "" : (ended.why === "passed" ? t.offer.passedTo : t.offer.withdrawn)(local(ended.name));
  return (
    <div class="desk-notes" role="status">
      {lost && (
        <Note tone="amber" icon="wifi-off" title={t.desk.lostTitle}>
          <p>{navigator.onLine ? t.desk.lostBody : t.desk.offline}</p>
        </Note>
      )}
      {trouble !== null && <Dismissable tone="amber" words={trouble} onRead={onRead} />}
      {ended !== null && <Dismissable tone="plain" words={words} onRead={onEndRead} />}
      {seat === null && over !== null && offer === null && <Over key={over.consultation} state={over} />}
    </div>
  );
}

export function Dismissable({
  tone,
  words,
  onRead,
}: {
  tone: "amber" | "teal" | "plain";
  words: string;
  onRead(): void;
}) {
  const t = useTexts();
  return (
    <div class={tone === "plain" ? "note" : `note note-${tone}`} data-note={tone}>
      <Icon name={tone === "teal" ? "check" : tone === "amber" ? "triangle-alert" : "clock"} />
      <div class="grow">
        <strong>{words}</strong>
        <button type="button" class="btn note-btn" onClick={onRead}>
          {t.desk.dismiss}
        </button>
      </div>
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
  return <Dismissable tone="teal" words={words} onRead={() => setRead(true)} />;
}
