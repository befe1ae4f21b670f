/** May this be recorded? Asked of everybody in the room, and of a newcomer before anybody sees them. Three answers of equal weight;
 * closing the sheet is none of them. */

import { useState } from "preact/hooks";
import { useLocal, useTexts } from "../i18n";
import type { ConsentAnswer, RecordingStatus, SeatState } from "../signal/messages";
import { personName } from "../ui/names";
import { Sheet } from "../ui/screen";
import type { Consent } from "./use-consent";

interface AskProps {
  state: SeatState;
  status: RecordingStatus;
  consent: Consent;
  onLater(): void;
}

export function AskSheet({ state, status, consent, onLater }: AskProps) {
  const t = useTexts();
  const local = useLocal();
  const words = t.recording.ask;
  const [teaching, setTeaching] = useState(false);
  const joined = status.started_at !== null;
  const doctor = state.people.find((each) => each.role === "practitioner");
  const name = doctor === undefined ? t.roles.practitioner : personName(t, local, doctor);
  const say = (answer: ConsentAnswer["answer"]) => {
    if (!consent.busy) void consent.answer(answer, answer !== "no" && teaching);
  };
  return (
    <Sheet sheet title={joined ? words.titleJoined : words.title} onClose={onLater}>
      <p class="second">{joined ? words.bodyJoined : words.body(name)}</p>
      <ul class="rec-facts">
        {[...words.facts, status.erases ? words.erases : words.keeps].map((fact) => (
          <li key={fact}>{fact}</li>
        ))}
      </ul>
      {status.teaching && (
        <label class="rec-choice">
          <input
            type="checkbox"
            name="teaching"
            checked={teaching}
            onChange={(event) => setTeaching(event.currentTarget.checked)}
          />
          <span>
            {words.teaching}
            <small class="second block">{words.teachingHint}</small>
          </span>
        </label>
      )}
      {consent.refused !== null && <p class="error">{consent.refused}</p>}
      <div class="rec-answers">
        <button type="button" class="btn btn-wide" data-consent="audio_video" onClick={() => say("audio_video")}>
          {words.audioVideo}
        </button>
        <button type="button" class="btn btn-wide" data-consent="audio_only" onClick={() => say("audio_only")}>
          {words.audioOnly}
        </button>
        <button type="button" class="btn btn-wide" data-consent="no" onClick={() => say("no")}>
          {words.no}
        </button>
        <button type="button" class="btn btn-quiet btn-wide" data-consent="later" onClick={onLater}>
          {words.later}
        </button>
      </div>
    </Sheet>
  );
}
