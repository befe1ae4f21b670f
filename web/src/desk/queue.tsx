/** Who waits: name, age, reason, and how long already. */

import { useLocal, useTexts } from "../i18n";
import type { DeskState, Priority, QueueLine, StaffSession } from "../signal/messages";
import { minutesSince, useServerNow } from "../ui/clock";
import { Icon } from "../ui/icon";
import { ageOf } from "../ui/names";

export function Queue({ desk, session }: { desk: DeskState; session: StaffSession }) {
  const t = useTexts();
  const rest = desk.waiting - desk.queue.length;
  return (
    <section class="pane" aria-label={t.desk.queue} data-waiting={desk.waiting}>
      <header>
        <h2>{t.desk.waiting(desk.waiting)}</h2>
      </header>
      {desk.queue.length === 0 ? (
        <div class="empty">
          <Icon name="armchair" />
          <strong>{t.desk.nobodyWaiting}</strong>
          {desk.on_duty.length > 0 && <p>{t.desk.nobodyBody}</p>}
        </div>
      ) : (
        <ol class="queue">
          {desk.queue.map((line) => (
            <Line
              key={line.consultation}
              line={line}
              session={session}
              current={line.consultation === desk.offer?.consultation}
            />
          ))}
        </ol>
      )}
      {rest > 0 && <p class="queue-rest">{t.desk.more(rest)}</p>}
    </section>
  );
}

interface LineProps {
  line: QueueLine;
  session: StaffSession;
  current: boolean;
}

function Line({ line, session, current }: LineProps) {
  const t = useTexts();
  const local = useLocal();
  const now = useServerNow(5_000);
  const department = session.departments.find((each) => each.id === line.department);
  return (
    <li
      class={line.priority === "emergency" ? "urgent" : undefined}
      data-consultation={line.consultation}
      data-state={line.state}
      aria-current={current}
    >
      <span>
        <strong>{local(line.name)}</strong>{" "}
        {line.birth_year !== null && <span class="second num">{ageOf(line.birth_year)}</span>}
      </span>
      <span class="wait">{t.desk.minutes(minutesSince(now, line.waiting_since))}</span>
      <span class="why">{line.reason || t.desk.noReason}</span>
      <span class="flags">
        {department && session.departments.length > 1 && <span class="link">{local(department.name)}</span>}
        <PriorityBadge priority={line.priority} />
        {line.state === "offered" && (
          <span class="badge badge-teal">
            <Icon name="phone" />
            {t.desk.offered}
          </span>
        )}
        {!line.present && (
          <span class="badge badge-amber">
            <Icon name="wifi-off" />
            {t.desk.absent}
          </span>
        )}
      </span>
    </li>
  );
}

export function PriorityBadge({ priority }: { priority: Priority }) {
  const t = useTexts();
  if (priority === "routine") return null;
  const urgent = priority === "emergency";
  return (
    <span class={urgent ? "badge badge-solid" : "badge badge-amber"}>
      <Icon name={urgent ? "siren" : "triangle-alert"} />
      {t.desk.priority[priority]}
    </span>
  );
}
