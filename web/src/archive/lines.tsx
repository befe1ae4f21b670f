/** What was written and shown, at its moments: pressed, the player goes there; played, the list follows. */

import { useEffect, useRef } from "preact/hooks";
import { useLocal, useTexts } from "../i18n";
import type { PlayEntry, PlayGranted } from "../signal/messages";
import { stopwatch } from "../ui/clock";
import { Icon } from "../ui/icon";
import { entryAt } from "./tracks";
import { nameOf } from "./words";

interface LinesProps {
  play: PlayGranted;
  at: number;
  onSeek(toMs: number): void;
}

export function Lines({ play, at, onSeek }: LinesProps) {
  const t = useTexts();
  const current = entryAt(play.timeline, at);
  const list = useRef<HTMLOListElement>(null);
  useEffect(() => {
    const row = list.current?.children[current];
    if (list.current === null || !(row instanceof HTMLElement)) return;
    const { scrollTop, clientHeight } = list.current;
    if (row.offsetTop < scrollTop || row.offsetTop + row.offsetHeight > scrollTop + clientHeight)
      list.current.scrollTop = row.offsetTop - clientHeight / 3;
  }, [current]);
  return (
    <section class="lines-of" aria-label={t.archive.timeline}>
      <h3>{t.archive.timeline}</h3>
      {play.timeline.length === 0 ? (
        <p class="small second">{t.archive.timelineEmpty}</p>
      ) : (
        // biome-ignore lint/a11y/noNoninteractiveTabindex: a list that scrolls must be reached by the keyboard
        <ol ref={list} tabIndex={0}>
          {play.timeline.map((entry, index) => (
            <li
              key={entry.number}
              data-entry={entry.number}
              data-said={index <= current}
              data-current={index === current}
            >
              <button type="button" class="btn-link num" onClick={() => onSeek(entry.at_ms)}>
                {entry.at_ms < 0 ? t.archive.beforeStart : stopwatch(entry.at_ms / 1000)}
              </button>
              <Said entry={entry} play={play} />
            </li>
          ))}
        </ol>
      )}
      <p class="small second">{t.archive.timelineLater}</p>
    </section>
  );
}

function Said({ entry, play }: { entry: PlayEntry; play: PlayGranted }) {
  const t = useTexts();
  const local = useLocal();
  const person = play.people.find((each) => each.seat === entry.seat);
  const who = person === undefined ? "" : nameOf(t, local, person);
  if (entry.kind === "event")
    return (
      <span class="second">
        <Icon name="circle-dot" />{" "}
        {[who, t.archive.eventWords[entry.code] ?? t.archive.eventWords.other].filter(Boolean).join(" ")}
      </span>
    );
  if (entry.kind === "picture")
    return (
      <span>
        <strong>{who}</strong>{" "}
        <a href={`/api/archive/plays/${play.play}/pictures/${entry.picture}`} target="_blank" rel="noopener">
          <img
            src={`/api/archive/plays/${play.play}/pictures/${entry.picture}`}
            alt={t.archive.photo(stopwatch(Math.max(0, entry.at_ms) / 1000))}
            loading="lazy"
          />
        </a>
        {entry.text !== "" && <span class="block">{entry.text}</span>}
      </span>
    );
  return (
    <span>
      <strong>{who}</strong> {entry.text}
    </span>
  );
}
