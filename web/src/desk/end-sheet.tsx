/** Ending a visit: what was agreed and what comes next, as the patient takes it home; or without. */

import { useEffect, useRef, useState } from "preact/hooks";
import { useTexts } from "../i18n";
import type { Summary } from "../signal/messages";
import { Icon } from "../ui/icon";
import { Sheet } from "../ui/screen";
import { Key } from "./signs";
import { pointsFrom, type SummaryFault, summaryOf } from "./summary";

interface EndProps {
  name: string;
  advice: string;
  onEnd(summary: Summary | null): Promise<void>;
  onStay(): void;
}

export function EndSheet({ name, advice, onEnd, onStay }: EndProps) {
  const t = useTexts();
  const [points, setPoints] = useState(() => pointsFrom(advice));
  const [next, setNext] = useState("");
  const [fault, setFault] = useState<SummaryFault | null>(null);
  const [busy, setBusy] = useState(false);
  const made = summaryOf(points, next);
  const empty = "summary" in made && made.summary === null;
  const end = async (summary: Summary | null) => {
    if (busy) return;
    setBusy(true);
    await onEnd(summary);
    setBusy(false);
  };
  const send = () => {
    if ("fault" in made) return setFault(made.fault);
    void end(made.summary);
  };
  useControlEnter(send);
  return (
    <Sheet title={t.ending.title(name)} sheet={false} onClose={onStay}>
      <p class="second">{t.ending.body}</p>
      <div class="field">
        <label for="agreed">{t.ending.agreed}</label>
        <p class="hint" id="agreed-hint">
          {t.ending.agreedHint}
        </p>
        <textarea
          class="textarea"
          id="agreed"
          name="agreed"
          rows={5}
          value={points}
          aria-describedby="agreed-hint end-fault"
          aria-invalid={fault === "too_many" || fault === "point_long"}
          onInput={(event) => setPoints(event.currentTarget.value)}
        />
      </div>
      <div class="field">
        <label for="next-step">{t.ending.next}</label>
        <textarea
          class="textarea"
          id="next-step"
          name="next_step"
          rows={2}
          placeholder={t.ending.nextHint}
          value={next}
          aria-describedby="end-fault"
          aria-invalid={fault === "next_long"}
          onInput={(event) => setNext(event.currentTarget.value)}
        />
      </div>
      <div id="end-fault" role="alert">
        {fault !== null && "fault" in made && (
          <p class="error">
            <Icon name="triangle-alert" />
            <span>{t.ending.fault[made.fault]}</span>
          </p>
        )}
      </div>
      <div class="actions end-actions">
        <button type="button" class="btn" onClick={onStay}>
          {t.ending.stay}
        </button>
        <button type="button" class="btn btn-main" data-answer="yes" aria-disabled={busy} onClick={send}>
          <Icon name="phone-off" />
          <span>{busy ? t.ending.ending : empty ? t.ending.end : t.ending.send}</span>{" "}
          {!busy && <Key name={`Ctrl ${t.offer.enter}`} />}
        </button>
      </div>
      {!empty && (
        <button type="button" class="btn btn-quiet" data-answer="without" onClick={() => end(null)}>
          {t.ending.without}
        </button>
      )}
    </Sheet>
  );
}

function useControlEnter(send: () => void): void {
  const latest = useRef(send);
  latest.current = send;
  useEffect(() => {
    const pressed = (event: KeyboardEvent) => {
      if (event.key !== "Enter" || event.repeat || event.altKey || !(event.ctrlKey || event.metaKey)) return;
      event.preventDefault();
      event.stopPropagation();
      latest.current();
    };
    addEventListener("keydown", pressed, { capture: true });
    return () => removeEventListener("keydown", pressed, { capture: true });
  }, []);
}
