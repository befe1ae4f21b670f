/** The call on a phone: the other person's face is the page; three keys, messages, and a sentence when something is the matter. */

import { useEffect, useState } from "preact/hooks";
import { Faces, othersOf, TapToHear } from "../call/faces";
import { NameCard, needsCard } from "../call/name-card";
import { isInWriting } from "../call/notices";
import { health, sending } from "../call/reducer";
import { SelfView } from "../call/self";
import { callSeconds } from "../call/shell";
import { signOf } from "../call/sign";
import { type RunningCall, useCall, useCallKeys } from "../call/use-call";
import { RecordingLight } from "../consent/light";
import { errorText, useLocal, useTexts } from "../i18n";
import type { Line, LineStatus } from "../signal/line";
import type { Person, SeatState } from "../signal/messages";
import { useAwake } from "../ui/awake";
import { chime } from "../ui/chime";
import { stopwatch, useServerNow } from "../ui/clock";
import { Icon } from "../ui/icon";
import { personName } from "../ui/names";
import { Question, useFocusWhereLost, useTitle } from "../ui/screen";
import { DeviceNotice, KeyRow, plain, useNotice, Weak, YourTurn } from "./call-parts";
import { Drawer, LastMessage, useDrawer } from "./drawer";
import { type Leave, roleOf } from "./visit";

interface InCallProps {
  state: SeatState;
  line: Line;
  status: LineStatus;
  onLeave: Leave;
}

export function InCall({ state, line, status, onLeave }: InCallProps) {
  const t = useTexts();
  const local = useLocal();
  const role = roleOf(state);
  const call = useCall(state, role, line);
  const [asking, setAsking] = useState(false);
  const [refused, setRefused] = useState<string | null>(null);
  const others = othersOf(state.people, state.seat);
  const first = others[0];
  const notice = useNotice(call, status, others);
  const inWriting = isInWriting(call.view.state, first);
  const drawer = useDrawer(inWriting, line, state.seat);
  const ends = role === "patient";
  const sent = sending(call.view.state);
  useCallKeys(call);
  useAwake();
  useEffect(() => {
    if (state.state === "connecting") chime();
  }, []);
  useTitle(`${first ? personName(t, local, first) : t.call.title} · ${t.product}`);
  const end = async () => {
    setAsking(false);
    const reply = ends ? await line.send("consultation_end", { seat: state.seat }) : await onLeave();
    if (!reply.ok) setRefused(reply.error.code);
  };
  if (needsCard(state))
    return (
      <main class="call">
        <NameCard state={state} line={line} preview={sent.camera ? call.view.self : null} />
      </main>
    );
  const endWord = ends ? t.call.end : t.call.leave;
  const seen = first !== undefined && call.view.stills.has(first.seat) && first.present;
  return (
    <main
      class="call"
      data-screen="call"
      data-state={state.state}
      data-health={health(call.view.state)}
      data-rung={call.view.state.rung ?? "media"}
      data-count={others.length}
      data-split={inWriting && !drawer.open}
      data-drawer={drawer.open ? (inWriting && !seen ? "whole" : "open") : "closed"}
    >
      <Faces people={others} streams={call.view.streams} stills={call.view.stills} quality={call.view.quality} />
      <CallTop state={state} others={others} call={call} line={line} inWriting={inWriting} />
      <SelfView
        stream={call.view.self}
        on={sent.camera}
        muted={!sent.microphone}
        mirrored={call.view.mirrored}
        onTurn={call.view.turnable ? call.turnCamera : undefined}
      />
      {drawer.open ? (
        <Drawer
          state={state}
          line={line}
          first={first}
          notice={inWriting || notice?.id === "back" ? notice : null}
          endWord={inWriting ? endWord : null}
          drawer={drawer}
          onEnd={() => setAsking(true)}
        />
      ) : (
        <div class="call-low">
          <div class="call-words" role="status">
            {notice !== null && <Weak notice={notice} />}
            {refused !== null && <Weak notice={plain("triangle-alert", errorText(t, refused))} />}
          </div>
          {state.state === "connecting" && first && !inWriting && <YourTurn name={personName(t, local, first)} />}
          <DeviceNotice
            call={call}
            quiet={notice !== null || state.state === "connecting"}
            onWrite={() => drawer.show(true)}
          />
          <TapToHear />
          <LastMessage state={state} line={line} onOpen={() => drawer.show(true)} />
          <KeyRow call={call} endWord={endWord} hangs={ends} onEnd={() => setAsking(true)} />
        </div>
      )}
      {asking && (
        <Question
          sheet
          icon="phone-off"
          title={ends ? t.call.endTitle : t.call.leaveTitle}
          body={ends ? t.call.endBody : t.call.leaveBody}
          yes={ends ? t.call.endYes : t.call.leaveYes}
          no={t.call.endNo}
          onYes={end}
          onNo={() => setAsking(false)}
        />
      )}
    </main>
  );
}

interface TopProps {
  state: SeatState;
  others: readonly Person[];
  call: RunningCall;
  line: Line;
  inWriting: boolean;
}

function CallTop({ state, others, call, line, inWriting }: TopProps) {
  const t = useTexts();
  const local = useLocal();
  const heading = useFocusWhereLost();
  useServerNow();
  const names = others.map((each) => personName(t, local, each)).join(t.listJoin);
  const now = health(call.view.state);
  const sign = signOf(t, call.view, others[0]);
  const word = inWriting
    ? t.call.inWriting
    : now === "connected"
      ? sign.word
      : now === "interrupted"
        ? t.call.goneShort
        : t.call.connecting;
  return (
    <header class="call-top">
      <div class="tag tag-square">
        <h1 ref={heading} tabIndex={-1} class={others.length > 1 ? "sr" : "tag-name"}>
          {names || t.call.title}
        </h1>
        {state.live_since !== null && <time class="num">{stopwatch(callSeconds(state))}</time>}
        <small class="row gap-s" data-sign={sign.clarity}>
          {now === "connected" && !inWriting && <Icon name={sign.icon} />}
          {word}
        </small>
      </div>
      <RecordingLight state={state} status={state.recording} line={line} />
    </header>
  );
}
