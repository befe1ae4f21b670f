/** The patient's pages before and after the call, in every state. */

import type { ComponentChild } from "preact";
import { useEffect, useState } from "preact/hooks";
import { Check } from "../src/check/check";
import { useTexts } from "../src/i18n";
import { inAppOf } from "../src/patient/browser";
import { Entry } from "../src/patient/entry";
import { Left } from "../src/patient/goodbye";
import { dropVisit, holdVisit } from "../src/patient/held";
import { Join, JoinCard } from "../src/patient/join";
import { Opening } from "../src/patient/opening";
import { Questions } from "../src/patient/questions";
import { Reissue } from "../src/patient/reissue";
import { keepPassed, NOTHING_PASSED, type Passed } from "../src/patient/stage";
import { useIntake } from "../src/patient/use-intake";
import { Closed, VisitScreen } from "../src/patient/visit";
import { WayOut } from "../src/patient/way-out";
import { failure } from "../src/signal/http";
import type { Line, LineStatus } from "../src/signal/line";
import type { Expectation, HospitalList, LinkCard, RedFlag, SeatState } from "../src/signal/messages";
import { fakeLine } from "./relay";
import { doctor, hospitals, id, linkCard, patient, seatState, told } from "./states";

const nothing = () => undefined;
const up: LineStatus = { state: "up" };
const down: LineStatus = { state: "down" };
const SEAT = id("s", "a");

function visit(state: SeatState, passed: Partial<Passed> = {}, status: LineStatus = up) {
  keepPassed(SEAT, { ...NOTHING_PASSED, way_out: true, check: true, questions: true, ...passed });
  const leave = async () => ({ ok: true as const, body: null });
  return <VisitScreen state={state} line={fakeLine({}, { status })} status={status} onLeave={leave} />;
}

/** Presses what matches these, one after the other, once it is there. */
function Pressed({ these, children }: { these: string[]; children: ComponentChild }) {
  const [index, setIndex] = useState(0);
  useEffect(() => {
    const timer = setInterval(() => {
      const found = document.querySelector<HTMLElement>(these[index] ?? "#none");
      if (found === null) return;
      found.click();
      setIndex(index + 1);
    }, 60);
    return () => clearInterval(timer);
  }, [index]);
  return <>{children}</>;
}

const pressing = (made: ComponentChild, ...these: string[]) => <Pressed these={these}>{made}</Pressed>;

function serving(answers: Record<string, unknown>) {
  window.fetch = async (address) => {
    const body = answers[String(address)];
    if (body !== undefined) return new Response(JSON.stringify(body));
    return new Response(JSON.stringify(failure("link_spent").error), { status: 410 });
  };
}

function entry(list: HospitalList | null, query: string) {
  history.replaceState(null, "", `${location.pathname}?${query}`);
  if (list === null)
    window.fetch = async () => {
      throw new TypeError("no network");
    };
  else serving({ "/api/hospitals": list });
  return <Entry onSeat={nothing} />;
}

function card(part: Partial<LinkCard>) {
  dropVisit();
  serving({});
  return <JoinCard card={linkCard(part)} token={"a".repeat(43)} onSeat={nothing} onSpent={nothing} />;
}

function Asked({ question, line, flags = [] }: { question: string; line: Line; flags?: RedFlag[] }) {
  const t = useTexts();
  const state = seatState({ patient: told(t.code === "zh", { red_flags: flags }) });
  const intake = useIntake(state, line, line.status.get(), question);
  return <Questions state={state} line={line} intake={intake} onBack={nothing} onLater={nothing} />;
}

function wayOut(agent: string, obstacle: "no_webrtc" | "insecure" | "no_devices" = "no_webrtc") {
  if (inAppOf(agent) === null && agent !== "") throw new Error("no app");
  return <WayOut state={seatState({})} line={fakeLine({})} obstacle={obstacle} agent={agent} onStay={nothing} />;
}

function check(expect: Expectation | null, again = false) {
  const line = fakeLine({}, expect === null ? {} : { expect });
  return (
    <Check state={seatState({})} line={line} status={expect === null ? down : up} again={again} onDone={nothing} />
  );
}

const WECHAT =
  "Mozilla/5.0 (iPhone; CPU iPhone OS 13_6 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Mobile/15E148 MicroMessenger/7.0.14(0x17000e2e) NetType/WIFI Language/zh_CN";
const WEBVIEW =
  "Mozilla/5.0 (Linux; Android 8.1; vivo) AppleWebKit/537.36 (KHTML, like Gecko) Version/4.0 Chrome/66.0 Mobile Safari/537.36";

export function patientPages(zh: boolean): Record<string, () => ComponentChild> {
  const A = id("h", "a");
  const now = Date.now() / 1000;
  const ready = (part: Partial<SeatState> = {}) => seatState({ patient: told(zh), ...part });
  const ended = (part: Partial<SeatState>) =>
    seatState({
      state: "ended",
      people: [patient(), doctor()],
      patient: told(zh),
      live_since: now - 840,
      ended_at: now,
      place: null,
      ...part,
    });
  const summary = zh
    ? {
        agreed: ["吸入器一天两次，用后漱口。", "本周任选一个上午抽血。", "夜里咳得厉害，就把枕头垫高一点。"],
        next_step: "12 月 3 日（周四）10:30 再来见安医生。链接前一天发给您。",
      }
    : {
        agreed: [
          "Inhaler twice a day, then rinse your mouth.",
          "Blood test this week, any morning.",
          "A higher pillow at night.",
        ],
        next_step: "See Dr An again on Thursday, 3 December, 10:30. The link comes the day before.",
      };
  return {
    ...doors(A),
    "check-testing": () => check(null),
    "check-done": () => check("clear"),
    "check-done-small": () => check("small"),
    "check-done-sound": () => check("sound", true),
    "check-done-text": () => check("text"),
    "check-done-lacking": () => {
      navigator.mediaDevices.getUserMedia = async () => {
        throw new DOMException("", "NotAllowedError");
      };
      return check("text");
    },
    "question-flags": () => <Asked question="flags" line={fakeLine({})} />,
    "question-flags-ticked": () => <Asked question="flags" line={fakeLine({})} flags={["breathing", "fainting"]} />,
    "question-advice": () =>
      pressing(<Asked question="flags" line={fakeLine({})} flags={["breathing"]} />, "[data-next]"),
    "question-advice-lost": () =>
      pressing(<Asked question="flags" line={fakeLine({}, { status: down })} flags={["self_harm"]} />, "[data-next]"),
    "question-reason": () => <Asked question="reason" line={fakeLine({})} />,
    "question-history": () => <Asked question="history" line={fakeLine({})} />,
    "question-allergies": () => <Asked question="allergies" line={fakeLine({})} />,
    "question-photos": () => <Asked question="photos" line={fakeLine({})} />,
    waiting: () => visit(ready()),
    "waiting-callback": () => visit(ready({ callback: true, contact: "b•••@e•••.org" })),
    "waiting-callback-ask": () => pressing(visit(ready()), "[data-open=callback]"),
    "waiting-callback-known": () => pressing(visit(ready({ contact: "b•••@e•••.org" })), "[data-open=callback]"),
    "waiting-move": () => pressing(visit(ready()), "[data-open=move]"),
    "waiting-people": () =>
      pressing(
        visit(ready({ links: [{ link: id("l", "a"), role: "companion", expires_at: now + 900 }] })),
        "[data-open=people]",
      ),
    "waiting-people-made": () => pressing(visit(ready()), "[data-open=people]", "[data-invite=interpreter]"),
    "waiting-messages": () => pressing(visit(ready()), "[data-open=messages]"),
    "waiting-worse": () => pressing(visit(ready()), ".btn-alarm"),
    "waiting-leave": () => pressing(visit(ready()), "[data-open=leave]"),
    "waiting-back": () => visit(ready(), { waiting: true }),
    "waiting-next": () => visit(ready({ place: { ahead: 0, low_minutes: 0, high_minutes: 4, doctors_on_duty: 1 } })),
    "waiting-many": () => visit(ready({ place: { ahead: 11, low_minutes: 35, high_minutes: 60, doctors_on_duty: 3 } })),
    "waiting-unknown": () =>
      visit(ready({ place: { ahead: 1, low_minutes: null, high_minutes: null, doctors_on_duty: 2 } })),
    "waiting-nobody": () =>
      visit(ready({ place: { ahead: 1, low_minutes: null, high_minutes: null, doctors_on_duty: 0 } })),
    "waiting-lost": () => visit(ready(), {}, down),
    "waiting-offered": () => visit(ready({ state: "offered", place: null })),
    "waiting-scheduled": () => visit(ready({ state: "scheduled", place: null, starts_at: now + 5400 })),
    "waiting-guest": () => visit(seatState({ patient: null })),
    "way-out-wechat": () => wayOut(WECHAT),
    "way-out-webview": () => wayOut(WEBVIEW),
    "way-out-browser": () => wayOut(""),
    "way-out-insecure": () => wayOut("", "insecure"),
    "way-out-devices": () => wayOut(WECHAT, "no_devices"),
    goodbye: () => visit(ended({ ended_reason: "completed", summary, rating: "good" })),
    "goodbye-plain": () => visit(ended({ ended_reason: "completed" })),
    "goodbye-left": () => visit(ended({ ended_reason: "patient_left", live_since: null })),
    "goodbye-left-call": () => visit(ended({ ended_reason: "patient_left" })),
    "goodbye-cancelled": () => visit(ended({ ended_reason: "cancelled", live_since: null })),
    "goodbye-lapsed": () => visit(ended({ ended_reason: "lapsed", live_since: null })),
    "goodbye-wrong": () => visit(ended({ ended_reason: "wrong_person", live_since: null })),
    "goodbye-guest": () => <Left />,
    unknown: () => <Closed code="seat_unknown" onAgain={nothing} />,
    elsewhere: () => <Closed code="replaced" onAgain={nothing} />,
  };
}

function doors(A: string): Record<string, () => ComponentChild> {
  const soon = Date.now() / 1000 + 1920;
  return {
    entry: () => entry(hospitals, ""),
    "entry-held": () => {
      holdVisit(`/visit/${SEAT}`);
      return entry(hospitals, "");
    },
    "entry-department": () => entry(hospitals, `hospital=${A}`),
    "entry-form": () => entry(hospitals, `hospital=${A}&department=${id("d", "a")}`),
    "entry-nobody": () => entry(hospitals, `hospital=${A}&department=${id("d", "c")}`),
    "entry-unreached": () => entry(null, ""),
    opening: () => <Opening slow />,
    join: () => card({ starts_at: soon }),
    "join-abroad": () => card({ starts_at: soon, time_zone: "America/New_York" }),
    "join-walk-in": () => card({ practitioner: null }),
    "join-not-me": () => pressing(card({ starts_at: soon }), ".notme"),
    "join-companion": () => card({ kind: "companion" }),
    "join-interpreter": () => card({ kind: "interpreter" }),
    "join-resume": () => card({ kind: "resume" }),
    "join-in-use": () => card({ kind: "resume", in_use: true }),
    "join-stayed": () => pressing(card({ kind: "resume", in_use: true }), "main .btn-large"),
    "join-spent": () => {
      serving({});
      history.replaceState(null, "", `${location.pathname}${location.search}#${"a".repeat(43)}`);
      return <Join onSeat={nothing} />;
    },
    "join-none": () => <Join onSeat={nothing} />,
    "join-held": () => {
      holdVisit(`/visit/${SEAT}`);
      return <Reissue reason="spent" />;
    },
    "reissue-sent": () => {
      serving({ "/api/links": {} });
      return <Sent />;
    },
  };
}

function Sent() {
  useEffect(() => {
    const field = document.querySelector<HTMLInputElement>("#email");
    if (field === null) return;
    field.value = "bai.yun@example.org";
    field.dispatchEvent(new Event("input", { bubbles: true }));
    setTimeout(() => document.querySelector<HTMLElement>("[type=submit]")?.click(), 100);
  }, []);
  return <Reissue reason="none" />;
}
