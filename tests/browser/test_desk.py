"""A doctor's day at the desk, by keyboard alone: offer, name card, notes that nothing can lose, the summary, the day's list."""

from playwright.async_api import Browser, Page, expect

from tests.browser.stage import Cast, Person, confirm, sample_coordinator, set_duty
from tests.browser.test_journeys import leaves

ADVICE = "Rinse after each use. Take 0.5 mg at night."
LATER = "Drink more."


async def accept_by_key(doctor: Person, patient: Person) -> None:
    """Enter accepts the offer, and Enter again says that the name card is right."""
    page = doctor.page
    await page.wait_for_selector("[data-offer]")
    await page.wait_for_timeout(500)  # keys of the first moment are meant for something else, and not taken
    await page.keyboard.press("Enter")
    await confirm(patient)
    await page.wait_for_selector("[data-answer=confirm]")
    await page.wait_for_timeout(800)  # a card just shown has not been read
    await page.keyboard.press("Enter")
    await page.wait_for_selector('[data-call="live"]', timeout=30_000)


async def saved(page: Page, field: str, words: str) -> None:
    """The field holds these words and the server has them."""
    await expect(page.locator(f"#note-{field}")).to_have_value(words)
    await page.wait_for_selector('#notes-saved[data-saved="saved"]')


async def test_a_visit_by_keyboard_alone(chromium: Browser, cast: Cast) -> None:
    """Accepted, confirmed, written, ended with a summary and read again, without a touch of the mouse."""
    doctor = await cast.doctor_on_duty(chromium)
    patient = await cast.patient_in_line(chromium, "Bai Yun")
    await accept_by_key(doctor, patient)
    page = doctor.page

    await page.focus("#note-advice")
    await page.keyboard.type(ADVICE)
    await saved(page, "advice", ADVICE)
    await page.reload(wait_until="commit")
    await page.wait_for_selector('[data-call="live"]', timeout=30_000)
    await saved(page, "advice", ADVICE)

    await page.focus("#note-advice")
    await page.keyboard.press("Control+Enter")
    await expect(page.locator("#agreed")).to_have_value("Rinse after each use.\nTake 0.5 mg at night.")
    await page.focus("#next-step")
    await page.keyboard.type("Come back on Thursday.")
    await page.keyboard.press("Control+Enter")
    await patient.page.wait_for_selector('[data-screen="goodbye"][data-reason="completed"]')

    await page.wait_for_selector('[data-call="none"]')
    await saved(page, "advice", ADVICE)  # the pen is where it was
    await page.focus("#note-advice")
    await page.keyboard.press("End")
    await page.keyboard.type(f" {LATER}")
    await saved(page, "advice", f"{ADVICE} {LATER}")
    assert [said for said in doctor.console if "401" not in said] == []


async def test_notes_of_a_dead_line_arrive_later(chromium: Browser, cast: Cast) -> None:
    """What is typed while the network is gone is said to be unsaved, kept, and saved when it is back."""
    doctor = await cast.doctor_on_duty(chromium)
    patient = await cast.patient_in_line(chromium, "Bai Yun")
    await accept_by_key(doctor, patient)
    page = doctor.page
    await page.wait_for_selector('#notes-saved[data-saved="empty"]')

    await doctor.context.set_offline(True)
    await page.fill("#note-complaint", "Cough for two weeks")
    await page.wait_for_selector('#notes-saved[data-saved="trouble"]', timeout=30_000)
    await doctor.context.set_offline(False)
    await page.wait_for_selector('#notes-saved[data-saved="saved"]', timeout=30_000)
    await page.reload(wait_until="commit")
    await expect(page.locator("#note-complaint")).to_have_value("Cough for two weeks", timeout=30_000)
    await doctor.hang_up()
    await patient.page.wait_for_selector('[data-screen="goodbye"]')


async def test_a_key_pressed_while_writing_answers_nothing(chromium: Browser, cast: Cast) -> None:
    """Enter and Escape stay with the person who writes; Alt and Enter accepts; focus stays in the field."""
    doctor = await cast.doctor_on_duty(chromium)
    page = doctor.page
    await page.keyboard.press("Control+k")
    await page.fill("#find", "Bai")
    await page.keyboard.press("Escape")
    await page.wait_for_selector("dialog", state="detached")
    await page.keyboard.press("?")
    await page.wait_for_selector("dialog .keylist")
    await page.keyboard.press("Escape")
    await page.wait_for_selector("dialog", state="detached")

    patient = await cast.patient_in_line(chromium, "Bai Yun")
    await accept_by_key(doctor, patient)
    await doctor.hang_up()
    await patient.page.wait_for_selector('[data-screen="goodbye"]')
    await page.focus("#note-advice")
    second = await cast.patient_in_line(chromium, "Qing Shan")
    await page.wait_for_selector("[data-offer]")
    await page.wait_for_timeout(500)
    await page.keyboard.type("Rest")
    await page.keyboard.press("Enter")
    await page.keyboard.press("Escape")
    await expect(page.locator("#note-advice")).to_have_value("Rest\n")
    assert await page.locator("[data-offer]").count() == 1
    await page.keyboard.press("Alt+Enter")
    await page.wait_for_selector("[data-answer=confirm]")
    await confirm(second)
    await confirm(doctor)
    await page.wait_for_selector('[data-call="live"]', timeout=30_000)
    await doctor.hang_up()
    await second.page.wait_for_selector('[data-screen="goodbye"]')


async def test_a_patient_is_invited_sent_a_new_link_and_uninvited(chromium: Browser, cast: Cast) -> None:
    """The form refuses what cannot be, makes a link as text and picture; a new one takes its place; taken back, it is gone."""
    doctor = await cast.doctor_on_duty(chromium)
    page = doctor.page
    await page.click("[name=invite_patient]")
    await page.fill("#invite-email", "qiu at example")
    await page.click("dialog [type=submit]")
    await expect(page.locator("dialog .error")).to_have_count(2)
    await page.fill("#invite-name", "Qiu Shi")
    await page.fill("#invite-email", "")
    await page.click("dialog [type=submit]")
    await page.wait_for_selector("dialog svg[data-qr=made]")
    first = await page.input_value("#invite-link")
    assert "/join#" in first
    await page.click("[name=made_done]")

    row = page.locator("[data-invited]")
    await expect(row).to_contain_text("Qiu Shi")
    await row.get_by_role("button", name="New link").click()
    second = await page.input_value("#invite-link")
    assert "/join#" in second and second != first
    await page.click("[name=made_done]")

    await row.get_by_role("button", name="Withdraw").click()
    await page.click("dialog [data-answer=yes]")
    await expect(row).to_have_count(0)
    assert [said for said in doctor.console if "401" not in said] == []


async def test_a_coordinator_triages_by_key(chromium: Browser, cast: Cast) -> None:
    """Arrow to the second patient, 3 for emergency: the doctor's list shows it at once, and puts the patient first."""
    coordinator = await cast.at_desk(chromium, staff_number=sample_coordinator(cast.server.greeting()))
    page = coordinator.page
    await page.wait_for_selector('[data-screen="triage"]')
    doctor = await cast.at_desk(chromium)
    await set_duty(doctor, "off")
    waiting = [await cast.patient_in_line(chromium, name) for name in ("Bai Yun", "Qing Shan")]
    # Others may still be in the line of this server: they came before, so the newest of a name is this test's.
    for name in ("Bai Yun", "Qing Shan"):
        await expect(page.locator(".triage-list [data-row]", has_text=name).last).to_be_visible()
        await expect(doctor.page.locator(".queue [data-row]", has_text=name).last).to_be_visible()

    await page.locator(".triage-list [data-row]", has_text="Bai Yun").last.focus()
    await page.keyboard.press("ArrowDown")
    await page.keyboard.press("3")
    await expect(doctor.page.locator(".queue [data-row]").first).to_contain_text("Qing Shan")
    await expect(doctor.page.locator(".queue [data-row]").first).to_contain_text("Emergency")
    await expect(page.locator(".triage-list > li").first.locator("input:checked")).to_have_value("emergency")
    for patient in waiting:  # nobody stays in line without a browser for the next test to meet
        await leaves(patient)
