/** The call on a phone: the other person's face is the page; three keys, and a sentence when something is the matter. */

import { useEffect, useState } from "preact/hooks";
import { Faces, othersOf, TapToHear } from "../call/faces";
import { NameCard, needsCard } from "../call/name-card";
import { callNotice, deviceSentence, type Notice } from "../call/notices";
import { health, sending } from "../call/reducer";
import { SelfView } from "../call/self";
import { callSeconds } from "../call/shell";
import { type RunningCall, useCall, useCallKeys, useLasting } from "../call/use-call";
import { errorText, useLocal, useTexts } from "../i18n";
import type { Line, LineStatus } from "../signal/line";
import type { Person, SeatState } from "../signal/messages";
import { useAwake } from "../ui/awake";
import { chime } from "../ui/chime";
import { stopwatch, useServerNow } from "../ui/clock";
import { Icon } from "../ui/icon";
import type { IconName } from "../ui/icon-names";
import { personName } from "../ui/names";
import { Question, useTitle } from "../ui/screen";
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
  useCallKeys(call);
  useAwake();
  useEffect(() => {
    if (state.state === "connecting") chime();
  }, []);
  const others = othersOf(state.people, state.seat);
  const first = others[0];
  const notice = useNotice(call, status, others);
  const ends = role === "patient";
  useTitle(`${first ? personName(t, local, first) : t.call.title} · ${t.product}`);
  const end = async () => {
    setAsking(false);
    const reply = ends ? await line.send("consultation_end", { seat: state.seat }) : await onLeave();
    if (!reply.ok) setRefused(reply.error.code);
  };
  const sent = sending(call.view.state);
  if (needsCard(state))
    return (
      <main class="call">
        <NameCard state={state} line={line} preview={sent.camera ? call.view.self : null} />
      </main>
    );
  return (
    <main
      class="call"
      data-screen="call"
      data-state={state.state}
      data-health={health(call.view.state)}
      data-count={others.length}
    >
      <Faces people={others} streams={call.view.streams} />
      <CallTop state={state} others={others} call={call} />
      <SelfView stream={call.view.self} on={sent.camera} muted={!sent.microphone} />
      <div class="call-low">
        <div class="call-words" role="status">
          {notice !== null && <Weak notice={notice} />}
          {refused !== null && <Weak notice={plain("triangle-alert", errorText(t, refused))} />}
        </div>
        {state.state === "connecting" && first && <YourTurn name={personName(t, local, first)} />}
        <DeviceNotice call={call} quiet={notice !== null || state.state === "connecting"} />
        <TapToHear />
        <KeyRow call={call} endWord={ends ? t.call.end : t.call.leave} onEnd={() => setAsking(true)} />
      </div>
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

const plain = (icon: IconName, title: string): Notice => ({ id: "media", icon, title, body: "" });

function useNotice(call: RunningCall, status: LineStatus, others: readonly Person[]): Notice | null {
  const t = useTexts();
  const local = useLocal();
  const notice = callNotice(t, local, call.view.state, status, others);
  const lasting = useLasting(notice !== null, 1_200);
  return lasting ? notice : null;
}

function CallTop({ state, others, call }: { state: SeatState; others: readonly Person[]; call: RunningCall }) {
  const t = useTexts();
  const local = useLocal();
  useServerNow();
  const names = others.map((each) => personName(t, local, each)).join(t.listJoin);
  const health_ = health(call.view.state);
  const word = health_ === "connected" ? t.call.live : health_ === "interrupted" ? t.call.goneShort : t.call.connecting;
  return (
    <header class="call-top">
      <div class="tag tag-square">
        <h1 class={others.length > 1 ? "sr" : "tag-name"}>{names || t.call.title}</h1>
        {state.live_since !== null && <time class="num">{stopwatch(callSeconds(state))}</time>}
        <small>{word}</small>
      </div>
    </header>
  );
}

function Weak({ notice }: { notice: Notice }) {
  return (
    <div class="weak" data-notice={notice.id}>
      <div class="row">
        <Icon name={notice.icon} />
        <div class="grow">
          <p>
            <strong>{notice.title}</strong>
          </p>
          {notice.body && <p>{notice.body}</p>}
        </div>
      </div>
    </div>
  );
}

function YourTurn({ name }: { name: string }) {
  const t = useTexts();
  return (
    <div class="weak weak-calm" role="status">
      <p>
        <strong>{t.call.turn}</strong>
      </p>
      <p>{t.call.turnBody(name)}</p>
    </div>
  );
}

/** Said once, until it is read: one joins without camera or microphone too. */
function DeviceNotice({ call, quiet }: { call: RunningCall; quiet: boolean }) {
  const t = useTexts();
  const [read, setRead] = useState(false);
  const { devices } = call.view.state;
  if (devices === "opening" && call.view.state.told === null) {
    return (
      <div class="weak weak-calm" role="status">
        <p>{t.call.allow}</p>
      </div>
    );
  }
  const sentence = typeof devices === "string" ? null : deviceSentence(t, devices);
  if (sentence === null || read || quiet) return null;
  const refused = typeof devices !== "string" && (devices.camera === "refused" || devices.microphone === "refused");
  return (
    <div class="weak" data-notice="devices" role="status">
      <p>
        {sentence} {refused && t.call.device.refusedHint}
      </p>
      <div class="weak-actions">
        <button type="button" class="btn btn-room" onClick={call.askDevices}>
          {t.call.device.again}
        </button>
        <button type="button" class="btn btn-room" onClick={() => setRead(true)}>
          {t.desk.dismiss}
        </button>
      </div>
    </div>
  );
}

function KeyRow({ call, endWord, onEnd }: { call: RunningCall; endWord: string; onEnd(): void }) {
  const t = useTexts();
  const { devices } = call.view.state;
  const sent = sending(call.view.state);
  const settled = typeof devices !== "string";
  const microphone = settled ? sent.microphone : call.view.state.microphone;
  const camera = settled ? sent.camera : call.view.state.camera;
  return (
    <div class="bar" role="toolbar" aria-label={t.call.keys}>
      <Key
        icon={microphone ? "mic" : "mic-off"}
        word={microphone ? t.call.soundOn : t.call.soundOff}
        pressed={!microphone}
        name="microphone"
        onPress={settled && devices.microphone !== "ready" ? call.askDevices : call.switchMicrophone}
      />
      <Key
        icon={camera ? "video" : "video-off"}
        word={camera ? t.call.pictureOn : t.call.pictureOff}
        pressed={!camera}
        name="camera"
        onPress={settled && devices.camera !== "ready" ? call.askDevices : call.switchCamera}
      />
      <button type="button" class="key key-end" data-key="end" onClick={onEnd}>
        <span class="disc">
          <Icon name="phone-off" />
        </span>
        <span>{endWord}</span>
      </button>
    </div>
  );
}

interface KeyProps {
  icon: IconName;
  word: string;
  pressed: boolean;
  name: string;
  onPress(): void;
}

function Key({ icon, word, pressed, name, onPress }: KeyProps) {
  return (
    <button type="button" class="key" data-key={name} aria-pressed={pressed} onClick={onPress}>
      <span class="disc">
        <Icon name={icon} />
      </span>
      <span>{word}</span>
    </button>
  );
}
