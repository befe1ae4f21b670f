/** Invented states of the desk for the preview. */

import type {
  CheckResult,
  DeskDoctor,
  DeskState,
  Intake,
  InvitedLine,
  NotesKept,
  PatientBrief,
  QueueLine,
  RecentLine,
  SignInStep,
} from "../src/signal/messages";
import { deskState, id, offer, queue, session } from "./states";

const now = () => Date.now() / 1000;
const text = (zh: string, en: string) => ({ zh, en });

export const intake = (zh: boolean): Intake => ({
  history: zh
    ? "咳嗽一到三周，夜里加重。没有发烧。\n在服氨氯地平 5 mg、布地奈德吸入剂。"
    : "Cough for one to three weeks, worse at night. No fever.\nTakes amlodipine 5 mg, budesonide inhaler.",
  allergies: zh ? "青霉素：2011 年起皮疹" : "Penicillin: rash in 2011",
  red_flags: [],
  done: true,
});

export const check: CheckResult = {
  at: now() - 1400,
  expect: "clear",
  microphone: "ready",
  camera: "ready",
  speaker: "heard",
  paths: [
    { path: "udp", works: true, round_trip_ms: 42 },
    { path: "turn_udp", works: true, round_trip_ms: 58 },
  ],
  up_bps: 1_800_000,
  down_bps: 6_400_000,
};

export const brief = (zh: boolean): PatientBrief => ({
  name: text("白云", "Bai Yun"),
  birth_year: 1948,
  reason: zh ? "咳嗽两周，夜间加重" : "Cough for two weeks, worse at night",
  intake: intake(zh),
  check,
});

export const notes = (zh: boolean): NotesKept => ({
  revision: 4,
  saved_at: now() - 8,
  notes: {
    complaint: zh ? "咳嗽两周，夜间加重" : "Cough for two weeks, worse at night",
    illness: zh
      ? "干咳，夜间醒两次。无发热。上三楼气短。使用吸入剂后未漱口。"
      : "Dry cough, wakes twice a night. No fever. Short of breath on the third floor. Uses the inhaler without rinsing.",
    history: zh ? "2026 年哮喘，2019 年高血压" : "Asthma 2026, high blood pressure 2019",
    allergies: zh ? "青霉素" : "Penicillin",
    assessment: zh ? "哮喘控制不佳" : "Asthma, not well controlled",
    advice: zh
      ? "每次用后漱口。本周抽血。气短加重请打 120。"
      : "Rinse after each use. Blood test this week. Call 120 if breathing worsens.",
  },
});

export const noNotes: NotesKept = {
  revision: 0,
  saved_at: null,
  notes: { complaint: "", illness: "", history: "", allergies: "", assessment: "", advice: "" },
};

/** The queue with all its signs. */
export const signs = (zh: boolean): QueueLine[] => {
  const [first, second, third, fourth, fifth] = queue(zh) as [QueueLine, QueueLine, QueueLine, QueueLine, QueueLine];
  return [
    { ...first, red_flags: ["breathing"], expect: "sound" },
    { ...second, expect: "clear" },
    { ...third, expect: "small" },
    { ...fourth, expect: "clear", present: true, for_you: true },
    {
      ...fifth,
      expect: "text",
      present: false,
      callback: true,
      reason: zh ? "咳嗽、没嗅觉一周" : "Cough, no smell, for a week",
      birth_year: 1993,
    },
  ];
};

export const invited: InvitedLine[] = [
  {
    consultation: id("c", "m"),
    department: id("d", "b"),
    name: text("秋实", "Qiu Shi"),
    starts_at: now() + 3_000,
    expires_at: now() + 90_000,
    contact: "q•••@example.org",
  },
  {
    consultation: id("c", "n"),
    department: id("d", "a"),
    name: text("江南", "Jiang Nan"),
    starts_at: null,
    expires_at: now() + 500_000,
    contact: null,
  },
];

export const recent: RecentLine[] = [
  {
    consultation: id("c", "p"),
    seat: id("s", "p"),
    name: text("长河", "Chang He"),
    ended_at: now() - 1_500,
    unread: 2,
  },
  {
    consultation: id("c", "q"),
    seat: id("s", "q"),
    name: text("晴川", "Qing Chuan"),
    ended_at: now() - 4_200,
    unread: 0,
  },
];

const doctors: DeskDoctor[] = [
  {
    practitioner: id("p", "a"),
    name: text("安宁", "An Ning"),
    departments: [id("d", "a"), id("d", "b")],
    state: "in_call",
  },
  { practitioner: id("p", "b"), name: text("蓝天", "Lan Tian"), departments: [id("d", "a")], state: "free" },
  { practitioner: id("p", "c"), name: text("高原", "Gao Yuan"), departments: [id("d", "b")], state: "offered" },
  { practitioner: id("p", "d"), name: text("Ash Field", "Ash Field"), departments: [id("d", "a")], state: "away" },
];

export const full = (zh: boolean, part: Partial<DeskState> = {}): DeskState =>
  deskState({ queue: signs(zh), waiting: 7, invited, recent, ...part });

export const fullOffer = (zh: boolean) => ({
  ...offer(zh),
  expect: "sound" as const,
  intake: {
    ...intake(zh),
    red_flags: ["breathing" as const],
    history: zh
      ? "高血压。昨夜躺下就喘，坐起好些。"
      : "High blood pressure. Out of breath lying down since last night, better sitting up.",
  },
  made_at: now() - 16,
});

export const coordinator = {
  ...session,
  role: "coordinator" as const,
  practitioner: { id: id("p", "z"), name: text("林路", "Lin Lu"), title: text("分诊护士长", "Triage nurse") },
};

export const triaged = (zh: boolean): DeskState => ({
  ...full(zh),
  waiting: 5,
  queue: signs(zh).map((each, n) => (n === 1 ? { ...each, waiting_since: now() - 26 * 60 } : each)),
  doctors,
});

export const enrol: SignInStep = {
  next: "enrol",
  secret: "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP",
  uri: "otpauth://totp/Consilium:20417?secret=JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP&issuer=Consilium",
};
