/** A visit as its patient, companion or interpreter sees it: one line, and a screen for each state. */

import { useEffect, useState } from "preact/hooks";
import { errorText, useTexts } from "../i18n";
import { isNews } from "../signal/fresh";
import { type Line, type LineStatus, openLine } from "../signal/line";
import type { Role, SeatState } from "../signal/messages";
import { useUnread } from "../timeline/use-timeline";
import { Icon } from "../ui/icon";
import type { IconName } from "../ui/icon-names";
import { Heading, Top } from "../ui/screen";
import { useStore } from "../ui/store";
import { useAttention } from "./attention";
import { Before } from "./before";
import { Goodbye, Left } from "./goodbye";
import { dropVisit } from "./held";
import { InCall } from "./in-call";
import { Messages } from "./messages";
import { Opening } from "./opening";
import { Reissue } from "./reissue";
import { dropPassed } from "./stage";

export function Visit({ seat }: { seat: string }) {
  const [round, setRound] = useState(0);
  return <OpenVisit key={round} seat={seat} onAgain={() => setRound(round + 1)} />;
}

function OpenVisit({ seat, onAgain }: { seat: string; onAgain(): void }) {
  const { line, state } = useVisit(seat);
  const status = useStore(line.status);
  const [left, setLeft] = useState(false);
  const slow = useSlow(state === null);
  if (left) return <Left />;
  if (status.state === "closed" && state?.state !== "ended") return <Closed code={status.code} onAgain={onAgain} />;
  if (state === null) return <Opening slow={slow} />;
  const leave = async () => {
    const reply = await line.send("seat_leave", { seat });
    if (reply.ok && roleOf(state) !== "patient") setLeft(true);
    return reply;
  };
  return <VisitScreen state={state} line={line} status={status} onLeave={leave} />;
}

interface ScreenProps {
  state: SeatState;
  line: Line;
  status: LineStatus;
  onLeave: Leave;
}

export type Leave = () => ReturnType<Line["send"]>;

export function VisitScreen({ state, line, status, onLeave }: ScreenProps) {
  useAttention(state, useTexts());
  switch (state.state) {
    case "scheduled":
    case "waiting":
    case "offered":
      return <Before state={state} line={line} status={status} onLeave={onLeave} />;
    case "connecting":
    case "live":
    case "interrupted":
      return <InCall state={state} line={line} status={status} onLeave={onLeave} />;
    case "ended":
      return <After state={state} line={line} />;
    default:
      return state.state satisfies never;
  }
}

/** Goodbye, and the messages behind it. */
function After({ state, line }: { state: SeatState; line: Line }) {
  const [reading, setReading] = useState(false);
  const { count } = useUnread(state, line);
  if (reading) return <Messages state={state} line={line} onBack={() => setReading(false)} />;
  return <Goodbye state={state} line={line} unread={count} onMessages={() => setReading(true)} />;
}

export const roleOf = (state: SeatState): Role =>
  state.people.find((each) => each.seat === state.seat)?.role ?? "patient";

function useVisit(seat: string): { line: Line; state: SeatState | null } {
  const [state, setState] = useState<SeatState | null>(null);
  const [line] = useState(() =>
    openLine(
      { audience: "seat", seat },
      {
        seat_state: (next) => setState((before) => (isNews(before, next, (each) => each.consultation) ? next : before)),
      },
    ),
  );
  useEffect(() => () => line.close(), [line]);
  const ended = state?.state === "ended";
  useEffect(() => {
    if (!ended) return;
    dropVisit();
    dropPassed();
  }, [ended]);
  return { line, state };
}

function useSlow(waiting: boolean): boolean {
  const [slow, setSlow] = useState(false);
  useEffect(() => {
    if (!waiting) return;
    const timer = setTimeout(() => setSlow(true), 6_000);
    return () => clearTimeout(timer);
  }, [waiting]);
  return waiting && slow;
}

interface Words {
  icon: IconName;
  title: string;
  body: string;
}

const UNKNOWN_SEAT = new Set(["not_signed_in", "no_seat", "seat_unknown", "forbidden", "bad_auth", "signed_out"]);

export function Closed({ code, onAgain }: { code: string; onAgain(): void }) {
  const t = useTexts();
  const unknown = UNKNOWN_SEAT.has(code);
  useEffect(() => {
    if (unknown) dropVisit();
  }, [unknown]);
  if (unknown) return <Reissue reason="seat" />;
  const words: Words =
    code === "replaced"
      ? { icon: "copy", title: t.visit.elsewhereTitle, body: t.visit.elsewhereBody }
      : code === "protocol_error"
        ? { icon: "triangle-alert", title: t.visit.stoppedTitle, body: t.visit.stoppedBody }
        : { icon: "triangle-alert", title: t.visit.refusedTitle, body: errorText(t, code) };
  return (
    <div class="page">
      <Top title={t.product} />
      <main class="body body-middle" data-screen="closed">
        <div class="empty">
          <Icon name={words.icon} />
          <Heading page={t.visit.refusedTitle}>{words.title}</Heading>
          <p>{words.body}</p>
        </div>
      </main>
      <footer class="foot">
        <button
          type="button"
          class="btn btn-main btn-large btn-wide"
          onClick={code === "replaced" ? onAgain : () => location.reload()}
        >
          {code === "replaced" ? t.visit.here : t.reload}
        </button>
      </footer>
    </div>
  );
}
