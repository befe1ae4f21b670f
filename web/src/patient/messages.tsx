/** The timeline as a page of its own: before and after the call. */

import { useLocal, useTexts } from "../i18n";
import type { Line } from "../signal/line";
import type { SeatState } from "../signal/messages";
import { Timeline } from "../timeline/timeline";
import { personName } from "../ui/names";
import { Heading, Top } from "../ui/screen";

interface MessagesProps {
  state: SeatState;
  line: Line;
  onBack(): void;
}

export function Messages({ state, line, onBack }: MessagesProps) {
  const t = useTexts();
  const local = useLocal();
  const doctor = state.people.find((each) => each.role === "practitioner");
  const to = doctor === undefined ? {} : { to: personName(t, local, doctor) };
  return (
    <div class="page page-messages">
      <Top title="" onBack={onBack} />
      <main class="body body-messages" data-screen="messages">
        <Heading small page={t.waiting.way.messages}>
          {t.waiting.way.messages}
        </Heading>
        <Timeline state={state} line={line} seat={state.seat} {...to} />
      </main>
    </div>
  );
}
