"""The other ways in which a picture comes into the timeline: pasted, dragged, and taken with a phone's camera."""

from pathlib import Path

import cv2
import numpy as np
import pytest
from playwright.async_api import Browser, expect

from tests.browser.stage import Cast, Person
from tests.browser.test_call import pair

PICTURES = "[data-timeline] img:not(.said-picture)"
MESSAGES = "[data-open=messages]"

COPY = """
async () => {
  const canvas = Object.assign(document.createElement('canvas'), { width: 320, height: 240 });
  const brush = canvas.getContext('2d');
  brush.fillStyle = 'teal'; brush.fillRect(0, 0, 320, 240);
  const blob = await new Promise((done) => canvas.toBlob(done, 'image/png'));
  await navigator.clipboard.write([new ClipboardItem({ 'image/png': blob })]);
}
"""
"""Puts a picture on the clipboard, as copying one in another program does."""

DRAGGED = """
([octets, name, type]) => {
  const dragged = new DataTransfer();
  dragged.items.add(new File([new Uint8Array(octets)], name, { type }));
  return dragged;
}
"""


@pytest.fixture(scope="module")
def photo(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("photos") / "rash.jpg"
    pixels = np.random.default_rng(3).integers(0, 255, (240, 320, 3), dtype=np.uint8)
    cv2.imwrite(str(path), pixels)
    return path


async def both_in_a_call(browser: Browser, cast: Cast) -> tuple[Person, Person]:
    doctor = await cast.doctor_on_duty(browser)
    patient = await cast.patient_in_line(browser, "Bai Yun")
    await pair(doctor, patient)
    await patient.page.click(MESSAGES)
    return doctor, patient


async def test_a_picture_is_pasted_and_one_is_dragged(chromium: Browser, cast: Cast, photo: Path) -> None:
    """From the real clipboard into the words, and dropped on the list; the doctor sees both, a dropped text is refused."""
    doctor, patient = await both_in_a_call(chromium, cast)
    page = doctor.page
    await doctor.context.grant_permissions(["clipboard-read", "clipboard-write"], origin=cast.server.base)
    await page.bring_to_front()
    await page.evaluate(COPY)
    await page.focus("[data-timeline] textarea")
    await page.keyboard.press("Control+v")
    await expect(patient.page.locator(PICTURES)).to_have_count(1)
    await expect(page.locator("[data-timeline] textarea")).to_have_value("")

    dragged = await page.evaluate_handle(DRAGGED, [list(photo.read_bytes()), "rash.jpg", "image/jpeg"])
    where = page.locator("[data-timeline]")
    await where.dispatch_event("dragover", {"dataTransfer": dragged})
    await expect(page.get_by_text("Let go to send the picture")).to_be_visible()
    await where.dispatch_event("drop", {"dataTransfer": dragged})
    await expect(patient.page.locator(PICTURES)).to_have_count(2)
    await expect(page.get_by_text("Let go to send the picture")).to_have_count(0)

    letter = await page.evaluate_handle(DRAGGED, [[104, 105], "letter.txt", "text/plain"])
    await where.dispatch_event("drop", {"dataTransfer": letter})
    await expect(page.locator(".write-words .error")).to_contain_text("We cannot use this file")
    assert [said for said in (*doctor.console, *patient.console) if "401" not in said] == []


async def test_a_phone_offers_its_camera(chromium: Browser, cast: Cast, photo: Path) -> None:
    """A finger is asked which: the camera opens for a new photo of what is in front of it; what was taken is sent."""
    doctor, patient = await both_in_a_call(chromium, cast)
    page = patient.page
    finger = await patient.context.new_cdp_session(page)
    await finger.send("Emulation.setTouchEmulationEnabled", {"enabled": True, "maxTouchPoints": 5})
    await page.reload(wait_until="commit")
    await page.click(MESSAGES)
    assert await page.evaluate("() => matchMedia('(pointer: coarse)').matches")
    await page.get_by_role("button", name="Send a picture").click()
    async with page.expect_file_chooser() as asked:
        await page.get_by_role("button", name="Take a photo").click()
    chooser = await asked.value
    assert await chooser.element.get_attribute("capture") == "environment", "the camera at the back, not a folder"
    await chooser.set_files(photo)
    await expect(doctor.page.locator(PICTURES)).to_have_count(1)
    await expect(page.locator("dialog[open]")).to_have_count(0)
    assert [said for said in (*doctor.console, *patient.console) if "401" not in said] == []
