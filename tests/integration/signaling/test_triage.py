"""A coordinator's desk: all lines of one hospital, its doctors, and the word that changes a patient's place."""

from typing import Any

from tests.integration.signaling.conftest import Visitors
from tests.integration.signaling.test_chart import PAEDIATRICS, in_line, offered, on_duty
from tests.peers_signaling import Speaker
from tests.processes import wait_for


async def coordinator_at_desk(visitors: Visitors) -> Speaker:
    person = await visitors.coordinator()
    await person.come()
    await wait_for(lambda: "desk_state" in person.states, 10, "the desk")
    return person


def line_of(desk: Speaker, consultation: str) -> dict[str, Any] | None:
    """How the desk shows a waiting patient."""
    return next((line for line in desk.states["desk_state"]["queue"] if line["consultation"] == consultation), None)


async def test_a_coordinator_sees_every_department_and_what_the_doctors_do(visitors: Visitors) -> None:
    coordinator = await coordinator_at_desk(visitors)
    hospital: Any = await visitors.hospital()
    cookie = {"Cookie": coordinator._cookie}
    async with visitors.session.get(f"{visitors.server.base}/api/staff/session", headers=cookie) as response:
        session = await response.json()
    assert session["role"] == "coordinator"
    assert [each["id"] for each in session["departments"]] == [each["id"] for each in hospital["departments"]]

    seats = []
    for department in range(len(hospital["departments"])):
        person, seat, _ = await visitors.patient("Waits", department=department)
        await person.come()
        seats.append((person, seat))
    await wait_for(
        lambda: (
            {each["id"] for each in hospital["departments"]}
            == {line["department"] for line in coordinator.states["desk_state"]["queue"]}
        ),
        10,
        "a patient of each department on the list",
    )

    doctor = await on_duty(visitors)
    an_id = (await staff_id(visitors, doctor))["id"]

    def state() -> str | None:
        shown = coordinator.states["desk_state"]["doctors"]
        return next((each["state"] for each in shown if each["practitioner"] == an_id), None)

    await wait_for(lambda: state() == "offered", 10, "the doctor with an offer")
    offer = await wait_for(lambda: doctor.states["desk_state"]["offer"], 10, "the offer")
    assert (await doctor.ask("offer_accept", {"offer": offer["id"]}))["ok"]
    await wait_for(lambda: state() == "in_call", 10, "the doctor in a call")
    own = await wait_for(lambda: doctor.states["desk_state"]["seat"], 10, "the doctor's seat")
    assert (await doctor.ask("consultation_end", {"seat": own}))["ok"]
    for person, seat in seats:
        await person.ask("seat_leave", {"seat": seat})
    await wait_for(lambda: state() == "free", 10, "the doctor to be free")
    await doctor.client.disconnect()
    doctor._leaving = True
    await wait_for(lambda: state() == "away", 10, "the doctor away")
    assert doctor.states["desk_state"]["doctors"] == [], "a doctor sees no colleagues"


async def staff_id(visitors: Visitors, who: Speaker) -> dict[str, Any]:
    async with visitors.session.get(f"{visitors.server.base}/api/staff/session", headers={"Cookie": who._cookie}) as response:
        found: dict[str, Any] = (await response.json())["practitioner"]
        return found


async def test_a_coordinators_word_moves_the_patient_and_everybody_is_told(visitors: Visitors) -> None:
    coordinator = await coordinator_at_desk(visitors)
    first, first_seat = await in_line(visitors, "First")
    second, second_seat = await in_line(visitors, "Second")
    which = second.states["seat_state"]["consultation"]
    await wait_for(lambda: second.states["seat_state"]["place"]["ahead"] == 1, 10, "the second place")
    assert (await coordinator.ask("priority_set", {"consultation": which, "priority": "urgent"}))["ok"]
    await wait_for(lambda: second.states["seat_state"]["place"]["ahead"] == 0, 10, "the first place")
    await wait_for(lambda: first.states["seat_state"]["place"]["ahead"] == 1, 10, "the other to be told")
    await wait_for(lambda: (line_of(coordinator, which) or {}).get("priority") == "urgent", 10, "the list")
    doctor = await on_duty(visitors)
    offer = await offered(doctor, which)
    assert offer["priority"] == "urgent"
    other = {"consultation": first.states["seat_state"]["consultation"], "priority": "emergency"}
    assert (await coordinator.ask("priority_set", other))["ok"]
    await wait_for(lambda: (line_of(coordinator, other["consultation"]) or {}).get("priority") == "emergency", 10, "the list")
    assert doctor.states["desk_state"]["offer"]["id"] == offer["id"], "triage took an offer from a doctor's desk"
    assert (await doctor.ask("duty_set", {"departments": []}))["ok"]
    for person, seat in ((first, first_seat), (second, second_seat)):
        await person.ask("seat_leave", {"seat": seat})
    gone = await coordinator.ask("priority_set", other)
    assert gone["error"]["code"] == "not_waiting"


async def test_triage_is_a_coordinators_and_ends_at_the_hospitals_door(visitors: Visitors) -> None:
    patient, seat = await in_line(visitors)
    order = {"consultation": patient.states["seat_state"]["consultation"], "priority": "emergency"}
    doctor = await on_duty(visitors)
    for nobody in (doctor, patient):
        assert (await nobody.ask("priority_set", order))["error"]["code"] == "forbidden"
    coordinator = await coordinator_at_desk(visitors)
    elsewhere, other_seat, _ = await visitors.patient("Elsewhere", hospital=1)
    await elsewhere.come()
    await wait_for(lambda: "seat_state" in elsewhere.states, 10, "the first state")
    theirs = {"consultation": elsewhere.states["seat_state"]["consultation"], "priority": "emergency"}
    for unknown in (theirs, {"consultation": "c_aaaaaaaaaaaaaaaa", "priority": "urgent"}):
        assert (await coordinator.ask("priority_set", unknown))["error"]["code"] == "not_waiting"
    assert line_of(coordinator, theirs["consultation"]) is None
    assert (await coordinator.ask("priority_set", order | {"priority": "now"}))["error"]["code"] == "bad_message"

    department = (await visitors.hospital())["departments"][PAEDIATRICS]["id"]  # type: ignore[index]
    for name, body in (
        ("duty_set", {"departments": [department]}),
        ("duty_set", {"departments": []}),
        ("offer_accept", {"offer": "o_aaaaaaaaaaaaaaaa"}),
        ("offer_decline", {"offer": "o_aaaaaaaaaaaaaaaa"}),
        ("notes_get", {"seat": seat}),
    ):
        assert (await coordinator.ask(name, body))["error"]["code"] == "forbidden"
    assert coordinator.states["desk_state"]["offer"] is None
    assert (await doctor.ask("duty_set", {"departments": []}))["ok"]
    await patient.ask("seat_leave", {"seat": seat})
    await elsewhere.ask("seat_leave", {"seat": other_seat})
