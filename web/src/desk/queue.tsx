/** Who waits: name, age, reason, how long already, what link to expect, and what alarms. */

import { useState } from "preact/hooks";
import { useLocal, useTexts } from "../i18n";
import type { Department, DeskState, QueueLine, StaffSession } from "../signal/messages";
import { minutesSince, useServerNow } from "../ui/clock";
import { Icon } from "../ui/icon";
import { ageOf } from "../ui/names";
import { queueOf } from "./lists";
import { Expect, PriorityBadge, RedFlags } from "./signs";
import { walkRows } from "./walk";

interface QueueProps {
  desk: DeskState;
  session: StaffSession;
  chosen: string | null;
  onChoose(consultation: string): void;
}

export function Queue({ desk, session, chosen, onChoose }: QueueProps) {
  const t = useTexts();
  const [department, setDepartment] = useState<string | null>(null);
  const several = session.departments.length > 1;
  const lines = queueOf(desk.queue, several ? department : null);
  const rest = desk.waiting - desk.queue.length;
  const entry = lines.some((each) => each.consultation === chosen) ? chosen : (lines[0]?.consultation ?? null);
  return (
    <section aria-labelledby="queue" data-waiting={desk.waiting}>
      <header class="pane-head">
        <h2 id="queue" aria-live="polite">
          {t.desk.waiting(desk.waiting)}
        </h2>
        {several && desk.queue.length > 0 && (
          <DepartmentFilter departments={session.departments} chosen={department} onChoose={setDepartment} />
        )}
      </header>
      {desk.queue.length === 0 ? (
        <div class="empty empty-s">
          <Icon name="armchair" />
          <strong>{t.desk.nobodyWaiting}</strong>
          {desk.on_duty.length > 0 && <p>{t.desk.nobodyBody}</p>}
        </div>
      ) : lines.length === 0 ? (
        <p class="queue-rest">{t.desk.nobodyHere}</p>
      ) : (
        <ol class="queue" onKeyDown={walkRows}>
          {lines.map((line) => (
            <li key={line.consultation}>
              <Row
                line={line}
                session={session}
                entry={line.consultation === entry}
                chosen={line.consultation === chosen}
                offered={line.consultation === desk.offer?.consultation}
                onChoose={() => onChoose(line.consultation)}
              />
            </li>
          ))}
        </ol>
      )}
      {rest > 0 && department === null && <p class="queue-rest">{t.desk.more(rest)}</p>}
    </section>
  );
}

interface FilterProps {
  departments: readonly Department[];
  chosen: string | null;
  onChoose(department: string | null): void;
}

export function DepartmentFilter({ departments, chosen, onChoose }: FilterProps) {
  const t = useTexts();
  const local = useLocal();
  return (
    <select
      class="select"
      name="department-filter"
      aria-label={t.desk.filter}
      value={chosen ?? ""}
      onChange={(event) => onChoose(event.currentTarget.value || null)}
    >
      <option value="">{t.desk.all}</option>
      {departments.map((each) => (
        <option key={each.id} value={each.id}>
          {local(each.name)}
        </option>
      ))}
    </select>
  );
}

interface RowProps {
  line: QueueLine;
  session: StaffSession;
  entry: boolean;
  chosen: boolean;
  offered: boolean;
  onChoose(): void;
}

function Row({ line, session, entry, chosen, offered, onChoose }: RowProps) {
  const urgent = line.priority === "emergency" || line.red_flags.length > 0;
  return (
    <button
      type="button"
      class={urgent ? "queue-row urgent" : "queue-row"}
      data-row
      data-consultation={line.consultation}
      data-state={line.state}
      tabIndex={entry ? 0 : -1}
      aria-pressed={chosen}
      aria-current={offered}
      onClick={onChoose}
    >
      <LineWords line={line} session={session} />
    </button>
  );
}

interface WordsProps {
  line: QueueLine;
  session: StaffSession;
  /** Where the priority stands beside it anyway. */
  unranked?: boolean;
}

export function LineWords({ line, session, unranked }: WordsProps) {
  const t = useTexts();
  const local = useLocal();
  const now = useServerNow(5_000);
  const department = session.departments.find((each) => each.id === line.department);
  return (
    <>
      <span>
        <strong>{local(line.name)}</strong>{" "}
        {line.birth_year !== null && <span class="second num">{ageOf(line.birth_year)}</span>}
      </span>
      <span class="wait">{t.desk.minutes(minutesSince(now, line.waiting_since))}</span>
      <span class="why">{line.reason || t.desk.noReason}</span>
      <span class="flags">
        <Expect expect={line.expect} />
        <Marks line={line} unranked={unranked ?? false} />
        {department && session.departments.length > 1 && <span class="link">{local(department.name)}</span>}
      </span>
    </>
  );
}

function Marks({ line, unranked }: { line: QueueLine; unranked: boolean }) {
  const t = useTexts();
  return (
    <>
      {line.red_flags.length > 0 ? (
        <RedFlags flags={line.red_flags} />
      ) : (
        !unranked && <PriorityBadge priority={line.priority} />
      )}
      {line.for_you && (
        <span class="badge badge-teal">
          <Icon name="check" />
          {t.desk.forYou}
        </span>
      )}
      {line.state === "offered" && (
        <span class="badge badge-teal">
          <Icon name="phone" />
          {t.desk.offered}
        </span>
      )}
      {line.callback && (
        <span class="badge">
          <Icon name="mail" />
          {t.desk.callback}
        </span>
      )}
      {!line.present && !line.callback && (
        <span class="badge badge-amber">
          <Icon name="wifi-off" />
          {t.desk.absent}
        </span>
      )}
    </>
  );
}
