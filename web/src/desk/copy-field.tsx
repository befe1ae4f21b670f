/** A text to be handed on: shown, selected when touched, copied by a button. */

import { useRef, useState } from "preact/hooks";
import { useTexts } from "../i18n";
import { Icon } from "../ui/icon";

interface CopyProps {
  id: string;
  label: string;
  text: string;
  hint?: string;
  /** The text must be read whole: the button stands above it. */
  long?: boolean;
}

export function CopyField({ id, label, text, hint, long }: CopyProps) {
  const t = useTexts();
  const field = useRef<HTMLInputElement>(null);
  const [copied, setCopied] = useState<"no" | "yes" | "failed">("no");
  const copy = async () => {
    field.current?.select();
    try {
      await navigator.clipboard.writeText(text); // not there without HTTPS
      setCopied("yes");
    } catch {
      setCopied(document.execCommand("copy") ? "yes" : "failed");
    }
  };
  return (
    <div class={long ? "field copy-field copy-long" : "field copy-field"}>
      <div class="row">
        <label for={id}>{label}</label>
        {long && <CopyButton copied={copied} onPress={copy} />}
      </div>
      <div class="row">
        <input
          ref={field}
          class="input grow"
          id={id}
          readOnly
          value={text}
          onFocus={(event) => event.currentTarget.select()}
        />
        {!long && <CopyButton copied={copied} onPress={copy} />}
      </div>
      {(hint !== undefined || copied === "failed") && (
        <p class="hint">{copied === "failed" ? t.stage.copyFailed : hint}</p>
      )}
    </div>
  );
}

function CopyButton({ copied, onPress }: { copied: "no" | "yes" | "failed"; onPress(): void }) {
  const t = useTexts();
  return (
    <button type="button" class="btn" onClick={onPress}>
      <Icon name={copied === "yes" ? "check" : "copy"} />
      <span role="status">{copied === "yes" ? t.stage.copied : t.stage.copy}</span>
    </button>
  );
}
