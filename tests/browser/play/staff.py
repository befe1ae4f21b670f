"""The acts at the desk: signing in, the queue, an offer, and the coordinator's triage. On a wide screen."""

import asyncio
import sys

from tests.browser.play.before import RESPIRATORY
from tests.browser.play.stage import STEP_MS, Stage
from tests.browser.stage import BLUE, sample_doctor
from tests.signaling_process import REPOSITORY

ENROLS = {"en": "2001", "zh": "2002"}
"""Doctors of the other hospital, whose phone was lost; each enrols once."""
COORDINATOR = "1900"


async def sign_in(stage: Stage) -> None:
    """Number and password, the code, and a new authenticator."""
    server = stage.cast.server
    number = ENROLS[stage.language]
    person = await stage.cast.enter(stage.browser, BLUE, language=stage.language)
    page = person.page
    await page.goto(f"{server.base}/desk", wait_until="commit")
    await page.wait_for_selector('[data-step="password"], [data-screen="sign-in"]')
    await stage.show("desk-sign-in", person, main=True)
    await page.click("button[type=submit]")
    await page.wait_for_selector(".error")
    await stage.show("desk-sign-in-missing", person)
    await page.fill("[name=staff_number]", number)
    await page.fill("[name=password]", sample_doctor(server.greeting()).password)
    await page.press("[name=password]", "Enter")
    await page.wait_for_selector('[data-step="code"]')
    await stage.show("desk-sign-in-code", person)
    await reset_factor(stage, number)
    await page.reload(wait_until="commit")
    await page.fill("[name=staff_number]", number)
    await page.fill("[name=password]", sample_doctor(server.greeting()).password)
    await page.press("[name=password]", "Enter")
    await page.wait_for_selector('[data-step="enrol"] svg[data-qr=made]')
    await stage.show("desk-enrol", person)


async def reset_factor(stage: Stage, staff_number: str) -> None:
    """What an operator types when somebody lost their phone."""
    process = await asyncio.create_subprocess_exec(
        *("env", f"CONSILIUM_DATA={stage.cast.server.data}", sys.executable, "-m", "signaling", "reset-factor", staff_number),
        cwd=REPOSITORY,
    )
    assert await process.wait() == 0


async def desk(stage: Stage) -> None:
    """Off duty, an empty waiting room, a line of patients, one of them chosen, the offer, the sheets of keys and finding."""
    doctor = await stage.doctor(on_duty=False)
    page = doctor.page
    if await page.get_attribute('[data-screen="desk"]', "data-duty") == "on":
        await page.keyboard.press("d")
    await page.wait_for_selector('[data-screen="desk"][data-duty="off"]')
    await stage.show("desk-off", doctor)
    await page.click("[name=duty]", force=True)
    await page.wait_for_selector('[data-screen="desk"][data-duty="on"]')
    await stage.show("desk-empty", doctor)
    await page.keyboard.press("?")
    await page.wait_for_selector("dialog[open]")
    await stage.show("desk-keys", doctor)
    await page.keyboard.press("Escape")
    await page.keyboard.press("d")
    await page.wait_for_selector('[data-screen="desk"][data-duty="off"]')
    await stage.line_up(5, RESPIRATORY)
    await page.wait_for_selector("[data-row][data-consultation] >> nth=4")
    await stage.show("desk-queue", doctor, main=True)
    await page.click("[data-row][data-consultation] >> nth=0")
    await stage.show("desk-chosen", doctor)
    await page.keyboard.press("Escape")
    await page.keyboard.press("Control+k")
    await page.wait_for_selector("dialog[open]")
    await stage.show("desk-find", doctor)
    await page.keyboard.press("Escape")
    await page.keyboard.press("d")
    await page.wait_for_selector("[data-offer]", timeout=STEP_MS)
    await stage.show("desk-offer", doctor, main=True)
    await page.keyboard.press("d")
    await page.wait_for_selector('[data-screen="desk"][data-duty="off"]')


async def triage(stage: Stage) -> None:
    """The coordinator sees all departments and puts the urgent ones first."""
    await stage.line_up(5, RESPIRATORY)
    colleague = await stage.colleague("1005")
    assert (await colleague.ask("duty_set", {"departments": await stage.departments_of("1005")}))["ok"]
    person = await stage.doctor(COORDINATOR, on_duty=False)
    page = person.page
    await page.wait_for_selector('[data-screen="triage"] [data-row] >> nth=4')
    await stage.show("desk-triage", person, main=True)
    await page.click("[data-row] >> nth=1")
    await page.keyboard.press("1")
    await page.wait_for_selector('[data-priority="emergency"]')
    await stage.show("desk-triage-chosen", person)
    assert (await colleague.ask("duty_set", {"departments": []}))["ok"]
