"""What calls a person to the screen: the chime and the browser's own notice, for the doctor who is offered somebody and for the
patient whose turn it is. Nothing that a lock screen shows names anybody.

The sound is the page's own oscillators, written down as they start; the notice is what the page gives the browser to show, and
that it was taken away. That the page is out of sight is said by the test: a browser without a screen has no other window.
"""

import pytest
from playwright.async_api import Browser, Page

from tests.browser.stage import Cast, Person, confirm
from tests.processes import wait_for

OUT_OF_SIGHT = """
window.__notices = [];
window.__notes = [];
const Native = window.Notification;
window.Notification = class extends Native {
  constructor(title, options) {
    super(title, options);
    this.at = window.__notices.push({ title, ...options, closed: false }) - 1;
  }
  close() { window.__notices[this.at].closed = true; super.close(); }
};
const start = OscillatorNode.prototype.start;
OscillatorNode.prototype.start = function (...when) {
  if (this.context.state === 'running') window.__notes.push(this.frequency.value);
  return start.apply(this, when);
};
window.__hidden = false;
Object.defineProperty(document, 'hidden', { get: () => window.__hidden });
Object.defineProperty(document, 'visibilityState', { get: () => (window.__hidden ? 'hidden' : 'visible') });
"""
CHIME = [587, 880]
"""The two notes, in whole hertz."""
REASON = "Cough that names me"


async def touch(page: Page) -> None:
    """A page that was never touched may not sound."""
    await page.locator("body").press("Shift")


async def look_away(page: Page) -> None:
    await page.evaluate("() => { window.__hidden = true; document.dispatchEvent(new Event('visibilitychange')); }")


async def notices(page: Page) -> list[dict[str, object]]:
    found: list[dict[str, object]] = await page.evaluate("() => window.__notices")
    return found


async def chimed(page: Page) -> bool:
    """Whether both notes have sounded."""
    notes: list[float] = await page.evaluate("() => window.__notes")
    return all(any(abs(note - wanted) < 1 for note in notes) for wanted in CHIME)


@pytest.fixture
def away(cast: Cast) -> Cast:
    """Everybody's page can be looked away from, and what calls them back is written down."""
    cast.scripts.append(OUT_OF_SIGHT)
    return cast


async def patient_called(cast: Cast, browser: Browser) -> Person:
    patient = await cast.patient_in_line(browser, "Bai Yun", reason=REASON)
    await patient.context.grant_permissions(["notifications"], origin=cast.server.base)
    return patient


async def test_an_offer_calls_a_doctor_who_looks_elsewhere(chromium: Browser, away: Cast) -> None:
    """The chime sounds and a notice stands until the offer is gone; neither it nor its words name the patient."""
    doctor = await away.doctor_on_duty(chromium)
    await doctor.context.grant_permissions(["notifications"], origin=away.server.base)
    assert await notices(doctor.page) == []
    await touch(doctor.page)  # whoever is still on duty from a test before had nothing to press
    await look_away(doctor.page)
    patient = await patient_called(away, chromium)
    await doctor.page.wait_for_selector("[data-answer=accept]")

    async def told() -> bool:
        return len(await notices(doctor.page)) == 1 and await chimed(doctor.page)

    await wait_for(told, 10, "chime and notice")
    (notice,) = await notices(doctor.page)
    assert notice["requireInteraction"] is True and notice["closed"] is False
    assert "Bai" not in str(notice) and REASON not in str(notice)

    await doctor.page.click("[data-answer=decline]")

    async def taken_away() -> bool:
        return bool((await notices(doctor.page))[0]["closed"])

    await wait_for(taken_away, 10, "the notice to go with its offer")
    assert [said for said in doctor.console if "401" not in said] == []  # before signing in nobody is signed in
    assert patient.console == []


async def test_the_open_door_calls_a_patient_who_looks_elsewhere(chromium: Browser, away: Cast) -> None:
    """The doctor opens the door: chime, notice and the window's title say so; coming back, the title is the page's own again."""
    patient = await patient_called(away, chromium)
    await touch(patient.page)
    await look_away(patient.page)
    doctor = await away.doctor_on_duty(chromium)
    await doctor.page.click("[data-answer=accept]")

    async def told() -> bool:
        titles = [notice["title"] for notice in await notices(patient.page)]
        return titles == ["A doctor is looking at your answers", "It is your turn"] and await chimed(patient.page)

    await wait_for(told, 10, "chime and notices")
    assert await patient.page.title() == "It is your turn"
    assert "An Ning" not in str(await notices(patient.page))
    await patient.page.evaluate("() => { window.__hidden = false; document.dispatchEvent(new Event('visibilitychange')); }")

    async def own_title() -> bool:
        return await patient.page.title() != "It is your turn"

    await wait_for(own_title, 10, "the page's own title")
    await confirm(patient)
    await confirm(doctor)
    await doctor.page.wait_for_selector('[data-call="live"]')
