"""Whose turn is near: the cases of the rule, one by one."""

from dataclasses import replace

import pytest

from common.ids import ConsultationId, DepartmentId, HospitalId, OfferId, PractitionerId
from rooms.callback import awaiting_call, near
from rooms.line import Doctor, Line, Offer, Ticket
from rooms.model import Priority

DAY, NIGHT = DepartmentId("d_day"), DepartmentId("d_night")
DOCTOR = PractitionerId("pr_one")
GONE = ConsultationId("c_gone")


def line(before: int, *, busy: bool = True, lengths: tuple[float, ...] = ()) -> Line:
    """`before` present patients, then one who is away and wants to be called; one doctor at work."""
    made = Line(HospitalId("h"))
    for number in range(before):
        which = ConsultationId(f"c_{number}")
        made.tickets[which] = Ticket(which, DAY, Priority.ROUTINE, number, float(number))
    made.tickets[GONE] = Ticket(GONE, DAY, Priority.ROUTINE, before, float(before), away_since=500.0, calls_left=2)
    made.doctors[DOCTOR] = Doctor(DOCTOR, (DAY,), free_since=0.0, consultation=ConsultationId("c_other") if busy else None)
    made.lengths[DAY] = lengths
    return made


def is_near(made: Line) -> bool:
    return [ticket.consultation for ticket in near(made)] == [GONE]


@pytest.mark.parametrize(("before", "expected"), [(0, True), (1, True), (2, False), (5, False)])
def test_one_present_patient_before_is_near_two_are_not(before: int, expected: bool) -> None:
    assert is_near(line(before)) is expected


def test_people_who_are_away_themselves_are_not_before_anybody() -> None:
    made = line(3)
    for which in ("c_0", "c_1"):
        made.tickets[ConsultationId(which)] = replace(made.tickets[ConsultationId(which)], away_since=400.0)
    assert is_near(made)


def test_short_consultations_make_a_long_line_near() -> None:
    assert is_near(line(3, lengths=(120.0, 130.0, 125.0)))
    assert not is_near(line(3, lengths=(1200.0, 1210.0, 1205.0)))


def test_a_free_doctor_whom_nobody_present_takes_is_near() -> None:
    made = line(4, busy=False)
    for number, which in enumerate([one for one in made.tickets if one != GONE]):
        other = PractitionerId(f"pr_other{number}")
        made.doctors[other] = Doctor(other, (DAY,), free_since=0.0)
        made.offers[OfferId(f"o_{number}")] = Offer(OfferId(f"o_{number}"), which, other, DAY, 0.0, 30.0)
    assert is_near(made)


@pytest.mark.parametrize(
    "change",
    [
        {"departments": ()},
        {"departments": (NIGHT,)},
        {"away_since": 10.0},
    ],
)
def test_without_a_doctor_at_work_no_turn_is_near(change: dict[str, object]) -> None:
    made = line(0, busy=False)
    made.doctors[DOCTOR] = replace(made.doctors[DOCTOR], **change)  # type: ignore[arg-type]
    assert not is_near(made)


def test_whoever_is_expected_by_one_doctor_waits_for_that_one() -> None:
    made = line(0)
    made.tickets[GONE] = replace(made.tickets[GONE], wanted=PractitionerId("pr_another"))
    assert not is_near(made)
    made.tickets[GONE] = replace(made.tickets[GONE], wanted=DOCTOR)
    assert is_near(made)


@pytest.mark.parametrize(
    ("change", "awaits"),
    [
        ({}, True),
        ({"away_since": None}, False),
        ({"calls_left": 0}, False),
        ({"calls_left": 1, "called_at": 600.0}, False),
        ({"calls_left": 1, "called_at": 400.0}, True),
    ],
)
def test_a_call_goes_out_once_for_each_leaving(change: dict[str, object], awaits: bool) -> None:
    ticket = replace(line(0).tickets[GONE], **change)  # type: ignore[arg-type]
    assert awaiting_call(ticket) is awaits
