/** A link that is shown once: to be scanned, copied or handed on. */

import { useState } from "preact/hooks";
import { useTexts } from "../i18n";
import { Icon } from "./icon";
import { Qr } from "./qr";

interface LinkBoxProps {
  id: string;
  label: string;
  /** The whole address. */
  address: string;
  qr: string;
  /** Words of the device's own way to hand it on; left out where it should not leave one's hands. */
  share?: string;
  hideQr?: boolean;
}

export function LinkBox({ id, label, address, qr, share, hideQr }: LinkBoxProps) {
  const t = useTexts();
  const [said, setSaid] = useState<"copied" | "copyFailed" | null>(null);
  const copy = async () => setSaid((await copyText(address, id)) ? "copied" : "copyFailed");
  const canShare = share !== undefined && navigator.share !== undefined;
  return (
    <div class="stack gap-m link-box">
      {!hideQr && <Qr text={address} label={qr} />}
      <div class="field">
        <label for={id}>{label}</label>
        <input
          class="input"
          id={id}
          readOnly
          value={address}
          onFocus={(event) => event.currentTarget.select()}
          dir="ltr"
        />
      </div>
      <div class="link-acts">
        <button type="button" class="btn" data-copy="" onClick={copy}>
          <Icon name="copy" />
          <span>{t.waiting.copy}</span>
        </button>
        {canShare && (
          <button
            type="button"
            class="btn"
            onClick={() => void navigator.share({ url: address }).catch(() => undefined)}
          >
            <Icon name="share" />
            <span>{share}</span>
          </button>
        )}
      </div>
      <p class="small second" role="status">
        {said !== null && t.waiting[said]}
      </p>
    </div>
  );
}

/** @param id of a field that holds the text, for browsers whose clipboard is closed to pages */
export async function copyText(text: string, id: string): Promise<boolean> {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    const field = document.getElementById(id);
    if (!(field instanceof HTMLInputElement)) return false;
    field.focus();
    field.select();
    try {
      return document.execCommand("copy");
    } catch {
      return false;
    }
  }
}
