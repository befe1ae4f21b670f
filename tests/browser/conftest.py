"""A real server and both real browsers for the tests of this folder; started once, ended on every path."""

import shutil
from collections.abc import AsyncIterator, Iterator
from typing import Any

import pytest
from playwright.async_api import Browser, Playwright, async_playwright, expect

from tests.browser.chromium import launched
from tests.browser.links import LinkedCast, linked_server
from tests.browser.stage import FIREFOX_HERTZ, Cast
from tests.processes import ServiceFailed
from tests.services import kept
from tests.signaling_process import Signaling

FIREFOX_PREFERENCES: dict[str, Any] = {
    "media.navigator.streams.fake": True,
    "media.navigator.audio.fake_frequency": int(FIREFOX_HERTZ),
    "media.navigator.permission.disabled": True,
    "media.autoplay.default": 0,
    "media.peerconnection.ice.obfuscate_host_addresses": False,
    "media.peerconnection.ice.loopback": True,
}


expect.set_options(timeout=20_000)
"""What is waited for is a moment away on a quiet machine; the usual five seconds are not enough on one that does all else."""


@pytest.fixture(scope="session")
def server(request: pytest.FixtureRequest) -> Iterator[Signaling]:
    """The product, as `make run` starts it: SQLite, the sample hospital, one media worker."""
    service = Signaling()
    try:
        service.start()
        yield service
    finally:
        service.discard(keep_log_in=kept(request))


@pytest.fixture
async def playwright() -> AsyncIterator[Playwright]:
    async with async_playwright() as running:
        yield running


@pytest.fixture
async def chromium(playwright: Playwright) -> AsyncIterator[Browser]:
    """Debian's Chromium."""
    async with launched(playwright) as browser:
        yield browser


@pytest.fixture
async def firefox(playwright: Playwright) -> AsyncIterator[Browser]:
    """Debian's Firefox ESR."""
    path = shutil.which("firefox-esr")
    if path is None:
        raise ServiceFailed("firefox-esr is not installed: `make setup` installs it as root or says what to install")
    browser = await playwright.firefox.launch(channel="moz-firefox", executable_path=path, firefox_user_prefs=FIREFOX_PREFERENCES)
    try:
        yield browser
    finally:
        await browser.close()


@pytest.fixture
async def cast(server: Signaling, request: pytest.FixtureRequest) -> AsyncIterator[Cast]:
    """The people of one test; each leaves a picture of what they saw last."""
    people = Cast(server, request.node.name)
    try:
        yield people
    finally:
        await people.go_home()


@pytest.fixture(scope="module")
def linked(request: pytest.FixtureRequest) -> Iterator[tuple[Signaling, list[int]]]:
    """A server without TURN whose people reach it over emulated links, and its worker's port."""
    service, ports = linked_server()
    try:
        service.start()
        yield service, ports
    finally:
        service.discard(keep_log_in=kept(request))


@pytest.fixture
async def linked_cast(linked: tuple[Signaling, list[int]], request: pytest.FixtureRequest) -> AsyncIterator[LinkedCast]:
    """The people of one test over links of their own."""
    people = LinkedCast(linked[0], request.node.name, linked[1])
    try:
        yield people
    finally:
        await people.go_home()


@pytest.fixture(params=["chromium", "firefox"])
def patients_browser(request: pytest.FixtureRequest) -> Browser:
    """Either browser: a test that asks for it runs twice."""
    browser: Browser = request.getfixturevalue(request.param)
    return browser
