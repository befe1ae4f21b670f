/** Whether a recording is as it was recorded: what the last check said, and a new one by the server. */

import { useState } from "preact/hooks";
import { useTexts } from "../i18n";
import { request } from "../signal/http";
import type { ArchiveLine, ArchiveRecording } from "../signal/messages";
import { timeOfDay } from "../ui/clock";
import { Icon } from "../ui/icon";
import { Note } from "../ui/screen";
import { isoDay } from "./words";

interface VerifyProps {
  line: ArchiveLine;
  may: boolean;
  onChecked(told: ArchiveRecording): void;
  onFault(code: string | null): void;
}

export function VerifyBadge({ line, may, onChecked, onFault }: VerifyProps) {
  const t = useTexts();
  const [busy, setBusy] = useState(false);
  const check = async () => {
    if (busy) return;
    setBusy(true);
    const reply = await request<ArchiveRecording>("POST", `/api/archive/recordings/${line.recording}/verifications`);
    setBusy(false);
    onFault(reply.ok ? null : reply.error.code);
    if (reply.ok) onChecked(reply.body);
  };
  const { flaw } = line;
  return (
    <div class="verify" role="status">
      {flaw !== null ? (
        <Note
          tone="amber"
          icon="shield-alert"
          title={t.archive.alteredTitle(
            flaw.file,
            flaw.first.toLocaleString(t.htmlLang),
            flaw.last.toLocaleString(t.htmlLang),
          )}
        >
          <span class="small">{t.archive.alteredBody(line.verified_segments)}</span>
        </Note>
      ) : line.verified_at === null ? (
        <span class="badge">
          <Icon name="lock" />
          <span>{t.archive.notChecked}</span>
        </span>
      ) : (
        <span class="badge badge-teal" data-verified={line.verified_segments}>
          <Icon name="shield-check" />
          <span>{t.archive.intact(line.verified_segments, line.segments)}</span>
        </span>
      )}
      {may && (
        <button type="button" class="btn btn-quiet btn-small" name="verify" aria-disabled={busy} onClick={check}>
          {busy ? t.archive.verifying : t.archive.verify}
        </button>
      )}
      {line.verified_at !== null && flaw === null && (
        <span class="small second">
          {t.archive.checkedAt(isoDay(line.verified_at), timeOfDay(t, line.verified_at))}
        </span>
      )}
    </div>
  );
}
