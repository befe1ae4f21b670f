/** The doctor asks everybody in the room: what may be recorded of oneself, and whether for teaching too. */

import { useState } from "preact/hooks";
import { type Consent, useConsent } from "../consent/use-consent";
import { useTexts } from "../i18n";
import type { Line } from "../signal/line";
import type { RecordedScope } from "../signal/messages";
import { Icon } from "../ui/icon";
import { Sheet } from "../ui/screen";
import "../ui/recording.css";
import { Key } from "./signs";
import { useDeskKeys } from "./use-keys";

interface StartProps {
  consent: Consent;
  onClose(): void;
}

const SCOPES: RecordedScope[] = ["audio_video", "audio_only"];

export function StartSheet({ consent, onClose }: StartProps) {
  const t = useTexts();
  const words = t.recording.start;
  const [own, setOwn] = useState<RecordedScope>("audio_video");
  const [teaching, setTeaching] = useState(false);
  const ask = async () => {
    if (!consent.busy && (await consent.ask(own, teaching))) onClose();
  };
  return (
    <Sheet title={words.title} sheet={false} onClose={onClose}>
      <p class="second">{words.body}</p>
      <fieldset class="rec-scopes">
        <legend class="label">{words.what}</legend>
        {SCOPES.map((scope) => (
          <label key={scope} class="rec-choice">
            <input type="radio" name="own" value={scope} checked={own === scope} onChange={() => setOwn(scope)} />
            <span>{words.own[scope]}</span>
          </label>
        ))}
      </fieldset>
      <label class="rec-choice">
        <input
          type="checkbox"
          name="teaching"
          checked={teaching}
          onChange={(event) => setTeaching(event.currentTarget.checked)}
        />
        <span>{words.teaching}</span>
      </label>
      <ul class="rec-facts">
        {words.facts.map((fact) => (
          <li key={fact}>{fact}</li>
        ))}
      </ul>
      <div class="actions">
        <button type="button" class="btn" onClick={onClose}>
          {words.cancel}
        </button>
        <button type="button" class="btn btn-main" data-consent="ask" aria-disabled={consent.busy} onClick={ask}>
          {words.send}
        </button>
      </div>
      {consent.refused !== null && <p class="error">{consent.refused}</p>}
    </Sheet>
  );
}

/** The button that opens it. */
export function RecordKey({ seat, line }: { seat: string; line: Line }) {
  const t = useTexts();
  const consent = useConsent(line, seat);
  const [open, setOpen] = useState(false);
  useDeskKeys({ r: () => setOpen(true) });
  return (
    <>
      <button type="button" class="btn btn-small" data-record="" aria-keyshortcuts="R" onClick={() => setOpen(true)}>
        <Icon name="circle-dot" />
        <span>{t.recording.start.key}</span> <Key name="R" />
      </button>
      {open && <StartSheet consent={consent} onClose={() => setOpen(false)} />}
    </>
  );
}
