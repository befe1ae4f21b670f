/** The coordinator's desk: everybody who waits in the hospital, how urgent each is, how the departments stand, who is on duty. */

import { useState } from "preact/hooks";
import { useLasting } from "../call/use-call";
import { errorText, useLocal, useTexts } from "../i18n";
import type { Line, LineStatus } from "../signal/line";
import type { DeskState, Priority, QueueLine, StaffSession } from "../signal/messages";
import { minutesSince, useServerNow } from "../ui/clock";
import { Icon } from "../ui/icon";
import { Heading, Note } from "../ui/screen";
import { BriefPane } from "./chart";
import { DoctorsOnDuty } from "./doctors";
import { FindSheet } from "./find";
import { KeyList, KeysSheet } from "./keys-sheet";
import { queueOf } from "./lists";
import { Loads } from "./loads";
import { PriorityRadios } from "./priority-radios";
import { DepartmentFilter, LineWords } from "./queue";
import { TopBar } from "./top-bar";
import { useDeskKeys } from "./use-keys";
import { usePaneKeys, walkRows } from "./walk";

interface TriageProps {
  session: StaffSession;
  line: Line;
  status: LineStatus;
  desk: DeskState;
  onSignOut(): void;
}

const BY_KEY: Record<string, Priority> = { "1": "routine", "2": "urgent", "3": "emergency" };

export function TriageScreen({ session, line, status, desk, onSignOut }: TriageProps) {
  const t = useTexts();
  const local = useLocal();
  const [chosen, setChosen] = useState<string | null>(null);
  const [department, setDepartment] = useState<string | null>(null);
  const [sheet, setSheet] = useState<"keys" | "find" | null>(null);
  const [trouble, setTrouble] = useState<string | null>(null);
  const [said, setSaid] = useState("");
  const lost = useLasting(status.state === "down", 1_500);
  const lines = queueOf(desk.queue, department);
  const current = desk.queue.find((each) => each.consultation === chosen) ?? null;
  const set = async (patient: QueueLine, priority: Priority) => {
    if (patient.priority === priority) return;
    const reply = await line.send("priority_set", { consultation: patient.consultation, priority });
    if (reply.ok) setSaid(t.triage.setTo(local(patient.name), t.desk.priority[priority]));
    else setTrouble(errorText(t, reply.error.code));
  };
  const byKey = (key: string) => () => current !== null && void set(current, BY_KEY[key] ?? current.priority);
  useDeskKeys({
    "1": byKey("1"),
    "2": byKey("2"),
    "3": byKey("3"),
    "?": () => setSheet("keys"),
    "Control+k": () => setSheet("find"),
    Escape: chosen === null ? undefined : () => setChosen(null),
  });
  usePaneKeys();
  return (
    <div class="desk" data-screen="triage">
      <a class="skip" href="#middle">
        {t.desk.skip}
      </a>
      <TopBar
        {...{ session, onSignOut }}
        duty={null}
        waitingIn={() => 0}
        onFind={() => setSheet("find")}
        onKeys={() => setSheet("keys")}
      />
      <nav class="pane desk-left" data-pane="left" aria-label={t.triage.doctors}>
        <DoctorsOnDuty desk={desk} session={session} />
      </nav>
      <main class="pane" id="middle" tabIndex={-1} data-pane="middle" aria-label={t.triage.title}>
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
        </div>
        <p class="sr" role="status">
          {said}
        </p>
        <div class="triage-body stack">
          <Loads desk={desk} session={session} />
          <div class="row triage-head">
            <div class="grow">
              <Heading small page={t.triage.title}>
                {t.triage.heading(desk.waiting)}
              </Heading>
            </div>
            {session.departments.length > 1 && (
              <DepartmentFilter departments={session.departments} chosen={department} onChoose={setDepartment} />
            )}
          </div>
          {desk.queue.length === 0 ? (
            <div class="empty empty-s">
              <Icon name="armchair" />
              <p>{t.triage.nobody}</p>
            </div>
          ) : (
            <TriageList {...{ lines, session, chosen }} onChoose={setChosen} onPriority={set} />
          )}
        </div>
      </main>
      <aside class="pane chart" data-pane="right" aria-label={t.stage.who}>
        {current === null ? (
          <p class="pane-in second chart-brief">{t.triage.pick}</p>
        ) : (
          <Chosen session={session} line={current} />
        )}
        <section class="side-part side-keys" aria-labelledby="keys">
          <h2 id="keys">{t.desk.keys}</h2>
          <KeyList of="coordinator" />
        </section>
      </aside>
      {sheet === "keys" && <KeysSheet of="coordinator" onClose={() => setSheet(null)} />}
      {sheet === "find" && (
        <FindSheet
          desk={desk}
          onClose={() => setSheet(null)}
          onFound={(found) => {
            setSheet(null);
            setDepartment(null);
            setChosen(found.id);
          }}
        />
      )}
    </div>
  );
}

interface ListProps {
  lines: readonly QueueLine[];
  session: StaffSession;
  chosen: string | null;
  onChoose(consultation: string): void;
  onPriority(line: QueueLine, priority: Priority): void;
}

function TriageList({ lines, session, chosen, onChoose, onPriority }: ListProps) {
  const entry = lines.some((each) => each.consultation === chosen) ? chosen : lines[0]?.consultation;
  return (
    <ol class="queue triage-list" onKeyDown={walkRows}>
      {lines.map((line) => (
        <li key={line.consultation} class={isUrgent(line) ? "urgent" : undefined}>
          <button
            type="button"
            class="queue-row"
            data-row
            data-consultation={line.consultation}
            tabIndex={line.consultation === entry ? 0 : -1}
            aria-pressed={line.consultation === chosen}
            onFocus={() => onChoose(line.consultation)}
            onClick={() => onChoose(line.consultation)}
          >
            <LineWords line={line} session={session} unranked />
          </button>
          <PriorityRadios line={line} onPriority={(priority) => onPriority(line, priority)} />
        </li>
      ))}
    </ol>
  );
}

const isUrgent = (line: QueueLine): boolean => line.priority === "emergency" || line.red_flags.length > 0;

function Chosen({ line, session }: { line: QueueLine; session: StaffSession }) {
  const t = useTexts();
  const local = useLocal();
  const now = useServerNow(5_000);
  const department = session.departments.find((each) => each.id === line.department);
  const waited = t.brief.waited(minutesSince(now, line.waiting_since));
  const about = [department ? local(department.name) : null, waited].filter((each) => each !== null);
  return (
    <BriefPane
      name={line.name}
      birthYear={line.birth_year}
      about={about.join(t.listJoin)}
      reason={line.reason}
      intake={null}
      flags={line.red_flags}
      expect={line.expect}
    />
  );
}
