"""Three in a room, and what is lost on the way: layers, retransmissions, and nobody's picture standing still over it.

Every picture's longest gap between two frames is measured in the page; tables stand in test-results/links.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from dataclasses import replace
from itertools import permutations
from typing import Any

import pytest
from playwright.async_api import Browser

from tests.browser.links import RESULTS, LinkedCast, linked_server
from tests.browser.stage import BLUE, GREEN, RED, Look, Person
from tests.browser.test_call import assert_media_flows, pair
from tests.netsim.link import PERFECT, Conditions
from tests.processes import slowness, wait_for
from tests.services import LOGS
from tests.signaling_process import Signaling

LOSSY = Conditions(delay_s=0.02, loss=0.05)
NARROW = Conditions(rate_bps=500_000, queue_bytes=20_000, delay_s=0.02)
FREEZE_S = 0.2
LARGE_BLUE = replace(BLUE, busy=True, large=True)
"""The one picture that comes in layers worth the name: three browsers that encode three each are too much for two cores."""

WATCH = """
(() => {
  window.__gaps = {};
  const watch = (video) => {
    const seat = video.closest('figure')?.dataset.seat;
    if (!seat || video.__watched) return;
    video.__watched = true;
    let before = null;
    const frame = (now) => {
      const seen = (window.__gaps[seat] ??= { frames: 0, worst: 0 });
      if (before !== null && video.__since === window.__since) seen.worst = Math.max(seen.worst, now - before);
      video.__since = window.__since;
      before = now; seen.frames++; seen.height = video.videoHeight;
      video.requestVideoFrameCallback(frame);
    };
    video.requestVideoFrameCallback(frame);
  };
  setInterval(() => document.querySelectorAll('figure[data-seat]:not([data-self]) video').forEach(watch), 100);
})();
"""
"""Per seat: frames shown and the longest time between two of them, in ms, since `BEGIN`."""
BEGIN = "() => { window.__since = performance.now(); window.__gaps = {}; }"

STREAMS = """
async () => {
  const found = { again: 0, sentAgain: 0, layers: {}, freezes: 0, heights: {} };
  for (const peer of window.__peers) {
    if (peer.connectionState === 'closed') continue;
    for (const s of (await peer.getStats()).values()) {
      if (s.type === 'inbound-rtp' && s.kind === 'video') {
        found.again += s.retransmittedPacketsReceived || 0;
        found.freezes += s.freezeCount || 0;
        found.heights[s.trackIdentifier] = s.frameHeight || 0;
      }
      if (s.type === 'outbound-rtp' && s.kind === 'video') {
        found.sentAgain += s.retransmittedPacketsSent || 0;
        found.layers[s.rid || ''] = { frames: s.framesEncoded || 0, height: s.frameHeight || 0, octets: s.bytesSent || 0 };
      }
    }
  }
  return found;
}
"""


@pytest.fixture(scope="module")
def linked(request: pytest.FixtureRequest) -> Iterator[tuple[Signaling, list[int]]]:
    """A server without TURN, and its worker's port."""
    service, ports = linked_server()
    try:
        service.start()
        yield service, ports
    finally:
        service.discard(keep_log_in=LOGS if request.session.testsfailed else None)


@pytest.fixture
async def cast(linked: tuple[Signaling, list[int]], request: pytest.FixtureRequest) -> AsyncIterator[LinkedCast]:
    people = LinkedCast(linked[0], request.node.name, linked[1])
    people.scripts.append(WATCH)
    try:
        yield people
    finally:
        await people.go_home()


@pytest.fixture(params=["chromium", "firefox"])
def patients_browser(request: pytest.FixtureRequest) -> Browser:
    """A test that asks for it runs twice."""
    browser: Browser = request.getfixturevalue(request.param)
    return browser


async def streams(person: Person) -> dict[str, Any]:
    found: dict[str, Any] = await person.page.evaluate(STREAMS)
    return found


async def test_what_is_lost_comes_again_in_a_stream_of_its_own(
    patients_browser: Browser, chromium: Browser, cast: LinkedCast
) -> None:
    """RFC 4588 both ways: the relay unwraps what a browser sends again, and answers each receiver in the same way."""
    doctor = await cast.doctor_on_duty(chromium, replace(BLUE, busy=True))
    patient = await cast.patient_in_line(patients_browser, "Bai Yun", replace(GREEN, busy=True))
    await pair(doctor, patient)
    await everybody_sees({"Bai Yun": patient, "An Ning": doctor})
    for person in (doctor, patient):
        cast.link(person).become(LOSSY)

    async def repaired() -> bool:
        return all(seen["again"] > 5 and seen["sentAgain"] > 5 for seen in [await streams(doctor), await streams(patient)])

    try:
        await wait_for(repaired, 40, "retransmissions both ways at both")
    finally:
        print("doctor", await streams(doctor), "patient", await streams(patient))


async def everybody_sees(people: dict[str, Person]) -> None:
    """Each has the picture and the sound of each other."""
    for (_, one), (name, other) in permutations(people.items(), 2):
        seat = await one.seat_named(name)
        await one.sees(seat, other.look)
        await one.hears(seat, other.look)
    for person in people.values():
        await assert_media_flows(person, len(people) - 1)


class Gaps:
    """The longest gap of every picture in each of several spans of time."""

    def __init__(self, people: dict[str, Person]) -> None:
        self.people = people
        self.rows: list[tuple[str, str, float, int]] = []

    async def begin(self) -> None:
        for person in self.people.values():
            await person.page.evaluate(BEGIN)

    async def end(self, what: str, watched: dict[str, list[str]]) -> float:
        """The longest, in seconds, of the pictures that each person of `watched` has of the others named there."""
        longest = 0.0
        for name, others in watched.items():
            person = self.people[name]
            seats = await person.seats()
            gaps = await person.page.evaluate("() => window.__gaps")
            for other in others:
                seat = next(seat for seat, words in seats.items() if other in words)
                seen = gaps.get(seat) or {"frames": 0, "worst": 60_000.0}
                self.rows.append((what, f"{name} sees {other}", seen["worst"] / 1000, seen["frames"]))
                longest = max(longest, seen["worst"] / 1000)
        return longest

    def keep(self) -> None:
        lines = ["| in which | whose picture | longest gap s | frames |", "| --- | --- | --- | --- |"]
        lines += [f"| {what} | {whose} | {worst:.3f} | {frames} |" for what, whose, worst, frames in self.rows]
        RESULTS.mkdir(parents=True, exist_ok=True)
        (RESULTS / "three-in-a-room.md").write_text("\n".join(lines) + "\n")
        print("\n" + "\n".join(lines))


async def enter_call(cast: LinkedCast, browser: Browser, looks: tuple[Look, Look]) -> tuple[Person, Person]:
    doctor = await cast.doctor_on_duty(browser, looks[0])
    patient = await cast.patient_in_line(browser, "Bai Yun", looks[1])
    await pair(doctor, patient)
    await everybody_sees({"Bai Yun": patient, "An Ning": doctor})
    return doctor, patient


@pytest.mark.timeout(240)
async def test_nobodys_picture_stands_still_when_a_third_comes_and_goes_and_layers_change(
    chromium: Browser, firefox: Browser, cast: LinkedCast
) -> None:
    doctor, patient = await enter_call(cast, chromium, (LARGE_BLUE, GREEN))
    gaps = Gaps({"An Ning": doctor, "Bai Yun": patient})
    two = {"An Ning": ["Bai Yun"], "Bai Yun": ["An Ning"]}
    try:
        await gaps.begin()
        await asyncio.sleep(3)  # what this machine does to a call that nothing happens to
        quiet = await gaps.end("nothing", two)
        await gaps.begin()
        daughter = await cast.guest(firefox, await doctor.invite("companion"), "Bai Lin", RED)
        await daughter.page.wait_for_selector('[data-screen="call"]')
        await everybody_sees({"Bai Yun": patient, "An Ning": doctor, "Bai Lin": daughter})
        joined = await gaps.end("a third joins", two)

        async def layered() -> bool:
            sent = (await streams(doctor))["layers"]
            return len([layer for layer in sent.values() if layer["frames"] > 20]) > 1

        await wait_for(layered, 20, "the doctor to send several layers")
        await wait_for(shown(patient, 360), 60, "the patient to be given more than the smallest layers")
        gaps.people["Bai Lin"] = daughter
        await gaps.begin()
        cast.link(patient).become(PERFECT, NARROW)
        switched = await changed(patient, "smaller")
        cast.link(patient).mend()
        print("the patient's pictures by height:", switched, (await streams(doctor))["layers"])
        others = await gaps.end("the patient's line narrows", {"An Ning": ["Bai Yun", "Bai Lin"], "Bai Lin": ["An Ning"]})
        await gaps.begin()
        switched = await changed(patient, "larger")
        print("and back:", switched)
        raised = await gaps.end("a larger layer", {"Bai Yun": ["An Ning", "Bai Lin"]})
        await gaps.begin()
        await daughter.page.click("[data-key=end]")
        await daughter.page.click("[data-answer=yes]")
        await daughter.page.wait_for_selector('[data-screen="left"]')
        await asyncio.sleep(7)  # the smaller layers end after five
        left = await gaps.end("the third leaves", two)
    finally:
        gaps.keep()
    limit = max(FREEZE_S, 1.5 * quiet) * await asyncio.to_thread(slowness)
    assert max(joined, others, raised, left) <= limit, gaps.rows


def shown(person: Person, height: int) -> Callable[[], Awaitable[bool]]:
    """Whether the pictures of this person together are as high as that."""

    async def enough() -> bool:
        return bool(sum((await streams(person))["heights"].values()) >= height)

    return enough


async def changed(person: Person, how: str) -> tuple[list[int], list[int]]:
    """Heights of the pictures before and after one of them became smaller or larger."""
    before = sorted((await streams(person))["heights"].values())
    now = before

    async def other() -> bool:
        nonlocal now
        now = sorted((await streams(person))["heights"].values())
        return bool(sum(now) < sum(before) if how == "smaller" else sum(now) > sum(before))

    await wait_for(other, 60, f"a {how} picture than {before}")
    return before, now
