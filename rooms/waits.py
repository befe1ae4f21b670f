"""How long the line is for each patient: people before, doctors on duty, and an honest interval. Pure.

The interval comes from what consultations of the department really took lately; where that is not known it says nothing.
"""

import math
from collections import defaultdict
from collections.abc import Sequence
from statistics import fmean, stdev

from common.ids import ConsultationId, DepartmentId
from rooms.line import Line, Ticket
from rooms.model import DepartmentLoad, PlaceView

FEWEST_LENGTHS = 3  # below this a spread means nothing
SPREAD = 1.28  # standard normal: eight of ten waits fall between the two ends


def estimate(ahead: int, doctors: float, lengths_s: Sequence[float]) -> tuple[int, int] | None:
    """Minutes (low, high) until somebody with `ahead` people before is called; none while it cannot be known.

    `doctors` may be fractional: one who serves two departments with people waiting counts half in each. Calls end at random
    moments, so the first of the n = ahead + 1 endings that must pass is between 0 and a whole length away.
    """
    if doctors <= 0 or len(lengths_s) < FEWEST_LENGTHS:
        return None
    mean, spread = fmean(lengths_s), SPREAD * stdev(lengths_s) * math.sqrt(ahead + 1)
    low = max(0.0, ahead * mean - spread) / doctors
    high = ((ahead + 1) * mean + spread) / doctors
    return math.floor(low / 60), max(1, math.ceil(high / 60))


def places(line: Line) -> dict[ConsultationId, PlaceView]:
    """The place of everybody in line. People who are away count for nobody: they are passed over until they return."""
    desks, capacity = _capacity(line)
    offered = line.offered()
    before: dict[DepartmentId, int] = defaultdict(int)
    found: dict[ConsultationId, PlaceView] = {}
    for ticket in line.ranked():
        department = ticket.department
        ahead = 0 if ticket.consultation in offered else before[department]
        interval = _interval(line, ticket, ahead, capacity[department], offered)
        low, high = interval if interval else (None, None)
        found[ticket.consultation] = PlaceView(ahead, low, high, desks[department])
        before[department] += ticket.away_since is None
    return found


def loads(line: Line) -> list[DepartmentLoad]:
    """Doctors at their desks and patients in line, by department."""
    waiting: dict[DepartmentId, int] = defaultdict(int)
    for ticket in line.tickets.values():
        waiting[ticket.department] += 1
    desks, _ = _capacity(line)
    return [DepartmentLoad(department, desks[department], waiting[department]) for department in sorted({*waiting, *desks})]


def _interval(line: Line, ticket: Ticket, ahead: int, doctors: float, offered: set[ConsultationId]) -> tuple[int, int] | None:
    if ticket.wanted is not None:
        return None  # one doctor's day is not the department's
    if ticket.consultation in offered:
        return (0, 1)
    return estimate(ahead, doctors, line.lengths.get(ticket.department, ()))


def _capacity(line: Line) -> tuple[dict[DepartmentId, int], dict[DepartmentId, float]]:
    """Per department: doctors at their desks, and how many of them it can count on while others wait elsewhere."""
    wanted = {ticket.department for ticket in line.tickets.values()}
    desks: dict[DepartmentId, int] = defaultdict(int)
    share: dict[DepartmentId, float] = defaultdict(float)
    for practitioner in sorted(line.doctors):
        doctor = line.doctors[practitioner]
        for department in doctor.departments if doctor.at_work else ():
            desks[department] += 1
            share[department] += 1 / max(1, len(wanted.intersection(doctor.departments)))
    return desks, share
