/** Who has read my record: the patient's own access log, asked for when it is opened. */

import { useEffect, useState } from "preact/hooks";
import { errorText, useLocal, useTexts } from "../i18n";
import type { Line } from "../signal/line";
import type { AccessLog, AccessLook } from "../signal/messages";
import { timeOfDay } from "../ui/clock";
import { Icon } from "../ui/icon";
import { Sheet } from "../ui/screen";

interface LooksProps {
  seat: string;
  line: Line;
}

/** The way to it, among the others of the last page. */
export function LooksWay({ seat, line }: LooksProps) {
  const t = useTexts();
  const [open, setOpen] = useState(false);
  return (
    <li>
      <button type="button" class="way" data-open="looks" onClick={() => setOpen(true)}>
        <Icon name="search" tone="teal" />
        <span class="grow">
          <strong>{t.looks.open}</strong>
          <span class="way-hint">{t.looks.hint}</span>
        </span>
        <Icon name="chevron-right" />
      </button>
      {open && <LooksSheet seat={seat} line={line} onClose={() => setOpen(false)} />}
    </li>
  );
}

function LooksSheet({ seat, line, onClose }: LooksProps & { onClose(): void }) {
  const t = useTexts();
  const [log, setLog] = useState<AccessLog | null>(null);
  const [fault, setFault] = useState<string | null>(null);
  const [round, setRound] = useState(0);
  useEffect(() => {
    let over = false;
    setFault(null);
    line.send("access_get", { seat }).then((reply) => {
      if (over) return;
      if (reply.ok) setLog(reply.body);
      else setFault(reply.error.code);
    });
    return () => {
      over = true;
    };
  }, [line, seat, round]);
  return (
    <Sheet sheet title={t.looks.title} onClose={onClose}>
      <p class="second">{t.looks.body}</p>
      <div role="status" data-looks={log?.looks.length}>
        {fault !== null && <p class="error">{t.looks.failed(errorText(t, fault))}</p>}
        {fault === null && log === null && <p class="second">{t.looks.loading}</p>}
        {log?.looks.length === 0 && <p>{t.looks.none}</p>}
      </div>
      {log !== null && log.looks.length > 0 && (
        <ul class="list">
          {log.looks.map((each) => (
            <Look key={`${each.at} ${each.act}`} look={each} />
          ))}
        </ul>
      )}
      {log?.more && <p class="small second">{t.looks.more}</p>}
      <div class="actions">
        {fault !== null && (
          <button type="button" class="btn" onClick={() => setRound(round + 1)}>
            {t.tryAgain}
          </button>
        )}
        <button type="button" class="btn" data-close="looks" onClick={onClose}>
          {t.close}
        </button>
      </div>
    </Sheet>
  );
}

function Look({ look }: { look: AccessLook }) {
  const t = useTexts();
  const local = useLocal();
  const name = look.role === "practitioner" ? t.doctor(local(look.name)) : local(look.name);
  const whose = [local(look.title), ...look.departments.map(local)].filter(Boolean).join(t.listJoin);
  const day = new Intl.DateTimeFormat(t.htmlLang, { dateStyle: "medium" }).format(new Date(look.at * 1000));
  const why = t.looks.why[look.reason];
  return (
    <li data-act={look.act}>
      <strong class="block">{name}</strong>
      {whose !== "" && <span class="small second block">{whose}</span>}
      <span class="block">
        {t.looks.act[look.act]}
        {why !== undefined && `${t.listJoin}${why}`}
      </span>
      <time class="small second num">{t.looks.when(day, timeOfDay(t, look.at))}</time>
    </li>
  );
}
