/** After the visit: whether it was recorded, and the yes that can still be taken back. */

import { useState } from "preact/hooks";
import { useTexts } from "../i18n";
import type { Line } from "../signal/line";
import type { RecordingStatus } from "../signal/messages";
import { Icon } from "../ui/icon";
import { Question } from "../ui/screen";
import "../ui/recording.css";
import { Copies } from "./copies";
import { useConsent } from "./use-consent";

interface AfterProps {
  seat: string;
  /** The patient, not a guest: a record is the patient's. */
  patient: boolean;
  status: RecordingStatus;
  line: Line;
}

export function RecordingAfter({ seat, patient, status, line }: AfterProps) {
  const t = useTexts();
  const words = t.recording.after;
  const consent = useConsent(line, seat);
  const [asking, setAsking] = useState(false);
  if (status.started_at === null) return null;
  const { own } = status;
  const withdraw = async () => {
    setAsking(false);
    await consent.withdraw("audio_only");
  };
  return (
    <section class="stack gap-m no-print" aria-labelledby="recorded" data-recorded={own.audio_only}>
      <h2 id="recorded">{words.title}</h2>
      <p role="status">
        {consent.refused ??
          (own.audio_only === "withdrawn" ? words.withdrawn : own.can_withdraw ? words.recorded : words.notRecorded)}
      </p>
      {own.can_withdraw && (
        <ul class="ways">
          <li>
            <button type="button" class="way" data-withdraw="audio_only" onClick={() => setAsking(true)}>
              <Icon name="circle-stop" tone="teal" />
              <span class="grow">
                <strong>{words.withdraw}</strong>
                <span class="way-hint">{words.withdrawHint}</span>
              </span>
              <Icon name="chevron-right" />
            </button>
          </li>
        </ul>
      )}
      {patient && <Copies seat={seat} />}
      {asking && (
        <Question
          sheet
          title={words.withdrawTitle}
          body={status.erases ? words.withdrawErases : words.withdrawKeeps}
          yes={words.withdrawYes}
          no={words.withdrawNo}
          onYes={withdraw}
          onNo={() => setAsking(false)}
        />
      )}
    </section>
  );
}
