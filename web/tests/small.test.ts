import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { sprite, symbol } from "../sprite";
import { othersOf } from "../src/call/faces";
import { callNotice, deviceSentence } from "../src/call/notices";
import { drawPeerId } from "../src/call/peer";
import { initialCall } from "../src/call/reducer";
import { answerOf } from "../src/desk/offers";
import { faultsOf, plainDigits, plainEmail } from "../src/patient/fields";
import { scaleFor } from "../src/patient/place";
import { isNews, noteServerTime, serverNow } from "../src/signal/fresh";
import type { Person, Role } from "../src/signal/messages";
import { stopwatch } from "../src/ui/clock";
import { LUCIDE, OURS } from "../src/ui/icon-names";
import { initials } from "../src/ui/names";
import { en } from "./texts";

const person = (seat: string, role: Role, part: Partial<Person> = {}): Person => ({
  seat,
  role,
  name: { zh: "安宁", en: "An Ning" },
  title: null,
  present: true,
  in_call: true,
  microphone: true,
  camera: true,
  confirmed: true,
  rung: "media",
  read: 0,
  ...part,
});

describe("states", () => {
  const state = (subject: string, revision: number) => ({ subject, revision });
  const of = (each: { subject: string }) => each.subject;

  it("are news only with a higher revision", () => {
    expect(isNews(null, state("a", 3), of)).toBe(true);
    expect(isNews(state("a", 3), state("a", 4), of)).toBe(true);
    expect(isNews(state("a", 3), state("a", 3), of)).toBe(false);
    expect(isNews(state("a", 3), state("a", 2), of)).toBe(false);
  });

  it("of another consultation are always news", () => {
    expect(isNews(state("a", 9), state("b", 1), of)).toBe(true);
  });

  it("bring the hospital's clock", () => {
    noteServerTime(1_000, 400_000);
    expect(serverNow(405_000)).toBe(1_005);
  });
});

describe("the form", () => {
  const draft = { name: "Bai Yun", birthYear: "", reason: "", email: "" };

  it("wants a name and takes a year or none", () => {
    expect(faultsOf({ ...draft, name: "  " }, 2026)).toEqual({ name: true, birthYear: false, email: false });
    expect(faultsOf(draft, 2026)).toEqual({ name: false, birthYear: false, email: false });
  });

  it.each([
    ["1948", false],
    ["1889", true],
    ["2027", true],
    ["48", true],
    ["194x", true],
    ["-948", true],
  ])("year %s", (birthYear, wrong) => {
    expect(faultsOf({ ...draft, birthYear }, 2026).birthYear).toBe(wrong);
  });

  it.each([
    ["bai@example.org", false],
    [" bai@example.org ", false],
    ["bai＠example。org", false],
    ["", false],
    ["bai", true],
    ["bai@", true],
    ["@example.org", true],
    ["a@b@c", true],
  ])("address %j", (email, wrong) => {
    expect(faultsOf({ ...draft, email }, 2026).email).toBe(wrong);
  });

  it("sends the address without what a Chinese keyboard puts in", () => {
    expect(plainEmail(" bai＠example。org ")).toBe("bai@example.org");
  });

  it("reads the digits of a Chinese keyboard", () => {
    expect(plainDigits("１９４８")).toBe("1948");
  });
});

describe("keys on an offer", () => {
  const key = (name: string, part = {}) => ({
    key: name,
    altKey: false,
    ctrlKey: false,
    metaKey: false,
    shiftKey: false,
    ...part,
  });

  it("Enter accepts and Escape declines", () => {
    expect(answerOf(key("Enter"), false, false)).toBe("accept");
    expect(answerOf(key("Escape"), false, false)).toBe("decline");
    expect(answerOf(key("a"), false, false)).toBeNull();
  });

  it("neither is stolen from a person who writes; Alt and Enter accepts then", () => {
    expect(answerOf(key("Enter"), true, false)).toBeNull();
    expect(answerOf(key("Escape"), true, false)).toBeNull();
    expect(answerOf(key("Enter", { altKey: true }), true, false)).toBe("accept");
  });

  it("Enter on the Decline button declines", () => {
    expect(answerOf(key("Enter"), false, true)).toBe("decline");
  });

  it("other modifiers mean something else", () => {
    expect(answerOf(key("Enter", { ctrlKey: true }), false, false)).toBeNull();
    expect(answerOf(key("Enter", { shiftKey: true }), false, false)).toBeNull();
  });
});

describe("names", () => {
  it.each([
    ["An Ning", "AN"],
    ["Dr An Ning", "AN"],
    ["Ash", "A"],
    ["安宁", "安"],
    ["  ", ""],
    ["Jean-Luc Marie Picard", "JP"],
  ])("initials of %s", (name, expected) => {
    expect(initials(name)).toBe(expected);
  });

  it("puts first whom one came for", () => {
    const people = [person("s_a", "patient"), person("s_b", "practitioner"), person("s_c", "companion")];
    expect(othersOf(people, "s_a").map((each) => each.role)).toEqual(["practitioner", "companion"]);
    expect(othersOf(people, "s_b").map((each) => each.role)).toEqual(["patient", "companion"]);
    expect(othersOf(people, "s_c").map((each) => each.role)).toEqual(["practitioner", "patient"]);
  });
});

describe("words in a call", () => {
  const local = (text: { en: string }) => text.en;
  const up = { state: "up" } as const;

  it("none when all is well", () => {
    expect(callNotice(en, local, initialCall, up, [person("s_b", "practitioner")])).toBeNull();
  });

  it("one's own connection comes before the line, the line before the other person", () => {
    const lost = { ...initialCall, epoch: "e1", wasConnected: true };
    const gone = [person("s_b", "practitioner", { present: false })];
    expect(callNotice(en, local, lost, { state: "down" }, gone)?.id).toBe("media");
    expect(callNotice(en, local, initialCall, { state: "down" }, gone)?.id).toBe("line");
    expect(callNotice(en, local, initialCall, up, gone)).toMatchObject({
      id: "gone",
      title: "Dr An Ning has lost the connection",
    });
  });

  it("a companion who went is not announced", () => {
    expect(callNotice(en, local, initialCall, up, [person("s_c", "companion", { present: false })])).toBeNull();
  });

  it("say what the others lack", () => {
    const words = en.call.device;
    expect(deviceSentence(en, { microphone: "ready", camera: "ready" })).toBeNull();
    expect(deviceSentence(en, { microphone: "ready", camera: "missing" })).toBe(words.noCamera);
    expect(deviceSentence(en, { microphone: "refused", camera: "ready" })).toBe(words.noMicrophone);
    expect(deviceSentence(en, { microphone: "missing", camera: "refused" })).toBe(words.refusedBoth);
    expect(deviceSentence(en, { microphone: "missing", camera: "missing" })).toBe(words.missingBoth);
    expect(deviceSentence(en, { microphone: "insecure", camera: "insecure" })).toBe(words.insecure);
  });
});

describe("figures", () => {
  it("the line of the wait ends at a round number beyond the interval", () => {
    expect([4, 8, 10, 16, 50, 60, 200, 2000].map(scaleFor)).toEqual([10, 10, 20, 20, 90, 90, 360, 2500]);
  });

  it("stopwatch", () => {
    expect([0, 59.9, 522, 3_600, 4_122].map(stopwatch)).toEqual(["00:00", "00:59", "08:42", "1:00:00", "1:08:42"]);
  });

  it("peer ids have the form that the server wants", () => {
    const drawn = new Set(Array.from({ length: 100 }, drawPeerId));
    expect(drawn.size).toBe(100);
    for (const each of drawn) expect(each).toMatch(/^[a-z]{1,4}_[a-z2-7]{16}$/);
  });
});

describe("icons", () => {
  it("are all in the sprite, and each is used", () => {
    const made = sprite();
    const sources = ["patient", "desk", "call", "check", "timeline", "ui", "archive", "consent"].flatMap((folder) =>
      sourcesIn(folder),
    );
    const unused = [...LUCIDE, ...OURS].filter((name) => !sources.some((text) => text.includes(`"${name}"`)));
    expect(unused).toEqual([]);
    for (const name of [...LUCIDE, ...OURS]) expect(made).toContain(`<symbol id="${name}"`);
    expect(made).not.toMatch(/style=|<script|data:/);
  });

  it("keep their drawing", () => {
    const svg = '<!-- made -->\n<svg class="x">\n  <path d="M1 1" />\n</svg>';
    expect(symbol("dot", svg)).toBe('<symbol id="dot" viewBox="0 0 24 24"><path d="M1 1" /></symbol>');
    expect(() => symbol("dot", "no drawing")).toThrow("dot");
  });
});

function sourcesIn(folder: string): string[] {
  const pages = import.meta.glob("../src/{patient,desk,call,check,timeline,ui,archive,consent}/*.{ts,tsx}", {
    query: "?raw",
    import: "default",
    eager: true,
  });
  return Object.entries(pages)
    .filter(([path]) => path.includes(`/src/${folder}/`) && !path.endsWith("icon-names.ts"))
    .map(([, text]) => String(text));
}

describe("the pages", () => {
  it.each(["index.html", "desk.html"])("%s holds no script, style or address that the policy forbids", (name) => {
    const html = readFileSync(new URL(`../${name}`, import.meta.url), "utf8");
    expect(html).not.toMatch(/<style|style=|data:|<script(?![^>]*\bsrc=)|https?:/);
  });
});
