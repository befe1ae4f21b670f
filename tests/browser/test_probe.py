"""The test of the network in both browsers, with a real worker and a real coturn: each path, its round trip, what it carries."""

import asyncio
import os
import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.async_api import Browser

from tests.browser.links import LinkedCast
from tests.browser.stage import GREEN, Cast, Person
from tests.netsim.link import Conditions
from tests.processes import program
from tests.services import Coturn, kept
from tests.signaling_process import REPOSITORY, Signaling, children

WEB = REPOSITORY / "web"
LONGEST_MS = 12_000
CLEAR_BPS = 600_000
NARROW_BPS = 300_000
SENDS = "() => window.__peers.some((peer) => peer.getSenders().some((sender) => sender.track))"


@pytest.fixture(scope="module")
def turn(request: pytest.FixtureRequest) -> Iterator[Coturn]:
    service = Coturn()
    try:
        service.start()
        yield service
    finally:
        service.discard(keep_log_in=kept(request))


@pytest.fixture(scope="module")
def server(request: pytest.FixtureRequest, turn: Coturn) -> Iterator[Signaling]:
    """A server that knows the TURN server."""
    service = Signaling(turn_urls=",".join(turn.urls), turn_secret=turn.secret)
    try:
        service.start()
        yield service
    finally:
        service.discard(keep_log_in=kept(request))


@pytest.fixture(scope="module")
def script(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The test of the network as one script."""
    folder = tmp_path_factory.mktemp("page")
    build = [program("npx"), "vite", "build", "-c", "tests/pages/vite.config.ts", "--outDir", str(folder)]
    subprocess.run(build, cwd=WEB, check=True, capture_output=True, timeout=60)
    return folder / "probe.js"


async def probe(person: Person, script: Path, stop_after_ms: int | None = None) -> dict[str, Any]:
    """Run the test of the network on a page of the patient's own."""
    seat = person.page.url.rpartition("/")[2]
    await person.page.goto(f"{person.base}/desk", wait_until="commit")  # the visit itself would hold the seat's connection
    source = script.read_text()
    found: dict[str, Any] = await person.page.evaluate(
        f"async ([seat, stop]) => {{ {source}; return window.probe(seat, stop); }}", [seat, stop_after_ms]
    )
    return found


@pytest.fixture(params=["chromium", "firefox"])
def either_browser(request: pytest.FixtureRequest) -> Browser:
    """A test that asks for it runs twice."""
    browser: Browser = request.getfixturevalue(request.param)
    return browser


async def test_every_path_is_tried_and_the_best_is_measured(either_browser: Browser, cast: Cast, script: Path) -> None:
    patient = await cast.patient_in_line(either_browser, "Bai Yun", GREEN)
    found = await probe(patient, script)
    print({key: value for key, value in found.items() if key != "shares"})
    paths = {each["path"]: each for each in found["paths"]}
    assert found["status"] == "done" and found["webrtc"]
    # Firefox believes no certificate that nobody signed, and cannot be told to for TURN.
    expected = {"udp", "turn_udp", "turn_tcp"} | ({"turn_tls"} if not patient.firefox else set())
    assert {path for path, each in paths.items() if each["works"]} == expected
    assert all(each["round_trip_ms"] is not None and each["round_trip_ms"] < 500 for each in paths.values() if each["works"])
    assert found["up_bps"] >= CLEAR_BPS and found["down_bps"] >= CLEAR_BPS
    assert found["ms"] < LONGEST_MS
    assert found["shares"] == sorted(found["shares"]) and found["shares"][-1] == 1


async def test_what_a_narrow_line_carries_is_measured(patients_browser: Browser, linked_cast: LinkedCast, script: Path) -> None:
    patient = await linked_cast.patient_in_line(patients_browser, "Bai Yun", GREEN)
    linked_cast.link(patient).become(Conditions(rate_bps=NARROW_BPS, delay_s=0.02))
    found = await probe(patient, script)
    print({key: value for key, value in found.items() if key != "shares"})
    assert found["status"] == "done"
    for rate in (found["up_bps"], found["down_bps"]):
        assert 0.67 * NARROW_BPS <= rate <= 1.2 * NARROW_BPS


async def test_a_relay_that_stands_still_for_a_moment_makes_no_line_narrow(
    either_browser: Browser, cast: Cast, server: Signaling, script: Path
) -> None:
    """A browser that misses what comes back thinks so; in most calls of a surge something stands still at some time."""
    patient = await cast.patient_in_line(either_browser, "Bai Yun", GREEN)
    running = asyncio.create_task(probe(patient, script))
    await patient.page.wait_for_function(SENDS)
    await asyncio.sleep(0.5)
    workers = children(server, "media.worker")
    assert workers
    try:
        for worker in workers:
            os.kill(worker, signal.SIGSTOP)
        await asyncio.sleep(0.8)
    finally:
        for worker in workers:
            os.kill(worker, signal.SIGCONT)
    found = await running
    print({key: value for key, value in found.items() if key != "shares"})
    assert found["up_bps"] >= CLEAR_BPS and found["down_bps"] >= CLEAR_BPS


async def test_it_stops_at_once_and_leaves_nothing(chromium: Browser, cast: Cast, script: Path) -> None:
    patient = await cast.patient_in_line(chromium, "Bai Yun", GREEN)
    found = await probe(patient, script, stop_after_ms=2_000)
    assert found["status"] == "stopped" and found["ms"] < 2_600
    states = await patient.page.evaluate("() => window.__peers.map((peer) => peer.connectionState)")
    assert states and set(states) == {"closed"}
