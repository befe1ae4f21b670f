/** Ctrl K: a patient in one's lists by name or reason. Arrows choose, Enter opens. */

import { useState } from "preact/hooks";
import { useLocal, useTexts } from "../i18n";
import type { DeskState } from "../signal/messages";
import { Sheet } from "../ui/screen";
import { type Found, find, walked } from "./lists";

const SHOWN = 12;

interface FindProps {
  desk: DeskState;
  onFound(found: Found): void;
  onClose(): void;
}

export function FindSheet({ desk, onFound, onClose }: FindProps) {
  const t = useTexts();
  const local = useLocal();
  const [asked, setAsked] = useState("");
  const [at, setAt] = useState(0);
  const found = find(asked, desk).slice(0, SHOWN);
  const index = Math.min(at, found.length - 1);
  const pressed = (event: KeyboardEvent) => {
    const next = event.key === "Home" || event.key === "End" ? null : walked(event.key, index, found.length);
    const here = found[index];
    if (next !== null) setAt(next);
    else if (event.key === "Enter" && here !== undefined && !event.isComposing) onFound(here);
    else return;
    event.preventDefault();
  };
  return (
    <Sheet title={t.found.title} sheet={false} onClose={onClose}>
      <div class="field">
        <label for="find">{t.found.label}</label>
        <input
          class="input"
          id="find"
          name="find"
          role="combobox"
          autocomplete="off"
          aria-expanded={found.length > 0}
          aria-controls="found"
          aria-activedescendant={found.length > 0 ? `found-${index}` : undefined}
          ref={focusOnce}
          value={asked}
          onInput={(event) => {
            setAsked(event.currentTarget.value);
            setAt(0);
          }}
          onKeyDown={pressed}
        />
      </div>
      <div id="found" class="found" role="listbox" aria-label={t.found.title}>
        {found.map((each, n) => (
          // biome-ignore lint/a11y/useKeyWithClickEvents: the combobox above has the keys
          // biome-ignore lint/a11y/useFocusableInteractive: focus stays in the combobox
          <div
            key={each.kind + each.id}
            id={`found-${n}`}
            role="option"
            class="found-row"
            aria-selected={n === index}
            onClick={() => onFound(each)}
          >
            <strong>{local(each.name)}</strong>
            <span class="badge">{t.found.kind[each.kind]}</span>
            {each.about !== "" && <span class="small second wide">{each.about}</span>}
          </div>
        ))}
      </div>
      <p class="small second" role="status">
        {found.length === 0 ? t.found.none : t.found.results(found.length)}
      </p>
    </Sheet>
  );
}

/** The sheet gives focus to its heading first; the field wants it. */
function focusOnce(field: HTMLInputElement | null): void {
  if (field !== null) queueMicrotask(() => requestAnimationFrame(() => field.focus()));
}
