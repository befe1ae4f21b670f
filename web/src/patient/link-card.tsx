/** The name card of a link: whose visit it opens, with whom and when, before anything is used up. */

import { type Texts, useLocal, useTexts } from "../i18n";
import { serverNow } from "../signal/fresh";
import type { LinkCard } from "../signal/messages";
import { Icon } from "../ui/icon";
import { initials } from "../ui/names";
import { type Moment, visitTime } from "./when";

/** Whom one will see, where and when, by both clocks where they differ. */
export function DoorPlate({ card }: { card: LinkCard }) {
  const t = useTexts();
  const local = useLocal();
  const { practitioner } = card;
  return (
    <section class="card plate" aria-labelledby="plate-who">
      <div class="row">
        <span class="avatar avatar-l" aria-hidden="true">
          {practitioner === null ? <Icon name="stethoscope" /> : initials(local(practitioner.name))}
        </span>
        <div class="grow">
          <p class="small second">{t.join.willSee}</p>
          <h2 id="plate-who" data-say={`${t.join.willSee} ${nameOf()}`}>
            {nameOf()}
          </h2>
          <p class="small second" data-say="">
            {[local(card.department), practitioner && local(practitioner.title)].filter(Boolean).join(t.listJoin)}
          </p>
        </div>
      </div>
      {(card.starts_at !== null || card.kind === "patient") && <When startsAt={card.starts_at} zone={card.time_zone} />}
    </section>
  );

  function nameOf(): string {
    return practitioner === null ? t.join.aDoctor : t.doctor(local(practitioner.name));
  }
}

function When({ startsAt, zone }: { startsAt: number | null; zone: string }) {
  const t = useTexts();
  if (startsAt === null) {
    return (
      <div class="when">
        <span>{t.join.now}</span>
      </div>
    );
  }
  const { hospital, here } = visitTime(startsAt, serverNow(), t.htmlLang, zone);
  return (
    <div class="when" data-say="">
      <span>{dayOf(t, hospital)}</span>
      <strong>
        <time>{hospital.time}</time>
      </strong>
      {here !== null && <span class="small">{t.join.yourTime(dayOf(t, here), here.time)}</span>}
    </div>
  );
}

/** "Today", "Tomorrow" or the date. */
export const dayOf = (t: Texts, moment: Moment): string => (moment.day === "date" ? moment.date : t.join[moment.day]);
