import { describe, expect, it } from "vitest";
import { activate, isLayerable, layersOf, sizeOf } from "../src/call/layers";
import { sendingOf } from "../src/call/quality";

const sending = (camera: boolean) => sendingOf({ clarity: "hd", limitBps: 900_000 }, camera, 800_000, 480);

/** A sender as a browser has it: parameters come as a copy and count only once they are set. */
function sender(encodings: RTCRtpEncodingParameters[]) {
  let set = 0;
  let now = encodings;
  const parameters = () => ({ encodings: now.map((each) => ({ ...each })) });
  return {
    sender: {
      getParameters: parameters,
      setParameters: async (next: { encodings: RTCRtpEncodingParameters[] }) => {
        set++;
        now = next.encodings;
      },
    } as unknown as RTCRtpSender,
    active: () => now.filter((each) => each.active !== false).map((each) => each.rid),
    whole: () => now.find((each) => each.rid === "f"),
    times: () => set,
  };
}

describe("layers", () => {
  it("sends the whole picture alone in a room of two, all layers in a larger one, none without a camera", async () => {
    const camera = sender(layersOf(800_000));
    expect(camera.active()).toEqual(["f"]);
    await activate(camera.sender, sending(true), { rung: "hd" });
    expect(camera.active()).toEqual(["q", "h", "f"]);
    await activate(camera.sender, sending(false), { rung: "hd" });
    expect(camera.active()).toEqual([]);
    await activate(camera.sender, sending(true), { rung: null });
    expect(camera.active()).toEqual(["f"]);
  });

  it("leaves smaller layers alone on a lower rung, and none where no picture moves", async () => {
    const camera = sender(layersOf(800_000));
    for (const [clarity, left] of [
      ["sd", ["q", "h"]],
      ["low", ["q"]],
      ["stills", []],
      ["hd", ["q", "h", "f"]],
    ] as const) {
      await activate(camera.sender, sendingOf({ clarity, limitBps: 300_000 }, true, 800_000, 480), { rung: clarity });
      await activate(camera.sender, sendingOf({ clarity, limitBps: 300_000 }, true, 800_000, 480), { rung: clarity });
      expect(camera.active()).toEqual(left);
    }
  });

  it("lets a layer go on as it is while others begin in its place, but none without a camera", async () => {
    const low = sendingOf({ clarity: "low", limitBps: 300_000 }, true, 800_000, 720);
    const camera = sender(layersOf(800_000));
    await activate(camera.sender, low, { rung: null });
    expect(await activate(camera.sender, low, { rung: "low" })).toBe(true);
    expect(camera.active()).toEqual(["q", "f"]);
    expect(camera.whole()).toMatchObject({ scaleResolutionDownBy: 3, maxFramerate: 15 });
    expect(await activate(camera.sender, low, { rung: "low", overlapping: true })).toBe(false);
    expect(camera.active()).toEqual(["q", "f"]);
    expect(await activate(camera.sender, low, { rung: "low" })).toBe(false);
    expect(camera.active()).toEqual(["q"]);
    expect(await activate(camera.sender, low, { rung: null })).toBe(true); // they leave again
    expect(camera.active()).toEqual(["q", "f"]);
    await activate(camera.sender, { ...low, active: false }, { rung: null, overlapping: true });
    expect(camera.active()).toEqual([]);
  });

  it("sets nothing that is so already", async () => {
    const camera = sender([{ ...sending(true) }]);
    await activate(camera.sender, sending(true), { rung: "hd" });
    expect(camera.times()).toBe(0);
    await activate(camera.sender, sending(false), { rung: null });
    expect(camera.times()).toBe(1);
  });

  it("sends one layer of a small camera: of three a browser would leave out the largest", () => {
    expect(isLayerable(1280, 720)).toBe(true);
    expect(isLayerable(640, 480)).toBe(false);
    expect(isLayerable(0, 0)).toBe(false);
  });

  it("goes from small to large, as browsers want them", () => {
    const rates = layersOf(800_000).map((each) => each.maxBitrate ?? 0);
    expect(rates).toEqual([...rates].sort((a, b) => a - b));
  });

  it("wants the first of many large and the others no larger than they are shown", () => {
    expect([0, 1, 2].map((place) => sizeOf(place, 3))).toEqual(["large", "medium", "medium"]);
    expect([0, 1].map((place) => sizeOf(place, 2))).toEqual(["large", "large"]);
  });
});
