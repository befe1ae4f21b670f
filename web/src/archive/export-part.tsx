/** Films of a recording: ordering one, how far it is, fetching it. */

import { useState } from "preact/hooks";
import { useTexts } from "../i18n";
import { request } from "../signal/http";
import type { ArchiveExport, ArchivePurpose, ArchiveRecording } from "../signal/messages";
import { timeOfDay } from "../ui/clock";
import { Icon } from "../ui/icon";
import { Sheet } from "../ui/screen";
import { Purposes } from "./purposes";
import { faultText, isoDay, megabytes } from "./words";

interface ExportProps {
  told: ArchiveRecording;
  onDone(told: ArchiveRecording): void;
}

export function ExportPart({ told, onDone }: ExportProps) {
  const t = useTexts();
  const [open, setOpen] = useState(false);
  const [purpose, setPurpose] = useState<ArchivePurpose | null>(null);
  const [fault, setFault] = useState<string | null>(null);
  const [latest] = told.exports;
  const underWay = latest?.state === "queued" || latest?.state === "running";
  const make = async (event: Event) => {
    event.preventDefault();
    if (purpose === null) return setFault(t.archive.purposeMissing);
    const path = `/api/archive/recordings/${told.line.recording}/exports`;
    const reply = await request<ArchiveRecording>("POST", path, { purpose, language: t.code });
    if (!reply.ok) return setFault(faultText(t, reply.error.code));
    setOpen(false);
    onDone(reply.body);
  };
  return (
    <div class="archive-export">
      {!underWay && (
        <button type="button" class="btn" name="export" onClick={() => setOpen(true)}>
          <Icon name="file-down" />
          <span>{t.archive.export}</span>
        </button>
      )}
      {latest !== undefined && <Standing film={latest} />}
      {open && (
        <Sheet title={t.archive.exportTitle} sheet={false} onClose={() => setOpen(false)}>
          <form class="stack" onSubmit={make}>
            <p class="second">{t.archive.exportBody}</p>
            <Purposes
              chosen={purpose}
              fault={fault}
              onChoose={(each) => {
                setPurpose(each);
                setFault(null);
              }}
            />
            <div class="actions">
              <button type="button" class="btn" onClick={() => setOpen(false)}>
                {t.archive.cancel}
              </button>
              <button type="submit" class="btn btn-main" name="export_now">
                <Icon name="file-down" />
                <span>{t.archive.exportMake}</span>
              </button>
            </div>
          </form>
        </Sheet>
      )}
    </div>
  );
}

function Standing({ film }: { film: ArchiveExport }) {
  const t = useTexts();
  const words = t.archive.exportStates[film.state] ?? film.state;
  if (film.state === "ready")
    return (
      <a class="btn btn-main" data-film={film.export} href={`/api/archive/exports/${film.export}/film`} download>
        <Icon name="file-down" />
        <span>{t.archive.exportFetch(megabytes(t, film.octets))}</span>{" "}
        <span class="small">{t.archive.exportUntil(isoDay(film.expires_at), timeOfDay(t, film.expires_at))}</span>
      </a>
    );
  return (
    <div class="film" role="status" data-film-state={film.state}>
      <span class="small">
        {film.state === "failed"
          ? [words, faultText(t, film.trouble)].join(t.colon)
          : film.parts > 0
            ? [words, t.archive.exportPart(Math.min(film.done + 1, film.parts), film.parts)].join(t.listJoin)
            : words}
      </span>
      {film.state === "running" && <progress max={Math.max(1, film.parts)} value={film.done} aria-label={words} />}
    </div>
  );
}
