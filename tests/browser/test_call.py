"""A patient and a doctor, and a third person, see and hear each other through the relay: both browsers, in every pairing.

Whose picture and whose sound arrives is judged by its colour and its tone, not by a name in a message.
"""

from itertools import permutations

from playwright.async_api import Browser, expect

from tests.browser.stage import RED, Cast, Person, confirm
from tests.processes import wait_for

CALL_TIMEOUT_S = 30.0


async def pair(doctor: Person, patient: Person) -> None:
    """The doctor accepts the offer, both say that the name card is right, both come into the call."""
    await doctor.page.click("[data-answer=accept]")
    await confirm(patient)
    await confirm(doctor)
    await doctor.page.wait_for_selector('[data-call="live"]', timeout=CALL_TIMEOUT_S * 1000)
    await patient.page.wait_for_selector('[data-screen="call"][data-state="live"]', timeout=CALL_TIMEOUT_S * 1000)


async def assert_media_flows(receiver: Person, others: int) -> None:
    """Frames decoded and audio energy grow on every receiving track."""

    async def flows() -> bool:
        inbound = (await receiver.stats())["inbound"]
        pictures = [track for track in inbound if track["kind"] == "video" and track["frames"] > 5]
        sounds = [track for track in inbound if track["kind"] == "audio" and track["energy"] > 0]
        return len(pictures) == others and len(sounds) == others

    try:
        await wait_for(flows, CALL_TIMEOUT_S, "frames and sound on every receiving side")
    except TimeoutError as late:
        raise AssertionError(f"{late}: {await receiver.stats()}; console: {receiver.console}") from None


async def far_port(person: Person) -> int:
    """The one UDP port at the far end of this person's packets."""

    async def found() -> list[int]:
        return list(set((await person.stats())["remote"]))

    ports = await wait_for(found, CALL_TIMEOUT_S, "a selected candidate pair")
    assert len(ports) == 1, ports
    return ports[0]


async def everybody_sees_and_hears(people: dict[str, Person]) -> None:
    """Each person's tile of each other person shows that person and no one else."""
    for (_, one), (name, other) in permutations(people.items(), 2):
        seat = await one.seat_named(name)
        await one.sees(seat, other.look)
        await one.hears(seat, other.look)
    for person in people.values():
        await assert_media_flows(person, len(people) - 1)
    ends = {await far_port(person) for person in people.values()}
    assert len(ends) == 1, f"packets went elsewhere than the relay: {ends}"


async def test_doctor_and_patient_talk(chromium: Browser, patients_browser: Browser, cast: Cast) -> None:
    """From the entry page and the sign-in to goodbye, the patient in either browser."""
    doctor = await cast.doctor_on_duty(chromium)
    patient = await cast.patient_in_line(patients_browser, "Bai Yun")
    await pair(doctor, patient)
    await everybody_sees_and_hears({"Bai Yun": patient, "An Ning": doctor})

    seat_of_patient = await doctor.seat_named("Bai Yun")
    await patient.page.click("[data-key=microphone]")
    await doctor.page.wait_for_selector(f'[data-person="{seat_of_patient}"]:has-text("sound off")')
    await patient.page.click("[data-key=camera]")
    await doctor.page.wait_for_selector('figure[data-role="patient"][data-picture="false"]')
    await patient.page.click("[data-key=camera]")
    await doctor.page.wait_for_selector('figure[data-role="patient"][data-picture="true"]')
    await doctor.sees(seat_of_patient, patient.look)

    await doctor.page.click("[data-key=end]")
    await doctor.page.click("[data-answer=yes]")
    await patient.page.wait_for_selector('[data-screen="goodbye"][data-reason="completed"]')
    await doctor.page.wait_for_selector('[data-call="none"], [data-call="ended"]')
    assert patient.console == []
    assert [said for said in doctor.console if "401" not in said] == []  # before signing in nobody is signed in


async def test_three_in_one_room(chromium: Browser, firefox: Browser, cast: Cast) -> None:
    """The patient's daughter joins by a link, in the other browser; everybody sees and hears everybody; she leaves again."""
    doctor = await cast.doctor_on_duty(chromium)
    patient = await cast.patient_in_line(chromium, "Bai Yun")
    await pair(doctor, patient)
    link = await doctor.invite("companion")
    daughter = await cast.guest(firefox, link, "Bai Lin")
    await daughter.page.wait_for_selector('[data-screen="call"]')
    await everybody_sees_and_hears({"Bai Yun": patient, "An Ning": doctor, "Bai Lin": daughter})

    seat = await doctor.seat_named("Bai Lin")
    await daughter.page.click("[data-key=end]")
    await daughter.page.click("[data-answer=yes]")
    await daughter.page.wait_for_selector('[data-screen="left"]')
    for person in (doctor, patient):
        await person.page.wait_for_selector(f'figure[data-seat="{seat}"]', state="detached")
    await everybody_sees_and_hears({"Bai Yun": patient, "An Ning": doctor})
    await end(doctor, patient)


async def test_an_interpreter_comes_by_a_link_that_works_once(chromium: Browser, cast: Cast) -> None:
    """Told before what an interpreter does, named as one to the others; the link opens nothing for whoever finds it later."""
    doctor = await cast.doctor_on_duty(chromium)
    patient = await cast.patient_in_line(chromium, "Bai Yun")
    await pair(doctor, patient)
    link = await doctor.invite("interpreter")
    interpreter = await cast.enter(chromium, RED, phone=True)
    await interpreter.page.goto(link, wait_until="commit")
    await expect(interpreter.page.get_by_text("You come as an interpreter")).to_be_visible()
    await interpreter.page.fill("[name=name]", "Mo Li")
    await interpreter.page.click("button[type=submit]")
    await interpreter.page.wait_for_selector('[data-screen="call"]')
    await everybody_sees_and_hears({"Bai Yun": patient, "An Ning": doctor, "Mo Li": interpreter})
    for person in (doctor, patient):
        seat = await person.seat_named("Mo Li")
        await expect(person.page.locator(f'figure[data-seat="{seat}"]')).to_contain_text("Interpreter")

    finder = await cast.enter(chromium, RED, phone=True)
    await finder.page.goto(link, wait_until="commit")
    await finder.page.wait_for_selector('[data-screen="reissue"][data-reason="spent"]')
    await end(doctor, patient)


async def test_a_reload_comes_back_to_the_same_seat(chromium: Browser, firefox: Browser, cast: Cast) -> None:
    """The patient loads the page again in the middle of the call: same seat, sound and picture both ways again."""
    doctor = await cast.doctor_on_duty(chromium)
    patient = await cast.patient_in_line(firefox, "Bai Yun")
    await pair(doctor, patient)
    people = {"Bai Yun": patient, "An Ning": doctor}
    await everybody_sees_and_hears(people)
    before = await doctor.seat_named("Bai Yun")
    await patient.page.reload(wait_until="commit")
    await patient.page.wait_for_selector('[data-screen="call"]')
    await everybody_sees_and_hears(people)
    assert await doctor.seat_named("Bai Yun") == before
    await end(doctor, patient)


async def end(doctor: Person, patient: Person) -> None:
    """The doctor ends it; the patient reads goodbye."""
    await doctor.page.click("[data-key=end]")
    await doctor.page.click("[data-answer=yes]")
    await patient.page.wait_for_selector('[data-screen="goodbye"]')
