"""The act of the archive: a recorded visit is found, watched with its words, verified, held and ordered as a film."""

import asyncio

from tests.browser.play.call import DESK_LIVE, LIVE, meet
from tests.browser.play.recording import LIT
from tests.browser.play.stage import BLUE, STEP_MS, Stage, confirm
from tests.browser.stage import Person

ARCHIVIST = "1901"
RECORDED_S = 15
SEALED_MS = 90_000
WATCHED = "button[name=watch_now]"


async def archive(stage: Stage) -> None:
    """A visit is recorded; then an archivist looks at it, at a desk and on a phone."""
    await recorded_visit(stage)
    for phone in (False, True):
        keeper = await archivist(stage, phone=phone)
        await looked_at(stage, keeper, "phone-archive" if phone else "archive")
        await keeper.context.close()


async def recorded_visit(stage: Stage) -> None:
    """Both agree, talk and write for a while; the end of the visit seals it."""
    patient = await stage.on_phone()
    doctor = await meet(stage, patient, answers=True)
    await confirm(patient)
    await confirm(doctor)
    for person, live in ((patient, LIVE), (doctor, DESK_LIVE)):
        await person.page.wait_for_selector(live, timeout=STEP_MS)
    await doctor.page.click("[data-record]")
    await doctor.page.click("[data-consent=ask]")
    await patient.page.click("dialog [data-consent=audio_video]")
    for person in (patient, doctor):
        await person.page.wait_for_selector(LIT, timeout=STEP_MS)
    await asyncio.sleep(RECORDED_S)
    await doctor.page.click("[data-key=end]")
    await doctor.page.click("[data-answer=yes]")
    await patient.page.wait_for_selector('[data-screen="goodbye"]')
    await patient.context.close()
    await doctor.context.close()


async def archivist(stage: Stage, *, phone: bool) -> Person:
    """Somebody who keeps the archive, at its list."""
    person = await stage.cast.at_archive(stage.browser, BLUE, ARCHIVIST, phone=phone, language=stage.language)
    first = person.page.locator("[data-recording]").first
    for _ in range(SEALED_MS // 1500):
        if await first.count():
            break
        await person.page.wait_for_timeout(1500)
        await person.page.reload()
        await person.page.locator(".archive-list").wait_for(timeout=STEP_MS)
    return person


async def looked_at(stage: Stage, keeper: Person, name: str) -> None:
    """List, recording, why, player, verified, hold, film."""
    page = keeper.page
    await stage.show(name, keeper, main=True)
    await page.locator("[data-recording]").first.click()
    await page.locator("[data-recording-open]").wait_for(timeout=STEP_MS)
    await page.locator("button[name=verify]").click()
    await page.locator("[data-verified]").wait_for(timeout=STEP_MS)
    await stage.show(f"{name}-one", keeper, main=True)
    await page.locator("button[name=watch]").click()
    await page.locator(WATCHED).click()
    await stage.show(f"{name}-why", keeper)
    await page.locator("input[value=complaint]").check()
    await page.locator(WATCHED).click()
    await page.locator(".player").wait_for(timeout=STEP_MS)
    await page.keyboard.press("k")
    await page.locator('figure[data-shown="true"]').nth(1).wait_for(timeout=STEP_MS)
    await page.wait_for_timeout(3000)
    await page.keyboard.press("k")
    await stage.show(f"{name}-player", keeper, main=True)
    await page.locator("button[name=export]").click()
    await stage.show(f"{name}-export", keeper)
    await page.keyboard.press("Escape")
