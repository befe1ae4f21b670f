/** The waiting room: the chairs are the queue, the wait is an interval, and nobody is left to guess. */

import { useState } from "preact/hooks";
import { useLasting } from "../call/use-call";
import { errorText, useTexts } from "../i18n";
import type { Line, LineStatus } from "../signal/line";
import type { SeatState } from "../signal/messages";
import { useAwake } from "../ui/awake";
import { Icon } from "../ui/icon";
import type { IconName } from "../ui/icon-names";
import { Room } from "../ui/room";
import { larger, Note, Question, ReadAloud, switchLetterSize, Top } from "../ui/screen";
import { useStore } from "../ui/store";
import { CallBackCard, CallBackSheet, useOff } from "./callback";
import { MoveSheet, PeopleSheet } from "./links-sheet";
import { PlaceInLine, sittersOf } from "./place";
import type { Leave } from "./visit";
import { type Opened, Ways } from "./ways";
import { Worse } from "./worse";

interface WaitingProps {
  state: SeatState;
  line: Line;
  status: LineStatus;
  onLeave: Leave;
  /** This device was in the waiting room before, in another life of the page. */
  cameBack: boolean;
  canCall: boolean;
  /** One more sentence for who was taken out of something. */
  said: string | null;
  unread: number;
  onOpen(what: "messages" | "check" | "questions"): void;
}

const TIP_ICONS: IconName[] = ["pill", "sun", "battery-medium"];

export function Waiting(props: WaitingProps) {
  const { state, line, status, onLeave } = props;
  const t = useTexts();
  const elder = useStore(larger);
  const [opened, setOpened] = useState<Opened | null>(null);
  const [refused, setRefused] = useState<string | null>(null);
  const lost = useLasting(status.state === "down", 1_500);
  useAwake();
  const close = () => setOpened(null);
  const leave = async () => {
    close();
    const reply = await onLeave();
    setRefused(reply.ok ? null : errorText(t, reply.error.code));
  };
  const open = (what: Opened) =>
    what === "messages" || what === "check" || what === "questions" ? props.onOpen(what) : setOpened(what);
  const ahead = state.place?.ahead ?? 0;
  const guest = state.patient === null;
  const inner = { ...props, lost, refused, open };
  return (
    <div class="page">
      {!elder && <Top title={t.waiting.title} />}
      <main
        class={elder ? "body body-flush body-low" : "body stack gap-l body-flush"}
        data-screen="waiting"
        data-state={state.state}
        data-ahead={ahead}
      >
        <div class="chairs">
          <Room label={t.waiting.room(ahead)} sitters={sittersOf(ahead, t)} open={state.place?.doctors_on_duty !== 0} />
        </div>
        {lost && (
          <Note tone="amber" icon="wifi-off" title={t.waiting.lostTitle} live>
            <p>{navigator.onLine ? t.waiting.lostBody : t.waiting.offline}</p>
          </Note>
        )}
        {props.cameBack && state.state === "waiting" && !lost && (
          <p class="second" role="status" data-came-back="">
            <strong>{t.waiting.backTitle}</strong> {t.waiting.backBody}
          </p>
        )}
        <section class="stack gap-s" aria-live="polite" aria-atomic="true">
          <PlaceInLine state={state} />
          {props.said !== null && <p data-say="">{props.said}</p>}
          {state.patient === null && state.state !== "offered" && <p class="second">{t.waiting.together}</p>}
        </section>
        {elder ? <ElderRoom {...inner} /> : <PlainRoom {...inner} />}
      </main>
      {!elder && (
        <footer class="foot">
          <button
            type="button"
            class="btn btn-alarm btn-large btn-wide"
            data-open="worse"
            onClick={() => open("worse")}
          >
            <Icon name="siren" />
            <span>{t.emergency.worse}</span>
          </button>
        </footer>
      )}
      {opened === "worse" && <Worse number={state.emergency_number} onClose={close} />}
      {opened === "callback" && <CallBackSheet state={state} line={line} onClose={close} />}
      {opened === "move" && <MoveSheet state={state} line={line} onClose={close} />}
      {opened === "people" && <PeopleSheet state={state} line={line} onClose={close} />}
      {opened === "leave" && (
        <Question
          sheet
          title={guest ? t.call.leaveTitle : t.waiting.leaveTitle}
          body={guest ? t.call.leaveBody : t.waiting.leaveBody}
          yes={guest ? t.call.leaveYes : t.waiting.leaveYes}
          no={t.waiting.leaveNo}
          onYes={leave}
          onNo={close}
        />
      )}
    </div>
  );
}

type RoomProps = WaitingProps & { lost: boolean; refused: string | null; open(what: Opened): void };

function PlainRoom(props: RoomProps) {
  const t = useTexts();
  const { state, line, open } = props;
  const called = state.state === "offered";
  return (
    <>
      {!called && state.patient !== null && <CallBackCard state={state} line={line} onOpen={() => open("callback")} />}
      <Rest {...props} />
      {!called && (
        <ul class="tips list">
          {t.waiting.tips.map((tip, index) => (
            <li key={tip}>
              <Icon name={TIP_ICONS[index] ?? "check"} />
              <span>{tip}</span>
            </li>
          ))}
        </ul>
      )}
      <Leaving {...props} />
    </>
  );
}

function Rest({ state, unread, canCall, open }: RoomProps) {
  const t = useTexts();
  if (state.state === "offered") return null; // the door may open any moment: nothing else to begin now
  return (
    <>
      <Ways state={state} unread={unread} canCall={canCall} onOpen={open} />
      <Note icon="armchair" title={t.waiting.keepTitle}>
        <p class="second">{t.waiting.keepBody}</p>
      </Note>
    </>
  );
}

function Leaving({ state, refused, open }: RoomProps) {
  const t = useTexts();
  return (
    <div class="stack gap-s">
      <button type="button" class="btn btn-quiet btn-leave" data-open="leave" onClick={() => open("leave")}>
        <Icon name="log-out" />
        <span>{state.patient === null ? t.call.leaveYes : t.waiting.leave}</span>
      </button>
      {refused !== null && (
        <p class="error" role="status">
          <Icon name="triangle-alert" />
          <span>{refused}</span>
        </p>
      )}
    </div>
  );
}

/** Three buttons, each a line of its own; all else behind one word. */
function ElderRoom(props: RoomProps) {
  const t = useTexts();
  const { state, line, open } = props;
  const { off, refused } = useOff(state, line);
  const words = t.waiting.callback;
  return (
    <>
      <div class="big">
        <ReadAloud big again={`${state.state} ${state.place?.ahead}`} />
        {state.state !== "offered" && state.patient !== null && (
          <button
            type="button"
            class="btn"
            data-open="callback"
            aria-pressed={state.callback}
            onClick={state.callback ? off : () => open("callback")}
          >
            <Icon name={state.callback ? "mail-check" : "mail"} />
            <span>{state.callback ? words.shortOn : words.short}</span>
          </button>
        )}
        <button type="button" class="btn btn-alarm" data-open="worse" onClick={() => open("worse")}>
          <Icon name="siren" />
          <span>{t.emergency.worse}</span>
        </button>
      </div>
      {refused !== null && <p class="error">{refused}</p>}
      <details class="more-ways">
        <summary>
          <span>{t.moreWays}</span>
          <Icon name="chevron-down" />
        </summary>
        <div class="stack gap-l">
          <button type="button" class="btn btn-wide" onClick={switchLetterSize}>
            <Icon name="a-large-small" />
            <span>{t.smaller}</span>
          </button>
          <Rest {...props} />
          <Leaving {...props} />
        </div>
      </details>
    </>
  );
}
