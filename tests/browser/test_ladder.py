"""The ladder in both browsers: a line that gets bad makes the picture small, then stills; sound goes on; and it all comes back.

Second by second what each person had stands in test-results/links.
"""

import asyncio
from dataclasses import replace
from functools import partial

import pytest
from playwright.async_api import Browser

from tests.browser.links import LinkedCast, Witness
from tests.browser.stage import BLUE, GREEN, Person
from tests.browser.test_links import in_a_call
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
    """The share of seconds with at least half of the packets that a steady tone makes."""
    seconds = witness.of(who, since)
    return sum(second.packets >= 25 for second in seconds) / max(1, len(seconds))


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
        await asyncio.sleep(6)
        assert sound_of(witness, "doctor", settled + 1) >= 0.6, witness.table()
        witness.mark("2 Mbit/s")
        cast.link(patient).become(line(2_000_000))
        for viewer in (doctor, patient):
            await wait_for(partial(is_one_of, viewer, *PICTURES), 5 * STEP_S * slow, "a moving picture again")
