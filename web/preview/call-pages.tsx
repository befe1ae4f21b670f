/** The call in all its states, as a patient sees it, and the timeline by itself. */

import type { ComponentChild } from "preact";
import { VisitScreen } from "../src/patient/visit";
import type { Entry, Person, SeatState } from "../src/signal/messages";
import { keeperOf } from "../src/timeline/keeper";
import { Timeline } from "../src/timeline/timeline";
import { fakeLine, type Played } from "./relay";
import { daughter, doctor, id, inCall, interpreter, patient } from "./states";

export const pictures = {
  [id("s", "a")]: "/patient.svg",
  [id("s", "b")]: "/doctor.svg#wide",
  [id("s", "c")]: "/doctor.svg",
  [id("s", "e")]: "/patient.svg#wide",
};

const by = (person: Person): Partial<Entry> => ({ seat: person.seat, role: person.role, name: person.name });

/** The messages of one visit: numbered from 1, one a minute. */
export function entries(zh: boolean): Entry[] {
  const parts: Partial<Entry>[] = [
    { kind: "event", code: "accepted", ...by(doctor()) },
    { kind: "event", code: "live" },
    { ...by(doctor()), text: zh ? "请把吸入器拿给我看看。" : "Please show me your inhaler." },
    { ...by(patient()), text: zh ? "就是这个，一天两次。" : "This one, twice a day." },
    { ...by(patient()), kind: "picture", picture: { id: id("i", "a"), width: 320, height: 240, octets: 90_000 } },
    {
      ...by(doctor()),
      text: zh ? "谢谢。上楼梯时气短吗？" : "Thank you. Are you short of breath when you climb stairs?",
    },
  ];
  const start = Date.now() / 1000 - 60 * parts.length;
  return parts.map((part, index) => ({
    number: index + 1,
    at: start + 60 * index,
    kind: "text",
    seat: null,
    role: null,
    name: null,
    key: null,
    text: "",
    picture: null,
    code: null,
    reason: "",
    ...part,
  }));
}

/** `press`: what is pressed once the screen is there. */
export function visit(state: SeatState, played: Played = {}, press?: string) {
  const leave = async () => ({ ok: true as const, body: null });
  const wait = played.cut ? 5_500 : 900; // what is cut is noticed after a while
  if (press !== undefined) setTimeout(() => document.querySelector<HTMLElement>(press)?.click(), wait);
  return (
    <VisitScreen
      state={state}
      line={fakeLine(pictures, played)}
      status={played.status ?? { state: "up" }}
      onLeave={leave}
    />
  );
}

/** Stills as they come: the drawing of each person, made a JPEG in this page. */
function withStills(seats: readonly string[], played: Played): Played {
  return { ...played, cut: true, drawnStills: seats };
}

export function callPages(zh: boolean): Record<string, () => ComponentChild> {
  const written = entries(zh);
  const read = (number: number) => [patient({ read: number }), doctor({ read: 5 })];
  const talk = (people: Person[], part: Partial<SeatState> = {}) =>
    inCall(people, { last_entry: written.length, ...part });
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
  const alone = (desk: boolean, played: Played) => {
    const line = fakeLine(pictures, { entries: written, ...played });
    const seat = desk ? id("s", "b") : id("s", "a");
    return (
      <main class="call preview-paper">
        <Timeline state={talk(read(2), { seat })} line={line} seat={seat} to={zh ? "安宁医生" : "Dr An Ning"} />
      </main>
    );
  };
  return {
    call: () => visit(talk(read(5)), { entries: written }),
    "call-read": () => visit(talk(read(6)), { entries: written }),
    "call-messages": () => visit(talk(read(5)), { entries: written }, "[data-open=messages]"),
    "call-empty": () => visit(inCall([patient(), doctor()]), {}, "[data-open=messages]"),
    "call-connecting": () =>
      visit(inCall([patient(), doctor({ in_call: false })], { state: "connecting", live_since: null })),
    "call-card": () => visit(card([patient({ confirmed: false }), doctor({ confirmed: false })])),
    "call-card-wrong": () =>
      visit(card([patient({ confirmed: false }), doctor({ confirmed: false })]), {}, "[data-answer=wrong]"),
    "call-card-waits": () => visit(card([patient(), doctor({ confirmed: false })])),
    "call-card-guest": () => visit(card([daughter(), patient(), doctor({ confirmed: false })], { seat: id("s", "c") })),
    "call-2": () => visit(inCall([patient(), doctor(), daughter()])),
    "call-3": () => visit(inCall([patient(), doctor(), daughter(), interpreter()])),
    "call-camera-off": () => visit(inCall([patient(), doctor({ camera: false, microphone: false })])),
    "call-gone": () => visit(inCall([patient(), doctor({ present: false, in_call: false })], { state: "interrupted" })),
    "call-lost": () => visit(inCall([patient(), doctor()]), { status: { state: "down" } }),
    "call-stills": () => visit(talk(read(6)), withStills([id("s", "b")], { entries: written })),
    "call-stills-closed": () =>
      visit(talk(read(6)), withStills([id("s", "b")], { entries: written }), "[data-close=messages]"),
    "call-text": () =>
      visit(talk([patient({ read: 6 }), doctor({ read: 5, camera: false })]), { entries: written, cut: true }),
    "call-other-lowered": () =>
      visit(talk([patient({ read: 6 }), doctor({ read: 5, rung: "text", in_call: false, camera: false })]), {
        entries: written,
      }),
    "timeline-call": () => alone(false, { typing: [id("s", "b")] }),
    "timeline-call-unsent": () => {
      const line = fakeLine(pictures, { entries: written });
      const keeper = keeperOf(line, id("s", "a"));
      keeper.write(zh ? "走到三楼有一点。" : "A little, on the third floor.");
      keeper.happened({ type: "picture_chosen", key: "picture-a", octets: 3_400_000, mediaType: "image/jpeg" });
      keeper.happened({ type: "picture_moved", key: "picture-a", offset: 1_310_720, entry: null });
      return (
        <main class="call preview-paper">
          <Timeline state={talk(read(6))} line={line} seat={id("s", "a")} />
        </main>
      );
    },
    "desk-timeline": () => alone(true, { typing: [id("s", "a")] }),
  };
}
