/** Holding a recording against destruction, and letting go. */

import { useState } from "preact/hooks";
import { useTexts } from "../i18n";
import { request } from "../signal/http";
import type { ArchiveLine, ArchiveRecording } from "../signal/messages";
import { Icon } from "../ui/icon";
import { Question, Sheet } from "../ui/screen";
import { faultText } from "./words";

interface HoldProps {
  line: ArchiveLine;
  onDone(told: ArchiveRecording): void;
}

export function HoldPart({ line, onDone }: HoldProps) {
  const t = useTexts();
  const [open, setOpen] = useState(false);
  const [reason, setReason] = useState("");
  const [fault, setFault] = useState<string | null>(null);
  const path = `/api/archive/recordings/${line.recording}/hold`;
  const tell = async (method: "POST" | "DELETE", body?: object) => {
    const reply = await request<ArchiveRecording>(method, path, body);
    if (!reply.ok) return setFault(faultText(t, reply.error.code));
    setOpen(false);
    setFault(null);
    setReason("");
    onDone(reply.body);
  };
  const hold = (event: Event) => {
    event.preventDefault();
    if (reason.trim() === "") return setFault(t.archive.holdMissing);
    void tell("POST", { reason: reason.trim() });
  };
  return (
    <>
      <label class="switch archive-hold">
        <input
          type="checkbox"
          role="switch"
          name="hold"
          checked={line.held}
          onClick={(event) => {
            event.preventDefault();
            setOpen(true);
          }}
        />
        <span>{t.archive.hold}</span>
      </label>
      {open && line.held && (
        <Question
          title={t.archive.releaseTitle}
          body={t.archive.releaseBody}
          yes={t.archive.release}
          no={t.archive.releaseNo}
          sheet={false}
          onYes={() => tell("DELETE")}
          onNo={() => setOpen(false)}
        />
      )}
      {open && !line.held && (
        <Sheet title={t.archive.holdTitle} sheet={false} onClose={() => setOpen(false)}>
          <form class="stack" onSubmit={hold}>
            <p class="second">{t.archive.holdBody}</p>
            <div class="field">
              <label for="hold-reason">{t.archive.holdReason}</label>
              <input
                class="input"
                id="hold-reason"
                name="reason"
                maxLength={200}
                autocomplete="off"
                value={reason}
                aria-describedby="hold-fault"
                aria-invalid={fault !== null}
                onInput={(event) => setReason(event.currentTarget.value)}
              />
            </div>
            <div id="hold-fault" role="alert">
              {fault !== null && (
                <p class="error">
                  <Icon name="triangle-alert" />
                  <span>{fault}</span>
                </p>
              )}
            </div>
            <div class="actions">
              <button type="button" class="btn" onClick={() => setOpen(false)}>
                {t.archive.cancel}
              </button>
              <button type="submit" class="btn btn-main" name="hold_now">
                <Icon name="gavel" />
                <span>{t.archive.hold}</span>
              </button>
            </div>
          </form>
        </Sheet>
      )}
    </>
  );
}
