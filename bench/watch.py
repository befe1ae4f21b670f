"""What one page sends and receives, second by second, measured inside the page. Watches; changes nothing."""

from dataclasses import dataclass, fields
from typing import Any

from playwright.async_api import Page

SAMPLER = """
(() => {
  const watch = { samples: [], gaps: [] };
  window.__watch = watch;
  let last = null;
  const frames = new WeakMap();
  const follow = (video) => {
    if (frames.has(video) || !video.requestVideoFrameCallback) return;
    frames.set(video, 0);
    const seen = (at) => {
      const before = frames.get(video);
      if (before) watch.gaps.push([at / 1000, (at - before) / 1000]);
      frames.set(video, at);
      video.requestVideoFrameCallback(seen);
    };
    video.requestVideoFrameCallback(seen);
  };
  const look = async () => {
    for (const video of document.querySelectorAll('figure[data-seat]:not([data-self]) video')) follow(video);
    const peer = (window.__peers || []).filter((each) => each.connectionState === 'connected').pop();
    const now = { at: performance.now() / 1000, sound: 0, lost: 0, octets: 0, frames: 0, height: 0, freezes: 0,
                  frozen: 0, out: 0, target: 0, available: 0, sentHeight: 0, sentFrames: 0, keys: 0, limited: '' };
    if (peer) for (const s of (await peer.getStats()).values()) {
      if (s.type === 'inbound-rtp' && s.kind === 'audio') { now.sound += s.packetsReceived || 0; now.lost += s.packetsLost || 0; }
      if (s.type === 'inbound-rtp' && s.kind === 'video') {
        now.octets += s.bytesReceived || 0; now.frames += s.framesDecoded || 0; now.height = s.frameHeight || 0;
        now.freezes += s.freezeCount || 0; now.frozen += s.totalFreezesDuration || 0;
      }
      if (s.type === 'outbound-rtp' && s.kind === 'video') {
        now.out += s.bytesSent || 0; now.target += s.targetBitrate || 0;
        now.sentHeight = Math.max(now.sentHeight, s.frameHeight || 0);
        now.sentFrames += s.framesEncoded || 0; now.keys += s.keyFramesEncoded || 0;
        if (s.frameHeight) now.limited = s.qualityLimitationReason || '';
      }
      if (s.type === 'candidate-pair' && s.availableOutgoingBitrate) now.available = s.availableOutgoingBitrate;
    }
    const face = document.querySelector('figure[data-seat]:not([data-self])');
    now.rung = (face && face.dataset.quality) || '';
    watch.samples.push(now);
    if (watch.samples.length > 3000) watch.samples.shift();
    if (watch.gaps.length > 9000) watch.gaps.shift();
    setTimeout(look, 200);
  };
  look();
})();
"""
READ = "() => ({ now: performance.now() / 1000, samples: window.__watch.samples, gaps: window.__watch.gaps })"


@dataclass(frozen=True, slots=True)
class Second:
    """One second at one page. Rates in kbit/s; `sound` packets received, `silent_s` the longest time without one in it."""

    second: int
    kbps: int
    fps: int
    height: int
    longest_frame_gap_s: float
    sound: int
    sound_lost: int
    silent_s: float
    sent_kbps: int
    target_kbps: int
    available_kbps: int
    sent_height: int
    rung: str


FIELDS = [each.name for each in fields(Second)]


async def read(page: Page, began: float, seconds: int) -> list[Second]:
    """The seconds since `began` (the page's clock)."""
    found: dict[str, Any] = await page.evaluate(READ)
    samples, gaps = found["samples"], found["gaps"]
    return [_second(samples, gaps, began, index) for index in range(seconds)]


async def page_clock(page: Page) -> float:
    """The page's clock now."""
    now: float = await page.evaluate("() => performance.now() / 1000")
    return now


def _second(samples: list[dict[str, Any]], gaps: list[list[float]], began: float, index: int) -> Second:
    first, last = _at(samples, began + index), _at(samples, began + index + 1)
    span = max(0.001, last["at"] - first["at"])
    held = [gap for at, gap in gaps if began + index <= at < began + index + 1]

    def grown(what: str) -> float:
        return max(0.0, float(last[what] - first[what]))

    return Second(
        second=index,
        kbps=round(grown("octets") * 8 / span / 1000),
        fps=round(grown("frames") / span),
        height=int(last["height"]),
        longest_frame_gap_s=round(max(held, default=0.0), 2),
        sound=round(grown("sound")),
        sound_lost=round(grown("lost")),
        silent_s=round(_silence(samples, began + index, began + index + 1), 2),
        sent_kbps=round(grown("out") * 8 / span / 1000),
        target_kbps=round(last["target"] / 1000),
        available_kbps=round(last["available"] / 1000),
        sent_height=int(last["sentHeight"]),
        rung=str(last["rung"]),
    )


def _at(samples: list[dict[str, Any]], at: float) -> dict[str, Any]:
    return min(samples, key=lambda sample: abs(float(sample["at"]) - at))


def _silence(samples: list[dict[str, Any]], since: float, until: float) -> float:
    """The longest time without a packet of sound that ends in this span."""
    longest, came_at, count = 0.0, None, None
    for sample in samples:
        if sample["at"] >= until:
            break
        if count is None or sample["sound"] != count:
            if came_at is not None and sample["at"] >= since:
                longest = max(longest, sample["at"] - came_at - 0.2)
            count, came_at = sample["sound"], sample["at"]
    if came_at is not None:
        longest = max(longest, until - came_at - 0.2)
    return max(0.0, longest)
