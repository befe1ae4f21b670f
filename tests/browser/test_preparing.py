"""What a patient does before and after the call, in a real browser against the real server: test, questions, waiting, goodbye."""

import struct
import zlib

from playwright.async_api import Browser, expect

from tests.browser.stage import Cast, Person, confirm

STEP_MS = 10_000
PROBE_MS = 30_000
CALL_MS = 20_000


def png(side: int = 64) -> bytes:
    """A plain picture."""

    def chunk(kind: bytes, content: bytes) -> bytes:
        return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))

    rows = b"".join(b"\0" + bytes((200, 90, 60)) * side for _ in range(side))
    head = struct.pack(">IIBBBBB", side, side, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b"")


async def on(patient: Person, screen: str) -> None:
    await patient.page.wait_for_selector(f'[data-screen="{screen}"]', timeout=STEP_MS)


async def go_on(patient: Person) -> None:
    await patient.page.click("[data-next]")


async def test_from_the_test_of_the_devices_to_the_waiting_room(chromium: Browser, cast: Cast) -> None:
    """Every step is passed and stored; a reload in the middle loses nothing; the place is kept throughout."""
    patient = await cast.patient_in_line(chromium, "Bai Yun")
    page = patient.page
    await on(patient, "check")
    await page.wait_for_selector('.mirror[data-seen="true"]', timeout=STEP_MS)
    await page.wait_for_selector('[data-heard="true"]', timeout=STEP_MS)
    await page.click('[data-heard-chime="yes"]')
    await page.wait_for_selector('[data-screen="check"][data-network="done"]', timeout=PROBE_MS)
    assert await page.get_attribute("[data-expect]", "data-expect") in {"clear", "small", "sound"}
    await page.click("summary")
    await expect(page.locator("details li").first).to_contain_text("UDP")
    await go_on(patient)

    await page.wait_for_selector('[data-question="flags"]')
    await page.check("[name=breathing]")
    await go_on(patient)
    await page.wait_for_selector('[data-screen="advice"] [data-told="stored"]', timeout=STEP_MS)
    await expect(page.locator('a[href="tel:120"]').first).to_be_visible()
    await go_on(patient)

    await expect(page.locator("textarea[name=reason]")).to_have_value("Cough for two weeks")
    await page.fill("textarea[name=reason]", "Cough for two weeks, fever since yesterday")
    await go_on(patient)
    await page.fill("textarea[name=history]", "Asthma")
    await go_on(patient)
    await page.wait_for_selector('[data-question="allergies"]')
    await page.reload(wait_until="commit")
    await page.wait_for_selector('[data-question="allergies"]', timeout=STEP_MS)
    await page.click("[data-back]")
    await expect(page.locator("textarea[name=history]")).to_have_value("Asthma")
    await go_on(patient)
    await go_on(patient)

    await page.wait_for_selector('[data-question="photos"]')
    await page.set_input_files("[data-pictures]", {"name": "rash.png", "mimeType": "image/png", "buffer": png()})
    await page.wait_for_selector(".photo-list [data-picture] img", timeout=CALL_MS)
    await go_on(patient)

    await on(patient, "waiting")
    await page.reload(wait_until="commit")
    await on(patient, "waiting")
    await page.wait_for_selector("[data-came-back]")
    await page.click('[data-open="messages"]')
    await page.wait_for_selector('[data-screen="messages"] [data-picture]', timeout=STEP_MS)
    assert patient.console == []


async def test_the_doctor_comes_before_everything_and_goodbye_is_rated(chromium: Browser, cast: Cast) -> None:
    """An offer takes a patient out of the test, the half-written answer is kept; goodbye takes one tap, which holds."""
    patient = await cast.patient_in_line(chromium, "Bai Yun")
    page = patient.page
    await on(patient, "check")
    await go_on(patient)
    await go_on(patient)
    await page.fill("textarea[name=reason]", "Half a sentence")
    doctor = await cast.doctor_on_duty(chromium)
    await page.wait_for_selector('[data-screen="waiting"][data-state="offered"]', timeout=CALL_MS)
    await doctor.page.click("[data-answer=accept]")
    await doctor.page.get_by_text("Half a sentence").first.wait_for(timeout=CALL_MS)
    await confirm(patient)
    await confirm(doctor)
    await page.wait_for_selector('[data-screen="call"][data-state="live"]', timeout=CALL_MS)
    await doctor.page.click("[data-key=end]")
    await doctor.page.click("[data-answer=yes]")
    await on(patient, "goodbye")
    await page.click('[data-rating="good"]')
    await expect(page.locator('[data-rating="good"]')).to_have_attribute("aria-pressed", "true")
    await page.click('[data-rating="fair"]')
    await page.reload(wait_until="commit")
    await page.wait_for_selector('[data-rating="fair"][aria-pressed="true"]', timeout=STEP_MS)
    await page.click('[data-open="messages"]')
    await page.fill("#words", "One more thing")
    await page.click("[data-send]")
    await expect(page.locator(".said-me").last).to_contain_text("One more thing")
