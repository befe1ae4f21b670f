/** A visit on the desk, from the accepted offer to the end of the day: in the middle the call and what was written, at the
 * right the patient and the notes. When the call ends the stage goes, and the pen stays where it was. */

import type { ComponentChildren } from "preact";
import { useState } from "preact/hooks";
import { useLocal, useTexts } from "../i18n";
import type { Line, LineStatus } from "../signal/line";
import type { LocalText, SeatState, StaffSession, Summary } from "../signal/messages";
import { Timeline } from "../timeline/timeline";
import { timeOfDay } from "../ui/clock";
import { Icon } from "../ui/icon";
import { lazily } from "../ui/lazy";
import { Heading } from "../ui/screen";
import { Chart } from "./chart";
import { EndSheet } from "./end-sheet";
import { RoomStrip } from "./room-strip";
import { Stage } from "./stage";
import { useDeskKeys } from "./use-keys";
import { useNotes } from "./use-notes";

const FlightSheet = lazily(
  () => import("./flight-sheet").then((module) => module.FlightSheet),
  () => null,
);

/** The visit shown: under way, or ended earlier today. */
export interface Shown {
  seat: string;
  name: LocalText;
  /** The last state seen; none for a visit that ended before this page was opened. */
  state: SeatState | null;
  endedAt: number | null;
}

interface VisitProps {
  shown: Shown;
  session: StaffSession;
  line: Line;
  status: LineStatus;
  notices: ComponentChildren;
  onClose(): void;
  onTrouble(code: string): void;
}

export function Visit({ shown, session, line, status, notices, onClose, onTrouble }: VisitProps) {
  const t = useTexts();
  const local = useLocal();
  const [asking, setAsking] = useState(false);
  const [looking, setLooking] = useState(false);
  const notes = useNotes(shown.seat, session.practitioner.id, line);
  const live = shown.endedAt === null ? shown.state : null;
  const name = local(shown.name);
  const end = async (summary: Summary | null) => {
    await notes.keeper.flush();
    const reply = await line.send("consultation_end", { seat: shown.seat, summary });
    setAsking(false);
    if (!reply.ok) onTrouble(reply.error.code);
  };
  const photo = async () => {
    const key = `photo-${crypto.getRandomValues(new Uint32Array(2)).join("")}`;
    const reply = await line.send("timeline_post", { seat: shown.seat, key, text: t.stage.photoAsk });
    if (!reply.ok) onTrouble(reply.error.code);
  };
  useDeskKeys({
    p: live === null ? undefined : photo,
    "Control+Enter": live === null ? undefined : () => setAsking(true),
  });
  return (
    <>
      <main class="pane" id="middle" tabIndex={-1} data-pane="middle" aria-label={t.desk.panes.middle}>
        {notices}
        {live === null ? (
          <Over
            name={name}
            left={shown.state?.ended_reason === "patient_left"}
            onQuality={() => setLooking(true)}
            onClose={onClose}
          />
        ) : (
          <>
            <Stage state={live} line={line} status={status} onEnd={() => setAsking(true)} onPhoto={photo} />
            <RoomStrip state={live} line={line} />
          </>
        )}
        <div class="timeline-place">
          <Timeline key={shown.seat} state={shown.state} line={line} seat={shown.seat} to={name} />
        </div>
      </main>
      <aside class="pane chart" data-pane="right" aria-label={t.desk.panes.right}>
        <Chart
          name={shown.name}
          about={aboutOf(shown, t, local)}
          patient={shown.state?.patient ?? null}
          notes={notes}
        />
      </aside>
      {asking && live !== null && (
        <EndSheet name={name} advice={notes.state.draft.advice} onEnd={end} onStay={() => setAsking(false)} />
      )}
      {looking && <FlightSheet seat={shown.seat} line={line} onClose={() => setLooking(false)} />}
    </>
  );
}

function aboutOf(shown: Shown, t: ReturnType<typeof useTexts>, local: (text: LocalText) => string): string {
  const ended = shown.endedAt === null ? null : t.brief.endedAt(timeOfDay(t, shown.endedAt));
  const department = shown.state === null ? null : local(shown.state.department);
  return [department, ended].filter((each) => each !== null).join(t.listJoin);
}

interface OverProps {
  name: string;
  /** Whether the patient ended it. */
  left: boolean;
  onQuality(): void;
  onClose(): void;
}

function Over({ name, left, onQuality, onClose }: OverProps) {
  const t = useTexts();
  return (
    <header class="over-head">
      <div class="grow">
        <Heading small page={t.recent.open(name)}>
          {t.recent.open(name)}
        </Heading>
        <p class="small second" role="status">
          {left && `${t.stage.patientEnded(name)} `}
          {t.recent.editable}
        </p>
      </div>
      <button type="button" class="btn btn-quiet" name="call_quality" onClick={onQuality}>
        <Icon name="activity" />
        <span>{t.flight.open}</span>
      </button>
      <button type="button" class="btn" name="close_visit" onClick={onClose}>
        <Icon name="check" />
        <span>{t.recent.back}</span>
      </button>
    </header>
  );
}
