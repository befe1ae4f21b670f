"""Somebody comes into the room, and goes again: whoever was there sees the others without a stop.

What the longest gaps between two pictures were is printed beside the goal, and stands in test-results/links beside the other
tables. What is asserted is a stop that anybody would name: two browsers share this machine's cores, and a third starts on them,
which gets what the two leave. Alike with them it took 0.18 to 0.35 s of picture from both at once, as any other program would.
"""

import asyncio
import json
from dataclasses import replace
from math import inf
from typing import Any

from playwright.async_api import Browser

from tests.browser.elsewhere import as_if_elsewhere
from tests.browser.gaps import watch_gaps
from tests.browser.links import RESULTS
from tests.browser.stage import BLUE, GREEN, Cast, Person, come_in
from tests.browser.test_call import everybody_sees_and_hears, pair
from tests.processes import slowness

GOAL_S, STOP_S = 0.2, 1.0
SPELL_S = 6.0


async def longest(people: dict[str, Person]) -> dict[str, float]:
    """The longest gap between two frames that each of them had since they were last asked; without any it has no end."""
    gaps = {who: await person.page.evaluate("window.__gaps.splice(0)") for who, person in people.items()}
    return {who: round(max(each, default=float("inf")), 3) for who, each in gaps.items()}


def keep(name: str, figures: dict[str, Any]) -> None:
    RESULTS.mkdir(parents=True, exist_ok=True)
    (RESULTS / f"{name}.json").write_text(json.dumps(figures | {"goal_s": GOAL_S}, indent=1, ensure_ascii=False))
    print(f"\nlongest gaps {figures} (goal {GOAL_S} s)")


async def test_nobodys_picture_stops_for_one_who_comes_or_goes(chromium: Browser, firefox: Browser, cast: Cast) -> None:
    doctor = await cast.doctor_on_duty(chromium, replace(BLUE, busy=30))
    patient = await cast.patient_in_line(chromium, "Bai Yun", replace(GREEN, busy=30))
    await pair(doctor, patient)
    two = {"Bai Yun": patient, "An Ning": doctor}
    await everybody_sees_and_hears(two)
    link = await doctor.invite("companion")
    await asyncio.sleep(SPELL_S)  # the start of a call has its own pace
    for person, other in ((doctor, "Bai Yun"), (patient, "An Ning")):
        await watch_gaps(person, other)
    await asyncio.sleep(SPELL_S)
    gaps = {"before": await longest(two)}
    daughter = await cast.guest_at_the_door(firefox, link, "Bai Lin")
    await asyncio.sleep(SPELL_S)
    gaps["a browser starts"] = await longest(two)  # on the same cores: nothing of the call has changed
    assert as_if_elsewhere("firefox-esr") > 0
    await come_in(daughter)
    await daughter.page.wait_for_selector('[data-screen="call"]')
    await everybody_sees_and_hears({**two, "Bai Lin": daughter})
    await asyncio.sleep(SPELL_S)
    gaps["coming"] = await longest(two)
    await daughter.page.click("[data-key=end]")
    await daughter.page.click("[data-answer=yes]")
    await daughter.page.wait_for_selector('[data-screen="left"]')
    await asyncio.sleep(SPELL_S)
    gaps["going"] = await longest(two)
    limit_s = max(STOP_S * await asyncio.to_thread(slowness), 3 * max(gaps["before"].values()))
    keep("comings", {"gaps_s": gaps, "limit_s": limit_s})
    assert max(max(each.values()) for each in gaps.values()) < inf, f"somebody began anew: {gaps}"
    assert max(gaps["coming"].values()) <= limit_s, gaps
    assert max(gaps["going"].values()) <= limit_s, gaps
