"""What a waiting patient is told: people before, doctors on duty, an interval that is true or absent."""

import random

import pytest

from common.ids import ConsultationId, DepartmentId, HospitalId, PractitionerId
from rooms.line import Doctor, Line, Ticket
from rooms.model import DepartmentLoad, Priority
from rooms.waits import estimate, loads, places

DAY, NIGHT = DepartmentId("d_day"), DepartmentId("d_night")


def ticket(number: int, department: DepartmentId = DAY, away: bool = False, priority: Priority = Priority.ROUTINE) -> Ticket:
    return Ticket(ConsultationId(f"c{number}"), department, priority, number, float(number), away_since=1.0 if away else None)


def line(tickets: list[Ticket], doctors: list[Doctor], lengths: dict[DepartmentId, tuple[float, ...]] | None = None) -> Line:
    return Line(
        HospitalId("h"),
        tickets={one.consultation: one for one in tickets},
        doctors={one.practitioner: one for one in doctors},
        lengths=lengths or {},
    )


def doctor(name: str, *departments: DepartmentId, away: bool = False) -> Doctor:
    return Doctor(PractitionerId(name), departments, 0.0, away_since=1.0 if away else None, consultation=ConsultationId("busy"))


@pytest.mark.parametrize(("doctors", "lengths"), [(0, [600.0] * 5), (2, []), (2, [600.0, 700.0])])
def test_what_cannot_be_known_is_not_told(doctors: int, lengths: list[float]) -> None:
    assert estimate(3, doctors, lengths) is None


def test_a_steady_doctor_gives_a_narrow_interval() -> None:
    assert estimate(0, 1, [600.0] * 5) == (0, 10)
    assert estimate(3, 1, [600.0] * 5) == (30, 40)
    assert estimate(3, 2, [600.0] * 5) == (15, 20)


def test_the_interval_grows_with_the_line_and_shrinks_with_doctors() -> None:
    lengths = [300.0, 600.0, 900.0, 480.0]
    highs = [pair[1] for ahead in range(20) if (pair := estimate(ahead, 2, lengths))]
    assert highs == sorted(highs) and len(highs) == 20
    few, many = estimate(10, 1, lengths), estimate(10, 5, lengths)
    assert few and many and few[1] > many[1]


def test_the_interval_holds_for_eight_of_ten_simulated_waits() -> None:
    """Three busy doctors, gamma-distributed lengths: the real wait of the person with eight before falls inside."""
    draw = random.Random(7)
    inside = 0
    for _ in range(400):
        lengths = [draw.gammavariate(4, 150) for _ in range(200)]
        interval = estimate(8, 3, lengths[:20])
        free_at = [draw.random() * length for length in lengths[20:23]]  # caught in the middle of a call
        for length in lengths[23:31]:
            free_at.sort()
            free_at[0] += length
        assert interval is not None
        inside += interval[0] * 60 <= min(free_at) <= interval[1] * 60
    assert inside >= 320


def test_people_who_are_away_are_before_nobody_and_keep_their_own_place() -> None:
    found = places(line([ticket(1), ticket(2, away=True), ticket(3), ticket(4, NIGHT)], [doctor("p1", DAY)]))
    assert [found[ConsultationId(f"c{n}")].ahead for n in (1, 2, 3, 4)] == [0, 1, 1, 0]


def test_a_doctor_with_a_closed_desk_is_not_told_as_on_duty() -> None:
    found = places(
        line([ticket(1), ticket(2, NIGHT)], [doctor("p1", DAY), doctor("p2", DAY, away=True), doctor("p3", DAY, NIGHT)])
    )
    assert found[ConsultationId("c1")].doctors_on_duty == 2
    assert found[ConsultationId("c2")].doctors_on_duty == 1


def test_a_doctor_shared_with_another_line_counts_half() -> None:
    lengths: dict[DepartmentId, tuple[float, ...]] = {DAY: (600.0,) * 4}
    alone = places(line([ticket(1), ticket(2)], [doctor("p1", DAY, NIGHT)], lengths))[ConsultationId("c2")]
    shared = places(line([ticket(1), ticket(2), ticket(3, NIGHT)], [doctor("p1", DAY, NIGHT)], lengths))[ConsultationId("c2")]
    assert (alone.low_minutes, alone.high_minutes) == (10, 20)
    assert (shared.low_minutes, shared.high_minutes) == (20, 40)


def test_an_urgent_patient_stands_before_routine_ones() -> None:
    found = places(line([ticket(1), ticket(2), ticket(3, priority=Priority.URGENT)], []))
    assert [found[ConsultationId(f"c{n}")].ahead for n in (1, 2, 3)] == [1, 2, 0]


def test_loads_count_desks_and_people() -> None:
    crowd = line([ticket(1), ticket(2), ticket(3, NIGHT)], [doctor("p1", DAY), doctor("p2", DAY, away=True)])
    assert loads(crowd) == [DepartmentLoad(DAY, 1, 2), DepartmentLoad(NIGHT, 0, 1)]
