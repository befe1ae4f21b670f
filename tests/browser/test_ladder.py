"""The ladder in both browsers: a line that gets bad makes the picture small, then stills; sound goes on; and it all comes back.

Second by second what each person had stands in test-results/links.
"""

import asyncio
import time
from dataclasses import dataclass, replace
from functools import partial

import pytest
from playwright.async_api import Browser

from tests.browser.links import LinkedCast, Witness
from tests.browser.stage import BLUE, GREEN, Person
from tests.browser.test_links import in_a_call
from tests.netsim.ledger import Carried
from tests.netsim.link import Conditions
from tests.processes import slowness, wait_for

pytestmark = pytest.mark.timeout(400)  # of STEP_S each, on a slow machine

PICTURES = ("hd", "sd", "low")
STEP_S = 12.0
"""Generous: a quiet machine needs two to five."""
EMPTY_S = 4.0
"""What stood in the queue when the line fell takes 2.6 s of it."""


def line(bps: int, queue_bytes: int = 64_000) -> Conditions:
    return Conditions(rate_bps=bps, queue_bytes=queue_bytes, delay_s=0.02)


@pytest.fixture
def cast(linked_cast: LinkedCast) -> LinkedCast:
    """Here everybody comes over a link of their own."""
    return linked_cast


async def quality(viewer: Person) -> str:
    """How the other's picture comes, as the page says."""
    face = viewer.page.locator("figure[data-seat]:not([data-self])").first
    return await face.get_attribute("data-quality") or ""


async def is_one_of(viewer: Person, *wanted: str) -> bool:
    return await quality(viewer) in wanted


def sound_of(witness: Witness, who: str, since: float) -> float:
    """The share of seconds of which at least half was heard as it was sent."""
    seconds = witness.of(who, since)
    return sum(second.heard >= 0.5 for second in seconds) / max(1, len(seconds))


PACKETS = {"hd": [50.0], "sd": [50.0], "low": [25.0, 1000 / 60], "stills": [1000 / 60], "audio": [1000 / 60]}
"""Of the voice in a second, by rung; as few as without a picture where one is only tried (web/src/call/quality.ts)."""
NEAR = 0.2
HEADERS_BYTES = 28
"""IPv4 and UDP, which a link of ours does not see."""
LISTEN_S = 2.0
KEPT, SPOKEN_S = 0.95, 15.0
"""Of a voice's packets on whatever rung: of 15 s, in which a picture is tried once at least."""
FORMATS = "() => window.__peers.map((p) => p.remoteDescription?.sdp ?? '').join('').match(/^a=rtpmap:\\d+ opus/gm)"


async def opus(person: Person) -> set[int]:
    """The payload types of the voice on this person's link."""
    return {int(line.split(":")[1].split()[0]) for line in await person.page.evaluate(FORMATS)}


@dataclass(frozen=True)
class Voice:
    """A voice on the wire for a while: the rung all the time, packets a second, bits a second with all headers, and the share of
    packets that the link delivered."""

    rung: str
    packets: float
    bps: float
    arrived: float


async def voice_of(cast: LinkedCast, sender: Person, viewer: Person, seconds: float = LISTEN_S) -> Voice | None:
    """What `sender` sends, to whom `viewer` sees and hears; none when the rung changed meanwhile."""
    types, ledger, rung = await opus(sender), cast.link(sender).carried_up, await quality(viewer)
    before, began = ledger.of_types(types), time.monotonic()
    await asyncio.sleep(seconds)
    after, took = ledger.of_types(types), time.monotonic() - began
    sent = after.entered - before.entered
    if await quality(viewer) != rung or sent == 0:
        return None
    octets = after.octets - before.octets + sent * HEADERS_BYTES
    return Voice(rung, sent / took, octets * 8 / took, 1 - (after.lost - before.lost) / sent)


async def voices(cast: LinkedCast, person: Person) -> dict[str, Carried]:
    """What this person's link has carried of voices, there and back."""
    link, types = cast.link(person), await opus(person)
    return {"up": link.carried_up.of_types(types), "down": link.carried_down.of_types(types)}


async def assert_paced(cast: LinkedCast, sender: Person, viewer: Person) -> None:
    """The voice comes in as many packets as its rung wants: a browser follows within a moment, and rungs may change."""

    async def found() -> Voice | None:
        voice = await voice_of(cast, sender, viewer)
        return voice if voice is not None and any(abs(voice.packets / each - 1) <= NEAR for each in PACKETS[voice.rung]) else None

    print("voice", await wait_for(found, 10 * LISTEN_S, "a voice in packets of its rung"))


async def test_a_bad_line_makes_the_picture_small_and_a_good_one_large_again(
    patients_browser: Browser, chromium: Browser, cast: LinkedCast, request: pytest.FixtureRequest
) -> None:
    doctor = await cast.doctor_on_duty(chromium, replace(BLUE, busy=60))
    patient = await cast.patient_in_line(patients_browser, "Bai Yun", replace(GREEN, busy=60))
    cast.link(patient).become(line(2_000_000))
    async with in_a_call(cast, doctor, patient, request.node.name) as witness:
        slow = await asyncio.to_thread(slowness)
        for viewer in (doctor, patient):
            await wait_for(partial(is_one_of, viewer, "hd", "sd"), 2 * STEP_S * slow, "a good picture on a good line")
        await assert_paced(cast, patient, doctor)
        fell = witness.mark("200 kbit/s")
        cast.link(patient).become(line(200_000))
        for viewer in (doctor, patient):
            await wait_for(partial(is_one_of, viewer, "low", "stills"), STEP_S * slow, "a small picture on a bad line")
        sign = doctor.page.locator("[data-sign]")
        assert await sign.get_attribute("data-sign") in ("low", "stills", "audio"), "and the desk says so"
        await doctor.page.locator('[data-code="picture_smaller"], [data-code="picture_stills"]').first.wait_for(
            state="attached", timeout=2 * STEP_S * slow * 1000
        )
        await asyncio.sleep(max(0.0, fell + EMPTY_S + 5 - witness.now))
        assert sound_of(witness, "doctor", fell + EMPTY_S) >= 0.6, witness.table()
        await assert_paced(cast, patient, doctor)
        witness.mark("2 Mbit/s again")
        cast.link(patient).become(line(2_000_000))
        for viewer in (doctor, patient):
            await wait_for(partial(is_one_of, viewer, "hd", "sd"), 3 * STEP_S * slow, "a good picture again")


async def test_a_line_for_sound_alone_carries_sound_and_stills(
    chromium: Browser, cast: LinkedCast, request: pytest.FixtureRequest
) -> None:
    doctor = await cast.doctor_on_duty(chromium, replace(BLUE, busy=60))
    patient = await cast.patient_in_line(chromium, "Bai Yun", replace(GREEN, busy=60))
    async with in_a_call(cast, doctor, patient, request.node.name) as witness:
        slow = await asyncio.to_thread(slowness)
        witness.mark("40 kbit/s")
        cast.link(patient).become(line(40_000, queue_bytes=8_000))  # of 1.6 s; 64 kB would be 13 s of silence by themselves
        for viewer in (doctor, patient):
            await wait_for(partial(is_one_of, viewer, "stills", "audio"), 2 * STEP_S * slow, "no moving picture any more")
        await doctor.page.locator("figure[data-still]").first.wait_for(timeout=2 * STEP_S * slow * 1000)
        settled = witness.mark("stills")
        ways = await voices(cast, patient)
        await assert_paced(cast, patient, doctor)
        await assert_paced(cast, doctor, patient)
        await asyncio.sleep(max(0.0, settled + SPOKEN_S - witness.now))
        kept = {
            way: round(1 - (now.lost - was.lost) / (now.entered - was.entered), 3)
            for (way, now), was in zip((await voices(cast, patient)).items(), ways.values(), strict=True)
        }
        print(f"kept of both voices, on whatever rung: {kept}")
        assert min(kept.values()) >= KEPT, kept
        assert sound_of(witness, "doctor", settled + 1) >= 0.6, witness.table()
        witness.mark("2 Mbit/s")
        cast.link(patient).become(line(2_000_000))
        for viewer in (doctor, patient):
            await wait_for(partial(is_one_of, viewer, *PICTURES), 5 * STEP_S * slow, "a moving picture again")
