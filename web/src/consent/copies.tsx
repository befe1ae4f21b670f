/** What a patient may ask of the archive after a visit: a copy, or that it be erased; and what the hospital answered. Nothing is
 * shown where nothing was recorded, or while it is not known. */

import { useEffect, useState } from "preact/hooks";
import { errorText, useTexts } from "../i18n";
import { request } from "../signal/http";
import type { ArchiveAsk, ArchiveAsked, ArchiveRequest, ArchiveRequests } from "../signal/messages";
import { timeOfDay } from "../ui/clock";
import { Icon } from "../ui/icon";
import type { IconName } from "../ui/icon-names";

/** A recording comes into the archive some seconds after the visit; the hospital answers in days, on a page opened then. */
const LOOKS_MS = [0, 8_000, 30_000, 120_000];

const KINDS: readonly [ArchiveAsk, IconName][] = [
  ["copy", "copy"],
  ["erasure", "x"],
];

export function Copies({ seat }: { seat: string }) {
  const t = useTexts();
  const { asked, refused, ask } = useAsked(seat);
  if (asked === null || !isRecorded(asked)) return null;
  return (
    <div class="stack gap-s" data-part="copies">
      <ul class="ways">
        {KINDS.map(([kind, icon]) => (
          <Way key={kind} kind={kind} icon={icon} made={latest(asked.requests, kind)} onAsk={() => ask(kind)} />
        ))}
      </ul>
      {refused !== null && (
        <p class="error" role="alert">
          {errorText(t, refused)}
        </p>
      )}
    </div>
  );
}

const isRecorded = (asked: ArchiveRequests): boolean => asked.recorded || asked.requests.length > 0;

interface WayProps {
  kind: ArchiveAsk;
  icon: IconName;
  made: ArchiveRequest | undefined;
  onAsk(): void;
}

/** One thing to ask, and what became of it; what was answered may be asked again. */
function Way({ kind, icon, made, onAsk }: WayProps) {
  const t = useTexts();
  const words = t.recording.after.ask[kind];
  return (
    <li>
      {made?.state !== "open" && (
        <button type="button" class="way" name={`ask_${kind}`} onClick={onAsk}>
          <Icon name={icon} tone="teal" />
          <span class="grow">
            <strong>{words.button}</strong>
            <span class="way-hint">{words.hint}</span>
          </span>
          <Icon name="chevron-right" />
        </button>
      )}
      {made !== undefined && (
        <p class="way way-still" data-answer={made.state} role="status">
          <Icon name={made.state === "granted" ? "check" : "clock"} tone="teal" />
          <span class="grow">
            <strong>{words.asked(timeOfDay(t, made.at))}</strong>
            <span class="way-hint">
              {t.recording.after.answers[made.state]} {made.answer}
            </span>
          </span>
        </p>
      )}
    </li>
  );
}

const latest = (requests: readonly ArchiveRequest[], kind: ArchiveAsk): ArchiveRequest | undefined =>
  requests.filter((each) => each.kind === kind).sort((a, b) => b.at - a.at)[0];

function useAsked(seat: string) {
  const [asked, setAsked] = useState<ArchiveRequests | null>(null);
  const [refused, setRefused] = useState<string | null>(null);
  const path = `/api/seats/${seat}/archive-requests`;
  const recorded = asked !== null && isRecorded(asked);
  useEffect(() => {
    if (recorded) return;
    const look = async () => {
      const reply = await request<ArchiveRequests>("GET", path);
      if (reply.ok) setAsked(reply.body);
    };
    const timers = LOOKS_MS.map((after) => setTimeout(() => void look(), after));
    return () => timers.forEach(clearTimeout);
  }, [path, recorded]);
  const ask = async (kind: ArchiveAsk) => {
    setRefused(null);
    const body: ArchiveAsked = { kind };
    const reply = await request<ArchiveRequests>("POST", path, body);
    if (reply.ok) setAsked(reply.body);
    else setRefused(reply.error.code);
  };
  return { asked, refused, ask };
}
