/** Between two patients: the waiting room as a drawing, the day in figures, one's departments and the keys. */

import { useLocal, useTexts } from "../i18n";
import type { DeskState, StaffSession } from "../signal/messages";
import { minutesSince, useServerNow } from "../ui/clock";
import { Icon } from "../ui/icon";
import { initials } from "../ui/names";
import { Room } from "../ui/room";
import { Heading } from "../ui/screen";
import type { Duty } from "./use-duty";

interface IdleProps {
  desk: DeskState;
  session: StaffSession;
  duty: Duty;
}

const CHAIRS = 7;

export function Idle({ desk, session, duty }: IdleProps) {
  const t = useTexts();
  const local = useLocal();
  const on = duty.on.length > 0;
  const drawn = Math.min(desk.waiting, CHAIRS);
  return (
    <div class="middle">
      <div class="middle-main">
        <Room
          label={t.desk.room(desk.waiting)}
          sitters={Array.from({ length: drawn }, () => ({}))}
          chairs={CHAIRS}
          open={on}
          plate={initials(local(session.practitioner.name)).slice(0, 2)}
        />
        <div class="pane-in stack desk-body">
          <div class="row row-top">
            <div class="grow stack gap-xs">
              <Heading page={t.desk.title}>{on ? t.desk.readyHeading : t.desk.offHeading}</Heading>
              <p class="second">{on ? t.desk.readyBody(desk.waiting) : t.desk.offBody(desk.waiting)}</p>
            </div>
            {!on && (
              <button type="button" class="btn btn-main btn-duty" onClick={duty.toggleAll}>
                <Icon name="door-open" />
                <span>{t.desk.goOn}</span> <Key name="D" />
              </button>
            )}
          </div>
          <Figures desk={desk} />
        </div>
      </div>
      <aside class="pane chart idle-side">
        <Departments desk={desk} session={session} duty={duty} />
        <Keys />
      </aside>
    </div>
  );
}

export function Key({ name }: { name: string }) {
  return <kbd>{name}</kbd>;
}

function Figures({ desk }: { desk: DeskState }) {
  const t = useTexts();
  const now = useServerNow(5_000);
  const longest = desk.queue.reduce((most, each) => Math.max(most, minutesSince(now, each.waiting_since)), 0);
  return (
    <dl class="figures" aria-label={t.desk.figures}>
      <div>
        <dt>{t.desk.seen}</dt>
        <dd>{desk.seen_today}</dd>
      </div>
      <div>
        <dt>{t.desk.waitingNow}</dt>
        <dd>{desk.waiting}</dd>
      </div>
      <div>
        <dt>{t.desk.longest}</dt>
        <dd>
          {desk.queue.length === 0 ? (
            <small>{t.desk.none}</small>
          ) : (
            <>
              {longest} <small>{t.desk.minutesUnit}</small>
            </>
          )}
        </dd>
      </div>
    </dl>
  );
}

function Departments({ desk, session, duty }: IdleProps) {
  const t = useTexts();
  const local = useLocal();
  return (
    <section class="side-part" aria-labelledby="departments">
      <h2 id="departments">{t.desk.departments}</h2>
      <p class="small second">{t.desk.departmentsHint}</p>
      <ul class="list">
        {session.departments.map((each) => {
          const on = duty.on.includes(each.id);
          const waiting = desk.queue.filter((line) => line.department === each.id).length;
          return (
            <li class="row" key={each.id}>
              <span class="grow">
                <strong>{local(each.name)}</strong>
                <span class="small second block">{t.desk.departmentWaiting(waiting)}</span>
              </span>
              <label class="switch">
                <span class="small second">{on ? t.desk.onDuty : t.desk.offDuty}</span>
                <input
                  type="checkbox"
                  role="switch"
                  data-department={each.id}
                  checked={on}
                  aria-label={local(each.name)}
                  onChange={() => duty.toggle(each.id)}
                />
              </label>
            </li>
          );
        })}
      </ul>
    </section>
  );
}

function Keys() {
  const t = useTexts();
  const rows: [string, string][] = [
    [t.offer.enter, t.desk.keyList.accept],
    [t.offer.escape, t.desk.keyList.decline],
    ["D", t.desk.keyList.duty],
    ["M", t.desk.keyList.mute],
    ["V", t.desk.keyList.camera],
  ];
  return (
    <section class="side-part side-keys" aria-labelledby="keys">
      <h2 id="keys">{t.desk.keys}</h2>
      <dl class="keylist">
        {rows.map(([key, words]) => (
          <div key={key}>
            <dt>
              <Key name={key} />
            </dt>
            <dd>{words}</dd>
          </div>
        ))}
      </dl>
    </section>
  );
}
