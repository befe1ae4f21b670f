/** Between two patients: the waiting room as a drawing and the day in figures. Beside it one's departments and the keys. */

import { useLocal, useTexts } from "../i18n";
import type { DeskState, StaffSession } from "../signal/messages";
import { minutesSince, useServerNow } from "../ui/clock";
import { Icon } from "../ui/icon";
import { initials } from "../ui/names";
import { Room } from "../ui/room";
import { Heading, Note } from "../ui/screen";
import { KeyList } from "./keys-sheet";
import { useNoticeQuestion } from "./notice";
import { Key } from "./signs";
import { DutyList } from "./top-bar";
import type { Duty } from "./use-duty";

const CHAIRS = 7;

interface IdleProps {
  desk: DeskState;
  session: StaffSession;
  duty: Duty;
  onOpen(seat: string): void;
}

export function Idle({ desk, session, duty, onOpen }: IdleProps) {
  const t = useTexts();
  const local = useLocal();
  const on = duty.on.length > 0;
  return (
    <div class="middle-main">
      <Room
        label={t.desk.room(desk.waiting)}
        sitters={Array.from({ length: Math.min(desk.waiting, CHAIRS) }, () => ({}))}
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
        <WaitsForYou desk={desk} onOpen={onOpen} />
        {on && <NoticeQuestion />}
      </div>
    </div>
  );
}

/** Patients of earlier today who have written since. */
function WaitsForYou({ desk, onOpen }: { desk: DeskState; onOpen(seat: string): void }) {
  const t = useTexts();
  const local = useLocal();
  const unread = desk.recent.filter((each) => each.unread > 0);
  if (unread.length === 0) return null;
  return (
    <section class="waits-for" aria-labelledby="waits-for">
      <h2 id="waits-for">{t.recent.waits}</h2>
      <ul>
        {unread.map((line, index) => (
          <li key={line.seat}>
            <Icon name="message-square-text" tone="teal" />
            <span>
              <strong>{local(line.name)}</strong> {t.recent.unread(line.unread)}
            </span>
            <button type="button" class="btn" onClick={() => onOpen(line.seat)}>
              <span>
                {t.recent.read} <span class="sr">{local(line.name)}</span>
              </span>{" "}
              {index === 0 && <Key name="O" />}
            </button>
          </li>
        ))}
      </ul>
    </section>
  );
}

function NoticeQuestion() {
  const t = useTexts();
  const { ask, allow, decline } = useNoticeQuestion();
  if (!ask) return null;
  return (
    <Note icon="bell" title={t.desk.noticeTitle}>
      <p class="second small">{t.desk.noticeBody}</p>
      <div class="row note-btn">
        <button type="button" class="btn" name="notices" onClick={allow}>
          {t.desk.noticeYes}
        </button>
        <button type="button" class="btn btn-quiet" onClick={decline}>
          {t.desk.noticeNo}
        </button>
      </div>
    </Note>
  );
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

interface SideProps {
  session: StaffSession;
  duty: Duty;
  waitingIn(department: string): number;
}

export function IdleSide({ session, duty, waitingIn }: SideProps) {
  const t = useTexts();
  return (
    <>
      <section class="side-part" aria-labelledby="departments">
        <h2 id="departments">{t.desk.departments}</h2>
        <p class="small second">{t.desk.departmentsHint}</p>
        <DutyList departments={session.departments} duty={duty} waitingIn={waitingIn} />
      </section>
      <section class="side-part side-keys" aria-labelledby="keys">
        <h2 id="keys">{t.desk.keys}</h2>
        <KeyList of="practitioner" short />
      </section>
    </>
  );
}
