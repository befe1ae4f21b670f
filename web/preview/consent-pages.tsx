/** The recording light in every state, the sheets that ask, and what is left to decide afterwards. */

import type { ComponentChild } from "preact";
import { DeskScreen } from "../src/desk/desk-screen";
import type { OwnConsent, Person, RecordingStatus } from "../src/signal/messages";
import { entries, pictures, visit } from "./call-pages";
import { full } from "./desk-states";
import { fakeLine } from "./relay";
import { daughter, doctor, id, inCall, patient, session } from "./states";

const own = (part: Partial<OwnConsent> = {}): OwnConsent => ({
  audio_video: "given",
  audio_only: "given",
  teaching: "unasked",
  can_withdraw: true,
  ...part,
});

const asked = own({ audio_video: "asked", audio_only: "asked", can_withdraw: false });

/** A recording as the server would tell it. */
export const recording = (part: Partial<RecordingStatus> = {}): RecordingStatus => ({
  allowed: true,
  state: "on",
  reason: "all_yes",
  light: true,
  running: true,
  trouble: null,
  waiting_for: [],
  teaching: false,
  erases: true,
  started_at: Date.now() / 1000 - 60,
  own: own(),
  ...part,
});

const waits = recording({ state: "asked", reason: "asked", light: false, running: false, started_at: null });

export function consentPages(zh: boolean): Record<string, () => ComponentChild> {
  const people = [patient({ read: 6 }), doctor({ read: 5 })];
  const call = (status: RecordingStatus, who: Person[] = people, seat = id("s", "a"), press?: string) =>
    visit(inCall(who, { seat, recording: status }), {}, press);
  const desk = (status: RecordingStatus, press?: string) => {
    if (press !== undefined) setTimeout(() => document.querySelector<HTMLElement>(press)?.click(), 900);
    const written = entries(zh);
    const line = fakeLine(pictures, { entries: written });
    const seat = inCall(people, { seat: id("s", "b"), recording: status, last_entry: written.length });
    return (
      <DeskScreen
        {...{ session, line, status: { state: "up" }, desk: full(zh), seat, over: null, onSignOut: () => undefined }}
      />
    );
  };
  const question = { ...waits, waiting_for: [id("s", "a")], own: asked };
  return {
    "call-consent": () => call(question),
    "call-consent-teaching": () => call({ ...question, teaching: true }),
    "call-consent-later": () => call(question, people, id("s", "a"), "[data-consent=later]"),
    "call-consent-given": () => call({ ...waits, waiting_for: [id("s", "c")] }, [...people, daughter()]),
    "call-recording": () => call(recording()),
    "call-recording-own": () =>
      call(recording({ teaching: true, own: own({ teaching: "given" }) }), people, id("s", "a"), "[data-consent=own]"),
    "call-recording-paused": () =>
      call(
        recording({ state: "paused", reason: "joined", light: false, running: false, waiting_for: [id("s", "c")] }),
        [...people, daughter()],
      ),
    "call-recording-declined": () =>
      call(recording({ state: "paused", reason: "declined", light: false, running: false }), [...people, daughter()]),
    "call-recording-ending": () => call(recording({ state: "ending", reason: "withdrawn", running: false })),
    "call-consent-joined": () =>
      call(
        recording({
          state: "paused",
          reason: "joined",
          light: false,
          running: false,
          waiting_for: [id("s", "c")],
          own: asked,
        }),
        [...people, daughter()],
        id("s", "c"),
      ),
    "desk-record": () =>
      desk(
        recording({
          state: "off",
          reason: null,
          light: false,
          running: false,
          started_at: null,
          own: own({ audio_video: "unasked", audio_only: "unasked", can_withdraw: false }),
        }),
        "[data-record]",
      ),
    "desk-record-asked": () => desk({ ...waits, waiting_for: [id("s", "a")] }),
    "desk-recording": () => desk(recording()),
    "desk-recording-paused": () =>
      desk(recording({ state: "paused", reason: "joined", light: false, running: false, waiting_for: [id("s", "a")] })),
    "goodbye-recorded": () => visit(over(recording({ state: "off", reason: "ended", light: false, running: false }))),
    "goodbye-recorded-withdraw": () =>
      visit(
        over(recording({ state: "off", reason: "ended", light: false, running: false })),
        {},
        "[data-withdraw=audio_only]",
      ),
  };
}

const over = (status: RecordingStatus) =>
  inCall([patient(), doctor()], {
    state: "ended",
    ended_reason: "completed",
    ended_at: Date.now() / 1000,
    recording: status,
  });
