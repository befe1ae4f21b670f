/** The place to write: words, a picture from the device, one from the camera, one pasted. */

import { useEffect, useRef, useState } from "preact/hooks";
import { useTexts } from "../i18n";
import { Icon } from "../ui/icon";
import { Sheet } from "../ui/screen";
import type { TimelineKeeper } from "./keeper";
import { MOST_DRAFTS, type TimelineState } from "./reducer";
import type { Refusal } from "./use-timeline";

/** As the server takes it. */
const LONGEST = 4_000;
const ACCEPT = "image/jpeg,image/png,image/webp";

interface ComposerProps {
  keeper: TimelineKeeper;
  view: TimelineState;
  to: string | undefined;
  focus: boolean;
  refusal: Refusal | null;
  onRefusal(refusal: Refusal | null): void;
}

export function Composer({ keeper, view, to, focus, refusal, onRefusal }: ComposerProps) {
  const t = useTexts();
  const field = useRef<HTMLTextAreaElement>(null);
  const [words, setWords] = useState(keeper.words);
  const touch = isTouch();
  useEffect(() => {
    if (focus) field.current?.focus({ preventScroll: true });
  }, []);
  useEffect(() => grow(field.current), [words]);
  const change = (next: string) => {
    keeper.words = next;
    setWords(next);
  };
  const send = () => {
    const text = words.trim();
    field.current?.focus();
    if (text === "" || view.drafts.length >= MOST_DRAFTS) return;
    keeper.write(text);
    change("");
  };
  const byKey = (event: KeyboardEvent) => {
    // On a phone Enter is how one begins a line; there the button sends. While Chinese is composed, Enter picks letters.
    if (event.key !== "Enter" || event.shiftKey || event.isComposing || touch) return;
    event.preventDefault();
    send();
  };
  const sendPictures = (files: readonly File[]) => onRefusal(keeper.sendAll(files));
  const left = LONGEST - words.length;
  const full = view.drafts.length >= MOST_DRAFTS;
  return (
    <form
      class="write"
      onSubmit={(event) => {
        event.preventDefault();
        send();
      }}
    >
      <div class="write-words" role="status">
        {refusal !== null && (
          <p class="error">
            <Icon name="triangle-alert" />
            <span>{t.timeline.refusal[refusal]}</span>
          </p>
        )}
        {full && <p class="error">{t.timeline.full}</p>}
        {left < 200 && <p class="hint num">{t.timeline.long(left)}</p>}
      </div>
      <Pictures touch={touch} onFiles={sendPictures} />
      <label class="sr" for="words">
        {t.timeline.text}
      </label>
      <textarea
        ref={field}
        id="words"
        class="input"
        rows={1}
        maxLength={LONGEST}
        value={words}
        enterkeyhint={touch ? "enter" : "send"}
        placeholder={to === undefined ? t.timeline.writePlain : t.timeline.write(to)}
        title={touch ? undefined : t.timeline.keys}
        onInput={(event) => {
          change(event.currentTarget.value);
          keeper.happened({ type: "typed" });
        }}
        onKeyDown={byKey}
        onPaste={(event) => {
          const files = [...(event.clipboardData?.files ?? [])];
          if (files.length === 0) return;
          event.preventDefault();
          sendPictures(files);
        }}
      />
      <button type="submit" class="btn btn-icon btn-main" aria-label={t.timeline.send} data-send>
        <Icon name="send-horizontal" />
      </button>
    </form>
  );
}

/** A finger has a camera at hand: it may be asked for a new photo. */
const isTouch = (): boolean => matchMedia("(pointer: coarse)").matches;

/** Grows with what is written, to five lines. */
function grow(field: HTMLTextAreaElement | null): void {
  if (field === null) return;
  field.style.height = "auto";
  if (field.value === "") return; // a long placeholder would count as lines
  const border = field.offsetHeight - field.clientHeight;
  field.style.height = `${Math.min(field.scrollHeight + border, 168)}px`;
}

function Pictures({ touch, onFiles }: { touch: boolean; onFiles(files: readonly File[]): void }) {
  const t = useTexts();
  const [asking, setAsking] = useState(false);
  const chosen = useRef<HTMLInputElement>(null);
  const taken = useRef<HTMLInputElement>(null);
  const read = (event: Event) => {
    const input = event.currentTarget as HTMLInputElement;
    const files = [...(input.files ?? [])];
    input.value = ""; // the same picture may be chosen again
    setAsking(false);
    if (files.length > 0) onFiles(files);
  };
  return (
    <>
      <input ref={chosen} type="file" accept={ACCEPT} multiple hidden data-pictures onChange={read} />
      <input ref={taken} type="file" accept={ACCEPT} capture="environment" hidden onChange={read} />
      <button
        type="button"
        class="btn btn-icon"
        aria-label={t.timeline.picture}
        onClick={() => (touch ? setAsking(true) : chosen.current?.click())}
      >
        <Icon name={touch ? "camera" : "paperclip"} />
        <span class="write-word">{t.timeline.pictureWord}</span>
      </button>
      {asking && (
        <Sheet title={t.timeline.pictureFrom} sheet onClose={() => setAsking(false)}>
          <p class="second">{t.timeline.pictureHint}</p>
          <button type="button" class="btn btn-main btn-wide btn-large" onClick={() => taken.current?.click()}>
            <Icon name="camera" />
            <span>{t.timeline.take}</span>
          </button>
          <button type="button" class="btn btn-wide btn-large" onClick={() => chosen.current?.click()}>
            <Icon name="image" />
            <span>{t.timeline.choose}</span>
          </button>
          <button type="button" class="btn btn-quiet btn-wide" onClick={() => setAsking(false)}>
            {t.close}
          </button>
        </Sheet>
      )}
    </>
  );
}
