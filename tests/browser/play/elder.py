"""The act of somebody who reads large letters: the whole visit after a press on the one button that makes them so."""

from tests.browser.play.before import walk_in_on
from tests.browser.play.call import DESK_LIVE, LIVE, write
from tests.browser.play.stage import STEP_MS, Stage
from tests.browser.stage import confirm, to_waiting_room


async def elder(stage: Stage) -> None:
    """Letters of 24 px, three keys each on a line of its own, from the entry to goodbye."""
    patient = await stage.on_phone()
    page = patient.page
    await page.goto(stage.cast.server.base, wait_until="commit")
    await page.click(".top button[aria-pressed=false]")
    await page.wait_for_selector("html[data-elder] a.pick")
    await stage.show("elder-entry", patient)
    await walk_in_on(stage, patient)
    await page.wait_for_selector('[data-screen="check"]')
    await stage.show("elder-check", patient)
    await page.click("[data-next]")
    await page.wait_for_selector('[data-question="flags"]')
    await stage.show("elder-question", patient)
    await to_waiting_room(patient)
    await stage.show("elder-waiting", patient)
    doctor = await stage.doctor()
    await doctor.page.click("[data-answer=accept]")
    await page.wait_for_selector("[data-answer=confirm]", timeout=STEP_MS)
    await stage.mirrored(patient)
    await stage.show("elder-card", patient)
    await confirm(patient)
    await confirm(doctor)
    for person, live in ((patient, LIVE), (doctor, DESK_LIVE)):
        await person.page.wait_for_selector(live, timeout=STEP_MS)
    await stage.sharpen(doctor, patient)
    await stage.show("elder-call", patient)
    await page.click('[data-open="messages"]')
    await write(page, stage.words.from_patient[0])
    await write(doctor.page, stage.words.from_doctor[0])
    await page.wait_for_selector(f"text={stage.words.from_doctor[0]}")
    await stage.show("elder-messages", patient)
    await doctor.page.click("[data-key=end]")
    await doctor.page.fill("textarea[name=agreed]", stage.words.agreed)
    await doctor.page.click("[data-answer=yes]")
    await page.wait_for_selector('[data-screen="goodbye"]')
    await stage.show("elder-goodbye", patient)
