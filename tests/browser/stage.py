"""The stage of the browser tests: a real server, real browsers, and people who act in them.

Each person's camera shows one colour and their microphone one tone, so that a test can see and hear who is really there.
"""

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from playwright.async_api import Browser, BrowserContext, Page

from tests.processes import wait_for

MEDIA_TIMEOUT_S = 25.0

OBSERVER = """
(() => {
  const Native = window.RTCPeerConnection;
  window.__peers = [];
  window.RTCPeerConnection = class extends Native {
    constructor(...rest) { super(...rest); window.__peers.push(this); }
  };
})();
"""
"""Keeps every peer connection of the page within reach of getStats; changes nothing about them."""

FOOTAGE = """
(([colour, hertz]) => {
  const footage = () => {
    const canvas = Object.assign(document.createElement('canvas'), { width: 320, height: 240 });
    const brush = canvas.getContext('2d');
    let turn = 0;
    setInterval(() => {
      brush.fillStyle = colour; brush.fillRect(0, 0, 320, 240);
      brush.fillStyle = '#fff'; brush.fillRect((turn++ * 4) % 320, 0, 4, 12);
    }, 66);
    return canvas.captureStream(15).getVideoTracks()[0];
  };
  const tone = () => {
    const context = new AudioContext();
    const source = context.createOscillator();
    const level = context.createGain();
    level.gain.value = 0.3; source.frequency.value = hertz;
    const out = context.createMediaStreamDestination();
    source.connect(level).connect(out); source.start(); context.resume();
    return out.stream.getAudioTracks()[0];
  };
  navigator.mediaDevices.getUserMedia = async (asked) => {
    const tracks = [];
    if (asked.audio) tracks.push(tone());
    if (asked.video) tracks.push(footage());
    return new MediaStream(tracks);
  };
})(%s);
"""

STATS = """
async () => {
  const found = { inbound: [], outbound: [], remote: [], state: [] };
  for (const peer of window.__peers) {
    if (peer.connectionState === 'closed') continue;
    found.state.push(peer.connectionState);
    const report = await peer.getStats();
    const all = [...report.values()];
    for (const s of all) {
      if (s.type === 'inbound-rtp') found.inbound.push({ kind: s.kind, track: s.trackIdentifier, frames: s.framesDecoded || 0,
        energy: s.totalAudioEnergy || 0, packets: s.packetsReceived || 0, lost: s.packetsLost || 0, mid: s.mid });
      if (s.type === 'outbound-rtp') found.outbound.push({ kind: s.kind, packets: s.packetsSent || 0 });
      if (s.type === 'candidate-pair' && (s.nominated || s.selected) && s.state === 'succeeded' && s.bytesReceived > 0) {
        const r = report.get(s.remoteCandidateId);
        found.remote.push(`${r.address || r.ip}:${r.port}`);
      }
    }
  }
  return found;
}
"""

LOOK = """
async (seat) => {
  const figure = document.querySelector(`figure[data-seat="${seat}"]`);
  const video = figure && figure.querySelector('video');
  if (!video || !video.videoWidth) return null;
  const canvas = Object.assign(document.createElement('canvas'), { width: 8, height: 8 });
  const brush = canvas.getContext('2d', { willReadFrequently: true });
  brush.drawImage(video, 0, 0, 8, 8);
  return [...brush.getImageData(4, 4, 1, 1).data].slice(0, 3);
}
"""

LISTEN = """
async (seat) => {
  const media = [...document.querySelectorAll(`figure[data-seat="${seat}"] video, figure[data-seat="${seat}"] audio`)];
  const stream = media.map((m) => m.srcObject).find((s) => s && s.getAudioTracks().length);
  if (!stream) return null;
  const context = new AudioContext();
  await context.resume();
  const ear = context.createAnalyser();
  ear.fftSize = 8192; ear.smoothingTimeConstant = 0;
  context.createMediaStreamSource(new MediaStream(stream.getAudioTracks())).connect(ear);
  await new Promise((done) => setTimeout(done, 400));
  const bins = new Float32Array(ear.frequencyBinCount);
  ear.getFloatFrequencyData(bins);
  let best = 0;
  for (let i = 1; i < bins.length; i++) if (bins[i] > bins[best]) best = i;
  const loud = bins[best];
  const hertz = (best * context.sampleRate) / ear.fftSize;
  await context.close();
  return loud < -70 ? null : hertz;
}
"""


@dataclass(frozen=True, slots=True)
class Look:
    """What a person's camera shows and microphone sounds like."""

    colour: tuple[int, int, int]
    hertz: float

    @property
    def css(self) -> str:
        return f"rgb{self.colour}"


GREEN = Look((20, 160, 40), 440.0)
BLUE = Look((30, 60, 190), 660.0)
RED = Look((190, 40, 30), 880.0)


class Person:
    """Somebody at a browser page of the server under test."""

    def __init__(self, context: BrowserContext, page: Page, base: str, look: Look) -> None:
        self.context = context
        self.page = page
        self.base = base
        self.look = look
        self.console: list[str] = []
        page.on("console", lambda message: self.console.append(message.text) if message.type == "error" else None)
        page.on("pageerror", lambda error: self.console.append(str(error)))

    async def stats(self) -> dict[str, Any]:
        """Counters of every open peer connection of the page."""
        found: dict[str, Any] = await self.page.evaluate(STATS)
        return found

    async def sees(self, seat: str, whom: Look) -> None:
        """Wait until the picture of `seat` has the colour of `whom`."""

        async def matches() -> bool:
            colour = await self.page.evaluate(LOOK, seat)
            return colour is not None and all(abs(a - b) < 45 for a, b in zip(colour, whom.colour, strict=True))

        await wait_for(matches, MEDIA_TIMEOUT_S, f"the picture of {whom.css}")

    async def hears(self, seat: str, whom: Look) -> None:
        """Wait until the sound of `seat` is the tone of `whom`."""

        async def matches() -> bool:
            hertz = await self.page.evaluate(LISTEN, seat)
            return hertz is not None and abs(hertz - whom.hertz) < 15

        await wait_for(matches, MEDIA_TIMEOUT_S, f"the tone of {whom.hertz:g} Hz")

    async def seats(self) -> dict[str, str]:
        """Other people on the page: seat → name shown."""
        figures = await self.page.query_selector_all("figure[data-seat]:not([data-self])")
        return {str(await f.get_attribute("data-seat")): (await f.inner_text()).strip() for f in figures}

    async def seat_named(self, name: str) -> str:
        """The seat of the person whose tile bears this name."""

        async def find() -> str | None:
            return next((seat for seat, words in (await self.seats()).items() if name in words), None)

        return str(await wait_for(find, MEDIA_TIMEOUT_S, f"a tile named {name}"))


async def enter(browser: Browser, base: str, look: Look, *, phone: bool = False, language: str = "en") -> Person:
    """Open a browser context of a person with this look."""
    size = {"width": 390, "height": 844} if phone else {"width": 1440, "height": 900}
    context = await browser.new_context(viewport=size, locale="zh-CN" if language == "zh" else "en-GB")  # type: ignore[arg-type]
    await context.add_init_script(OBSERVER)
    await context.add_init_script(FOOTAGE % f'["{look.css}", {look.hertz}]')
    page = await context.new_page()
    return Person(context, page, base, look)


@dataclass(frozen=True, slots=True)
class SampleDoctor:
    """How a doctor of the sample hospital signs in."""

    staff_number: str
    password: str


def sample_doctor(greeting: str) -> SampleDoctor:
    """Read the sign-in from what the server printed at its start, as an operator does."""
    found = re.search(r"staff number (\d+), password (\S+)", greeting)
    if found is None:
        raise AssertionError(f"the server printed no sign-in:\n{greeting}")
    return SampleDoctor(found[1], found[2])


def artefacts(name: str) -> Path:
    """Where a test leaves pictures of what it saw."""
    folder = Path("test-results") / "browser"
    folder.mkdir(parents=True, exist_ok=True)
    return folder / f"{name}.png"
