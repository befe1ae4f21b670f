"""The acts of the call: name card, faces, messages and pictures, three people, the end; and a network without a media path."""

from playwright.async_api import Page

from tests.browser.play.before import RESPIRATORY, drawing, give_up, photo, walk_in_on
from tests.browser.play.stage import STEP_MS, Stage, drawn
from tests.browser.stage import RED, Person, confirm, to_waiting_room

LIVE = '[data-screen="call"][data-state="live"]'
DESK_LIVE = '[data-screen="desk"][data-call="live"]'


async def meet(stage: Stage, patient: Person, *, answers: bool = False) -> Person:
    """The patient stands in line alone, the doctor comes on duty and accepts; both see the name card."""
    await walk_in_on(stage, patient)
    if answers:
        await answer(stage, patient)
    await to_waiting_room(patient)
    doctor = await stage.doctor()
    await doctor.page.click("[data-answer=accept]")
    for person in (doctor, patient):
        await person.page.wait_for_selector("[data-answer=confirm]", timeout=STEP_MS)
    return doctor


async def answer(stage: Stage, patient: Person) -> None:
    """Tell the story before the visit, as the doctor will read it beside the call."""
    page = patient.page
    await page.click('[data-screen="check"] [data-next], [data-next]')
    await page.wait_for_selector('[data-question="flags"]')
    await page.click("[data-next]")
    words = stage.words
    for name, told in (("reason", words.longer_reason), ("history", words.history), ("allergies", words.allergies)):
        await page.fill(f"textarea[name={name}]", told)
        await page.click("[data-next]")
    await page.wait_for_selector('[data-question="photos"]')
    await page.click("[data-next]")
    await page.wait_for_selector('[data-screen="waiting"]')


async def call(stage: Stage) -> None:
    """Sound and picture both ways, from the name card to goodbye."""
    patient = await stage.on_phone()
    doctor = await meet(stage, patient, answers=True)
    await stage.mirrored(patient, doctor)
    await stage.show("card", patient, main=True)
    await stage.show("desk-card", doctor)
    await confirm(patient)
    await patient.page.wait_for_selector('[data-screen="card"][data-confirmed="true"]')
    await stage.show("card-confirmed", patient)
    await confirm(doctor)
    for person, live in ((patient, LIVE), (doctor, DESK_LIVE)):
        await person.page.wait_for_selector(live, timeout=STEP_MS)
        await person.page.wait_for_selector('figure[data-picture="true"]:not([data-self])', timeout=STEP_MS)
    next_in_line = await stage.line_up(2, RESPIRATORY)
    await doctor.page.wait_for_selector("[data-row][data-consultation] >> nth=1")
    await stage.sharpen(doctor, patient)
    await stage.show("call", patient, main=True)
    await stage.show("desk-call", doctor, main=True)
    await write_to_each_other(stage, doctor, patient)
    await companion_comes(stage, doctor, patient)
    for waiting in next_in_line:
        assert (await waiting.ask("seat_leave", {"seat": waiting.states["seat_state"]["seat"]}))["ok"]
    await end(stage, doctor, patient)


async def write_to_each_other(stage: Stage, doctor: Person, patient: Person) -> None:
    """Words and a photo, on both screens; the notes beside them."""
    page = patient.page
    await page.click('[data-open="messages"]')
    await write(page, stage.words.from_patient[0])
    await write(doctor.page, stage.words.from_doctor[0])
    await page.wait_for_selector(f"text={stage.words.from_doctor[0]}")
    await page.set_input_files('[data-timeline] input[type="file"]', photo("inhaler.png", await drawing(page)))
    await doctor.page.wait_for_selector("[data-timeline] [data-picture] img", timeout=STEP_MS)
    await page.wait_for_selector("[data-timeline] [data-picture] img", timeout=STEP_MS)
    await write(page, stage.words.from_patient[1])
    await doctor.page.wait_for_selector(f"text={stage.words.from_patient[1]}")
    await stage.show("call-messages", patient, main=True)
    await stage.show("desk-messages", doctor)
    await page.click("[data-timeline] [data-picture]")
    await page.wait_for_selector("dialog[open]")
    await stage.show("call-picture", patient)
    await page.keyboard.press("Escape")
    await page.click('[data-close="messages"]')
    await page.click("[data-key=camera]")
    await page.click("[data-key=microphone]")
    await doctor.page.wait_for_selector('figure[data-role="patient"][data-picture="false"]')
    await stage.show("call-all-off", patient)
    await stage.show("desk-call-camera-off", doctor)
    await page.click("[data-key=camera]")
    await page.click("[data-key=microphone]")
    for field, words in stage.words.notes.items():
        await doctor.page.fill(f"textarea[name={field}]", words)
    await doctor.page.wait_for_selector('[data-saved="saved"]', timeout=STEP_MS)
    await stage.show("desk-notes", doctor, main=True)


async def write(page: Page, words: str) -> None:
    """Send a message."""
    await page.fill("#words", words)
    await page.click("[data-send]")
    await page.wait_for_selector(f".said-me:has-text('{words}')")


async def companion_comes(stage: Stage, doctor: Person, patient: Person) -> None:
    """The doctor makes a link; the patient's daughter comes by it, and leaves again."""
    link = await doctor.invite("companion")
    await stage.show("desk-guest-link", doctor)
    daughter = await stage.cast.enter(stage.browser, drawn("companion", RED), phone=True, language=stage.language)
    await daughter.page.goto(link, wait_until="commit")
    await daughter.page.wait_for_selector("[name=name]")
    await stage.show("welcome-companion", daughter)
    await daughter.page.fill("[name=name]", stage.words.companion)
    await daughter.page.click("button[type=submit]")
    await daughter.page.wait_for_selector('[data-screen="call"]', timeout=STEP_MS)
    await patient.page.wait_for_selector('[data-screen="call"][data-count="2"]')
    for person in (patient, doctor):
        await person.page.wait_for_selector('figure[data-role="companion"][data-picture="true"]', timeout=STEP_MS)
    await stage.sharpen(doctor, patient)
    await stage.show("call-three", patient)
    await stage.show("desk-call-three", doctor)
    await daughter.page.click("[data-key=end]")
    await daughter.page.wait_for_selector("dialog[open]")
    await stage.show("companion-leaving", daughter)
    await daughter.page.click("[data-answer=yes]")
    await daughter.page.wait_for_selector('[data-screen="left"]')
    await stage.show("companion-left", daughter)
    await daughter.context.close()


async def end(stage: Stage, doctor: Person, patient: Person) -> None:
    """The doctor ends it with a summary; the patient reads it, rates, and writes once more."""
    await patient.page.click("[data-key=end]")
    await patient.page.wait_for_selector("dialog[open]")
    await stage.show("call-end", patient)
    await patient.page.keyboard.press("Escape")
    await doctor.page.click("[data-key=end]")
    await doctor.page.wait_for_selector("textarea[name=agreed]")
    await doctor.page.fill("textarea[name=agreed]", stage.words.agreed)
    await doctor.page.fill("textarea[name=next_step]", stage.words.next_step)
    await stage.show("desk-end", doctor, main=True)
    await doctor.page.click("[data-answer=yes]")
    await patient.page.wait_for_selector('[data-screen="goodbye"][data-reason="completed"]')
    await stage.show("goodbye", patient, main=True)
    await patient.page.click('[data-rating="good"]')
    await patient.page.wait_for_selector('[data-rating="good"][aria-pressed="true"]')
    await stage.show("goodbye-rated", patient)
    await patient.page.click('[data-open="messages"]')
    await write(patient.page, stage.words.from_patient[0])
    await stage.show("goodbye-messages", patient)
    await stage.show("desk-after", doctor)
    if await doctor.page.locator("[name=close_visit]").count():
        await doctor.page.click("[name=close_visit]")
    await doctor.page.click("[data-recent]")
    await doctor.page.wait_for_selector("[data-timeline]")
    await stage.show("desk-recent", doctor)


async def weak(stage: Stage) -> None:
    """Nothing gets through but the web page itself: stills every few seconds and words, then words alone."""
    patient = await stage.without_udp()
    doctor = await meet(stage, patient)
    await confirm(patient)
    await confirm(doctor)
    await patient.page.wait_for_selector('[data-screen="call"][data-rung="stills"]', timeout=STEP_MS)
    await doctor.page.wait_for_selector("[data-still]", timeout=STEP_MS)
    await patient.page.wait_for_selector("[data-still]", timeout=STEP_MS)
    await stage.show("call-weak", patient, main=True)
    await stage.show("desk-weak", doctor)
    await patient.page.click('[data-close="messages"]')
    await stage.show("call-weak-face", patient)
    await patient.page.click("[data-key=camera]")
    await patient.page.wait_for_selector('[data-screen="call"][data-rung="text"]', timeout=STEP_MS)
    await stage.show("call-written", patient)
    await stage.show("desk-written", doctor)
    await doctor.page.click("[data-key=end]")
    await doctor.page.click("[data-answer=yes]")
    await patient.page.wait_for_selector('[data-screen="goodbye"]')


async def cut_short(stage: Stage) -> None:
    """The wrong person on the card; and a patient who gives the place up."""
    patient = await stage.on_phone()
    doctor = await meet(stage, patient)
    await patient.page.click("[data-answer=wrong]")
    await stage.show("card-wrong", patient)
    await patient.page.click("[data-answer=wrong-person]")
    await patient.page.wait_for_selector('[data-screen="goodbye"][data-reason="wrong_person"]')
    await stage.show("goodbye-wrong-person", patient)
    await doctor.page.wait_for_selector('[data-screen="desk"][data-call="none"], [data-call="ended"]')
    await doctor.context.close()
    other = await stage.on_phone()
    await walk_in_on(stage, other)
    await to_waiting_room(other)
    await other.page.click('[data-open="leave"]')
    await other.page.click("[data-answer=yes]")
    await other.page.wait_for_selector('[data-screen="goodbye"][data-reason="patient_left"]')
    await stage.show("goodbye-left", other)


__all__ = ["call", "cut_short", "give_up", "meet", "weak"]
