"""The act of the recording: the doctor asks, everybody answers, the light, a newcomer, and the yes that is taken back."""

from playwright.async_api import Page

from tests.browser.play.call import DESK_LIVE, LIVE, meet
from tests.browser.play.stage import RED, STEP_MS, Stage, confirm, drawn

LIT = '[data-recording="on"][data-lit="true"][data-running="true"]'


async def recording(stage: Stage) -> None:
    """From the question to goodbye; a companion comes while it is on."""
    patient = await stage.on_phone()
    doctor = await meet(stage, patient)
    await confirm(patient)
    await confirm(doctor)
    for person, live in ((patient, LIVE), (doctor, DESK_LIVE)):
        await person.page.wait_for_selector(live, timeout=STEP_MS)
    await stage.sharpen(doctor, patient)
    await doctor.page.click("[data-record]")
    await doctor.page.check("dialog [name=teaching]")
    await stage.show("desk-consent", doctor, main=True)
    await doctor.page.click("[data-consent=ask]")
    await patient.page.wait_for_selector("dialog [data-consent=audio_video]")
    await stage.show("consent", patient, main=True)
    await stage.show("desk-consent-asked", doctor)
    await patient.page.click("[data-consent=later]")
    await stage.show("consent-later", patient)
    await patient.page.click("[data-consent=answer]")
    await patient.page.check("dialog [name=teaching]")
    await patient.page.click("dialog [data-consent=audio_video]")
    for person in (patient, doctor):
        await person.page.wait_for_selector(LIT, timeout=STEP_MS)
    await stage.show("recording", patient, main=True)
    await stage.show("desk-recording", doctor)
    await patient.page.click("[data-consent=own]")
    await patient.page.wait_for_selector("dialog [data-withdraw=teaching]")
    await stage.show("recording-own", patient)
    await patient.page.click("[data-close=consent]")
    await newcomer(stage, doctor.page, patient.page, await doctor.invite("companion"))
    await patient.page.click("[data-consent=stop]")
    await patient.page.wait_for_selector("[data-lit=true]", state="detached", timeout=STEP_MS)
    await stage.show("recording-stopped", patient)
    await doctor.page.click("[data-key=end]")
    await doctor.page.click("[data-answer=yes]")
    await patient.page.wait_for_selector('[data-screen="goodbye"]')
    await stage.show("goodbye-recorded", patient)


async def newcomer(stage: Stage, desk: Page, phone: Page, link: str) -> None:
    """The daughter comes late: the recording pauses, she is asked before anybody sees her, and says no."""
    daughter = await stage.cast.enter(stage.browser, drawn("companion", RED), phone=True, language=stage.language)
    await daughter.page.goto(link, wait_until="commit")
    await daughter.page.fill("[name=name]", stage.words.companion)
    await daughter.page.click("button[type=submit]")
    await daughter.page.wait_for_selector("dialog [data-consent=no]", timeout=STEP_MS)
    await stage.show("consent-newcomer", daughter)
    for page in (desk, phone):
        await page.wait_for_selector('[data-recording="paused"]', timeout=STEP_MS)
    await daughter.page.click("dialog [data-consent=no]")
    await daughter.page.wait_for_selector("dialog[open]", state="detached")
    await daughter.context.close()
    await phone.wait_for_selector(LIT, timeout=STEP_MS * 2)
