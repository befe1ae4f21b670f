/** What one has said about being recorded, purpose by purpose, and how to take each of it back. */

import { useTexts } from "../i18n";
import type { ConsentPurpose, RecordingStatus } from "../signal/messages";
import { Sheet } from "../ui/screen";
import type { Consent } from "./use-consent";

interface OwnProps {
  status: RecordingStatus;
  consent: Consent;
  onClose(): void;
}

export function OwnSheet({ status, consent, onClose }: OwnProps) {
  const t = useTexts();
  const words = t.recording.own;
  const { own } = status;
  const purposes: ConsentPurpose[] = status.teaching
    ? ["audio_video", "audio_only", "teaching"]
    : ["audio_video", "audio_only"];
  const withdraw = async (purpose: ConsentPurpose) => {
    if (!consent.busy && (await consent.withdraw(purpose)) && purpose === "audio_only") onClose();
  };
  return (
    <Sheet sheet title={words.title} onClose={onClose}>
      <dl class="rec-own">
        {purposes.map((purpose) => (
          <div key={purpose}>
            <dt>{words.purpose[purpose]}</dt>
            <dd>{words.standing[own[purpose]]}</dd>
          </div>
        ))}
      </dl>
      <p class="small second">{status.erases ? t.recording.ask.erases : t.recording.ask.keeps}</p>
      {consent.refused !== null && <p class="error">{consent.refused}</p>}
      <div class="rec-answers">
        {own.audio_video === "given" && (
          <button
            type="button"
            class="btn btn-wide"
            data-withdraw="audio_video"
            onClick={() => withdraw("audio_video")}
          >
            {words.noPicture}
          </button>
        )}
        {own.teaching === "given" && (
          <button type="button" class="btn btn-wide" data-withdraw="teaching" onClick={() => withdraw("teaching")}>
            {words.noTeaching}
          </button>
        )}
        {own.audio_only === "given" && (
          <button type="button" class="btn btn-wide" data-withdraw="audio_only" onClick={() => withdraw("audio_only")}>
            {t.recording.stopOwn}
          </button>
        )}
        <button type="button" class="btn btn-quiet btn-wide" data-close="consent" onClick={onClose}>
          {t.close}
        </button>
      </div>
    </Sheet>
  );
}
