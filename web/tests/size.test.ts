import { randomBytes } from "node:crypto";
import { describe, expect, it } from "vitest";
import { type Chunk, initialSize, LIMIT_BYTES, verdict } from "../size";

const noise = (bytes: number) => randomBytes(bytes / 2).toString("latin1");
const chunk = (code: string, ...imports: string[]): Chunk => ({ code, imports });

describe("the size of a page's first JavaScript", () => {
  it("is that of the entry and of all it needs at once, each once, without what is fetched later", () => {
    const shared = noise(2_000);
    const chunks = new Map([
      ["index.js", chunk("a", "shared.js", "other.js")],
      ["other.js", chunk("b", "shared.js", "index.js")],
      ["shared.js", chunk(shared)],
      ["lazy.js", chunk(noise(90_000))],
    ]);
    const both = initialSize("index.js", chunks);
    expect(both).toBeGreaterThan(1_000);
    expect(both).toBeLessThan(4_000);
    expect(initialSize("lazy.js", chunks)).toBeGreaterThan(LIMIT_BYTES / 2);
  });

  it("cannot pass on nothing", () => {
    expect(() => initialSize("", new Map())).toThrow("pass on nothing");
  });

  it("is said with its limit", () => {
    expect(verdict(31_240)).toContain("31.2 kB");
    expect(verdict(31_240)).toContain("60 kB");
  });
});
