"""A consultation in writing: words and pictures, and what is left when no sound gets through.

The patient's packets can be cut (tests/browser/links.py); the line, over which words go, stays.
"""

import re
import time
from pathlib import Path

import cv2
import numpy as np
import pytest
from playwright.async_api import Browser, Route, expect

from tests.browser.links import LinkedCast
from tests.browser.stage import Cast, Person, confirm
from tests.browser.test_call import assert_media_flows, pair
from tests.processes import wait_for
from tests.signaling_process import Signaling

TOLD_S = 5.0
MESSAGES = "[data-open=messages]"
WORDS = "[data-timeline] textarea"
STILL = 'figure[data-role="{role}"] img.still'

NO_CALLS = """
delete window.RTCPeerConnection;
Object.defineProperty(navigator, 'mediaDevices', { value: undefined });
"""
"""A chat app's browser as there are many: no WebRTC, no devices."""


@pytest.fixture
def cast(linked_cast: LinkedCast) -> LinkedCast:
    """Here everybody comes over a link of their own."""
    return linked_cast


@pytest.fixture(scope="session")
def photo(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A photo of some 1.5 MB: noise does not compress."""
    path = tmp_path_factory.mktemp("photos") / "inhaler.jpg"
    pixels = np.random.default_rng(7).integers(0, 255, (900, 1200, 3), dtype=np.uint8)
    cv2.imwrite(str(path), pixels, [cv2.IMWRITE_JPEG_QUALITY, 92])
    return path


async def write(person: Person, words: str) -> None:
    await person.page.fill(WORDS, words)
    await person.page.click("[data-send]")


async def reads(person: Person, words: str) -> None:
    await expect(person.page.locator("[data-timeline] .said", has_text=words)).to_have_count(1)


async def shows_picture(person: Person, count: int) -> None:
    """That many pictures stand in the timeline, fetched and drawn."""
    await expect(person.page.locator("[data-timeline] img:not(.said-picture)")).to_have_count(count, timeout=20_000)

    async def drawn() -> bool:
        return bool(
            await person.page.evaluate(
                "() => [...document.querySelectorAll('.said-thumbnail img')].every((each) => each.naturalWidth > 0)"
            )
        )

    await wait_for(drawn, 10, "the pictures to be drawn")


async def test_words_and_pictures_go_both_ways(chromium: Browser, cast: LinkedCast, photo: Path) -> None:
    """In the call: written and seen; a picture whose upload breaks goes on where it stopped; after a reload all is there."""
    doctor = await cast.doctor_on_duty(chromium)
    patient = await cast.patient_in_line(chromium, "Bai Yun")
    await pair(doctor, patient)
    await write(doctor, "Please show me your inhaler.")
    await expect(patient.page.locator(MESSAGES)).to_have_attribute("data-unread", "1")
    await patient.page.click(MESSAGES)
    await reads(patient, "Please show me your inhaler.")
    await expect(doctor.page.locator('[data-seen="true"]')).to_have_count(1)

    pieces: list[int] = []

    async def breaks_once(route: Route) -> None:
        pieces.append(int(route.request.headers["upload-offset"]))
        await (route.abort() if len(pieces) == 2 else route.continue_())

    await patient.page.route(re.compile(r"/pictures/[^/]+$"), breaks_once)
    await patient.page.set_input_files("[data-pictures]", photo)
    await expect(patient.page.locator("[data-upload] progress")).to_have_count(1)
    await shows_picture(patient, 1)
    await shows_picture(doctor, 1)
    assert pieces == sorted(pieces) and pieces.count(pieces[1]) == 2, f"it went on where it stopped: {pieces}"

    await doctor.page.keyboard.press("Escape")
    await doctor.page.click(".said-thumbnail")
    await doctor.page.locator(".picture-view img").wait_for()
    await doctor.page.keyboard.press("+")
    await doctor.page.keyboard.press("Escape")
    await expect(doctor.page.locator(".picture-view")).to_have_count(0)

    await patient.page.fill(WORDS, "This one, twice a day.")
    await expect(doctor.page.locator(".talk-typing")).to_contain_text("Bai Yun")
    await patient.page.press(WORDS, "Enter")
    await reads(doctor, "This one, twice a day.")
    await patient.page.reload(wait_until="commit")
    await patient.page.click(MESSAGES)
    await reads(patient, "This one, twice a day.")
    await shows_picture(patient, 1)
    assert [said for said in patient.console if "ERR_FAILED" not in said] == []


async def test_a_file_that_is_no_picture_is_refused_with_a_reason(chromium: Browser, cast: LinkedCast, tmp_path: Path) -> None:
    """Before it is sent where the browser can tell, by the hospital where only its octets can."""
    doctor = await cast.doctor_on_duty(chromium)
    patient = await cast.patient_in_line(chromium, "Bai Yun")
    await pair(doctor, patient)
    await patient.page.click(MESSAGES)
    text = tmp_path / "letter.txt"
    text.write_text("no picture")
    await patient.page.set_input_files("[data-pictures]", text)
    await expect(patient.page.locator(".write-words .error")).to_be_visible()
    liar = tmp_path / "letter.jpg"
    liar.write_text("no picture either" * 20)
    await patient.page.set_input_files("[data-pictures]", liar)
    await expect(patient.page.locator('[data-upload="failed"]')).to_contain_text("Not sent.")
    await expect(patient.page.locator(".write-words .error")).to_have_count(0)


async def test_with_all_paths_cut_it_goes_on_in_writing_and_comes_back(chromium: Browser, cast: LinkedCast) -> None:
    """Both are told within five seconds; words and stills pass; sound and picture return by themselves."""
    doctor = await cast.doctor_on_duty(chromium)
    patient = await cast.patient_in_line(chromium, "Bai Yun")
    await pair(doctor, patient)
    await assert_media_flows(patient, 1)
    await assert_media_flows(doctor, 1)
    cut_at = time.monotonic()
    cast.link(patient).cut()
    await patient.page.locator('[data-notice="rung"]').wait_for()
    await doctor.page.locator('[data-notice="rung-other"]').wait_for()
    told_s = time.monotonic() - cut_at
    await patient.page.locator(STILL.format(role="practitioner")).wait_for()
    await doctor.page.locator(STILL.format(role="patient")).wait_for()
    stills_s = time.monotonic() - cut_at
    await doctor.page.wait_for_timeout(500)
    await write(patient, "Can you still read me?")
    await reads(doctor, "Can you still read me?")
    await write(doctor, "I read every word.")
    await reads(patient, "I read every word.")
    first = await doctor.page.get_attribute('figure[data-role="patient"]', "data-still")

    async def next_still() -> bool:
        return await doctor.page.get_attribute('figure[data-role="patient"]', "data-still") != first

    await wait_for(next_still, 6, "the next still")
    for person, name in ((patient, "patient"), (doctor, "doctor")):
        await person.page.screenshot(path=f"test-results/browser/written-{name}.png")
    mended_at = time.monotonic()
    cast.link(patient).mend()
    await patient.page.locator('[data-screen="call"][data-rung="media"]').wait_for()
    await doctor.page.locator('figure[data-role="patient"][data-picture="true"]').wait_for()
    back_s = time.monotonic() - mended_at
    print(f"told after {told_s:.1f} s, stills after {stills_s:.1f} s, back after {back_s:.1f} s")
    assert told_s <= TOLD_S
    assert back_s <= TOLD_S
    await patient.sees(await patient.seat_named("An Ning"), doctor.look)
    await doctor.sees(await doctor.seat_named("Bai Yun"), patient.look)
    assert patient.console == []


async def test_a_browser_that_cannot_call_writes(
    chromium: Browser, linked: tuple[Signaling, list[int]], request: pytest.FixtureRequest, photo: Path
) -> None:
    """From the waiting room to goodbye without WebRTC or devices, and no error in the page."""
    cast = Cast(linked[0], request.node.name)
    try:
        await write_only(chromium, cast, photo)
    finally:
        await cast.go_home()


async def write_only(chromium: Browser, cast: Cast, photo: Path) -> None:
    doctor = await cast.doctor_on_duty(chromium)
    cast.scripts.append(NO_CALLS)
    patient = await cast.patient_in_line(chromium, "Bai Yun")
    await doctor.page.click("[data-answer=accept]")
    await confirm(patient)
    await confirm(doctor)
    await patient.page.locator('[data-screen="call"][data-rung="text"] [data-notice="rung"]').wait_for()
    await doctor.page.locator('[data-notice="rung-other"]').wait_for()
    await patient.page.locator('[data-screen="call"][data-state="live"]').wait_for()
    await write(patient, "I can only write.")
    await reads(doctor, "I can only write.")
    await patient.page.set_input_files("[data-pictures]", photo)
    await shows_picture(doctor, 1)
    await doctor.page.locator("body").screenshot(path="test-results/browser/cannot-call-doctor.png")
    await patient.page.screenshot(path="test-results/browser/cannot-call-patient.png")
    await patient.page.click("[data-key=end]")
    await patient.page.click("[data-answer=yes]")
    await patient.page.wait_for_selector('[data-screen="goodbye"]')
    assert patient.console == []
