/** The reason, asked before anything is shown. */

import { useState } from "preact/hooks";
import { useTexts } from "../i18n";
import { request } from "../signal/http";
import type { ArchivePurpose, PlayGranted } from "../signal/messages";
import { Icon } from "../ui/icon";
import { Sheet } from "../ui/screen";
import { Purposes } from "./purposes";
import { faultText } from "./words";

interface PlaySheetProps {
  which: string;
  onGranted(play: PlayGranted): void;
  onClose(): void;
}

export function PlaySheet({ which, onGranted, onClose }: PlaySheetProps) {
  const t = useTexts();
  const [purpose, setPurpose] = useState<ArchivePurpose | null>(null);
  const [note, setNote] = useState("");
  const [busy, setBusy] = useState(false);
  const [fault, setFault] = useState<string | null>(null);
  const watch = async (event: Event) => {
    event.preventDefault();
    if (busy) return;
    if (purpose === null) return setFault(t.archive.purposeMissing);
    setBusy(true);
    const reply = await request<PlayGranted>("POST", `/api/archive/recordings/${which}/plays`, { purpose, note });
    setBusy(false);
    if (reply.ok) onGranted(reply.body);
    else setFault(faultText(t, reply.error.code));
  };
  return (
    <Sheet title={t.archive.why} sheet={false} onClose={onClose}>
      <form class="stack" onSubmit={watch}>
        <p class="second">{t.archive.whyBody}</p>
        <Purposes
          chosen={purpose}
          fault={fault}
          onChoose={(each) => {
            setPurpose(each);
            setFault(null);
          }}
        />
        <div class="field">
          <label for="play-note">{t.archive.note}</label>
          <input
            class="input"
            id="play-note"
            name="note"
            maxLength={200}
            autocomplete="off"
            value={note}
            aria-describedby="play-note-hint"
            onInput={(event) => setNote(event.currentTarget.value)}
          />
          <p class="hint" id="play-note-hint">
            {t.archive.noteHint}
          </p>
        </div>
        <div class="actions">
          <button type="button" class="btn" onClick={onClose}>
            {t.archive.cancel}
          </button>
          <button type="submit" class="btn btn-main" name="watch_now" aria-disabled={busy}>
            <Icon name="play" />
            <span>{busy ? t.archive.opening : t.archive.watch}</span>
          </button>
        </div>
      </form>
    </Sheet>
  );
}
