/** What one can do while waiting, one line each. */

import { useState } from "preact/hooks";
import { useTexts } from "../i18n";
import type { SeatState } from "../signal/messages";
import { Icon } from "../ui/icon";
import type { IconName } from "../ui/icon-names";
import { askNotices, noticeState } from "./attention";

export type Opened = "messages" | "check" | "questions" | "move" | "people" | "callback" | "worse" | "leave";

interface WaysProps {
  state: SeatState;
  /** Entries of others not read yet. */
  unread: number;
  /** Picture and sound can be tried in this browser. */
  canCall: boolean;
  onOpen(what: Opened): void;
}

export function Ways({ state, unread, canCall, onOpen }: WaysProps) {
  const t = useTexts();
  const words = t.waiting.way;
  const guests = state.links.filter((each) => each.role !== "self").length;
  const { patient } = state;
  return (
    <section class="stack gap-s" aria-labelledby="ways">
      <h2 id="ways">{t.waiting.ways}</h2>
      <ul class="ways">
        <Way
          icon="message-square-text"
          name="messages"
          words={words.messages}
          hint={words.messagesHint}
          count={unread}
          {...{ onOpen }}
        />
        {canCall && (
          <Way
            icon="video"
            name="check"
            words={words.check}
            hint={words.checkHint[patient?.check?.expect ?? "none"]}
            {...{ onOpen }}
          />
        )}
        {patient !== null && (
          <Way
            icon="clipboard-list"
            name="questions"
            words={words.questions}
            hint={patient.intake?.done ? words.questionsDone : words.questionsOpen}
            {...{ onOpen }}
          />
        )}
        <Way icon="monitor-smartphone" name="move" words={words.move} hint={words.moveHint} {...{ onOpen }} />
        {patient !== null && (
          <Way
            icon="user-plus"
            name="people"
            words={words.people}
            hint={guests > 0 ? words.peopleOpen(guests) : words.peopleHint}
            {...{ onOpen }}
          />
        )}
        <Notices />
      </ul>
    </section>
  );
}

interface WayProps {
  icon: IconName;
  name: Opened;
  words: string;
  hint: string;
  count?: number;
  onOpen(what: Opened): void;
}

function Way({ icon, name, words, hint, count = 0, onOpen }: WayProps) {
  return (
    <li>
      <button type="button" class="way" data-open={name} onClick={() => onOpen(name)}>
        <Icon name={icon} tone="teal" />
        <span class="grow">
          <strong>{words}</strong>
          <span class="way-hint">{hint}</span>
        </span>
        {count > 0 && <span class="count num">{count}</span>}
        <Icon name="chevron-right" />
      </button>
    </li>
  );
}

function Notices() {
  const t = useTexts();
  const words = t.waiting.way;
  const [notices, setNotices] = useState(noticeState);
  if (notices === "none") return null;
  if (notices === "off") {
    return (
      <li>
        <button type="button" class="way" data-open="notices" onClick={async () => setNotices(await askNotices())}>
          <Icon name="bell" tone="teal" />
          <span class="grow">
            <strong>{words.notify}</strong>
            <span class="way-hint">{words.notifyHint}</span>
          </span>
        </button>
      </li>
    );
  }
  return (
    <li class="way way-still" role="status">
      <Icon name="bell" tone={notices === "on" ? "teal" : undefined} />
      <span class="grow way-hint">{notices === "on" ? words.notifyOn : words.notifyRefused}</span>
    </li>
  );
}
