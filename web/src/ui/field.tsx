/** A labelled control with its hint and its error in words, and the usual lines of text in one. */

import type { ComponentChildren } from "preact";
import { Icon } from "./icon";

interface FieldProps {
  id: string;
  label: string;
  hint?: string;
  error: string | null;
  children: ComponentChildren;
}

export function Field({ id, label, hint, error, children }: FieldProps) {
  return (
    <div class="field">
      <label for={id}>{label}</label>
      {children}
      {hint && (
        <p class="hint" id={`${id}-hint`}>
          {hint}
        </p>
      )}
      <p class="error" id={`${id}-error`} hidden={error === null}>
        <Icon name="triangle-alert" />
        <span>{error}</span>
      </p>
    </div>
  );
}

interface EmailProps {
  id?: string;
  label: string;
  hint: string;
  error: string | null;
  value: string;
  required?: boolean;
  onWrite(text: string): void;
}

export function EmailField({ id = "email", label, hint, error, value, required, onWrite }: EmailProps) {
  return (
    <Field id={id} label={label} hint={hint} error={error}>
      <input
        class="input"
        id={id}
        name={id}
        type="email"
        inputMode="email"
        autocomplete="email"
        autocapitalize="none"
        spellcheck={false}
        maxLength={254}
        value={value}
        aria-describedby={`${id}-hint ${id}-error`}
        aria-invalid={error !== null}
        aria-required={required ?? false}
        onInput={(event) => onWrite(event.currentTarget.value)}
      />
    </Field>
  );
}

/** What was refused, over the button that asked for it. */
export function Refusal({ words }: { words: string | null }) {
  return (
    <div role="status">
      {words !== null && (
        <p class="error foot-error">
          <Icon name="triangle-alert" />
          <span>{words}</span>
        </p>
      )}
    </div>
  );
}
