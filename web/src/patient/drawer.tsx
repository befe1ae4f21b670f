/** Messages during a call: a drawer over the lower part, the face stays above; the whole page when there is no face to see. */

import { useEffect, useRef, useState } from "preact/hooks";
import type { Notice } from "../call/notices";
import { useLocal, useTexts } from "../i18n";
import type { Line } from "../signal/line";
import type { Person, SeatState } from "../signal/messages";
import { keeperOf } from "../timeline/keeper";
import { Timeline } from "../timeline/timeline";
import { useUnread } from "../timeline/use-timeline";
import { Icon } from "../ui/icon";
import { initials, personName } from "../ui/names";
import { Why } from "./call-parts";

export interface DrawerState {
  open: boolean;
  /** Opened by the person, so that it takes focus. */
  asked: boolean;
  show(open: boolean): void;
}

/** Opens by itself when the talk goes on in writing, and closes when it is over, unless somebody is writing. */
export function useDrawer(inWriting: boolean, line: Line, seat: string): DrawerState {
  const [open, setOpen] = useState({ open: false, asked: false });
  const before = useRef(false);
  useEffect(() => {
    if (inWriting === before.current) return;
    before.current = inWriting;
    const writes = keeperOf(line, seat).words !== "" || document.activeElement instanceof HTMLTextAreaElement;
    if (inWriting) setOpen((now) => (now.open ? now : { open: true, asked: false }));
    else setOpen((now) => (now.asked || writes ? now : { open: false, asked: false }));
  }, [inWriting, line, seat]);
  useEffect(() => {
    if (!open.open) return;
    const pressed = (event: KeyboardEvent) => {
      if (event.key !== "Escape" || event.isComposing || document.querySelector("dialog[open]") !== null) return;
      event.preventDefault();
      setOpen({ open: false, asked: false });
    };
    addEventListener("keydown", pressed);
    return () => removeEventListener("keydown", pressed);
  }, [open.open]);
  return { ...open, show: (next) => setOpen({ open: next, asked: next }) };
}

interface DrawerProps {
  state: SeatState;
  line: Line;
  first: Person | undefined;
  notice: Notice | null;
  /** The key that ends, where the call's own keys are out of sight for long. */
  endWord: string | null;
  drawer: DrawerState;
  onEnd(): void;
}

export function Drawer({ state, line, first, notice, endWord, drawer, onEnd }: DrawerProps) {
  const t = useTexts();
  const local = useLocal();
  const name = first ? personName(t, local, first) : null;
  const heading = useRef<HTMLHeadingElement>(null);
  useEffect(() => {
    if (drawer.asked) heading.current?.focus({ preventScroll: true });
  }, []);
  const close = () => {
    drawer.show(false);
    requestAnimationFrame(() => document.querySelector<HTMLElement>("[data-open=messages]")?.focus());
  };
  return (
    <section class="drawer" data-drawer-place aria-labelledby="drawer-title">
      <header>
        {endWord !== null && first !== undefined && (
          <span class="avatar drawer-who" aria-hidden="true">
            {initials(local(first.name))}
          </span>
        )}
        <div class="grow">
          <h2 id="drawer-title" ref={heading} tabIndex={-1}>
            {endWord !== null && name !== null ? name : t.timeline.title}
          </h2>
          {endWord !== null && first !== undefined && (
            <p class="third">{first.present ? t.call.rung.here : t.call.rung.away}</p>
          )}
        </div>
        {endWord !== null && (
          <button type="button" class="btn" data-key="end" onClick={onEnd}>
            {endWord}
          </button>
        )}
        <button
          type="button"
          class="btn btn-quiet btn-icon"
          aria-label={t.timeline.closeDrawer}
          data-close="messages"
          onClick={close}
        >
          <Icon name="chevron-down" />
        </button>
      </header>
      <div role="status">
        {notice !== null && (
          <div
            class={notice.id === "back" ? "note note-teal drawer-note" : "note note-amber drawer-note"}
            data-notice={notice.id}
          >
            <Icon name={notice.icon} />
            <div class="grow">
              <strong>{notice.title}</strong>
              <p>{notice.body}</p>
              <Why notice={notice} />
            </div>
          </div>
        )}
      </div>
      <Timeline state={state} line={line} seat={state.seat} {...(name === null ? {} : { to: name })} />
    </section>
  );
}

interface LastMessageProps {
  state: SeatState;
  line: Line;
  onOpen(): void;
}

/** The way to the messages, with the newest of those not yet seen. */
export function LastMessage({ state, line, onOpen }: LastMessageProps) {
  const t = useTexts();
  const local = useLocal();
  const { count, newest } = useUnread(state, line);
  const name = newest?.name ? personName(t, local, { role: newest.role ?? "companion", name: newest.name }) : "";
  const text = newest === null ? t.timeline.openHint : newest.text || t.timeline.lastPicture;
  return (
    <button type="button" class="last" data-open="messages" data-unread={count} onClick={onOpen}>
      <Icon name="message-square-text" />
      <span class="grow">
        <small>{newest === null ? t.timeline.open : t.timeline.last(name)}</small>
        <span class="last-text">{text}</span>
      </span>
      {count > 0 && (
        <span class="count num">
          <span aria-hidden="true">{count}</span>
          <span class="sr">{t.timeline.unread(count)}</span>
        </span>
      )}
    </button>
  );
}
