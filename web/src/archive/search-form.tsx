/** What narrows the list. A name is sent only when the form is: it is written to the log each time. */

import { useState } from "preact/hooks";
import { useLocal, useTexts } from "../i18n";
import type { ArchivePage, ArchiveSearch, RetentionClass } from "../signal/messages";
import { Icon } from "../ui/icon";
import { dayStart } from "./words";

type State = NonNullable<ArchiveSearch["state"]>;
const STATES: readonly State[] = ["sealed", "uploading", "held", "altered", "due", "destroyed"];
const RETENTIONS: readonly RetentionClass[] = ["process", "medical_record"];

interface Written {
  name: string;
  from: string;
  until: string;
  department: string;
  practitioner: string;
  retention: string;
  state: string;
}

const NOTHING: Written = { name: "", from: "", until: "", department: "", practitioner: "", retention: "", state: "" };

function searchOf(written: Written): ArchiveSearch {
  return {
    ...(written.name.trim() === "" ? {} : { name: written.name.trim() }),
    from_s: dayStart(written.from),
    until_s: dayStart(written.until, 1),
    ...(written.department === "" ? {} : { department: written.department }),
    ...(written.practitioner === "" ? {} : { practitioner: written.practitioner }),
    retention: RETENTIONS.find((each) => each === written.retention) ?? null,
    state: STATES.find((each) => each === written.state) ?? null,
  };
}

export function SearchForm({ page, onSearch }: { page: ArchivePage; onSearch(what: ArchiveSearch): void }) {
  const t = useTexts();
  const local = useLocal();
  const [written, setWritten] = useState(NOTHING);
  const names = page.rights.includes("names");
  const write = (field: keyof Written) => (event: { currentTarget: HTMLInputElement | HTMLSelectElement }) => {
    const next = { ...written, [field]: event.currentTarget.value };
    setWritten(next);
    if (field !== "name") onSearch(searchOf({ ...next, name: "" === written.name ? "" : next.name }));
  };
  const choices = (field: keyof Written, every: string, label: string, options: readonly [string, string][]) => (
    <select class="select" name={field} aria-label={label} value={written[field]} onChange={write(field)}>
      <option value="">{every}</option>
      {options.map(([value, words]) => (
        <option key={value} value={value}>
          {words}
        </option>
      ))}
    </select>
  );
  return (
    <form
      class="archive-search pane-in"
      aria-label={t.archive.search}
      onSubmit={(event) => {
        event.preventDefault();
        onSearch(searchOf(written));
      }}
    >
      {names && (
        <div class="field">
          <label for="archive-name">{t.archive.name}</label>
          <div class="row archive-name">
            <input
              class="input"
              id="archive-name"
              name="name"
              type="search"
              autocomplete="off"
              maxLength={80}
              value={written.name}
              aria-describedby="archive-name-hint"
              onInput={write("name")}
            />
            <button type="submit" class="btn" name="find">
              <Icon name="search" />
              <span>{t.archive.find}</span>
            </button>
          </div>
          <p class="hint" id="archive-name-hint">
            {t.archive.nameHint}
          </p>
        </div>
      )}
      <div class="row archive-filters">
        <label class="archive-day">
          <span>{t.archive.from}</span>
          <input class="input" type="date" name="from" value={written.from} onChange={write("from")} />
        </label>
        <label class="archive-day">
          <span>{t.archive.until}</span>
          <input class="input" type="date" name="until" value={written.until} onChange={write("until")} />
        </label>
        {choices(
          "department",
          t.archive.everyDepartment,
          t.archive.department,
          page.departments.map((each) => [each.id, local(each.name)]),
        )}
        {page.practitioners.length > 0 &&
          choices(
            "practitioner",
            t.archive.everyDoctor,
            t.archive.doctor,
            page.practitioners.map((each) => [each.id, t.doctor(local(each.name))]),
          )}
        {choices(
          "retention",
          t.archive.everyRetention,
          t.archive.retention,
          RETENTIONS.map((each) => [each, t.archive.retentions[each] ?? each]),
        )}
        {choices(
          "state",
          t.archive.anyState,
          t.archive.state,
          STATES.map((each) => [each, t.archive.states[each] ?? each]),
        )}
        <button
          type="button"
          class="btn btn-quiet"
          name="clear"
          onClick={() => {
            setWritten(NOTHING);
            onSearch({});
          }}
        >
          {t.archive.clear}
        </button>
      </div>
    </form>
  );
}
