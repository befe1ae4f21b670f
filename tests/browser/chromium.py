"""Debian's Chromium as all tests and tools start it: cameras and microphones without devices, no traffic of its own."""

import shutil
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager

from playwright.async_api import Browser, Playwright, async_playwright

from tests.processes import program

CHROMIUM_FLAGS = [
    "--use-fake-device-for-media-stream=fps=15",
    "--use-fake-ui-for-media-stream",
    "--autoplay-policy=no-user-gesture-required",
    "--disable-dev-shm-usage",
    "--mute-audio",
    "--disable-background-networking",
    "--allow-loopback-in-peer-connection",
    "--ignore-certificate-errors",  # a turns: of a test has a certificate that nobody signed
]


@asynccontextmanager
async def launched(playwright: Playwright, flags: Sequence[str] = CHROMIUM_FLAGS) -> AsyncIterator[Browser]:
    """A Chromium, closed on every path."""
    path = shutil.which("chromium") or program("chromium")
    browser = await playwright.chromium.launch(executable_path=path, chromium_sandbox=False, args=list(flags))
    try:
        yield browser
    finally:
        await browser.close()


@asynccontextmanager
async def chromium_with(flags: Sequence[str] = CHROMIUM_FLAGS) -> AsyncIterator[Browser]:
    """The same with a Playwright of its own."""
    async with async_playwright() as playwright, launched(playwright, flags) as browser:
        yield browser
