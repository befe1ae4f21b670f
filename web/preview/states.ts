/** Invented people and states for the preview. */

import type {
  DeskState,
  HospitalList,
  Intake,
  LinkCard,
  LocalText,
  Offer,
  PatientBrief,
  Person,
  QueueLine,
  RecordingStatus,
  Role,
  SeatState,
  StaffSession,
} from "../src/signal/messages";

const now = () => Date.now() / 1000;
const text = (zh: string, en: string): LocalText => ({ zh, en });
export const id = (prefix: string, letter: string) => `${prefix}_${letter.repeat(16)}`;

const respiratory = text("呼吸内科", "Respiratory medicine");
const fever = text("发热门诊", "Fever clinic");
const child = text("儿科", "Paediatrics");
const willow = text("柳岸医院", "Willow Bank Hospital");

export const hospitals: HospitalList = {
  hospitals: [
    {
      id: id("h", "a"),
      name: willow,
      emergency_number: "120",
      departments: [
        { id: id("d", "a"), name: fever, on_duty: 2, waiting: 5 },
        { id: id("d", "b"), name: respiratory, on_duty: 1, waiting: 0 },
        { id: id("d", "c"), name: child, on_duty: 0, waiting: 0 },
      ],
    },
    {
      id: id("h", "b"),
      name: text("江南医院", "Jiangnan Hospital"),
      emergency_number: "120",
      departments: [{ id: id("d", "d"), name: child, on_duty: 0, waiting: 0 }],
    },
  ],
};

const person = (letter: string, role: Role, name: LocalText, part: Partial<Person> = {}): Person => ({
  seat: id("s", letter),
  role,
  name,
  title: role === "practitioner" ? text("主任医师", "Chief physician") : null,
  present: true,
  in_call: true,
  microphone: true,
  camera: true,
  confirmed: true,
  rung: "media",
  read: 0,
  ...part,
});

export const patient = (part: Partial<Person> = {}) => person("a", "patient", text("白云", "Bai Yun"), part);
export const doctor = (part: Partial<Person> = {}) => person("b", "practitioner", text("安宁", "An Ning"), part);
export const daughter = (part: Partial<Person> = {}) => person("c", "companion", text("白雪", "Bai Xue"), part);
export const interpreter = (part: Partial<Person> = {}) =>
  person("e", "interpreter", text("Ash Field", "Ash Field"), part);

/** The hospital does not record. */
const notRecorded: RecordingStatus = {
  allowed: false,
  state: "off",
  reason: null,
  light: false,
  running: false,
  trouble: null,
  waiting_for: [],
  teaching: false,
  erases: false,
  started_at: null,
  own: { audio_video: "unasked", audio_only: "unasked", teaching: "unasked", can_withdraw: false },
};

export const seatState = (part: Partial<SeatState>): SeatState => ({
  revision: 1,
  server_time: now(),
  consultation: id("c", "a"),
  state: "waiting",
  ended_reason: null,
  hospital: willow,
  department: respiratory,
  emergency_number: "120",
  time_zone: "Asia/Shanghai",
  seat: id("s", "a"),
  people: [patient({ in_call: false })],
  place: { ahead: 2, low_minutes: 6, high_minutes: 10, doctors_on_duty: 2 },
  media_epoch: null,
  waiting_since: now() - 240,
  live_since: null,
  ended_at: null,
  patient: null,
  callback: false,
  contact: null,
  links: [],
  last_entry: 0,
  starts_at: null,
  summary: null,
  rating: null,
  recording: notRecorded,
  ...part,
});

/** What the patient told before the call. */
export const told = (zh: boolean, part: Partial<Intake> = {}): PatientBrief => ({
  name: text("白云", "Bai Yun"),
  birth_year: 1948,
  reason: zh ? "咳嗽两周，夜里更重" : "Cough for two weeks, worse at night",
  intake: {
    history: zh ? "高血压，每天早上吃氨氯地平" : "High blood pressure, amlodipine every morning",
    allergies: "",
    red_flags: [],
    done: true,
    ...part,
  },
  check: null,
});

export const linkCard = (part: Partial<LinkCard>): LinkCard => ({
  kind: "patient",
  hospital: willow,
  department: respiratory,
  emergency_number: "120",
  time_zone: "UTC",
  patient: text("白云", "Bai Yun"),
  practitioner: { id: id("p", "a"), name: text("安宁", "An Ning"), title: text("主任医师", "Chief physician") },
  starts_at: null,
  expires_at: now() + 86_400,
  in_use: false,
  ...part,
});

export const inCall = (people: Person[], part: Partial<SeatState> = {}) =>
  seatState({ state: "live", people, place: null, media_epoch: "e1", live_since: now() - 522, ...part });

export const session: StaffSession = {
  practitioner: { id: id("p", "a"), name: text("安宁", "An Ning"), title: text("主任医师", "Chief physician") },
  role: "practitioner",
  hospital: willow,
  departments: hospitals.hospitals[0]?.departments ?? [],
};

const line = (letter: string, minutes: number, part: Partial<QueueLine>): QueueLine => ({
  consultation: id("c", letter),
  department: id("d", "a"),
  name: text("青山", "Qing Shan"),
  birth_year: 1985,
  reason: "",
  priority: "routine",
  waiting_since: now() - minutes * 60,
  red_flags: [],
  expect: null,
  state: "waiting",
  present: true,
  callback: false,
  for_you: false,
  ...part,
});

export const queue = (zh: boolean): QueueLine[] => [
  line("b", 2, {
    name: text("明月", "Ming Yue"),
    birth_year: 1962,
    reason: zh ? "昨夜起气短" : "Short of breath since last night",
    priority: "emergency",
  }),
  line("d", 9, { reason: zh ? "发烧 38.9 °C，第三天" : "Fever 38.9 °C, third day" }),
  line("e", 7, {
    name: text("春晓", "Chun Xiao"),
    birth_year: 2021,
    department: id("d", "c"),
    reason: zh ? "早上起耳朵疼" : "Ear ache since morning",
    priority: "urgent",
  }),
  line("f", 5, {
    name: text("远山", "Yuan Shan"),
    birth_year: 1954,
    department: id("d", "b"),
    reason: zh ? "降压药吃完了" : "Blood pressure tablets run out",
    present: false,
  }),
  line("g", 3, { name: text("Ash Field", "Ash Field"), birth_year: null, reason: "" }),
];

export const offer = (zh: boolean): Offer => ({
  id: id("o", "a"),
  consultation: id("c", "b"),
  department: id("d", "a"),
  name: text("明月", "Ming Yue"),
  birth_year: 1962,
  reason: zh ? "昨夜起气短" : "Short of breath since last night",
  priority: "emergency",
  intake: null,
  expect: null,
  waiting_since: now() - 130,
  made_at: now() - 6,
  expires_at: now() + 14,
});

export const deskState = (part: Partial<DeskState>): DeskState => ({
  revision: 1,
  server_time: now(),
  on_duty: [id("d", "a"), id("d", "b")],
  waiting: 0,
  queue: [],
  offer: null,
  seat: null,
  seen_today: 9,
  invited: [],
  recent: [],
  doctors: [],
  ...part,
});
