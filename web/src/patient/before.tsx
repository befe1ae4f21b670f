/** All before the call: the way out, the test, the questions, the waiting room. The place in line is kept throughout, and
 * a doctor who is ready takes the patient out of everything else. */

import { useEffect, useRef, useState } from "preact/hooks";
import { useTexts } from "../i18n";
import type { Line, LineStatus } from "../signal/line";
import type { SeatState } from "../signal/messages";
import { useUnread } from "../timeline/use-timeline";
import { lazily } from "../ui/lazy";
import { abilities, obstacleOf } from "./browser";
import { Messages } from "./messages";
import { Opening } from "./opening";
import { Questions } from "./questions";
import { keepPassed, type Passed, recallPassed, stageOf } from "./stage";
import { useIntake } from "./use-intake";
import type { Leave } from "./visit";
import { Waiting } from "./waiting";
import { WayOut } from "./way-out";

const Check = lazily(() => import("../check/check").then((module) => module.Check), Opening);

interface BeforeProps {
  state: SeatState;
  line: Line;
  status: LineStatus;
  onLeave: Leave;
}

export function Before({ state, line, status, onLeave }: BeforeProps) {
  const t = useTexts();
  const [passed, pass] = usePassed(state.seat);
  const [cameBack] = useState(passed.waiting);
  const [obstacle] = useState(() => obstacleOf(abilities()));
  const [opened, setOpened] = useState<"check" | "questions" | "messages" | null>(null);
  const intake = useIntake(state, line, status, passed.question);
  const { count } = useUnread(state, line);
  const called = state.state === "offered";
  const stage = stageOf(state, passed, obstacle);
  const shown = !called && opened !== null ? opened : stage;
  const interrupted = useInterrupted(called, shown);
  const { question, over } = intake.state;
  useEffect(() => {
    if (question !== passed.question) pass({ question });
  }, [question]);
  useEffect(() => {
    if (!over) return;
    pass({ questions: true });
    setOpened(null);
  }, [over]);
  useEffect(() => {
    if (stage === "waiting" && !called && !passed.waiting) pass({ waiting: true });
  }, [stage, called]);
  useEffect(() => scrollTo(0, 0), [shown]);
  const toWaiting = () => setOpened(null);

  if (shown === "way_out" && obstacle !== null) {
    const agent = navigator.userAgent;
    return <WayOut {...{ state, line, obstacle, agent }} onStay={() => pass({ way_out: true })} />;
  }
  if (shown === "check") {
    const again = opened === "check";
    return <Check {...{ state, line, status, again }} onDone={() => (again ? toWaiting() : pass({ check: true }))} />;
  }
  if (shown === "questions") {
    const back = () => (opened === "questions" ? toWaiting() : pass({ check: false, way_out: false }));
    const later = () => {
      pass({ questions: true });
      toWaiting();
    };
    return <Questions {...{ state, line, intake }} onBack={back} onLater={later} />;
  }
  if (shown === "messages") return <Messages state={state} line={line} onBack={toWaiting} />;
  const open = (what: "check" | "questions" | "messages") => {
    if (what === "questions") intake.happened({ type: "opened_again" });
    setOpened(what);
  };
  return (
    <Waiting
      {...{ state, line, status, onLeave, cameBack }}
      canCall={obstacle === null}
      unread={count}
      said={interrupted ? t.waiting.interrupted : null}
      onOpen={open}
    />
  );
}

function usePassed(seat: string): [Passed, (part: Partial<Passed>) => void] {
  const [passed, setPassed] = useState(() => recallPassed(seat));
  const latest = useRef(passed);
  const pass = (part: Partial<Passed>) => {
    latest.current = { ...latest.current, ...part };
    keepPassed(seat, latest.current);
    setPassed(latest.current);
  };
  return [passed, pass];
}

/** Whether the doctor came while something else was on the screen. */
function useInterrupted(called: boolean, shown: string): boolean {
  const before = useRef(shown);
  const interrupted = useRef(false);
  if (!called) {
    before.current = shown;
    interrupted.current = false;
  } else if (before.current !== "waiting") interrupted.current = true;
  return interrupted.current;
}
