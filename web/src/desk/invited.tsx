/** Patients this doctor invited who have not come yet: when they are expected, a new link, taking it back. */

import { useState } from "preact/hooks";
import { useLocal, useTexts } from "../i18n";
import { serverNow } from "../signal/fresh";
import { request } from "../signal/http";
import type { DeskState, InvitationMade, InvitedLine } from "../signal/messages";
import { Icon } from "../ui/icon";
import { Question } from "../ui/screen";
import { momentOf } from "./days";
import { walkRows } from "./walk";

interface InvitedProps {
  desk: DeskState;
  onInvite(): void;
  onMade(made: InvitationMade, line: InvitedLine): void;
  onTrouble(code: string): void;
}

export function Invited({ desk, onInvite, onMade, onTrouble }: InvitedProps) {
  const t = useTexts();
  const local = useLocal();
  const [asking, setAsking] = useState<InvitedLine | null>(null);
  const again = async (line: InvitedLine) => {
    const reply = await request<InvitationMade>("POST", `/api/staff/invitations/${line.consultation}/link`);
    if (reply.ok) onMade(reply.body, line);
    else onTrouble(reply.error.code);
  };
  const revoke = async (line: InvitedLine) => {
    setAsking(null);
    const reply = await request("DELETE", `/api/staff/invitations/${line.consultation}`);
    if (!reply.ok) onTrouble(reply.error.code);
  };
  return (
    <section aria-labelledby="invited">
      <header class="pane-head">
        <h2 id="invited">{t.invited.title(desk.invited.length)}</h2>
        <button type="button" class="btn btn-small" name="invite_patient" onClick={onInvite}>
          <Icon name="user-plus" />
          <span>{t.invited.short}</span>
        </button>
      </header>
      <ul class="lines" onKeyDown={walkRows}>
        {desk.invited.map((line, index) => (
          <li
            key={line.consultation}
            class="line-row"
            data-row
            data-invited={line.consultation}
            tabIndex={index === 0 ? 0 : -1}
          >
            <InvitedWords line={line} />
            <span class="line-tools">
              <button
                type="button"
                class="btn btn-quiet btn-small"
                aria-label={`${t.invited.again}: ${local(line.name)}`}
                onClick={() => again(line)}
              >
                {t.invited.again}
              </button>
              <button
                type="button"
                class="btn btn-quiet btn-small"
                aria-label={`${t.invited.revoke}: ${local(line.name)}`}
                onClick={() => setAsking(line)}
              >
                {t.invited.revoke}
              </button>
            </span>
          </li>
        ))}
      </ul>
      {asking !== null && (
        <Question
          title={t.invited.revokeTitle(local(asking.name))}
          body={t.invited.revokeBody}
          yes={t.invited.revoke}
          no={t.invited.revokeNo}
          onYes={() => revoke(asking)}
          onNo={() => setAsking(null)}
        />
      )}
    </section>
  );
}

function InvitedWords({ line }: { line: InvitedLine }) {
  const t = useTexts();
  const local = useLocal();
  const now = serverNow();
  const starts = line.starts_at === null ? null : momentOf(t, line.starts_at, now);
  const until = momentOf(t, line.expires_at, now);
  return (
    <>
      <strong>{local(line.name)}</strong>
      <span class="num">{starts === null ? t.invited.anyTime : t.invited.when(starts.day, starts.time)}</span>
      <span class="small second wide num">{line.contact ?? t.invited.until(until.day, until.time)}</span>
    </>
  );
}
