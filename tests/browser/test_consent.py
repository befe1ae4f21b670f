"""Recording as people meet it: asked, answered, seen on every screen, stopped with one tap, by mouse and by keyboard.

What the light shows is the server's word. Doctor in Chromium, patient in Firefox, where both are needed."""

import pytest
from playwright.async_api import Browser, Page, expect

from tests.browser.stage import BLUE, GREEN, Cast, Person, confirm, to_waiting_room

pytestmark = pytest.mark.timeout(300)
STEP_MS = 60_000
LIT = '[data-recording="on"][data-lit="true"][data-running="true"]'
SHEET = "dialog [data-consent=audio_video]"


async def called_in(doctor_at: Browser, patient_at: Browser, cast: Cast) -> tuple[Person, Person]:
    """A doctor and a patient who see each other."""
    patient = await cast.patient_in_line(patient_at, "Bai Yun", GREEN)
    await to_waiting_room(patient)
    doctor = await cast.doctor_on_duty(doctor_at, BLUE)
    await doctor.page.click("[data-answer=accept]")
    for person in (doctor, patient):
        await confirm(person)
    await doctor.page.wait_for_selector('[data-call="live"]', timeout=STEP_MS)
    await patient.page.wait_for_selector('[data-screen="call"][data-state="live"]', timeout=STEP_MS)
    return doctor, patient


async def ask(doctor: Person, *, teaching: bool = False) -> None:
    """The doctor asks everybody in the room."""
    await doctor.page.click("[data-record]")
    if teaching:
        await doctor.page.check("dialog [name=teaching]")
    await doctor.page.click("[data-consent=ask]")
    await doctor.page.wait_for_selector('[data-recording="asked"]')


async def lit(*pages: Page) -> None:
    """The red light is lit on all of these pages, and it is known that packets are recorded."""
    for page in pages:
        await page.wait_for_selector(LIT, timeout=STEP_MS)


async def dark(*pages: Page) -> None:
    """The light is out on all of these pages: it is known that nothing is recorded."""
    for page in pages:
        await page.wait_for_selector("[data-lit=true]", state="detached", timeout=STEP_MS)


async def test_it_begins_when_everybody_said_yes_and_one_tap_ends_it(chromium: Browser, firefox: Browser, cast: Cast) -> None:
    """Nobody's light is lit before the last yes; a reload asks nobody again; the patient's one tap puts it out on both pages."""
    doctor, patient = await called_in(chromium, firefox, cast)
    await ask(doctor)
    assert await doctor.page.get_attribute("[data-recording]", "data-lit") == "false"
    await expect(doctor.page.locator(".rec")).to_contain_text("Bai Yun")
    await patient.page.wait_for_selector(SHEET)
    await expect(patient.page.locator("dialog")).to_contain_text("not end to end")
    await patient.page.click(SHEET)
    await lit(doctor.page, patient.page)

    await patient.page.reload(wait_until="commit")
    await lit(patient.page)
    assert await patient.page.locator("dialog[open]").count() == 0

    await patient.page.click("[data-consent=stop]")
    await dark(doctor.page, patient.page)
    await expect(doctor.page.locator("[data-record]")).to_be_visible()


async def test_a_no_records_nothing_and_can_be_asked_again(chromium: Browser, cast: Cast) -> None:
    """The call goes on; the doctor reads in words why nothing is recorded."""
    doctor, patient = await called_in(chromium, chromium, cast)
    await ask(doctor)
    await patient.page.click("dialog [data-consent=no]")
    await expect(doctor.page.locator(".rec-told")).to_contain_text("not everyone agreed")
    await dark(doctor.page, patient.page)
    assert await doctor.page.get_attribute('[data-screen="desk"]', "data-call") == "live"
    await ask(doctor)
    await patient.page.wait_for_selector(SHEET)
    await doctor.page.click("[data-consent=stop]")
    await patient.page.wait_for_selector("dialog[open]", state="detached")  # a question taken back asks nobody any more


async def test_everything_by_keyboard_and_by_name(chromium: Browser, cast: Cast) -> None:
    """The sheets have names, closing one is no answer, and Tab and Enter reach every answer."""
    doctor, patient = await called_in(chromium, chromium, cast)
    await doctor.page.get_by_role("button", name="Record R").focus()
    await doctor.page.keyboard.press("Enter")
    await doctor.page.get_by_role("dialog", name="Ask to record this visit?").wait_for()
    await doctor.page.get_by_role("button", name="Ask everyone").focus()
    await doctor.page.keyboard.press("Enter")

    page = patient.page
    await page.get_by_role("dialog", name="May we record this visit?").wait_for()
    await page.keyboard.press("Escape")
    await page.get_by_role("button", name="Answer", exact=True).wait_for()
    assert await doctor.page.get_attribute("[data-recording]", "data-recording") == "asked"
    await page.get_by_role("button", name="Answer", exact=True).focus()
    await page.keyboard.press("Enter")
    await page.get_by_role("dialog", name="May we record this visit?").wait_for()  # no hand is quicker than the sheet
    await page.keyboard.press("Tab")
    await expect(page.get_by_role("button", name="Yes, sound and picture")).to_be_focused()
    await page.keyboard.press("Tab")
    await page.keyboard.press("Enter")
    await lit(doctor.page, page)

    await page.get_by_role("button", name="Show what I have agreed to").focus()
    await page.keyboard.press("Enter")
    sheet = page.get_by_role("dialog", name="My consent to recording")
    await expect(sheet.locator("dd")).to_have_text(["You said no", "You said yes"])
    await page.keyboard.press("Escape")
    await page.get_by_role("button", name="Stop recording: I take my yes back").focus()
    await page.keyboard.press("Enter")
    await dark(doctor.page, page)


async def test_a_newcomer_is_asked_first(chromium: Browser, cast: Cast) -> None:
    """It pauses on everybody's screen until the companion has answered, goes on with a yes, and stays off with a no."""
    doctor, patient = await called_in(chromium, chromium, cast)
    await ask(doctor, teaching=True)
    await patient.page.check("dialog [name=teaching]")
    await patient.page.click(SHEET)
    await lit(doctor.page, patient.page)
    daughter = await cast.guest(chromium, await doctor.invite("companion"), "Bai Xue")
    await daughter.page.wait_for_selector(SHEET, timeout=STEP_MS)
    for page in (doctor.page, patient.page):
        await page.wait_for_selector('[data-recording="paused"]')
        await expect(page.locator(".rec")).to_contain_text("Bai Xue")
    await dark(doctor.page, patient.page)
    await daughter.page.click("dialog [data-consent=no]")
    await expect(patient.page.locator(".rec")).to_contain_text("not agreed")
    await dark(doctor.page, patient.page)
    await daughter.page.click("[data-key=end]")
    await daughter.page.click("[data-answer=yes]")
    await lit(doctor.page, patient.page)


async def test_after_the_visit_a_yes_can_be_taken_back(chromium: Browser, cast: Cast) -> None:
    """The goodbye page says that it was recorded, and takes the consent back after one question."""
    doctor, patient = await called_in(chromium, chromium, cast)
    await ask(doctor)
    await patient.page.click(SHEET)
    await lit(doctor.page, patient.page)
    await doctor.hang_up()
    page = patient.page
    await page.wait_for_selector('[data-screen="goodbye"]')
    await page.click("[data-withdraw=audio_only]")
    await page.click("dialog [data-answer=yes]")
    await page.wait_for_selector('[data-recorded="withdrawn"]')
    await expect(page.locator("[data-recorded]")).to_contain_text("withdrawn")
    await page.reload(wait_until="commit")
    await page.wait_for_selector('[data-recorded="withdrawn"]')
    assert await page.locator("[data-withdraw]").count() == 0


async def test_the_patient_reads_who_has_read_the_record(chromium: Browser, cast: Cast) -> None:
    """The doctor who took the visit stands there by name and time, on a sheet that the keyboard opens and closes."""
    doctor, patient = await called_in(chromium, chromium, cast)
    await doctor.hang_up()
    page = patient.page
    await page.wait_for_selector('[data-screen="goodbye"]')
    await page.get_by_role("button", name="Who has read my record?").focus()
    await page.keyboard.press("Enter")
    sheet = page.get_by_role("dialog", name="Who has read my record")
    await expect(sheet.locator("[data-act=visit_taken]")).to_contain_text("Dr An Ning")
    await page.keyboard.press("Escape")
    await page.wait_for_selector("dialog[open]", state="detached")
