/** How the departments stand, to be seen at a glance: a table whose longest waits are drawn as bars. The table holds every
 * figure of the drawing, and one sentence says the most important of them. */

import { useLocal, useTexts } from "../i18n";
import type { DeskState, StaffSession } from "../signal/messages";
import { useServerNow } from "../ui/clock";
import { Icon } from "../ui/icon";
import { type Load, loadsOf } from "./lists";

/** From here on a bar turns amber: longer than the interval most patients are told. */
const LONG_MINUTES = 20;
const SCALES = [10, 20, 30, 60, 90, 120, 240];

export function Loads({ desk, session }: { desk: DeskState; session: StaffSession }) {
  const t = useTexts();
  const local = useLocal();
  const now = useServerNow(5_000);
  const loads = loadsOf(desk.queue, session.departments, now);
  const longest = Math.max(0, ...loads.map((each) => each.longestMinutes));
  const scale = SCALES.find((each) => each >= longest) ?? longest;
  const onDuty = (department: string) => desk.doctors.filter((each) => each.departments.includes(department)).length;
  return (
    <section class="loads" aria-labelledby="loads">
      <h2 id="loads">{t.triage.loads}</h2>
      <p class="second small">{t.triage.loadsSentence(desk.waiting, longest)}</p>
      <table>
        <thead>
          <tr>
            <th scope="col">{t.triage.department}</th>
            <th scope="col" class="end">
              {t.triage.waiting}
            </th>
            <th scope="col">{t.triage.longest}</th>
            <th scope="col">{t.triage.doctors}</th>
          </tr>
        </thead>
        <tbody>
          {loads.map((load, index) => {
            const doctors = onDuty(load.department);
            const department = session.departments[index];
            return (
              <tr key={load.department} data-load={load.department}>
                <th scope="row">{department ? local(department.name) : ""}</th>
                <td class="end num">{load.waiting}</td>
                <td>
                  <Bar load={load} scale={scale} />
                </td>
                <td class="num">
                  {doctors > 0 ? (
                    doctors
                  ) : (
                    <span class={load.waiting > 0 ? "row gap-xs none-on" : "second"}>
                      {load.waiting > 0 && <Icon name="triangle-alert" tone="amber" />}
                      {t.triage.nobodyOnDuty}
                    </span>
                  )}
                </td>
              </tr>
            );
          })}
        </tbody>
      </table>
    </section>
  );
}

const WIDTH = 200;
const HEIGHT = 14;

function Bar({ load, scale }: { load: Load; scale: number }) {
  const t = useTexts();
  const share = scale === 0 ? 0 : load.longestMinutes / scale;
  const long = load.longestMinutes >= LONG_MINUTES;
  return (
    <span class="row gap-s">
      <svg class="bar" viewBox={`0 0 ${WIDTH} ${HEIGHT}`} preserveAspectRatio="none" aria-hidden="true">
        <rect class="bar-track" width={WIDTH} height={HEIGHT} rx="3" />
        {load.waiting > 0 && (
          <rect class={long ? "bar-long" : "bar-fill"} width={Math.max(3, share * WIDTH)} height={HEIGHT} rx="3" />
        )}
      </svg>
      <span class="num bar-figure">
        {load.waiting === 0 ? t.desk.none : `${load.longestMinutes} ${t.desk.minutesUnit}`}
      </span>
    </span>
  );
}
