import type { ComponentChild } from "preact";
import { Entry } from "../src/patient/entry";
import { Left } from "../src/patient/goodbye";
import { holdVisit } from "../src/patient/held";
import { Join } from "../src/patient/join";
import { Opening } from "../src/patient/opening";
import { Closed, VisitScreen } from "../src/patient/visit";
import { failure } from "../src/signal/http";
import type { LineStatus } from "../src/signal/line";
import type { HospitalList, SeatState } from "../src/signal/messages";
import { callPages, pictures } from "./call-pages";
import { deskPages } from "./desk-pages";
import { fakeLine } from "./relay";
import { doctor, hospitals, id, patient, seatState } from "./states";

const nothing = () => undefined;
const down: LineStatus = { state: "down" };

function visit(state: SeatState, status: LineStatus = { state: "up" }) {
  const leave = async () => ({ ok: true as const, body: null });
  return <VisitScreen state={state} line={fakeLine(pictures, { status })} status={status} onLeave={leave} />;
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
    goodbye: () => visit(ended({ ended_reason: "completed" })),
    "goodbye-left": () => visit(ended({ ended_reason: "patient_left", live_since: null })),
    "goodbye-lapsed": () => visit(ended({ ended_reason: "lapsed" })),
    "goodbye-guest": () => <Left />,
    unknown: () => <Closed code="seat_unknown" onAgain={nothing} />,
    elsewhere: () => <Closed code="replaced" onAgain={nothing} />,
    join: () => join(`#${"a".repeat(43)}`),
    "join-none": () => join(""),
    ...callPages(zh),
    ...deskPages(zh),
  };
}
