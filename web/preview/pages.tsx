import type { ComponentChild } from "preact";
import { Closed as DeskClosed } from "../src/desk/closed";
import { DeskScreen } from "../src/desk/desk";
import { SignInPage } from "../src/desk/sign-in";
import { Entry } from "../src/patient/entry";
import { Left } from "../src/patient/goodbye";
import { holdVisit } from "../src/patient/held";
import { Join } from "../src/patient/join";
import { Opening } from "../src/patient/opening";
import { Closed, VisitScreen } from "../src/patient/visit";
import { failure } from "../src/signal/http";
import type { LineStatus } from "../src/signal/line";
import type { DeskState, HospitalList, Person, SeatState } from "../src/signal/messages";
import { callPages, pictures } from "./call-pages";
import { fakeLine } from "./relay";
import {
  daughter,
  deskState,
  doctor,
  hospitals,
  id,
  inCall,
  interpreter,
  offer,
  patient,
  queue,
  seatState,
  session,
} from "./states";

const nothing = () => undefined;
const up: LineStatus = { state: "up" };
const down: LineStatus = { state: "down" };

function visit(state: SeatState, status: LineStatus = { state: "up" }) {
  const leave = async () => ({ ok: true as const, body: null });
  return <VisitScreen state={state} line={fakeLine(pictures, { status })} status={status} onLeave={leave} />;
}

function desk(state: DeskState, seat: SeatState | null = null, status: LineStatus = up, over: SeatState | null = null) {
  const line = fakeLine(pictures, { status });
  return <DeskScreen {...{ session, line, status, desk: state, seat, over, onSignOut: nothing }} />;
}

function entry(list: HospitalList | null, query: string) {
  history.replaceState(null, "", `${location.pathname}?${query}`);
  window.fetch = async (address) => {
    if (list === null) throw new TypeError("no network");
    if (String(address).startsWith("/api/hospitals")) return new Response(JSON.stringify(list));
    return new Response(JSON.stringify(failure("no_capacity").error), { status: 503 });
  };
  return <Entry onSeat={nothing} />;
}

function join(hash: string) {
  history.replaceState(null, "", `${location.pathname}${location.search}${hash}`);
  return <Join onSeat={nothing} />;
}

export function pages(zh: boolean): Record<string, () => ComponentChild> {
  const A = id("h", "a");
  const asDoctor = (people: Person[], part: Partial<SeatState> = {}) => inCall(people, { seat: id("s", "b"), ...part });
  const card = (people: Person[], part: Partial<SeatState> = {}) =>
    inCall(people, {
      state: "connecting",
      media_epoch: null,
      live_since: null,
      patient: {
        name: { zh: "白云", en: "Bai Yun" },
        birth_year: 1948,
        reason: zh ? "咳嗽两周，夜里更重" : "Cough for two weeks, worse at night",
        intake: null,
        check: null,
      },
      ...part,
    });
  const waiting = queue(zh);
  const busy = deskState({ queue: waiting, waiting: 7 });
  const offered = { ...busy, offer: offer(zh) };
  const talking = { ...busy, seat: id("s", "b"), offer: { ...offer(zh), consultation: id("c", "a") } };
  const ended = (part: Partial<SeatState>) =>
    seatState({
      state: "ended",
      people: [patient(), doctor()],
      live_since: Date.now() / 1000 - 840,
      ended_at: Date.now() / 1000,
      ...part,
    });
  return {
    entry: () => entry(hospitals, ""),
    "entry-held": () => {
      holdVisit(`/visit/${id("s", "a")}`);
      return entry(hospitals, "");
    },
    "entry-department": () => entry(hospitals, `hospital=${A}`),
    "entry-form": () => entry(hospitals, `hospital=${A}&department=${id("d", "a")}`),
    "entry-nobody": () => entry(hospitals, `hospital=${A}&department=${id("d", "c")}`),
    "entry-unreached": () => entry(null, ""),
    opening: () => <Opening slow />,
    waiting: () => visit(seatState({})),
    "waiting-next": () =>
      visit(seatState({ place: { ahead: 0, low_minutes: 0, high_minutes: 4, doctors_on_duty: 1 } })),
    "waiting-many": () =>
      visit(seatState({ place: { ahead: 11, low_minutes: 35, high_minutes: 60, doctors_on_duty: 3 } })),
    "waiting-unknown": () =>
      visit(seatState({ place: { ahead: 1, low_minutes: null, high_minutes: null, doctors_on_duty: 2 } })),
    "waiting-nobody": () =>
      visit(seatState({ place: { ahead: 1, low_minutes: null, high_minutes: null, doctors_on_duty: 0 } })),
    "waiting-lost": () => visit(seatState({}), down),
    "waiting-offered": () => visit(seatState({ state: "offered", place: null })),
    ...callPages(zh),
    goodbye: () => visit(ended({ ended_reason: "completed" })),
    "goodbye-left": () => visit(ended({ ended_reason: "patient_left", live_since: null })),
    "goodbye-lapsed": () => visit(ended({ ended_reason: "lapsed" })),
    "goodbye-guest": () => <Left />,
    unknown: () => <Closed code="seat_unknown" onAgain={nothing} />,
    elsewhere: () => <Closed code="replaced" onAgain={nothing} />,
    join: () => join(`#${"a".repeat(43)}`),
    "join-none": () => join(""),
    "desk-sign-in": () => <SignInPage signedOut={false} onSession={nothing} />,
    "desk-off": () => desk(deskState({ on_duty: [], waiting: 3, queue: waiting.slice(1, 4) })),
    "desk-empty": () => desk(deskState({})),
    "desk-queue": () => desk(busy),
    "desk-offer": () => desk(offered),
    "desk-call": () => desk(talking, asDoctor([patient(), doctor()])),
    "desk-call-card": () =>
      desk(talking, card([patient({ confirmed: false }), doctor({ confirmed: false })], { seat: id("s", "b") })),
    "desk-call-2": () => desk(talking, asDoctor([patient(), doctor(), daughter()])),
    "desk-call-3": () => desk(talking, asDoctor([patient(), doctor(), daughter({ camera: false }), interpreter()])),
    "desk-call-gone": () => desk(talking, asDoctor([patient({ present: false, in_call: false }), doctor()])),
    "desk-over": () => desk(deskState({}), null, up, ended({ ended_reason: "completed" })),
    "desk-lost": () => desk(busy, null, down),
    "desk-closed": () => <DeskClosed code="replaced" onAgain={nothing} />,
  };
}
