/** What a patient may ask of the archive when a visit was recorded: a copy, or erasure; and the hospital's answer. */

import { useCallback, useEffect, useState } from "preact/hooks";
import { errorText, useTexts } from "../i18n";
import { request } from "../signal/http";
import type { ArchiveAsk, ArchiveRequest, ArchiveRequests } from "../signal/messages";
import { Icon } from "../ui/icon";

/** A recording comes into the archive some seconds after the visit; the hospital answers in days, on a page opened then. */
const LOOKS_MS = [0, 8_000, 30_000, 120_000];

export function RecordingCopies({ seat }: { seat: string }) {
  const t = useTexts();
  const [told, setTold] = useState<ArchiveRequests | null>(null);
  const [fault, setFault] = useState<string | null>(null);
  const path = `/api/seats/${seat}/archive-requests`;
  const look = useCallback(async () => {
    const reply = await request<ArchiveRequests>("GET", path);
    if (reply.ok) setTold(reply.body);
  }, [path]);
  const recorded = told?.recorded === true || (told?.requests.length ?? 0) > 0;
  useEffect(() => {
    if (recorded) return;
    const timers = LOOKS_MS.map((after) => setTimeout(() => void look(), after));
    return () => timers.forEach(clearTimeout);
  }, [look, recorded]);
  const ask = async (kind: ArchiveAsk) => {
    const reply = await request<ArchiveRequests>("POST", path, { kind });
    setFault(reply.ok ? null : errorText(t, reply.error.code));
    if (reply.ok) setTold(reply.body);
  };
  if (told === null || !recorded) return null;
  const latest = (kind: ArchiveAsk) => told.requests.filter((each) => each.kind === kind).at(-1);
  return (
    <section class="stack gap-m" aria-labelledby="copies" data-part="copies">
      <h2 id="copies">{t.copies.title}</h2>
      <p class="second">{t.copies.body}</p>
      <Asking kind="copy" label={t.copies.askCopy} asked={latest("copy")} onAsk={ask} />
      <Asking kind="erasure" label={t.copies.askErasure} asked={latest("erasure")} onAsk={ask} />
      <div role="alert">
        {fault !== null && (
          <p class="error">
            <Icon name="triangle-alert" />
            <span>{fault}</span>
          </p>
        )}
      </div>
    </section>
  );
}

interface AskingProps {
  kind: ArchiveAsk;
  label: string;
  asked: ArchiveRequest | undefined;
  onAsk(kind: ArchiveAsk): void;
}

function Asking({ kind, label, asked, onAsk }: AskingProps) {
  const t = useTexts();
  return (
    <div class="stack gap-s">
      {asked?.state !== "open" && (
        <button type="button" class="btn" name={`ask_${kind}`} onClick={() => onAsk(kind)}>
          {label}
        </button>
      )}
      {asked !== undefined && (
        <p class="second" role="status" data-answer={asked.state}>
          {[label, t.copies.answers[asked.state] ?? asked.state].join(t.colon)} {asked.answer}
        </p>
      )}
    </div>
  );
}
