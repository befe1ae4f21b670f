/** The desk's screens with canned states. A page whose name ends in a word after `~` presses or types something first. */

import type { ComponentChild } from "preact";
import { Closed } from "../src/desk/closed";
import { DeskScreen } from "../src/desk/desk-screen";
import { MadeSheet } from "../src/desk/invite-patient";
import { SignInPage } from "../src/desk/sign-in";
import { TriageScreen } from "../src/desk/triage";
import { failure, type Reply } from "../src/signal/http";
import type { Line, LineStatus } from "../src/signal/line";
import type { DeskState, Entry, NotesKept, NotesSave, Person, SeatState } from "../src/signal/messages";
import { entries, pictures } from "./call-pages";
import {
  brief,
  coordinator,
  enrol,
  full,
  fullOffer,
  invited,
  noNotes,
  notes,
  recent,
  signs,
  triaged,
} from "./desk-states";
import { flown } from "./flights";
import { fakeLine } from "./relay";
import { daughter, deskState, doctor, id, inCall, interpreter, patient, seatState, session } from "./states";

const nothing = () => undefined;
const up: LineStatus = { state: "up" };
const down: LineStatus = { state: "down" };
type NotesServer = (save: NotesSave | null) => Reply<NotesKept>;

const keeps =
  (kept: NotesKept): NotesServer =>
  (save) => ({
    ok: true,
    body: save === null ? kept : { revision: save.revision + 1, saved_at: Date.now() / 1000, notes: save.notes },
  });
const refuses =
  (kept: NotesKept): NotesServer =>
  (save) =>
    save === null ? { ok: true, body: kept } : failure("unreachable");

function lineWith(status: LineStatus, server: NotesServer, written: Entry[] = []): Line {
  const line = fakeLine(pictures, { status, entries: written });
  return {
    ...line,
    async send(name, body) {
      if (name === "notes_get") return server(null) as never;
      if (name === "call_quality") return { ok: true, body: flown(true) } as never;
      if (name === "notes_save") return server(body as NotesSave) as never;
      return line.send(name, body);
    },
  };
}

interface Part {
  seat?: SeatState;
  over?: SeatState;
  status?: LineStatus;
  notes?: NotesServer;
  written?: Entry[];
}

function desk(state: DeskState, part: Part = {}) {
  const status = part.status ?? up;
  const line = lineWith(status, part.notes ?? keeps(noNotes), part.written);
  return (
    <DeskScreen
      {...{ session, line, status, desk: state, seat: part.seat ?? null, over: part.over ?? null, onSignOut: nothing }}
    />
  );
}

/** Does something to the page once it is drawn. */
function then(page: ComponentChild, act: () => void) {
  setTimeout(act, 250);
  return page;
}

const press = (selector: string) => document.querySelector<HTMLElement>(selector)?.click();

function type(selector: string, words: string) {
  const field = document.querySelector<HTMLInputElement | HTMLTextAreaElement>(selector);
  if (field === null) return;
  field.value = words;
  field.dispatchEvent(new Event("input", { bubbles: true }));
}

function signIn(answer: object, status: number, headers: Record<string, string> = {}, done: () => void = nothing) {
  window.fetch = async () => new Response(JSON.stringify(answer), { status, headers });
  return then(<SignInPage signedOut={false} onSession={nothing} />, () => {
    type("#staff_number", "20417");
    type("#password", "mock-password");
    setTimeout(() => {
      press("[type=submit]");
      setTimeout(done, 100);
    }, 60);
  });
}

const expired = () => {
  type("#code", "814093");
  window.fetch = async () => new Response(JSON.stringify(failure("code_wrong").error), { status: 401 });
  setTimeout(() => press("[type=submit]"), 50);
};

export function deskPages(zh: boolean): Record<string, () => ComponentChild> {
  const asDoctor = (people: Person[], part: Partial<SeatState> = {}) =>
    inCall(people, { seat: id("s", "b"), patient: brief(zh), last_entry: 6, ...part });
  const talking = full(zh, { seat: id("s", "b") });
  const ended = (part: Partial<SeatState>) =>
    seatState({
      state: "ended",
      people: [patient(), doctor()],
      seat: id("s", "b"),
      patient: brief(zh),
      live_since: Date.now() / 1000 - 840,
      ended_at: Date.now() / 1000,
      ...part,
    });
  const call = (people: Person[], part: Part = {}) =>
    desk(talking, { notes: keeps(notes(zh)), seat: asDoctor(people), written: entries(zh), ...part });
  const two = [patient(), doctor()];
  return {
    "desk-sign-in": () => <SignInPage signedOut={false} onSession={nothing} />,
    "desk-sign-in-out": () => <SignInPage signedOut onSession={nothing} />,
    "desk-sign-in-wrong": () => signIn(failure("sign_in_failed").error, 401),
    "desk-sign-in-locked": () => signIn(failure("too_many_attempts").error, 429, { "Retry-After": "272" }),
    "desk-sign-in-code": () => signIn({ next: "code", secret: null, uri: null }, 200),
    "desk-sign-in-expired": () => signIn({ next: "code", secret: null, uri: null }, 200, {}, expired),
    "desk-sign-in-enrol": () => signIn(enrol, 200),
    "desk-off": () => desk(deskState({ on_duty: [], waiting: 3, queue: signs(zh).slice(1, 4) })),
    "desk-empty": () => desk(deskState({ seen_today: 0 })),
    "desk-flight": () =>
      then(desk(full(zh)), () => {
        press("[data-recent]");
        setTimeout(() => press("[name=call_quality]"), 150);
      }),
    "desk-queue": () => desk(full(zh)),
    "desk-chosen": () => then(desk(full(zh)), () => press(`[data-consultation="${id("c", "b")}"]`)),
    "desk-duty-menu": () => then(desk(full(zh)), () => press("[name=duty_menu]")),
    "desk-offer": () => desk(full(zh, { offer: fullOffer(zh) })),
    "desk-offer-plain": () =>
      desk(full(zh, { offer: { ...fullOffer(zh), intake: null, expect: null, priority: "routine" } })),
    "desk-keys": () => then(desk(full(zh)), () => press("[name=keys]")),
    "desk-find": () => then(desk(full(zh)), () => press("[name=find]")),
    "desk-invite": () => then(desk(full(zh)), () => press("[name=invite_patient]")),
    "desk-invite-faults": () =>
      then(desk(full(zh)), () => {
        press("[name=invite_patient]");
        setTimeout(() => {
          type("#invite-email", "qiu at example");
          setTimeout(() => press("dialog [type=submit]"), 50);
        }, 100);
      }),
    "desk-invite-made": () => (
      <>
        {desk(full(zh))}
        <MadeSheet
          made={{
            consultation: id("c", "m"),
            path: `/join#${"k3v7Qm2xW9".repeat(5).slice(0, 43)}`,
            expires_at: Date.now() / 1000 + 86_400,
            mailed: true,
            name: invited[0]?.name ?? { zh: "", en: "" },
            contact: "qiu@example.org",
          }}
          onClose={nothing}
          onAnother={nothing}
        />
      </>
    ),
    "desk-revoke": () =>
      then(desk(full(zh)), () => press(`[data-invited="${id("c", "m")}"] .line-tools button:last-child`)),
    "desk-recent": () =>
      then(desk(full(zh), { notes: keeps(notes(zh)), written: entries(zh) }), () =>
        press(`[data-recent="${recent[0]?.seat}"]`),
      ),
    "desk-call": () => call(two),
    "desk-call-card": () =>
      call([patient({ in_call: false, confirmed: false }), doctor({ in_call: false, confirmed: false })], {
        seat: asDoctor([patient({ confirmed: false }), doctor({ confirmed: false })], {
          state: "connecting",
          media_epoch: null,
          live_since: null,
        }),
        notes: keeps(noNotes),
      }),
    "desk-call-2": () => call([...two, daughter()]),
    "desk-call-3": () => call([...two, daughter({ camera: false }), interpreter()]),
    "desk-call-link": () => then(call(two), () => press("[data-invite=companion]")),
    "desk-call-gone": () => call([patient({ present: false, in_call: false }), doctor()]),
    "desk-call-unsaved": () =>
      then(call(two, { notes: refuses(notes(zh)), status: down }), () => {
        type("#note-advice", zh ? "每次用后漱口。多喝水。" : "Rinse after each use. Drink more.");
        setTimeout(() => document.querySelector("#note-advice")?.dispatchEvent(new FocusEvent("blur")), 100);
      }),
    "desk-call-offer-late": () => call(two),
    "desk-call-end": () => then(call(two), () => press("[data-key=end]")),
    "desk-call-end-empty": () => then(call(two, { notes: keeps(noNotes) }), () => press("[data-key=end]")),
    "desk-over": () => desk(full(zh), { over: ended({ ended_reason: "completed" }) }),
    "desk-over-left": () => desk(full(zh), { over: ended({ ended_reason: "patient_left", live_since: null }) }),
    "desk-lost": () => desk(full(zh), { status: down }),
    "desk-closed": () => <Closed code="replaced" onAgain={nothing} />,
    "desk-triage": () => triage(triaged(zh)),
    "desk-triage-chosen": () =>
      then(triage(triaged(zh)), () =>
        document.querySelector<HTMLElement>(`[data-consultation="${id("c", "b")}"]`)?.focus(),
      ),
    "desk-triage-empty": () => triage(deskState({ seen_today: 0, on_duty: [] })),
  };
}

function triage(state: DeskState) {
  const line = lineWith(up, keeps(noNotes));
  return <TriageScreen {...{ session: coordinator, line, status: up, desk: state, onSignOut: nothing }} />;
}
