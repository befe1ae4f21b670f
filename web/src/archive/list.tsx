/** Finding recordings: what narrows the list, the list, and what patients ask for. */

import { useLocal, useTexts } from "../i18n";
import type { ArchiveLine } from "../signal/messages";
import { stopwatch, timeOfDay } from "../ui/clock";
import { Note } from "../ui/screen";
import { Requests } from "./requests";
import { SearchForm } from "./search-form";
import { StateBadge } from "./state-badge";
import type { ArchiveList } from "./use-archive";
import { faultText, isoDay } from "./words";

interface ListProps {
  archive: ArchiveList;
  chosen: string | null;
  onChoose(which: string): void;
}

export function List({ archive, chosen, onChoose }: ListProps) {
  const t = useTexts();
  const { page, fault } = archive;
  return (
    <>
      <header class="archive-head">
        <h1>{t.archive.title}</h1>
      </header>
      {page !== null && <SearchForm page={page} onSearch={archive.search} />}
      <div role="status" class="archive-count small second">
        {page === null ? (fault === null ? t.archive.loading : "") : t.archive.shown(page.matching, page.total)}
      </div>
      {fault !== null && (
        <div class="pane-in">
          <Note tone="amber" icon="triangle-alert" title={faultText(t, fault)} live />
        </div>
      )}
      {page !== null && page.troubles.length > 0 && (
        <div class="pane-in">
          <Note tone="amber" icon="triangle-alert" title={t.archive.troublesTitle}>
            {page.troubles.map((each) => (
              <span class="block small" key={each.code}>
                {t.archive.troubled(faultText(t, each.code), each.recordings)}
              </span>
            ))}
          </Note>
        </div>
      )}
      {page !== null && page.requests > 0 && <Requests count={page.requests} onShow={onChoose} />}
      {page !== null && page.recordings.length === 0 && (
        <p class="pane-in second">{page.total === 0 ? t.archive.noneYet : t.archive.none}</p>
      )}
      {page !== null && page.recordings.length > 0 && (
        <Table lines={page.recordings} chosen={chosen} onChoose={onChoose} />
      )}
      {page?.next != null && (
        <p class="pane-in">
          <button type="button" class="btn" name="more" aria-disabled={archive.busy} onClick={archive.more}>
            {t.archive.more}
          </button>
        </p>
      )}
    </>
  );
}

function Table({
  lines,
  chosen,
  onChoose,
}: {
  lines: readonly ArchiveLine[];
  chosen: string | null;
  onChoose(which: string): void;
}) {
  const t = useTexts();
  const local = useLocal();
  return (
    <table class="archive-table" onKeyDown={walk}>
      <thead>
        <tr>
          <th>{t.archive.when}</th>
          <th>{t.archive.patient}</th>
          <th class="wide-only">{t.archive.doctor}</th>
          <th class="end">{t.archive.length}</th>
          <th>{t.archive.state}</th>
        </tr>
      </thead>
      <tbody>
        {lines.map((line) => (
          <tr key={line.recording} data-chosen={line.recording === chosen} onClick={() => onChoose(line.recording)}>
            <td>
              <button
                type="button"
                class="btn-link num"
                data-recording={line.recording}
                aria-current={line.recording === chosen ? "true" : undefined}
                onClick={() => onChoose(line.recording)}
              >
                <span>{isoDay(line.started_at)}</span> <span>{timeOfDay(t, line.started_at)}</span>
              </button>
            </td>
            <td>{line.patient ?? <span class="second">{t.archive.unnamed}</span>}</td>
            <td class="wide-only">
              {line.practitioner === null ? t.archive.noDoctor : t.doctor(local(line.practitioner))}
            </td>
            <td class="end num">{stopwatch(line.ended_at - line.started_at)}</td>
            <td>
              <StateBadge state={line.state} />
            </td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}

/** Arrows walk the list. */
function walk(event: KeyboardEvent): void {
  const step = event.key === "ArrowDown" ? 1 : event.key === "ArrowUp" ? -1 : 0;
  if (step === 0 || !(event.currentTarget instanceof HTMLElement)) return;
  const rows = [...event.currentTarget.querySelectorAll<HTMLButtonElement>("[data-recording]")];
  const at = document.activeElement instanceof HTMLButtonElement ? rows.indexOf(document.activeElement) : -1;
  rows[at + step]?.focus();
  if (at >= 0) event.preventDefault();
}
