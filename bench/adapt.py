"""`make bench-adapt`: how a call follows a link that gets bad and good again, in real browsers.

    python -m bench.adapt [--patient chromium|firefox|both] [--write]

The link of the patient, both ways, is 2 Mbit/s for 20 s, 300 kbit/s for 20 s, 2 Mbit/s for 20 s (tests/netsim, a queue of 64 kB,
20 ms each way). What the patient sends is limited on its first hop, what the doctor sends on its second. Leaves
bench/results/adapt.json and, with --write, the charts and tables of docs/PERFORMANCE.md.
"""

import argparse
import asyncio
import json
import shutil
import sys
from contextlib import AsyncExitStack
from dataclasses import asdict, replace
from pathlib import Path

from playwright.async_api import Browser, Playwright, async_playwright

from bench import adapt_report, watch
from bench.adapt_report import Flow
from tests.browser.chromium import launched
from tests.browser.conftest import FIREFOX_PREFERENCES
from tests.browser.links import LinkedCast, linked_server
from tests.browser.stage import BLUE, GREEN, Person
from tests.browser.test_call import pair
from tests.browser.webcam import SCENE
from tests.netsim.link import Conditions

RESULTS = Path(__file__).resolve().parent / "results"
SCHEDULE = ((20, 2_000_000), (20, 300_000), (20, 2_000_000))
"""Seconds and bit/s."""


def link_of(bps: float) -> Conditions:
    """A home's line: a queue of a quarter of a second at 2 Mbit/s, 20 ms each way."""
    return Conditions(rate_bps=bps, queue_bytes=64_000, delay_s=0.02)


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--patient", choices=["chromium", "firefox", "both"], default="both")
    parser.add_argument("--write", action="store_true", help="bring docs/PERFORMANCE.md up to date")
    arguments = parser.parse_args()
    patients = ["chromium", "firefox"] if arguments.patient == "both" else [arguments.patient]
    flows: list[Flow] = []
    for patient in patients:
        flows += asyncio.run(run(patient, "firefox" if patient == "chromium" else "chromium"))
    RESULTS.mkdir(exist_ok=True)
    (RESULTS / "adapt.json").write_text(json.dumps([asdict(flow) for flow in flows], indent=1) + "\n")
    for flow in flows:
        print(f"\n{flow.title}\n{adapt_report.seconds(flow)}")
    print(adapt_report.summary(flows))
    if arguments.write:
        adapt_report.write(flows)
    return 0


async def run(patients_browser: str, doctors_browser: str) -> list[Flow]:
    """One call through the schedule: what each of the two received."""
    server, ports = linked_server()
    try:
        server.start()
        async with AsyncExitStack() as stack:
            playwright = await stack.enter_async_context(async_playwright())
            people = LinkedCast(server, f"adapt-{patients_browser}", ports)
            people.scripts.append(watch.SAMPLER)
            stack.push_async_callback(people.go_home)
            doctor = await people.doctor_on_duty(await browser_of(stack, playwright, doctors_browser), replace(BLUE, scene=SCENE))
            patient = await people.patient_in_line(
                await browser_of(stack, playwright, patients_browser), "Bai Yun", replace(GREEN, scene=SCENE)
            )
            people.link(patient).become(link_of(SCHEDULE[0][1]))
            await pair(doctor, patient)
            seen = await play(people, doctor, patient)
            doctor_heard, patient_heard = seen
            return [
                Flow(patients_browser, doctors_browser, "first", doctor_heard, patient_heard),
                Flow(doctors_browser, patients_browser, "second", patient_heard, doctor_heard),
            ]
    finally:
        server.discard()


async def browser_of(stack: AsyncExitStack, playwright: Playwright, name: str) -> Browser:
    """A browser that the stack closes."""
    if name == "chromium":
        return await stack.enter_async_context(launched(playwright))
    browser = await playwright.firefox.launch(
        channel="moz-firefox", executable_path=shutil.which("firefox-esr"), firefox_user_prefs=FIREFOX_PREFERENCES
    )
    stack.push_async_callback(browser.close)
    return browser


async def play(people: LinkedCast, doctor: Person, patient: Person) -> tuple[list[watch.Second], list[watch.Second]]:
    """The schedule on the patient's link; the seconds of both pages."""
    began = await watch.page_clock(doctor.page), await watch.page_clock(patient.page)
    for seconds, bps in SCHEDULE:
        people.link(patient).become(link_of(bps))
        await asyncio.sleep(seconds)
    whole = sum(seconds for seconds, _ in SCHEDULE)
    return await watch.read(doctor.page, began[0], whole), await watch.read(patient.page, began[1], whole)


if __name__ == "__main__":
    sys.exit(main())
