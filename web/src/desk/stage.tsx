/** The call on the desk: the faces, the words over them, and the keys. */

import { useState } from "preact/hooks";
import { Faces, othersOf, TapToHear } from "../call/faces";
import { NameCard, needsCard } from "../call/name-card";
import { callNotice, deviceSentence, isInWriting, isSettled } from "../call/notices";
import { health, sending } from "../call/reducer";
import { SelfView } from "../call/self";
import { callSeconds } from "../call/shell";
import { qualityNotice, signOf } from "../call/sign";
import { type RunningCall, useCall, useCallKeys, useLasting } from "../call/use-call";
import { RecordingLight } from "../consent/light";
import { useLocal, useTexts } from "../i18n";
import type { Line, LineStatus } from "../signal/line";
import type { Person, SeatState } from "../signal/messages";
import { stopwatch, useServerNow } from "../ui/clock";
import { Icon } from "../ui/icon";
import type { IconName } from "../ui/icon-names";
import { personName } from "../ui/names";
import { Heading } from "../ui/screen";
import { SetupSheet } from "./setup-sheet";
import { Key } from "./signs";

interface StageProps {
  state: SeatState;
  line: Line;
  status: LineStatus;
  onEnd(): void;
  onPhoto(): void;
}

export function Stage({ state, line, status, onEnd, onPhoto }: StageProps) {
  const t = useTexts();
  const local = useLocal();
  const call = useCall(state, "practitioner", line);
  const [setup, setSetup] = useState(false);
  useCallKeys(call);
  const others = othersOf(state.people, state.seat);
  const patient = others.find((each) => each.role === "patient") ?? others[0];
  const name = patient ? personName(t, local, patient) : "";
  const sent = sending(call.view.state);
  return (
    <div class="stage" data-health={health(call.view.state)} data-state={state.state} data-count={others.length}>
      {needsCard(state) ? (
        <NameCard state={state} line={line} preview={sent.camera ? call.view.self : null} />
      ) : (
        <>
          <Faces people={others} streams={call.view.streams} stills={call.view.stills} quality={call.view.quality} />
          <StageTop state={state} name={name} call={call} line={line} />
          <SelfView stream={call.view.self} on={sent.camera} muted={!sent.microphone} />
          <div class="stage-low">
            <Words call={call} status={status} others={others} />
            <TapToHear />
            <Keys call={call} onEnd={onEnd} onPhoto={onPhoto} onSetup={() => setSetup(true)} />
          </div>
        </>
      )}
      {setup && <SetupSheet onChange={call.askDevices} onClose={() => setSetup(false)} />}
    </div>
  );
}

interface TopProps {
  state: SeatState;
  name: string;
  call: RunningCall;
  line: Line;
}

function StageTop({ state, name, call, line }: TopProps) {
  const t = useTexts();
  useServerNow();
  const now = health(call.view.state);
  const patient = state.people.find((each) => each.role === "patient");
  const inWriting = isInWriting(call.view.state, patient);
  const sign = signOf(t, call.view, patient);
  const word = inWriting
    ? t.call.inWriting
    : now === "connected"
      ? sign.word
      : now === "interrupted"
        ? t.call.goneShort
        : t.call.connecting;
  return (
    <div class="stage-top">
      <div class="tag">
        <Heading small page={name}>
          {name}
        </Heading>
        {state.live_since !== null && <time class="num">{stopwatch(callSeconds(state))}</time>}
      </div>
      <span class="tag" data-sign={sign.clarity}>
        <Icon name={now === "connected" && !inWriting ? sign.icon : "signal-weak"} />
        {word}
      </span>
      <RecordingLight state={state} status={state.recording} line={line} />
    </div>
  );
}

interface WordsProps {
  call: RunningCall;
  status: LineStatus;
  others: readonly Person[];
}

function Words({ call, status, others }: WordsProps) {
  const t = useTexts();
  const local = useLocal();
  const [read, setRead] = useState(false);
  const { state } = call.view;
  const notice = callNotice(t, local, state, status, others) ?? qualityNotice(t, local, call.view, others);
  const lasting = useLasting(notice !== null, 1_200) || isSettled(notice);
  const devices = typeof state.devices === "string" ? null : deviceSentence(t, state.devices);
  return (
    <div class="stage-words" role="status">
      {lasting && notice !== null && (
        <div class="weak" data-notice={notice.id}>
          <Icon name={notice.icon} />
          <p>
            <strong>{notice.title}</strong> {notice.body}
          </p>
        </div>
      )}
      {state.devices === "opening" && state.told === null && (
        <div class="weak weak-calm">
          <p>{t.call.allow}</p>
        </div>
      )}
      {devices !== null && !read && !lasting && (
        <div class="weak" data-notice="devices">
          <Icon name="video-off" />
          <p class="grow">{devices}</p>
          <button type="button" class="btn btn-room" onClick={call.askDevices}>
            {t.call.device.again}
          </button>
          <button type="button" class="btn btn-room" onClick={() => setRead(true)}>
            {t.desk.dismiss}
          </button>
        </div>
      )}
    </div>
  );
}

interface KeysProps {
  call: RunningCall;
  onEnd(): void;
  onPhoto(): void;
  onSetup(): void;
}

/** A row that wraps rather than being cut; each key an icon, its state in a word, and the letter that presses it. */
function Keys({ call, onEnd, onPhoto, onSetup }: KeysProps) {
  const t = useTexts();
  const { devices } = call.view.state;
  const settled = typeof devices !== "string";
  const sent = sending(call.view.state);
  const microphone = settled ? sent.microphone : call.view.state.microphone;
  const camera = settled ? sent.camera : call.view.state.camera;
  return (
    <div class="keys" role="toolbar" aria-label={t.call.keys}>
      <StageKey
        icon={microphone ? "mic" : "mic-off"}
        word={microphone ? t.call.soundOn : t.call.soundOff}
        letter="M"
        name="microphone"
        pressed={!microphone}
        onPress={settled && devices.microphone !== "ready" ? call.askDevices : call.switchMicrophone}
      />
      <StageKey
        icon={camera ? "video" : "video-off"}
        word={camera ? t.call.pictureOn : t.call.pictureOff}
        letter="V"
        name="camera"
        pressed={!camera}
        onPress={settled && devices.camera !== "ready" ? call.askDevices : call.switchCamera}
      />
      <StageKey icon="camera" word={t.stage.photo} letter="P" name="photo" onPress={onPhoto} />
      <button
        type="button"
        class="key-icon"
        data-key="setup"
        aria-label={t.setup.title}
        title={t.stage.devices}
        onClick={onSetup}
      >
        <Icon name="sliders-horizontal" />
      </button>
      <button type="button" class="end-call" data-key="end" aria-keyshortcuts="Control+Enter" onClick={onEnd}>
        <Icon name="phone-off" />
        <span>{t.call.end}</span>
      </button>
    </div>
  );
}

interface StageKeyProps {
  icon: IconName;
  word: string;
  letter: string;
  name: string;
  pressed?: boolean;
  onPress(): void;
}

function StageKey({ icon, word, letter, name, pressed, onPress }: StageKeyProps) {
  return (
    <button type="button" data-key={name} aria-pressed={pressed} aria-keyshortcuts={letter} onClick={onPress}>
      <Icon name={icon} />
      <span>{word}</span> <Key name={letter} />
    </button>
  );
}
