"""Takes the README's picture: a real call of two browsers through the relay, with drawings in place of faces.

`.venv/bin/python -m tools.picture` writes docs/call.png; it needs what `make test` needs.
"""

import asyncio
import shutil
from dataclasses import replace
from pathlib import Path

from playwright.async_api import async_playwright

from tests.browser.chromium import CHROMIUM_FLAGS
from tests.browser.stage import BLUE, GREEN, Cast
from tests.signaling_process import Signaling

ROOT = Path(__file__).resolve().parent.parent
ART = ROOT / "web" / "preview"


async def take(server: Signaling) -> None:
    """Pair a patient and a doctor, wait until both see each other, and photograph the desk."""
    async with async_playwright() as playwright:
        path = shutil.which("chromium")
        browser = await playwright.chromium.launch(executable_path=path, chromium_sandbox=False, args=CHROMIUM_FLAGS)
        cast = Cast(server, "picture")
        doctor = await cast.doctor_on_duty(browser, replace(BLUE, drawing=(ART / "doctor.svg").read_text()))
        patient = await cast.patient_in_line(browser, "Bai Yun", replace(GREEN, drawing=(ART / "patient.svg").read_text()))
        for name in ("Qing Shan", "Chun Xiao"):
            await cast.patient_in_line(browser, name)
        await doctor.page.click("[data-answer=accept]")
        for person in (doctor, patient):
            await person.page.wait_for_selector('figure[data-picture="true"]')
        await doctor.page.wait_for_timeout(8000)  # the encoder sharpens the picture within seconds
        await doctor.page.screenshot(path=ROOT / "docs" / "call.png")
        await patient.page.screenshot(path=ROOT / "docs" / "call-phone.png")
        await cast.go_home()
        await browser.close()


def main() -> None:
    """Start a server, take the picture, end it."""
    server = Signaling()
    try:
        server.start()
        asyncio.run(take(server))
    finally:
        server.discard()


if __name__ == "__main__":
    main()
