/** The doctors on duty as a coordinator sees them: where, and whether they are free. */

import { useLocal, useTexts } from "../i18n";
import type { DeskDoctor, DeskState, StaffSession } from "../signal/messages";
import { Icon } from "../ui/icon";
import type { IconName } from "../ui/icon-names";
import { initials } from "../ui/names";

const SIGN: Record<DeskDoctor["state"], IconName> = {
  free: "check",
  offered: "bell",
  in_call: "phone",
  away: "wifi-off",
};
const TONE: Record<DeskDoctor["state"], string> = {
  free: "badge badge-teal",
  offered: "badge",
  in_call: "badge",
  away: "badge badge-amber",
};

export function DoctorsOnDuty({ desk, session }: { desk: DeskState; session: StaffSession }) {
  const t = useTexts();
  const local = useLocal();
  const names = new Map(session.departments.map((each) => [each.id, local(each.name)]));
  return (
    <section aria-labelledby="doctors">
      <header class="pane-head">
        <h2 id="doctors">{t.triage.doctorsTitle(desk.doctors.length)}</h2>
      </header>
      {desk.doctors.length === 0 && (
        <div class="empty empty-s">
          <Icon name="stethoscope" />
          <p>{t.triage.noDoctors}</p>
        </div>
      )}
      <ul class="lines">
        {desk.doctors.map((each) => (
          <li key={each.practitioner} class="line-row doctor-row" data-doctor={each.practitioner}>
            <span class="avatar avatar-s" aria-hidden="true">
              {initials(local(each.name))}
            </span>
            <span>
              <strong>{t.doctor(local(each.name))}</strong>
              <span class="small second block">
                {each.departments
                  .map((id) => names.get(id) ?? "")
                  .filter(Boolean)
                  .join(t.listJoin)}
              </span>
            </span>
            <span class={TONE[each.state]}>
              <Icon name={SIGN[each.state]} />
              {t.triage.doctorState[each.state]}
            </span>
          </li>
        ))}
      </ul>
    </section>
  );
}
