"""The stage of the browser tests: a real server, real browsers, and people who act in them.

Each person's camera shows one colour and their microphone one tone, so that a test can see and hear who is really there.
"""

import contextlib
import json
import re
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Literal

from playwright.async_api import Browser, BrowserContext, Error, Page

from tests.processes import wait_for
from tests.signaling_process import Signaling

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
(([colour, hertz, drawing, busy, lines], scene) => {
  if (!navigator.mediaDevices) return; // about:blank
  const footage = () => {
    const canvas = Object.assign(document.createElement('canvas'), { width: (lines * 4) / 3, height: lines });
    const draw = scene && scene(canvas);
    const brush = canvas.getContext('2d');
    let turn = 0;
    let face = null;
    if (drawing) {
      const image = new Image(480, 480);
      image.src = URL.createObjectURL(new Blob([drawing], { type: 'image/svg+xml' }));
      image.onload = () => { face = image; };
      canvas.width = 640; canvas.height = 480;
    }
    setInterval(() => {
      if (draw) { draw(turn++); return; }
      if (face) { brush.drawImage(face, -20, -60, 680, 680); return; }
      brush.fillStyle = colour; brush.fillRect(0, 0, canvas.width, canvas.height);
      brush.fillStyle = '#fff'; brush.fillRect((turn++ * 4) % 320, 0, 4, 12);
      if (busy) {
        const noise = brush.createImageData(canvas.width, (canvas.height * busy) / 240);
        for (let i = 0; i < noise.data.length; i += 65536)
          crypto.getRandomValues(new Uint8Array(noise.data.buffer, i, Math.min(65536, noise.data.length - i)));
        for (let i = 3; i < noise.data.length; i += 4) noise.data[i] = 255;
        brush.putImageData(noise, 0, 0);
      }
    }, 66);
    return canvas.captureStream(15).getVideoTracks()[0];
  };
  const native = navigator.mediaDevices.getUserMedia.bind(navigator.mediaDevices);
  const tone = async () => {
    // Firefox starts no AudioContext on a machine without a sound card: its own fake microphone hums at a set pitch.
    if (navigator.userAgent.includes('Firefox')) return (await native({ audio: true })).getAudioTracks()[0];
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
    if (asked.audio) tracks.push(await tone());
    if (asked.video) tracks.push(footage());
    return new MediaStream(tracks);
  };
})(LOOK, SCENE);
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
        found.remote.push(r.port); // the address of a peer-reflexive candidate may be hidden
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


ENERGY = """
async (seat) => {
  const media = [...document.querySelectorAll(`figure[data-seat="${seat}"] audio`)];
  const track = media.flatMap((m) => m.srcObject ? m.srcObject.getAudioTracks() : [])[0];
  for (const peer of track ? window.__peers : []) {
    for (const s of (await peer.getStats()).values())
      if (s.type === 'inbound-rtp' && s.kind === 'audio' && s.trackIdentifier === track.id) return s.totalAudioEnergy || 0;
  }
  return 0;
}
"""


@dataclass(frozen=True, slots=True)
class Look:
    """What a person's camera shows and microphone sounds like."""

    colour: tuple[int, int, int]
    hertz: float
    drawing: str = ""
    """An SVG shown in place of the colour, for pictures that people look at."""
    busy: int = 0
    """Of 240 lines of the picture so many are noise: 60 take what a line of 400 kbit/s gives, 100 what one of 2 Mbit/s does."""
    lines: int = 240
    """Of the picture, which is a third wider than high; from 624 on it is large enough for several layers."""
    scene: str = ""
    """Script that, given the canvas, draws the turn it is called with, in place of all this (webcam.py)."""

    @property
    def css(self) -> str:
        return f"rgb{self.colour}"


GREEN = Look((20, 160, 40), 440.0)
BLUE = Look((30, 60, 190), 660.0)
RED = Look((190, 40, 30), 880.0)
FIREFOX_HERTZ = 1200.0  # of its fake microphone, set by conftest


class Person:
    """Somebody at a browser page of the server under test."""

    def __init__(self, context: BrowserContext, page: Page, base: str, look: Look, phone: bool = False) -> None:
        self.phone = phone
        self.context = context
        self.page = page
        self.base = base
        self.look = look
        self.firefox = context.browser is not None and context.browser.browser_type.name == "firefox"
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

        await self._waits_for(matches, f"the picture of {whom.css}")

    async def hears(self, seat: str, whom: Look) -> None:
        """Wait until the sound of `seat` is the tone of `whom`; in Firefox, until that seat's track is not silent."""

        async def matches() -> bool:
            if self.firefox:
                return bool(await self.page.evaluate(ENERGY, seat) > 0)
            hertz = await self.page.evaluate(LISTEN, seat)
            return hertz is not None and abs(hertz - whom.hertz) < 15

        await self._waits_for(matches, f"the tone of {whom.hertz:g} Hz")

    async def _waits_for(self, matches: Callable[[], Awaitable[bool]], what: str) -> None:
        try:
            await wait_for(matches, MEDIA_TIMEOUT_S, what)
        except TimeoutError as late:
            whose = f"{'Firefox' if self.firefox else 'Chromium'} of {self.look.css}"
            raise TimeoutError(f"{late}; {whose} has {await self.stats()}; console: {self.console}") from None

    async def seats(self) -> dict[str, str]:
        """Other people on the page: seat → name shown."""
        figures = await self.page.query_selector_all("figure[data-seat]:not([data-self])")
        return {str(await f.get_attribute("data-seat")): (await f.text_content() or "").strip() for f in figures}

    async def seat_named(self, name: str) -> str:
        """The seat of the person whose tile bears this name."""

        async def find() -> str | None:
            return next((seat for seat, words in (await self.seats()).items() if name in words), None)

        seat = await wait_for(find, MEDIA_TIMEOUT_S, f"a tile named {name}")
        await self.page.get_by_text(name).filter(visible=True).first.wait_for()  # and it can be read
        return str(seat)

    async def hang_up(self) -> None:
        """Refuse an offer, end a consultation on its way: a failed test leaves nobody to the next one of the same server."""
        refuse, card, key = (
            self.page.locator(each) for each in ("[data-answer=decline]", "[data-answer=confirm]", "[data-key=end]")
        )
        if await refuse.count():
            await refuse.click(timeout=1000)
        if await card.count():
            await card.click(timeout=1000)
            await key.wait_for(timeout=5000)
        if await key.count():
            await key.click(timeout=1000)
            await self.page.click("[data-answer=yes]", timeout=1000)

    async def invite(self, role: str) -> str:
        """A doctor makes a link for one more person and reads it off the desk."""
        await self.page.click(f"[data-invite={role}]")
        return await self.page.locator("input#link").input_value()


PASSED_BY = {"way-out": "[data-next]", "check": "[data-next]", "questions": "[data-later]", "advice": "[data-next]"}
"""Screens before the waiting room, and the button with which somebody in a hurry goes past each."""


async def to_waiting_room(person: Person) -> None:
    """Go past the way out, the test and the questions."""
    page = person.page
    known = [*PASSED_BY, "waiting", "card", "call"]
    for _ in known:
        here = page.locator(", ".join(f'[data-screen="{screen}"]' for screen in known)).first
        screen = str(await here.get_attribute("data-screen"))
        if screen not in PASSED_BY:
            return
        await page.click(PASSED_BY[screen])
        await page.locator(f'[data-screen="{screen}"]').wait_for(state="detached")
        known.remove(screen)


async def confirm(person: Person) -> None:
    """Say that the name card is right."""
    card = person.page.locator("[data-answer=confirm]")
    call = person.page.locator('[data-call="live"], [data-screen="call"]')
    await card.or_(call).first.wait_for()
    if await card.count():
        await card.click()


@dataclass(frozen=True, slots=True)
class SampleDoctor:
    """How a doctor of the sample hospital signs in."""

    staff_number: str
    password: str


def sample_coordinator(greeting: str) -> str:
    """The staff number of the coordinator, from the same greeting."""
    found = re.search(r"coordinator: (\d+)", greeting)
    if found is None:
        raise AssertionError(f"the server printed no coordinator:\n{greeting}")
    return found[1]


def sample_doctor(greeting: str) -> SampleDoctor:
    """Read the sign-in from what the server printed at its start, as an operator does."""
    found = re.search(r"staff number (\d+), password (\S+)", greeting)
    if found is None:
        raise AssertionError(f"the server printed no sign-in:\n{greeting}")
    return SampleDoctor(found[1], found[2])


async def set_duty(desk: Person, duty: Literal["on", "off"]) -> None:
    """Go on duty, or off it, whichever it is now: a test before may have left it as it liked."""
    if await desk.page.get_attribute('[data-screen="desk"]', "data-duty") != duty:
        await desk.page.locator("label.duty").click()
    await desk.page.wait_for_selector(f'[data-screen="desk"][data-duty="{duty}"]')


async def come_in(person: Person) -> None:
    """Whoever is at the door joins."""
    await person.page.click("button[type=submit]")
    await person.page.wait_for_url("**/visit/*")


class Cast:
    """The people of one test, and what each kind of them does first."""

    def __init__(self, server: Signaling, name: str) -> None:
        self.server = server
        self.people: list[Person] = []
        self.scripts: list[str] = []
        """What else runs first in every page of those who enter from now on."""
        self._pictures = Path(__file__).parents[2] / "test-results" / "browser" / re.sub(r"\W+", "-", name)

    async def enter(self, browser: Browser, look: Look, *, phone: bool = False, language: str = "en") -> Person:
        """Open a browser context of a person with this look."""
        size: Any = {"width": 390, "height": 844} if phone else {"width": 1440, "height": 900}
        context = await browser.new_context(viewport=size, locale="zh-CN" if language == "zh" else "en-GB")
        await context.add_init_script(OBSERVER)
        await context.add_init_script(
            FOOTAGE.replace("SCENE", look.scene or "null").replace(
                "LOOK", json.dumps([look.css, look.hertz, look.drawing, look.busy, look.lines])
            )
        )
        for script in self.scripts:
            await context.add_init_script(script)
        seen = replace(look, hertz=FIREFOX_HERTZ) if browser.browser_type.name == "firefox" else look
        person = Person(context, await context.new_page(), self.server.base, seen, phone=phone)
        self.people.append(person)
        return person

    async def at_desk(self, browser: Browser, look: Look = BLUE, staff_number: str | None = None, language: str = "en") -> Person:
        """Somebody of the staff at their desk: signed in through the page the first time, by the session kept after that."""
        who = sample_doctor(self.server.greeting())
        number = staff_number or who.staff_number
        person = await self.enter(browser, look, language=language)
        return await self._come_in(person, number, who.password, "/desk", '[data-screen="desk"], [data-screen="triage"]')

    async def at_archive(self, browser: Browser, look: Look, number: str, *, phone: bool, language: str = "en") -> Person:
        """Somebody who keeps the archive, at its page."""
        person = await self.enter(browser, look, phone=phone, language=language)
        password = sample_doctor(self.server.greeting()).password
        return await self._come_in(person, number, password, "/archive", '[data-screen="archive"]')

    async def _come_in(self, person: Person, number: str, password: str, path: str, desk: str) -> Person:
        page = person.page
        if kept := self.server.sessions.get(number):
            name, _, value = kept.partition("=")
            await person.context.add_cookies([{"name": name, "value": value, "url": self.server.base}])
        await page.goto(f"{self.server.base}{path}", wait_until="commit")
        await page.wait_for_selector(f'{desk}, [data-screen="sign-in"]')
        if await page.locator('[data-screen="sign-in"]').count():
            await self._sign_in(page, number, password)
            await page.wait_for_selector(desk)
            cookies = {cookie["name"]: cookie["value"] for cookie in await person.context.cookies()}
            self.server.sessions[number] = f"consilium-staff={cookies['consilium-staff']}"
        return person

    async def _sign_in(self, page: Page, number: str, password: str) -> None:
        """Number and password, then the code that the page asks for."""
        await page.fill("[name=staff_number]", number)
        await page.fill("[name=password]", password)
        await page.press("[name=password]", "Enter")
        await page.wait_for_selector("[name=code]")
        await page.fill("[name=code]", await self.server.authenticator.code(number))
        await page.press("[name=code]", "Enter")

    async def doctor_on_duty(
        self, browser: Browser, look: Look = BLUE, staff_number: str | None = None, language: str = "en"
    ) -> Person:
        """A doctor signs in at the desk and goes on duty for every department of theirs."""
        person = await self.at_desk(browser, look, staff_number, language)
        await set_duty(person, "on")
        return person

    async def patient_in_line(
        self, browser: Browser, name: str, look: Look = GREEN, *, reason: str = "Cough for two weeks"
    ) -> Person:
        """A patient chooses a hospital and a department and takes a place in line, on a phone."""
        person = await self.enter(browser, look, phone=True)
        page = person.page
        await page.goto(self.server.base, wait_until="commit")
        await page.click('a.pick:has-text("Willow Bank")')
        await page.click('a.pick:has-text("Respiratory")')
        await page.fill("[name=name]", name)
        await page.fill("[name=birth_year]", "1948")
        await page.fill("[name=reason]", reason)
        await page.click("button[type=submit]")
        await page.wait_for_url("**/visit/*")
        return person

    async def guest_at_the_door(self, browser: Browser, link: str, name: str, look: Look = RED) -> Person:
        """A companion or interpreter has opened a link and said who they are; `come_in` joins."""
        person = await self.enter(browser, look, phone=True)
        await person.page.goto(link, wait_until="commit")
        await person.page.fill("[name=name]", name)
        return person

    async def guest(self, browser: Browser, link: str, name: str, look: Look = RED) -> Person:
        """A companion or interpreter opens a link and joins."""
        person = await self.guest_at_the_door(browser, link, name, look)
        await come_in(person)
        return person

    async def go_home(self) -> None:
        """Take everybody's last picture and close their browsers."""
        self._pictures.mkdir(parents=True, exist_ok=True)
        for number, person in enumerate(self.people):
            if not person.page.is_closed():
                with contextlib.suppress(Error):
                    await person.page.screenshot(path=self._pictures / f"{number}.png")
                    await person.hang_up()
            await person.context.close()
