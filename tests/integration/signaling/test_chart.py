"""Intake, notes, summary and rating through the protocol: who may write what, until when, and who is shown it."""

import asyncio
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

import pytest

from tests.integration.signaling.conftest import Visitors
from tests.peers_signaling import Speaker
from tests.processes import wait_for

PAEDIATRICS = 2
NOTES = {"complaint": "cough", "illness": "", "history": "", "allergies": "", "assessment": "", "advice": "rest"}
SUMMARY = {"agreed": ["Take it slowly", "Drink"], "next_step": "Call on Monday"}
INTAKE = {"reason": "a cough", "history": "asthma", "allergies": "penicillin", "red_flags": [], "done": False}


@dataclass
class Visit:
    """A patient and their doctor, each with the seat they hold."""

    doctor: Speaker
    patient: Speaker
    doctors_seat: str
    patients_seat: str

    def seat_of(self, who: Speaker) -> dict[str, Any]:
        return who.states["seat_state"]

    async def refused(self, who: Speaker, name: str, body: dict[str, Any]) -> str:
        answer = await who.ask(name, body)
        assert answer["ok"] is False, answer
        code: str = answer["error"]["code"]
        return code

    async def done(self, who: Speaker, name: str, body: dict[str, Any]) -> Any:
        answer = await who.ask(name, body)
        assert answer["ok"], answer
        return answer["body"]


async def in_line(visitors: Visitors, name: str = "Bai Yun") -> tuple[Speaker, str]:
    patient, seat, _ = await visitors.patient(name, department=PAEDIATRICS)
    await patient.come()
    await wait_for(lambda: "seat_state" in patient.states, 10, "the first state")
    return patient, seat


async def until(who: Speaker, holds: Callable[[dict[str, Any]], bool]) -> None:
    """Wait until the seat's state is such."""
    await wait_for(lambda: holds(who.states["seat_state"]), 10, "the seat's state")


def has_told(body: dict[str, Any], state: dict[str, Any]) -> bool:
    told: bool = state["patient"]["intake"] == {name: body[name] for name in ("history", "allergies", "red_flags", "done")}
    return told


def rated(rating: str, state: dict[str, Any]) -> bool:
    return bool(state["rating"] == rating)


async def on_duty(visitors: Visitors) -> Speaker:
    doctor = await visitors.doctor("1004")
    await doctor.come()
    await wait_for(lambda: "desk_state" in doctor.states, 10, "the desk")
    department = (await visitors.hospital())["departments"][PAEDIATRICS]["id"]  # type: ignore[index]
    assert (await doctor.ask("duty_set", {"departments": [department]}))["ok"]
    return doctor


async def offered(doctor: Speaker, consultation: str) -> dict[str, Any]:
    """The offer of this patient; others before are declined."""

    def mine() -> Any:
        offer = doctor.states["desk_state"]["offer"]
        return offer if offer and offer["consultation"] == consultation else None

    found: dict[str, Any] = await wait_for(mine, 10, "the offer")
    return found


@pytest.fixture
async def visit(visitors: Visitors) -> AsyncIterator[Visit]:
    doctor = await on_duty(visitors)
    patient, seat = await in_line(visitors)
    offer = await offered(doctor, patient.states["seat_state"]["consultation"])
    assert (await doctor.ask("offer_accept", {"offer": offer["id"]}))["ok"]
    own = await wait_for(lambda: doctor.states["desk_state"]["seat"], 10, "the doctor's seat")
    await wait_for(lambda: patient.states["seat_state"]["state"] == "connecting", 10, "the patient to be told")
    try:
        yield Visit(doctor, patient, own, seat)
    finally:
        await doctor.ask("consultation_end", {"seat": own})
        await doctor.ask("duty_set", {"departments": []})


async def test_the_intake_is_kept_after_each_question_and_shown_to_both(visitors: Visitors) -> None:
    patient, seat = await in_line(visitors)
    answers = INTAKE | {"seat": seat}
    for body in (answers, answers | {"allergies": "penicillin, nuts"}, answers | {"done": True}):
        assert (await patient.ask("intake_save", body))["ok"]
        await until(patient, partial(has_told, body))
    assert patient.states["seat_state"]["patient"]["reason"] == "a cough"
    doctor = await on_duty(visitors)
    offer = await offered(doctor, patient.states["seat_state"]["consultation"])
    assert offer["intake"] == {"history": "asthma", "allergies": "penicillin", "red_flags": [], "done": True}
    assert offer["reason"] == "a cough"
    assert (await doctor.ask("duty_set", {"departments": []}))["ok"]
    assert (await patient.ask("seat_leave", {"seat": seat}))["ok"]
    assert (await patient.ask("intake_save", answers))["error"]["code"] == "consultation_over"


async def test_a_red_flag_goes_to_the_front_at_once(visitors: Visitors) -> None:
    first, first_seat = await in_line(visitors, "First")
    second, second_seat = await in_line(visitors, "Second")
    coordinator = await visitors.coordinator()
    await coordinator.come()
    assert second.states["seat_state"]["place"]["ahead"] == 1
    body = INTAKE | {"seat": second_seat, "red_flags": ["chest_pain", "chest_pain"]}
    assert (await second.ask("intake_save", body))["ok"]
    await wait_for(lambda: second.states["seat_state"]["place"]["ahead"] == 0, 10, "the front of the line")
    await wait_for(lambda: first.states["seat_state"]["place"]["ahead"] == 1, 10, "the other to be told")

    def flagged() -> Any:
        lines = coordinator.states["desk_state"]["queue"] if "desk_state" in coordinator.states else []
        return next((line for line in lines if line["red_flags"] == ["chest_pain"] and line["priority"] == "emergency"), None)

    line = await wait_for(flagged, 10, "the flag on the coordinator's list")

    lowered = {"consultation": line["consultation"], "priority": "routine"}
    assert (await coordinator.ask("priority_set", lowered))["ok"]
    await wait_for(lambda: second.states["seat_state"]["place"]["ahead"] == 1, 10, "the place behind again")
    assert (await second.ask("intake_save", body | {"red_flags": []}))["ok"]
    assert (await second.ask("intake_save", body | {"done": True}))["ok"]
    await wait_for(lambda: second.states["seat_state"]["patient"]["intake"]["done"], 10, "the answers to be shown")
    assert second.states["seat_state"]["place"]["ahead"] == 1, "the same answers overruled the coordinator"
    for person, seat in ((first, first_seat), (second, second_seat)):
        assert (await person.ask("seat_leave", {"seat": seat}))["ok"]


async def test_only_the_patient_writes_the_intake(visit: Visit, visitors: Visitors) -> None:
    assert await visit.refused(visit.doctor, "intake_save", INTAKE | {"seat": visit.doctors_seat}) == "not_allowed"
    assert await visit.refused(visit.doctor, "intake_save", INTAKE | {"seat": visit.patients_seat}) == "forbidden"
    for wrong in ({"red_flags": ["headache"]}, {"red_flags": ["stroke"] * 7}, {"history": "x" * 2001}, {"done": "yes"}):
        body = INTAKE | {"seat": visit.patients_seat} | wrong
        assert await visit.refused(visit.patient, "intake_save", body) == "bad_message"


async def test_notes_are_compared_and_swapped_and_nothing_is_lost(visit: Visit) -> None:
    seat = visit.doctors_seat
    empty = await visit.done(visit.doctor, "notes_get", {"seat": seat})
    assert (empty["revision"], empty["saved_at"]) == (0, None)
    first = await visit.done(visit.doctor, "notes_save", {"seat": seat, "revision": 0, "notes": NOTES})
    assert (first["revision"], first["notes"]) == (1, NOTES)
    again = await visit.done(visit.doctor, "notes_save", {"seat": seat, "revision": 0, "notes": NOTES})
    assert again == first, "the same notes sent again after a lost answer"
    other = NOTES | {"advice": "walk"}
    for revision in (0, 2, 7):
        body = {"seat": seat, "revision": revision, "notes": other}
        assert await visit.refused(visit.doctor, "notes_save", body) == "notes_changed"
    assert (await visit.done(visit.doctor, "notes_get", {"seat": seat}))["notes"] == NOTES
    second = await visit.done(visit.doctor, "notes_save", {"seat": seat, "revision": 1, "notes": other})
    assert (second["revision"], second["notes"]) == (2, other)


async def test_of_two_windows_that_save_at_once_one_is_told(visit: Visit) -> None:
    bodies = [{"seat": visit.doctors_seat, "revision": 0, "notes": NOTES | {"advice": str(n)}} for n in range(4)]
    answers = await asyncio.gather(*(visit.doctor.ask("notes_save", body) for body in bodies))
    assert sorted(answer["ok"] for answer in answers) == [False, False, False, True]
    assert {answer["error"]["code"] for answer in answers if not answer["ok"]} == {"notes_changed"}


async def test_notes_are_the_practitioners_alone_and_stay_open_after_the_end(visit: Visit, visitors: Visitors) -> None:
    for name in ("notes_get", "notes_save"):
        body: dict[str, Any] = {"seat": visit.patients_seat}
        if name == "notes_save":
            body |= {"revision": 0, "notes": NOTES}
        assert await visit.refused(visit.patient, name, body) == "not_allowed"
        assert await visit.refused(visit.patient, name, body | {"seat": visit.doctors_seat}) == "forbidden"
    other = await visitors.doctor("1005")
    await other.come()
    await wait_for(lambda: "desk_state" in other.states, 10, "the desk")
    assert await visit.refused(other, "notes_get", {"seat": visit.doctors_seat}) == "forbidden"
    await visit.done(visit.doctor, "consultation_end", {"seat": visit.doctors_seat})
    kept = await visit.done(visit.doctor, "notes_save", {"seat": visit.doctors_seat, "revision": 0, "notes": NOTES})
    assert kept["revision"] == 1


async def test_the_summary_is_shown_to_both_after_the_end(visit: Visit) -> None:
    refusal = await visit.refused(visit.patient, "consultation_end", {"seat": visit.patients_seat, "summary": SUMMARY})
    assert refusal == "not_allowed"
    assert visit.seat_of(visit.patient)["state"] != "ended"
    await visit.done(visit.doctor, "consultation_end", {"seat": visit.doctors_seat, "summary": SUMMARY})
    for who in (visit.patient, visit.doctor):
        await until(who, lambda state: state["summary"] == SUMMARY)
        assert visit.seat_of(who)["state"] == "ended"


async def test_a_summary_also_reaches_a_patient_who_ended_first(visit: Visit) -> None:
    await visit.done(visit.patient, "consultation_end", {"seat": visit.patients_seat})
    await wait_for(lambda: visit.seat_of(visit.patient)["state"] == "ended", 10, "the end")
    assert visit.seat_of(visit.patient)["summary"] is None
    await visit.done(visit.doctor, "consultation_end", {"seat": visit.doctors_seat, "summary": SUMMARY})
    await wait_for(lambda: visit.seat_of(visit.patient)["summary"] == SUMMARY, 10, "the summary")


async def test_the_patient_rates_after_the_end_and_may_think_again(visit: Visit) -> None:
    good = {"seat": visit.patients_seat, "rating": "good"}
    assert await visit.refused(visit.patient, "rating_set", good) == "not_allowed"
    await visit.done(visit.patient, "consultation_end", {"seat": visit.patients_seat})
    assert await visit.refused(visit.doctor, "rating_set", good | {"seat": visit.doctors_seat}) == "not_allowed"
    for rating in ("good", "poor"):
        await visit.done(visit.patient, "rating_set", good | {"rating": rating})
        await until(visit.patient, partial(rated, rating))
    assert visit.seat_of(visit.doctor)["rating"] is None
