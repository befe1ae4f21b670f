"""Whole visits as two people live them: invited by letter, with a lost link, on another device, called back, passed on."""

import asyncio
import re

import aiohttp
import pytest
from playwright.async_api import Browser, expect

from tests.browser.letters import letters_in, link_in_letter
from tests.browser.play.before import WITHOUT_DEVICES, drawing, photo
from tests.browser.stage import GREEN, Cast, Person, sample_doctor, set_duty, to_waiting_room
from tests.browser.test_call import end, everybody_sees_and_hears, pair
from tests.peers_signaling import Speaker, sign_in
from tests.processes import wait_for

ADDRESS = "bai.yun@example.org"
SEAT = re.compile(r"/visit/(s_[a-z2-7]{16})")
STEP_MS = 20_000
OFFER_S = 30.0


async def invited(cast: Cast, doctor: Person) -> str:
    """The doctor invites Bai Yun by mail; returns the link in the letter."""
    known = len(letters_in(cast.server))
    page = doctor.page
    await page.click("[name=invite_patient]")
    await page.fill("#invite-name", "Bai Yun")
    await page.fill("#invite-email", ADDRESS)
    await page.fill("#invite-reason", "Second look at the X-ray")
    await page.click("dialog [type=submit]")
    shown = await page.input_value("#invite-link")
    await page.click("[name=made_done]")
    link = await link_in_letter(cast.server, known)
    assert link.partition("#")[2] == shown.partition("#")[2]
    return link


async def opens(person: Person, link: str) -> None:
    """Follow a link and say that one is whom it names."""
    await person.page.goto(link, wait_until="commit")
    await person.page.wait_for_selector('[data-screen="join"]')
    await person.page.click("[data-answer=yes]")


async def seat_of(person: Person) -> str:
    """The seat that a page holds."""
    await person.page.wait_for_url("**/visit/*")
    return str(SEAT.findall(person.page.url)[0])


async def leaves(person: Person) -> None:
    """Give the place up, so that the next test finds an empty waiting room."""
    await to_waiting_room(person)
    await person.page.click('[data-open="leave"]')
    await person.page.click("[data-answer=yes]")
    await person.page.wait_for_selector('[data-screen="goodbye"]')


@pytest.mark.timeout(180)
async def test_from_the_letter_to_goodbye(chromium: Browser, firefox: Browser, cast: Cast) -> None:
    """Invited, prepared, called, seen, heard, written to, reloaded in the middle, sent home with a summary, asked how it was."""
    doctor = await cast.at_desk(chromium)
    await set_duty(doctor, "off")
    link = await invited(cast, doctor)
    patient = await cast.enter(firefox, GREEN, phone=True)
    page = patient.page
    await opens(patient, link)
    seat = await seat_of(patient)
    await page.wait_for_selector('[data-screen="check"]')
    await page.click("[data-next]")
    for answer in (None, "The X-ray of last week", "Pneumonia in 2019", "Penicillin", None):
        await page.wait_for_selector('[data-screen="questions"]')
        if answer is not None:
            await page.fill("textarea", answer)
        await page.click("[data-next]")
    await page.wait_for_selector('[data-screen="waiting"]')
    await set_duty(doctor, "on")
    await pair(doctor, patient)
    people = {"Bai Yun": patient, "An Ning": doctor}
    await everybody_sees_and_hears(people)
    await expect(doctor.page.locator('[data-pane="right"]')).to_contain_text("Penicillin")

    await doctor.page.fill("#words", "Please show me the X-ray.")
    await doctor.page.press("#words", "Enter")
    await page.click('[data-open="messages"]')
    await expect(page.locator(".said")).to_contain_text(["Please show me the X-ray."])
    await page.set_input_files("[data-pictures]", photo("x-ray.png", await drawing(page)))
    await doctor.page.wait_for_selector("[data-timeline] [data-picture] img")
    await doctor.page.fill("textarea[name=assessment]", "Healed pneumonia")
    await doctor.page.wait_for_selector('[data-saved="saved"]')

    await asyncio.gather(page.reload(wait_until="commit"), doctor.page.reload(wait_until="commit"))
    await page.wait_for_selector('[data-screen="call"]')
    await doctor.page.wait_for_selector('[data-call="live"]')
    assert await seat_of(patient) == seat
    await everybody_sees_and_hears(people)
    await expect(doctor.page.locator("textarea[name=assessment]")).to_have_value("Healed pneumonia")
    await page.click('[data-open="messages"]')
    await expect(page.locator(".said").first).to_contain_text("Please show me the X-ray.")
    await expect(page.locator("[data-timeline] [data-picture] img")).to_have_count(1)

    await doctor.page.click("[data-key=end]")
    await doctor.page.fill("textarea[name=agreed]", "Nothing more to do\nCome back if the fever returns")
    await doctor.page.fill("textarea[name=next_step]", "A look at it in six months")
    await doctor.page.click("[data-answer=yes]")
    await page.wait_for_selector('[data-screen="goodbye"][data-reason="completed"]')
    for words in ("Nothing more to do", "Come back if the fever returns", "A look at it in six months"):
        await expect(page.locator('[data-screen="goodbye"]')).to_contain_text(words)
    await page.click('[data-rating="good"]')
    await page.reload(wait_until="commit")
    await page.wait_for_selector('[data-rating="good"][aria-pressed="true"]')


async def test_a_lost_link_is_sent_again_and_leads_to_the_same_seat(chromium: Browser, cast: Cast) -> None:
    """The phone is gone and the link is spent: the address on file gets a new one, and the place is still there."""
    link = await invited(cast, await cast.at_desk(chromium))
    first = await cast.enter(chromium, GREEN, phone=True)
    await opens(first, link)
    seat = await seat_of(first)
    await first.page.wait_for_selector("[data-screen]")
    await first.context.close()

    other = await cast.enter(chromium, GREEN, phone=True)
    await other.page.goto(link, wait_until="commit")
    await other.page.wait_for_selector('[data-screen="reissue"][data-reason="spent"]')
    known = len(letters_in(cast.server))
    await other.page.fill("#email", ADDRESS)
    await other.page.click("button[type=submit]")
    await other.page.wait_for_selector('[data-screen="reissue-sent"]')
    await opens(other, await link_in_letter(cast.server, known))
    assert await seat_of(other) == seat
    await leaves(other)


async def test_of_two_who_open_one_link_one_comes_in(chromium: Browser, cast: Cast) -> None:
    """Both see the card, both say yes in the same moment."""
    link = await invited(cast, await cast.at_desk(chromium))
    both = [await cast.enter(chromium, GREEN, phone=True) for _ in range(2)]
    for person in both:
        await person.page.goto(link, wait_until="commit")
        await person.page.wait_for_selector('[data-screen="join"]')
    await asyncio.gather(*(person.page.click("[data-answer=yes]") for person in both))

    async def landed(person: Person) -> str | None:
        return "in" if SEAT.search(person.page.url) else await refused(person)

    async def refused(person: Person) -> str | None:
        return "out" if await person.page.locator('[data-screen="reissue"], [data-screen="join-in-use"]').count() else None

    outcomes = {}
    for person in both:
        outcomes[await wait_for(lambda one=person: landed(one), 20, "an answer")] = person  # type: ignore[misc]
    assert set(outcomes) == {"in", "out"}
    await leaves(outcomes["in"])


async def test_a_visit_moves_to_another_device(chromium: Browser, firefox: Browser, cast: Cast) -> None:
    """By a link of one's own, after asking; the old device says so and stays out, also after a reload."""
    old = await cast.patient_in_line(chromium, "Bai Yun")
    await to_waiting_room(old)
    seat = await seat_of(old)
    await old.page.click('[data-open="move"]')
    link = await old.page.locator("dialog input[readonly]").input_value()
    new = await cast.enter(firefox, GREEN, phone=True)
    await new.page.goto(link, wait_until="commit")
    await new.page.wait_for_selector('[data-screen="join-in-use"]')
    await old.page.wait_for_selector('[data-screen="waiting"]')  # not before the new one is sure
    await new.page.click("[data-answer=yes]")
    assert await seat_of(new) == seat
    await old.page.wait_for_selector('[data-screen="closed"]')
    await old.page.reload(wait_until="commit")
    await old.page.wait_for_selector('[data-screen="reissue"][data-reason="seat"]')
    await to_waiting_room(new)
    await leaves(new)


async def test_two_tabs_hold_one_seat(chromium: Browser, cast: Cast) -> None:
    """The newer tab has it; the older says so, and takes it back at a touch."""
    patient = await cast.patient_in_line(chromium, "Bai Yun")
    await to_waiting_room(patient)
    second = await patient.context.new_page()
    await second.goto(patient.page.url, wait_until="commit")
    await second.wait_for_selector('[data-screen="waiting"]')
    await patient.page.wait_for_selector('[data-screen="closed"]')
    await patient.page.click(".foot button")
    await patient.page.wait_for_selector('[data-screen="waiting"]')
    await second.wait_for_selector('[data-screen="closed"]')
    await leaves(patient)


async def test_called_back_when_the_turn_comes(chromium: Browser, cast: Cast) -> None:
    """Away with the place kept: a letter comes when a doctor is free, and its link leads into the call."""
    patient = await cast.patient_in_line(chromium, "Bai Yun")
    await to_waiting_room(patient)
    seat = await seat_of(patient)
    page = patient.page
    await page.click('[data-open="callback"]')
    await page.fill("dialog input[type=email]", ADDRESS)
    await page.click("dialog [type=submit]")
    await page.wait_for_selector('[data-callback="on"]')
    await patient.context.close()
    known = len(letters_in(cast.server))
    doctor = await cast.doctor_on_duty(chromium)
    link = await link_in_letter(cast.server, known)
    back = await cast.enter(chromium, GREEN, phone=True)
    await opens(back, link)
    assert await seat_of(back) == seat
    await pair(doctor, back)
    await end(doctor, back)


@pytest.mark.parametrize("error", ["NotAllowedError", "NotFoundError"])
async def test_without_camera_and_microphone_one_is_welcome(chromium: Browser, cast: Cast, error: str) -> None:
    """Refused or missing: the patient sees and hears the doctor, is told what the doctor lacks, and writes."""
    doctor = await cast.doctor_on_duty(chromium)
    cast.scripts.append(WITHOUT_DEVICES % error)
    patient = await cast.patient_in_line(chromium, "Bai Yun")
    cast.scripts.clear()
    await pair(doctor, patient)
    seat = await patient.seat_named("An Ning")
    await patient.sees(seat, doctor.look)
    await patient.hears(seat, doctor.look)
    await patient.page.wait_for_selector('[data-notice="devices"]')
    await doctor.page.wait_for_selector('figure[data-role="patient"][data-picture="false"]')
    await patient.page.click('[data-open="messages"]')
    await patient.page.fill("#words", "I can only write.")
    await patient.page.click("[data-send]")
    await expect(doctor.page.locator("[data-timeline]")).to_contain_text("I can only write.")
    await end(doctor, patient)


@pytest.mark.timeout(180)
async def test_an_offer_declined_or_unanswered_passes_on(chromium: Browser, cast: Cast) -> None:
    """The first doctor declines, the second says nothing for the whole clock: each time the patient is offered on, in place."""
    first = await cast.doctor_on_duty(chromium)
    second = await colleague(cast, "1002")
    try:
        departments = [line["id"] for line in await departments_of(cast, "1002")]
        assert (await second.ask("duty_set", {"departments": departments}))["ok"]
        patient = await cast.patient_in_line(chromium, "Bai Yun")
        await to_waiting_room(patient)
        await first.page.wait_for_selector("[data-offer]", timeout=STEP_MS)
        await first.page.click("[data-answer=decline]")
        await first.page.wait_for_selector("[data-offer]", state="detached")
        offer = await wait_for(lambda: second.states["desk_state"]["offer"], 5, "the second doctor's offer")
        await wait_for(lambda: second.states["desk_state"]["offer"] is None, OFFER_S + 5, "the clock to run out")
        assert second.states["desk_state"]["server_time"] - offer["made_at"] >= OFFER_S - 1
        await patient.page.wait_for_selector('[data-screen="waiting"]')
        assert (await second.ask("duty_set", {"departments": []}))["ok"]
        await leaves(patient)
    finally:
        await second.leave()


async def colleague(cast: Cast, number: str) -> Speaker:
    """Another doctor, without a browser."""
    server = cast.server
    if number not in server.sessions:
        async with aiohttp.ClientSession() as session:
            password = sample_doctor(server.greeting()).password
            code = await server.authenticator.code(number)
            server.sessions[number] = await sign_in(session, server.base, number, password, code)
    speaker = Speaker({"audience": "desk", "protocol": 1}, server.sessions[number], [server.base])
    await speaker.come()
    await wait_for(lambda: "desk_state" in speaker.states, 10, "the colleague's desk")
    return speaker


async def departments_of(cast: Cast, number: str) -> list[dict[str, str]]:
    """The departments of a colleague."""
    headers = {"Cookie": cast.server.sessions[number]}
    async with (
        aiohttp.ClientSession() as session,
        session.get(f"{cast.server.base}/api/staff/session", headers=headers) as answer,
    ):
        found: list[dict[str, str]] = (await answer.json())["departments"]
        return found
