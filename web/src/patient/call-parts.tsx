/** Parts of the call on a phone: what is the matter, in a sentence, and the three keys. */

import { useEffect, useRef, useState } from "preact/hooks";
import { callNotice, deviceSentence, isSettled, type Notice } from "../call/notices";
import { sending } from "../call/reducer";
import { isLowered } from "../call/rung";
import { qualityNotice } from "../call/sign";
import { type RunningCall, useLasting } from "../call/use-call";
import { useLocal, useTexts } from "../i18n";
import type { LineStatus } from "../signal/line";
import type { Person } from "../signal/messages";
import { Icon } from "../ui/icon";
import type { IconName } from "../ui/icon-names";
import { larger } from "../ui/screen";
import { useStore } from "../ui/store";

export const plain = (icon: IconName, title: string): Notice => ({ id: "refused", icon, title, body: "" });

/** How long it is said that sound and picture are back. */
const BACK_MS = 5_000;

/** What must be said now; a moment's interruption is not worth a word, and a return is, for a moment. */
export function useNotice(call: RunningCall, status: LineStatus, others: readonly Person[]): Notice | null {
  const t = useTexts();
  const local = useLocal();
  const notice = callNotice(t, local, call.view.state, status, others) ?? qualityNotice(t, local, call.view, others);
  const lasting = useLasting(notice !== null, 1_200);
  const back = useReturned(isLowered(call.view.state.rung));
  if (notice !== null) return lasting || isSettled(notice) ? notice : null;
  return back ? { id: "back", icon: "check", title: t.call.rung.backTitle, body: t.call.rung.back } : null;
}

function useReturned(lowered: boolean): boolean {
  const [back, setBack] = useState(false);
  const before = useRef(lowered);
  useEffect(() => {
    const returned = before.current && !lowered;
    before.current = lowered;
    setBack(returned);
    if (!returned) return;
    const timer = setTimeout(() => setBack(false), BACK_MS);
    return () => clearTimeout(timer);
  }, [lowered]);
  return back;
}

export function Weak({ notice }: { notice: Notice }) {
  return (
    <div class={notice.id === "back" ? "weak weak-calm" : "weak"} data-notice={notice.id}>
      <div class="row">
        <Icon name={notice.icon} />
        <div class="grow">
          <p>
            <strong>{notice.title}</strong>
          </p>
          {notice.body && <p>{notice.body}</p>}
        </div>
      </div>
      <Why notice={notice} />
    </div>
  );
}

export function Why({ notice }: { notice: Notice }) {
  if (notice.why === undefined) return null;
  return (
    <details class="why">
      <summary>
        <span>{notice.why.question}</span>
        <Icon name="chevron-down" />
      </summary>
      <p>{notice.why.answer}</p>
    </details>
  );
}

export function YourTurn({ name }: { name: string }) {
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

interface DeviceProps {
  call: RunningCall;
  quiet: boolean;
  onWrite(): void;
}

/** Said once, until it is read: one joins without camera or microphone too. */
export function DeviceNotice({ call, quiet, onWrite }: DeviceProps) {
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
  const mute = typeof devices !== "string" && devices.microphone !== "ready";
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
        {mute && (
          <button type="button" class="btn btn-room" onClick={onWrite}>
            {t.call.device.write}
          </button>
        )}
        <button type="button" class="btn btn-room" onClick={() => setRead(true)}>
          {t.dismiss}
        </button>
      </div>
    </div>
  );
}

interface KeyRowProps {
  call: RunningCall;
  endWord: string;
  /** Whether the last key ends the call for everybody. */
  hangs: boolean;
  onEnd(): void;
}

export function KeyRow({ call, endWord, hangs, onEnd }: KeyRowProps) {
  const t = useTexts();
  const elder = useStore(larger);
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
        <span>{elder && hangs ? t.call.hangUp : endWord}</span>
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
