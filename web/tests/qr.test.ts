import { encode } from "uqr";
import { describe, expect, it } from "vitest";
import { draw } from "../src/ui/qr";

describe("a QR code", () => {
  it("draws each run of dark modules once", () => {
    const rows = [
      [true, true, false, true],
      [false, false, false, false],
      [false, true, true, true],
      [true, false, true, false],
    ];
    expect(draw(rows)).toEqual({
      size: 4,
      path: "M0 0h2v1h-2zM3 0h1v1h-1zM1 2h3v1h-3zM0 3h1v1h-1zM2 3h1v1h-1z",
    });
  });

  it("covers exactly the dark modules of a real link", () => {
    const { data } = encode(`https://clinic.example/join#${"a".repeat(43)}`, { ecc: "M", border: 0 });
    const dark = data.flat().filter(Boolean).length;
    const drawn = [...draw(data).path.matchAll(/h(\d+)v1/g)].reduce((sum, [, run]) => sum + Number(run), 0);
    expect(drawn).toBe(dark);
    expect(data.length).toBeLessThanOrEqual(41); // readable from a screen at arm's length
  });
});
