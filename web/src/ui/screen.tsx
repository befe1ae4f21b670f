/** What every screen shares: its title, where focus goes when it appears, the bar on top, notes and questions. */

import type { ComponentChildren, RefObject } from "preact";
import { useEffect, useRef } from "preact/hooks";
import { keep, recall, switchLanguage, useTexts } from "../i18n";
import { Icon } from "./icon";
import type { IconName } from "./icon-names";
import { canSpeak, hush, pageWords, speak } from "./speak";
import { createStore, useStore } from "./store";

let firstScreen = true;
let lastScreen: string | undefined;

/** The heading of a screen. On a change of screen it takes focus, so that a screen reader says where one is, and the page
 * begins at its top: another screen must not appear scrolled as far as the last one was. */
export function Heading({ children, page, small }: { children: ComponentChildren; page?: string; small?: boolean }) {
  const t = useTexts();
  const heading = useRef<HTMLHeadingElement>(null);
  useEffect(() => {
    const screen = heading.current?.closest<HTMLElement>("[data-screen]")?.dataset.screen;
    if (!firstScreen) {
      if (screen !== lastScreen) scrollTo(0, 0); // a heading may change within a screen that somebody is reading
      heading.current?.focus({ preventScroll: true });
    }
    firstScreen = false;
    lastScreen = screen;
  }, []);
  useTitle(page ? `${page} · ${t.product}` : t.product);
  return (
    <h1 ref={heading} tabIndex={-1} class={small ? "h-small" : undefined}>
      {children}
    </h1>
  );
}

/** The heading of what came in place of another thing on the same screen: it takes focus where that took it away, and never from
 * somebody who is writing. */
export function useFocusWhereLost(): RefObject<HTMLHeadingElement> {
  const heading = useRef<HTMLHeadingElement>(null);
  useEffect(() => {
    if (document.activeElement === null || document.activeElement === document.body)
      heading.current?.focus({ preventScroll: true });
  }, []);
  return heading;
}

export function useTitle(title: string): void {
  useEffect(() => {
    document.title = title;
  }, [title]);
}

const SIZE = "consilium.larger";
export const larger = createStore(false);

/** Reads the remembered size of letters; called once at start on the patient's side. */
export function startLetterSize(): void {
  larger.subscribe((on) => document.documentElement.toggleAttribute("data-elder", on));
  larger.set(recall(SIZE) === "1");
}

export function switchLetterSize(): void {
  larger.set(!larger.get());
  keep(SIZE, larger.get() ? "1" : null);
}

export function LanguageButton({ plain }: { plain?: boolean }) {
  const t = useTexts();
  return (
    <button
      type="button"
      class={plain ? "btn btn-quiet tight-btn" : "btn btn-quiet"}
      lang={t.otherHtmlLang}
      onClick={switchLanguage}
    >
      {t.otherLanguage}
    </button>
  );
}

interface TopProps {
  title: string;
  mark?: IconName;
  /** With it, the way back stands first, in place of the mark. */
  onBack?: (() => void) | undefined;
}

export function Top({ title, mark = "mark", onBack }: TopProps) {
  const t = useTexts();
  const on = useStore(larger);
  return (
    <header class="top">
      {onBack && (
        <button type="button" class="btn btn-icon" aria-label={t.back} data-back onClick={onBack}>
          <Icon name="arrow-left" />
        </button>
      )}
      <span class="brand">
        {!onBack && <Icon name={mark} />}
        <span>{title}</span>
      </span>
      <button type="button" class="btn btn-quiet" aria-pressed={on} onClick={switchLetterSize}>
        <Icon name="a-large-small" />
        <span>{on ? t.smaller : t.larger}</span>
      </button>
      <LanguageButton />
    </header>
  );
}

/** For those who read with difficulty: the page is said when it appears, and again on a press. Only with large letters,
 * and only where the device has a voice. `again` says it anew when its value changes. */
export function ReadAloud({ again, big }: { again?: string | undefined; big?: boolean }) {
  const t = useTexts();
  const on = useStore(larger);
  const shown = on && canSpeak();
  const say = () => speak(t, pageWords(document.querySelector("main") ?? document));
  useEffect(() => {
    if (!shown) return;
    const timer = setTimeout(say, 400); // after the heading has taken focus
    return () => {
      clearTimeout(timer);
      hush();
    };
  }, [shown, again, t]);
  if (!shown) return null;
  return (
    <button type="button" class={big ? "btn btn-main" : "btn btn-wide"} data-aloud onClick={say}>
      <Icon name="volume-2" />
      <span>{t.aloud}</span>
    </button>
  );
}

interface NoteProps {
  tone?: "amber" | "red" | "teal";
  icon: IconName;
  title: string;
  live?: boolean;
  children?: ComponentChildren;
}

/** What happened, what we did, what you can do. */
export function Note({ tone, icon, title, live, children }: NoteProps) {
  return (
    <div class={tone ? `note note-${tone}` : "note"} role={live ? "status" : undefined}>
      <Icon name={icon} />
      <div class="grow">
        <strong>{title}</strong>
        {children}
      </div>
    </div>
  );
}

/** The way to help, on every page where somebody may need it. */
export function EmergencyNote({ number }: { number: string }) {
  const t = useTexts();
  return (
    <aside class="note note-red">
      <Icon name="siren" />
      <div>
        <strong>{t.emergency.question}</strong>
        <a href={`tel:${number}`}>{t.emergency.call(number)}</a>
      </div>
    </aside>
  );
}

interface QuestionProps {
  title: string;
  body: string;
  yes: string;
  no: string;
  icon?: IconName;
  sheet?: boolean;
  onYes(): void;
  onNo(): void;
}

/** A question with two answers. Escape and a press beside it mean the answer that changes nothing. */
export function Question({ title, body, yes, no, icon, sheet, onYes, onNo }: QuestionProps) {
  return (
    <Sheet title={title} sheet={sheet ?? false} onClose={onNo}>
      <p class="second">{body}</p>
      <div class="actions">
        <button type="button" class="btn" onClick={onNo}>
          {no}
        </button>
        <button type="button" class="btn btn-ink" data-answer="yes" onClick={onYes}>
          {icon && <Icon name={icon} />}
          <span>{yes}</span>
        </button>
      </div>
    </Sheet>
  );
}

interface SheetProps {
  title: string;
  sheet: boolean;
  onClose(): void;
  children: ComponentChildren;
}

export function Sheet({ title, sheet, onClose, children }: SheetProps) {
  const dialog = useRef<HTMLDialogElement>(null);
  const heading = useRef<HTMLHeadingElement>(null);
  useEffect(() => {
    const before = document.activeElement;
    const its = dialog.current;
    its?.showModal();
    heading.current?.focus();
    return () => {
      its?.close(); // while it is open nothing behind it takes focus
      if (before instanceof HTMLElement) before.focus();
    };
  }, []);
  return (
    <dialog
      ref={dialog}
      class={sheet ? "sheet" : undefined}
      aria-labelledby="sheet-title"
      onCancel={(event) => {
        event.preventDefault();
        onClose();
      }}
      onMouseDown={(event) => {
        if (event.target === dialog.current) onClose();
      }}
    >
      <div class="stack">
        <h2 id="sheet-title" ref={heading} tabIndex={-1}>
          {title}
        </h2>
        {children}
      </div>
    </dialog>
  );
}
