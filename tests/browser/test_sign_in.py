"""Signing in at the desk's own page: the code after the password, and a new authenticator where the old one was lost."""

import asyncio
import sys

import pytest
from playwright.async_api import Browser, Page

from tests.browser.stage import BLUE, Cast, sample_doctor
from tests.second_factor import Authenticator
from tests.signaling_process import REPOSITORY, Signaling

RESULTS = REPOSITORY / "test-results" / "browser"
NUMBER = "2003"  # a doctor whom no other test plays


async def reset_factor(server: Signaling, staff_number: str) -> None:
    """What an operator types when somebody lost their phone."""
    process = await asyncio.create_subprocess_exec(
        *("env", f"CONSILIUM_DATA={server.data}", sys.executable, "-m", "signaling", "reset-factor", staff_number),
        cwd=REPOSITORY,
    )
    assert await process.wait() == 0


async def give_password(page: Page, server: Signaling, password: str) -> None:
    await page.goto(f"{server.base}/desk", wait_until="commit")
    await page.fill("[name=staff_number]", NUMBER)
    await page.fill("[name=password]", password)
    await page.press("[name=password]", "Enter")


@pytest.mark.parametrize("language", ["en", "zh"])
async def test_a_lost_phone_is_replaced_by_a_new_one(cast: Cast, chromium: Browser, language: str) -> None:
    server = cast.server
    password = sample_doctor(server.greeting()).password
    await reset_factor(server, NUMBER)
    person = await cast.enter(chromium, BLUE, language=language)
    page = person.page
    await give_password(page, server, password)
    await page.wait_for_selector('[data-step="enrol"] svg[data-qr=made]')
    link = await page.get_attribute('[data-step="enrol"] a[href^=otpauth]', "href")
    secret = (await page.input_value("#secret")).replace(" ", "")
    assert link is not None and f"secret={secret}" in link
    app = Authenticator(secret)

    await page.fill("[name=code]", "12345")
    await page.press("[name=code]", "Enter")
    await page.wait_for_selector("#code-fault .error")
    await page.screenshot(path=RESULTS / f"enrol-{language}.png")
    await page.fill("[name=code]", await app.code(NUMBER))
    await page.press("[name=code]", "Enter")
    await page.wait_for_selector('[data-screen="desk"]')

    again = await cast.enter(chromium, BLUE, language=language)
    page = again.page
    await give_password(page, server, password)
    await page.wait_for_selector('[data-step="code"]')
    await page.fill("[name=code]", "000000")
    await page.press("[name=code]", "Enter")
    await page.wait_for_selector("#code-fault .error")
    await page.screenshot(path=RESULTS / f"code-{language}.png")
    await page.fill("[name=code]", await app.code(NUMBER))
    await page.press("[name=code]", "Enter")
    await page.wait_for_selector('[data-screen="desk"]')
    assert not [line for line in again.console if "401" not in line], again.console
