import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { errorText, preferredLanguage } from "../src/i18n";
import { literalsIn } from "./literals";
import { en, zh } from "./texts";

const SRC = join(import.meta.dirname, "../src");

function keys(value: unknown, path = ""): string[] {
  if (typeof value !== "object" || value === null || Array.isArray(value)) return [path];
  return Object.entries(value).flatMap(([key, inner]) => keys(inner, path === "" ? key : `${path}.${key}`));
}

function sources(folder: string): string[] {
  return readdirSync(folder, { withFileTypes: true }).flatMap((entry) =>
    entry.isDirectory() ? sources(join(folder, entry.name)) : [join(folder, entry.name)],
  );
}

const files = sources(SRC).filter((path) => /\.tsx?$/.test(path));
const outsideTexts = files.filter((path) => !path.includes("i18n"));
const code = files
  .filter((path) => !/i18n.(en|zh)(\.ts$|.)/.test(path))
  .map((path) => readFileSync(path, "utf8"))
  .join("\n");

describe("texts", () => {
  it("have the same keys in both languages", () => {
    expect(keys(zh).sort()).toEqual(keys(en).sort());
  });

  it("have lists of the same length", () => {
    expect(zh.waiting.tips.length).toBe(en.waiting.tips.length);
    expect(zh.join.next.length).toBe(en.join.next.length);
    expect(zh.join.nextTimes.length).toBe(en.join.nextTimes.length);
    expect(zh.entry.next.length).toBe(en.entry.next.length);
  });

  it("are all used", () => {
    const named = new Set([
      "errors",
      "roles",
      "priority",
      "link",
      "keyList",
      "expect",
      "redFlags",
      "field",
      "fault",
      "kind",
      "path",
      "doctorState",
      "panes",
      "event",
      "refusal",
    ]);
    const unused = keys(en).filter((key) => {
      const parts = key.split(".");
      if (parts.some((part) => named.has(part))) return false;
      if (code.includes(`.${parts.at(-2)}[`)) return false; // chosen by a code, such as t.roles[role]
      return !new RegExp(`\\.${parts.at(-1)}\\b`).test(code);
    });
    expect(unused).toEqual([]);
  });

  it("are Chinese in Chinese", () => {
    const plain = keys(zh).filter((key) => {
      const value = key.split(".").reduce<unknown>((at, part) => (at as Record<string, unknown>)[part], zh);
      return typeof value === "string" && !/\p{Script=Han}/u.test(value);
    });
    expect(plain).toEqual([
      "code",
      "htmlLang",
      "otherLanguage",
      "otherHtmlLang",
      "product",
      "listJoin",
      "colon",
      "wayOut.app.qq",
      "wayOut.app.line",
      "wayOut.app.kakao",
      "wayOut.app.twitter",
      "wayOut.safari",
      "offer.enter",
      "offer.altEnter",
      "offer.escape",
    ]);
  });

  it.each([
    ["<p>Hello</p>", ["Hello"]],
    ['<p>{"Hello"} {t.name}</p>', ["Hello"]],
    ["<p>{late ? `Wait` : t.now}</p>", ["Wait"]],
    ['<button type="button" class="btn" aria-label="Close" />', ["Close"]],
    ["<Sheet title={open && 'Find'}>{t.find}</Sheet>", ["Find"]],
    ['<Field hint={n + " left"} name="age" />', ["left"]],
    ["<p>{t.a}: 3 · {t.b}{' '}<Key name='Enter' /></p>", []],
  ])("are found where they must not stand: %s", (source, expected) => {
    expect(literalsIn(`const shown = ${source};`)).toEqual(expected);
  });

  it("stand nowhere else: not between tags, not in what a screen reader says", () => {
    const found = outsideTexts
      .filter((path) => path.endsWith(".tsx"))
      .flatMap((path) => literalsIn(readFileSync(path, "utf8")).map((words) => `${path.slice(SRC.length)}: ${words}`));
    expect(found).toEqual([]);
  });

  it("no Chinese stands outside the texts", () => {
    expect(outsideTexts.filter((path) => /\p{Script=Han}(?!\})/u.test(readFileSync(path, "utf8")))).toEqual([]);
  });
});

describe("errors", () => {
  it("have a sentence for each code, and a kind one for those not known", () => {
    expect(errorText(en, "link_spent")).toBe(en.errors.link_spent);
    expect(errorText(en, "never_heard_of")).toBe(en.errors.unknown);
    expect(errorText(zh, "never_heard_of")).toBe(zh.errors.unknown);
  });
});

describe("the first language", () => {
  it.each([
    ["zh", ["en-GB"], "zh"],
    ["en", ["zh-CN"], "en"],
    [null, ["zh-TW", "en"], "zh"],
    [null, ["fr-FR", "zh-CN", "en"], "zh"],
    [null, ["de-DE"], "en"],
    ["xx", [], "en"],
  ] as const)("remembered %s, browser %j: %s", (remembered, browser, expected) => {
    expect(preferredLanguage(remembered, browser)).toBe(expected);
  });
});

describe("words that bend", () => {
  it("English doctors get their title once", () => {
    expect(en.doctor("An Ning")).toBe("Dr An Ning");
    expect(en.doctor("Dr An Ning")).toBe("Dr An Ning");
    expect(en.doctor("Drew Stone")).toBe("Dr Drew Stone");
  });

  it("Chinese doctors too", () => {
    expect(zh.doctor("安宁")).toBe("安宁医生");
    expect(zh.doctor("安宁医生")).toBe("安宁医生");
    expect(zh.doctor("Ash Field")).toBe("Ash Field 医生");
  });

  it("places and waits", () => {
    expect(en.waiting.line(0)).toBe("You are next");
    expect(en.waiting.line(2)).toBe("You are third in line");
    expect(en.waiting.line(10)).toBe("10 people are ahead of you");
    expect(en.waiting.wait(0, 4)).toEqual({ before: "within", number: "4", after: "minutes" });
    expect(zh.waiting.wait(0, 4)).toEqual({ before: "", number: "4", after: "分钟以内" });
    expect(en.goodbye.spoke("Dr An", 1)).toBe("You spoke with Dr An for 1 minute.");
  });
});
