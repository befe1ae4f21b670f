import { describe, expect, it } from "vitest";
import { figures } from "../src/desk/brief";
import { invitationOf, inviteFaults } from "../src/desk/invite-fields";
import { find, loadsOf, queueOf, walked } from "../src/desk/lists";
import { endOf } from "../src/desk/offers";
import { pointsFrom, summaryOf } from "../src/desk/summary";
import { nameOf } from "../src/desk/use-keys";
import { shownOf } from "../src/desk/use-shown";
import type {
  CheckResult,
  Department,
  DeskState,
  Offer,
  QueueLine,
  RecentLine,
  SeatState,
} from "../src/signal/messages";
import { en } from "./texts";

const text = (zh: string, word: string) => ({ zh, en: word });

const line = (consultation: string, part: Partial<QueueLine> = {}): QueueLine => ({
  consultation,
  department: "d_a",
  name: text("青山", "Qing Shan"),
  birth_year: null,
  reason: "",
  priority: "routine",
  red_flags: [],
  expect: null,
  waiting_since: 0,
  state: "waiting",
  present: true,
  callback: false,
  for_you: false,
  ...part,
});

const recentLine = (seat: string, part: Partial<RecentLine> = {}): RecentLine => ({
  consultation: `c_${seat}`,
  seat,
  name: text("长河", "Chang He"),
  ended_at: 50,
  unread: 0,
  ...part,
});

const desk = (part: Partial<DeskState> = {}): DeskState => ({
  revision: 1,
  server_time: 0,
  on_duty: [],
  waiting: 0,
  queue: [],
  offer: null,
  seat: null,
  seen_today: 0,
  invited: [],
  recent: [],
  doctors: [],
  ...part,
});

describe("the queue", () => {
  const queue = [line("c_a"), line("c_b", { department: "d_b" }), line("c_c", { waiting_since: 600 })];

  it("of one department or of all keeps its order", () => {
    expect(queueOf(queue, null)).toEqual(queue);
    expect(queueOf(queue, "d_a").map((each) => each.consultation)).toEqual(["c_a", "c_c"]);
  });

  it("as figures by department", () => {
    const departments = ["d_a", "d_b", "d_c"].map(
      (id): Department => ({ id, name: text("", id), on_duty: 0, waiting: 0 }),
    );
    const flagged = [...queue, line("c_d", { department: "d_b", red_flags: ["stroke"], waiting_since: 3_000 })];
    expect(loadsOf(flagged, departments, 3_060)).toEqual([
      { department: "d_a", waiting: 2, longestMinutes: 51, redFlags: 0 },
      { department: "d_b", waiting: 2, longestMinutes: 51, redFlags: 1 },
      { department: "d_c", waiting: 0, longestMinutes: 0, redFlags: 0 },
    ]);
  });

  it("is walked by arrows and not beyond its ends", () => {
    expect([walked("ArrowDown", 0, 3), walked("ArrowDown", 2, 3), walked("ArrowUp", 0, 3)]).toEqual([1, 2, 0]);
    expect([walked("Home", 2, 3), walked("End", 0, 3), walked("a", 1, 3), walked("Home", 0, 0)]).toEqual([
      0,
      2,
      null,
      null,
    ]);
  });
});

describe("finding", () => {
  const state = desk({
    queue: [
      line("c_a", { name: text("明月", "Ming Yue"), reason: "Short of breath" }),
      line("c_b", { reason: "Ming vase fell on foot" }),
    ],
    recent: [recentLine("s_a")],
  });

  it("by either language's name, a part of it, or the reason", () => {
    expect(find("明", state).map((each) => each.id)).toEqual(["c_a"]);
    expect(find("yue MING", state).map((each) => each.id)).toEqual(["c_a"]);
    expect(find("breath", state).map((each) => each.id)).toEqual(["c_a"]);
    expect(find("chang", state)).toMatchObject([{ kind: "recent", id: "s_a" }]);
  });

  it("puts names before reasons, and nothing asked finds all", () => {
    expect(find("ming", state).map((each) => each.id)).toEqual(["c_a", "c_b"]);
    expect(find("  ", state)).toHaveLength(3);
    expect(find("nobody", state)).toEqual([]);
  });
});

describe("an offer that is gone", () => {
  const offer = { id: "o_a", name: text("明月", "Ming Yue"), expires_at: 30 } as Offer;

  it("passed on when the time was over, withdrawn before", () => {
    expect(endOf(offer, null, null, 30)).toMatchObject({ why: "passed" });
    expect(endOf(offer, null, null, 29)).toMatchObject({ why: "passed" });
    expect(endOf(offer, null, null, 12)).toMatchObject({ why: "withdrawn", name: offer.name });
    expect(endOf(offer, { ...offer, id: "o_b" }, null, 12)).toMatchObject({ why: "withdrawn" });
  });

  it("is not told to the one who answered it, nor while it stands", () => {
    expect(endOf(offer, null, "o_a", 12)).toBeNull();
    expect(endOf(offer, offer, null, 12)).toBeNull();
    expect(endOf(null, offer, null, 12)).toBeNull();
  });
});

describe("the summary", () => {
  it("begins with the advice, a point for each sentence", () => {
    expect(pointsFrom("Rinse after use. Take 0.5 mg twice!\n- Blood test\n\n2. Rest")).toBe(
      "Rinse after use.\nTake 0.5 mg twice!\nBlood test\nRest",
    );
    expect(pointsFrom("每次用后漱口。本周抽血；气短加重请打 120。")).toBe(
      "每次用后漱口。\n本周抽血；\n气短加重请打 120。",
    );
    expect(pointsFrom("  \n ")).toBe("");
  });

  it("keeps a dose at the head of a line", () => {
    expect(pointsFrom("0.5 mg at night")).toBe("0.5 mg at night");
    expect(pointsFrom("2.5 mg in the morning")).toBe("2.5 mg in the morning");
    expect(pointsFrom("-5 °C outside")).toContain("5 °C");
  });

  it("is nothing where nothing was written", () => {
    expect(summaryOf(" \n", " ")).toEqual({ summary: null });
    expect(summaryOf("Rest", "")).toEqual({ summary: { agreed: ["Rest"], next_step: "" } });
    expect(summaryOf("", "Come on Thursday")).toEqual({ summary: { agreed: [], next_step: "Come on Thursday" } });
  });

  it("says what the server would refuse", () => {
    expect(summaryOf("a\n".repeat(13), "")).toEqual({ fault: "too_many" });
    expect(summaryOf("a".repeat(301), "")).toEqual({ fault: "point_long" });
    expect(summaryOf("", "a".repeat(501))).toEqual({ fault: "next_long" });
    expect(summaryOf("a\n".repeat(12), "a".repeat(500))).toMatchObject({ summary: { agreed: Array(12).fill("a") } });
  });
});

describe("an invitation", () => {
  const draft = {
    name: "Qiu Shi",
    birthYear: "",
    email: "",
    department: "d_a",
    when: "",
    reason: "",
    language: "en" as const,
  };
  const now = new Date("2026-11-25T10:00").getTime() / 1000;

  it("wants a name; the rest may be left empty", () => {
    expect(inviteFaults(draft, now)).toEqual([]);
    expect(inviteFaults({ ...draft, name: " " }, now)).toEqual(["name"]);
    expect(invitationOf(draft)).toMatchObject({ birth_year: null, email: null, starts_at: null });
  });

  it.each([
    [{ birthYear: "1848" }, ["birthYear"]],
    [{ birthYear: "2027" }, ["birthYear"]],
    [{ birthYear: "48" }, ["birthYear"]],
    [{ email: "qiu at example" }, ["email"]],
    [{ email: "qiu@example.org" }, []],
    [{ when: "2026-11-25T09:00" }, ["when"]],
    [{ when: "2026-11-25T09:55" }, []],
    [{ when: "2026-11-26T09:00", birthYear: "1948" }, []],
  ])("%j", (part, faults) => {
    expect(inviteFaults({ ...draft, ...part }, now)).toEqual(faults);
  });

  it("tells the time in seconds", () => {
    expect(invitationOf({ ...draft, when: "2026-11-25T10:00" }).starts_at).toBe(now);
  });
});

describe("keys of the desk", () => {
  const key = (name: string, part = {}) => ({
    key: name,
    altKey: false,
    ctrlKey: false,
    metaKey: false,
    shiftKey: false,
    ...part,
  });

  it("are letters while nobody writes", () => {
    expect(nameOf(key("D", { shiftKey: true }), false)).toBe("d");
    expect(nameOf(key("?", { shiftKey: true }), false)).toBe("?");
    expect(nameOf(key("d"), true)).toBeNull();
    expect(nameOf(key("d", { altKey: true }), false)).toBeNull();
  });

  it("with Control work while one writes", () => {
    expect(nameOf(key("k", { ctrlKey: true }), true)).toBe("Control+k");
    expect(nameOf(key("Enter", { metaKey: true }), true)).toBe("Control+Enter");
    expect(nameOf(key("k", { ctrlKey: true, shiftKey: true }), true)).toBeNull();
  });
});

describe("the visit shown", () => {
  const seat = (part: Partial<SeatState> = {}) =>
    ({
      seat: "s_a",
      state: "live",
      people: [],
      patient: { name: text("白云", "Bai Yun") },
      live_since: 1,
      ended_at: null,
      ...part,
    }) as unknown as SeatState;
  const live = shownOf(desk({ seat: "s_a" }), seat(), null, null);

  it("is the one under way", () => {
    expect(live).toMatchObject({ seat: "s_a", endedAt: null, name: { en: "Bai Yun" } });
  });

  it("stays after its end, so that the pen stays", () => {
    const over = seat({ state: "ended", ended_at: 99 });
    const after = shownOf(desk(), null, over, live);
    expect(after).toMatchObject({ seat: "s_a", endedAt: 99, state: over });
    expect(shownOf(desk(), null, over, after)).toBe(after);
  });

  it("stays between the two states that tell of an end", () => {
    expect(shownOf(desk({ seat: "s_a" }), null, null, live)).toBe(live);
  });

  it("goes where there was no talk", () => {
    expect(shownOf(desk(), null, seat({ state: "ended", live_since: null, ended_at: 99 }), live)).toBeNull();
  });

  it("gives way to the next patient", () => {
    const after = shownOf(desk(), null, seat({ state: "ended", ended_at: 99 }), live);
    expect(shownOf(desk({ seat: "s_b" }), seat({ seat: "s_b" }), null, after)).toMatchObject({
      seat: "s_b",
      endedAt: null,
    });
  });

  it("ends as the list of today says where the end itself was missed", () => {
    expect(shownOf(desk({ recent: [recentLine("s_a")] }), null, null, live)).toMatchObject({ endedAt: 50 });
  });
});

describe("the link to expect", () => {
  it("in figures, with what is missing", () => {
    const check: CheckResult = {
      at: 0,
      expect: "sound",
      microphone: "ready",
      camera: "refused",
      speaker: "heard",
      paths: [
        { path: "udp", works: false, round_trip_ms: null },
        { path: "turn_tls", works: true, round_trip_ms: 80 },
      ],
      up_bps: 240_000,
      down_bps: 1_840_000,
    };
    expect(figures(en, check).slice(1)).toEqual(["240 kbit/s up", "1.8 Mbit/s down", "relayed by TLS", "no camera"]);
  });
});
