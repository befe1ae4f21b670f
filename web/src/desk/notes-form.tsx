/** The notes beside the call: always typable, saved by themselves; a line below says when they were saved or why not yet. */

import { useEffect, useRef } from "preact/hooks";
import { errorText, type Texts, useTexts } from "../i18n";
import type { Intake } from "../signal/messages";
import { Icon } from "../ui/icon";
import { exactTime } from "./days";
import { FIELDS, type Field, MAX_FIELD, type NotesState, tooLong, wordOf } from "./notes";
import type { OpenNotes } from "./use-notes";

const ROWS: Record<Field, number> = { complaint: 1, illness: 3, history: 2, allergies: 1, assessment: 2, advice: 3 };

interface NotesFormProps {
  notes: OpenNotes;
  reason: string;
  intake: Intake | null;
}

export function NotesForm({ notes, reason, intake }: NotesFormProps) {
  const t = useTexts();
  const { keeper, state } = notes;
  const told: Partial<Record<Field, string>> = {
    complaint: reason,
    history: intake?.history ?? "",
    allergies: intake?.allergies ?? "",
  };
  return (
    <form
      class="notes"
      aria-label={t.notes.title}
      data-notes={wordOf(state)}
      onSubmit={(event) => event.preventDefault()}
    >
      {FIELDS.map((field) => (
        <NoteField
          key={field}
          field={field}
          text={state.draft[field]}
          told={told[field]?.trim() ?? ""}
          onText={(text) => keeper.type(field, text)}
          onLeave={() => keeper.happened({ type: "flushed" })}
        />
      ))}
      {state.merged.length > 0 && (
        <div class="note note-amber note-tight" role="status">
          <Icon name="triangle-alert" />
          <div class="grow">
            <p>{t.notes.merged(state.merged.map((field) => t.notes.field[field]).join(t.listJoin))}</p>
            <button type="button" class="btn note-btn" onClick={() => keeper.happened({ type: "merge_read" })}>
              {t.notes.mergedRead}
            </button>
          </div>
        </div>
      )}
    </form>
  );
}

interface FieldProps {
  field: Field;
  text: string;
  told: string;
  onText(text: string): void;
  onLeave(): void;
}

function NoteField({ field, text, told, onText, onLeave }: FieldProps) {
  const t = useTexts();
  const area = useRef<HTMLTextAreaElement>(null);
  useHeight(area, text);
  const over = text.length > MAX_FIELD;
  return (
    <div class="field">
      <div class="field-head">
        <label for={`note-${field}`}>{t.notes.field[field]}</label>
        {text === "" && told !== "" && (
          <button
            type="button"
            class="btn btn-quiet btn-small"
            data-fill={field}
            aria-label={`${t.notes.field[field]}: ${t.notes.fill}`}
            onClick={() => {
              onText(told);
              area.current?.focus();
            }}
          >
            {t.notes.fill}
          </button>
        )}
      </div>
      <textarea
        ref={area}
        class="textarea"
        id={`note-${field}`}
        name={field}
        rows={ROWS[field]}
        value={text}
        spellcheck={false}
        autocomplete="off"
        aria-invalid={over}
        aria-describedby={over ? "notes-saved" : undefined}
        onInput={(event) => onText(event.currentTarget.value)}
        onBlur={onLeave}
      />
    </div>
  );
}

/** Grows with its text up to what the style sheet allows; a value set through CSSOM, which the policy permits. */
function useHeight(area: { current: HTMLTextAreaElement | null }, text: string): void {
  useEffect(() => {
    const element = area.current;
    if (element === null || element.clientHeight === 0) return;
    element.style.minHeight = "";
    if (element.scrollHeight > element.clientHeight + 2) element.style.minHeight = `${element.scrollHeight + 4}px`;
  }, [text]);
}

/** "Saved 10:47:12", or why not yet. Said once for each change of kind, not at each save. */
export function SavedLine({ state }: { state: NotesState }) {
  const t = useTexts();
  const word = wordOf(state);
  const amber = word === "trouble" || word === "too_long";
  return (
    <div class="saved-line small" id="notes-saved" data-saved={word}>
      {word === "saved" && <Icon name="check" tone="teal" />}
      {amber && <Icon name="triangle-alert" tone="amber" />}
      <p class="num" role="status">
        {savedWords(t, state)}
        {word === "trouble" && <span class="block second">{t.notes.kept}</span>}
      </p>
    </div>
  );
}

function savedWords(t: Texts, state: NotesState): string {
  switch (wordOf(state)) {
    case "opening":
      return t.notes.opening;
    case "empty":
      return t.notes.empty;
    case "saving":
      return t.notes.saving;
    case "unsaved":
      return t.notes.unsaved;
    case "saved":
      return t.notes.savedAt(exactTime(state.savedAt ?? 0));
    case "trouble":
      return t.notes.trouble(errorText(t, state.trouble ?? ""));
    case "too_long": {
      const field = tooLong(state.draft)[0] ?? "advice";
      return t.notes.tooLong(t.notes.field[field], state.draft[field].length - MAX_FIELD);
    }
  }
}
