/** As what a recording is kept, and so for how long: changed by who may. */

import { useState } from "preact/hooks";
import { useTexts } from "../i18n";
import { request } from "../signal/http";
import type { ArchiveLine, ArchiveRecording } from "../signal/messages";
import { Icon } from "../ui/icon";
import { Question } from "../ui/screen";

interface RetentionProps {
  line: ArchiveLine;
  onDone(told: ArchiveRecording): void;
  onFault(code: string): void;
}

export function RetentionPart({ line, onDone, onFault }: RetentionProps) {
  const t = useTexts();
  const [open, setOpen] = useState(false);
  const other = line.retention === "process" ? "medical_record" : "process";
  const word = t.archive.retentions[other] ?? other;
  const change = async () => {
    const path = `/api/archive/recordings/${line.recording}/retention`;
    const reply = await request<ArchiveRecording>("PUT", path, { retention: other });
    setOpen(false);
    if (reply.ok) onDone(reply.body);
    else onFault(reply.error.code);
  };
  return (
    <>
      <button type="button" class="btn" name="classify" onClick={() => setOpen(true)}>
        <Icon name="clock" />
        <span>{t.archive.classify(word)}</span>
      </button>
      {open && (
        <Question
          title={t.archive.classifyTitle(word)}
          body={t.archive.classifyBody}
          yes={t.archive.classify(word)}
          no={t.archive.classifyNo}
          sheet={false}
          onYes={change}
          onNo={() => setOpen(false)}
        />
      )}
    </>
  );
}
