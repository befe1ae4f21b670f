/** The recording light: lit exactly when the server says that something may be recorded, with a word beside it, and one tap to
 * stop. With it come the sheets that ask, and in a sentence what changed a moment ago. */

import { useEffect, useRef, useState } from "preact/hooks";
import { useLocal, useTexts } from "../i18n";
import type { Line } from "../signal/line";
import type { RecordingStatus, Role, SeatState } from "../signal/messages";
import { personName } from "../ui/names";
import "../ui/recording.css";
import { AskSheet } from "./ask-sheet";
import { OwnSheet } from "./own-sheet";
import { awaited, canStop, isAsked, type Sign, signOf, whyOf } from "./status";
import { type Consent, useConsent } from "./use-consent";

/** How long a change is told in a sentence. */
const TOLD_MS = 7_000;

interface LightProps {
  state: SeatState;
  status: RecordingStatus;
  line: Line;
}

export function RecordingLight({ state, status, line }: LightProps) {
  const role = state.people.find((each) => each.seat === state.seat)?.role ?? "patient";
  const consent = useConsent(line, state.seat);
  const asked = isAsked(status);
  const [later, setLater] = useState(false);
  const [own, setOwn] = useState(false);
  useEffect(() => setLater(false), [asked]);
  const told = useTold(status);
  const sign = signOf(status);
  return (
    <div class="rec-place">
      {sign !== null && (
        <div class="tag rec" data-recording={status.state} data-lit={status.light} data-running={status.running}>
          <Sentence sign={sign} state={state} status={status} onOpen={() => setOwn(true)} />
          <Act as={role} status={status} consent={consent} onAnswer={() => setLater(false)} />
        </div>
      )}
      <p class="tag rec-told" role="status" hidden={consent.refused === null && told === null}>
        {consent.refused ?? told}
      </p>
      {asked && !later && <AskSheet state={state} status={status} consent={consent} onLater={() => setLater(true)} />}
      {own && !asked && <OwnSheet status={status} consent={consent} onClose={() => setOwn(false)} />}
    </div>
  );
}

interface SentenceProps {
  sign: Sign;
  state: SeatState;
  status: RecordingStatus;
  onOpen(): void;
}

/** The light and its word; a press shows what one has said oneself. */
function Sentence({ sign, state, status, onOpen }: SentenceProps) {
  const t = useTexts();
  const local = useLocal();
  const names = awaited(status, state.people, state.seat).map((each) => personName(t, local, each));
  const waits = names.length > 0 && status.waiting_for.length === names.length;
  const more =
    sign === "failed"
      ? t.recording.failedWhy[whyOf(status.trouble)]
      : sign === "paused" && status.reason === "declined"
        ? t.recording.pausedDeclined
        : waits
          ? t.recording.waitsFor(names.join(t.listJoin))
          : null;
  return (
    <button type="button" class="rec-sign" data-consent="own" onClick={onOpen}>
      <i class="rec-dot" aria-hidden="true" />
      <span>
        <strong>{t.recording.state[sign]}</strong> {more !== null && <small>{more}</small>}{" "}
        <span class="sr">{t.recording.open}</span>
      </span>
    </button>
  );
}

interface ActProps {
  as: Role;
  status: RecordingStatus;
  consent: Consent;
  onAnswer(): void;
}

/** One tap: to answer, or to stop. */
function Act({ as: role, status, consent, onAnswer }: ActProps) {
  const t = useTexts();
  if (isAsked(status))
    return (
      <button type="button" class="rec-act" data-consent="answer" onClick={onAnswer}>
        {t.recording.answer}
      </button>
    );
  if (!canStop(status, role)) return null;
  const doctor = role === "practitioner";
  const long = !doctor ? t.recording.stopOwn : status.state === "asked" ? t.recording.giveUp : t.recording.stopAll;
  return (
    <button
      type="button"
      class="rec-act"
      data-consent="stop"
      aria-label={long}
      title={long}
      aria-disabled={consent.busy}
      onClick={() => (consent.busy ? undefined : doctor ? consent.stop() : consent.withdraw("audio_only"))}
    >
      {doctor && status.state === "asked" ? t.recording.takeBack : t.recording.stop}
    </button>
  );
}

/** What changed, for a while; nothing of what was so when one came. */
function useTold(status: RecordingStatus): string | null {
  const t = useTexts();
  const [told, setTold] = useState<RecordingStatus["reason"]>(null);
  const now = `${status.state} ${status.reason} ${status.running}`;
  const before = useRef(now);
  useEffect(() => {
    if (before.current === now) return;
    before.current = now;
    setTold(status.state === "on" && !status.running ? null : status.reason);
    const timer = setTimeout(() => setTold(null), TOLD_MS);
    return () => clearTimeout(timer);
  }, [now]);
  if (told === null || told === "asked") return null;
  return told === "declined" && status.state === "paused" ? t.recording.pausedDeclined : t.recording.went[told];
}
