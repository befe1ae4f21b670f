import { afterEach, describe, expect, it, vi } from "vitest";
import { takeToken } from "../src/patient/join";

const TOKEN = "aB3_-".repeat(9).slice(0, 43);

function at(hash: string) {
  const replaced: string[] = [];
  const kept: string[] = [];
  vi.stubGlobal("location", { hash, pathname: "/join", search: "" });
  vi.stubGlobal("history", { replaceState: (_state: unknown, _title: string, to: string) => replaced.push(to) });
  vi.stubGlobal("localStorage", { setItem: (_key: string, value: string) => kept.push(value) });
  return { token: takeToken(), replaced, kept };
}

describe("a link's token", () => {
  afterEach(() => vi.unstubAllGlobals());

  it("leaves the address at once and is stored nowhere", () => {
    expect(at(`#${TOKEN}`)).toEqual({ token: TOKEN, replaced: ["/join"], kept: [] });
  });

  it.each(["#", "#short", `#${TOKEN}x`, `#${TOKEN.slice(1)}`, `#${TOKEN.slice(0, 42)}=`, "#<script>"])(
    "that is none (%s) leaves the address too",
    (hash) => {
      expect(at(hash)).toEqual({ token: null, replaced: ["/join"], kept: [] });
    },
  );

  it("where there is none, nothing happens", () => {
    expect(at("")).toEqual({ token: null, replaced: [], kept: [] });
  });
});
