/** Today's visits that have ended: whom, when, and whether they have written since. */

import { useLocal, useTexts } from "../i18n";
import type { DeskState } from "../signal/messages";
import { timeOfDay } from "../ui/clock";
import { Icon } from "../ui/icon";
import { walkRows } from "./walk";

interface RecentProps {
  desk: DeskState;
  open: string | null;
  busy: boolean;
  onOpen(seat: string): void;
}

export function Recent({ desk, open, busy, onOpen }: RecentProps) {
  const t = useTexts();
  const local = useLocal();
  return (
    <section aria-labelledby="recent">
      <header class="pane-head">
        <h2 id="recent">{t.recent.title(desk.seen_today)}</h2>
      </header>
      {desk.recent.length === 0 ? (
        <p class="queue-rest">{t.recent.none}</p>
      ) : (
        <ul class="lines" onKeyDown={walkRows}>
          {desk.recent.map((line, index) => (
            <li key={line.seat}>
              <button
                type="button"
                class="line-row"
                data-row
                data-recent={line.seat}
                tabIndex={index === 0 ? 0 : -1}
                aria-pressed={line.seat === open}
                aria-disabled={busy}
                title={busy ? t.recent.busy : undefined}
                onClick={() => !busy && onOpen(line.seat)}
              >
                <strong>{local(line.name)}</strong>
                <time class="num second">{timeOfDay(t, line.ended_at)}</time>
                {line.unread > 0 && (
                  <span class="wide">
                    <span class="badge badge-teal">
                      <Icon name="message-square-text" />
                      {t.recent.unread(line.unread)}
                    </span>
                  </span>
                )}
              </button>
            </li>
          ))}
        </ul>
      )}
    </section>
  );
}
