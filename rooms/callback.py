"""Whose turn is near among those who are away and want to be called. Pure: decides on a line alone.

A call is one letter; a second one goes out only to somebody who came and left again. Whoever does not come is passed over
and keeps the place (line.py).
"""

from collections.abc import Iterator

from rooms.line import Line, Ticket
from rooms.waits import places

CALLS = 2
CALL_GRACE_S = 15.0  # a reload, a phone's dark screen or a lift is no leaving
ADDRESS_CALLS = 3  # over all consultations: the address may be somebody else's, who asked for nothing
ADDRESS_S = 3600.0
NEAR_AHEAD = 1
NEAR_MINUTES = 10


def awaiting_call(ticket: Ticket) -> bool:
    """Whether somebody is away, wants to be called, and was not called since they left."""
    if ticket.calls_left == 0 or ticket.away_since is None:
        return False
    return ticket.called_at is None or ticket.called_at < ticket.away_since


def admitted(calls: tuple[float, ...], now: float) -> tuple[float, ...] | None:
    """The calls to one address with one more, made now; none when it had enough of them within the hour."""
    fresh = tuple(at for at in calls if at > now - ADDRESS_S)
    return (*fresh, now) if len(fresh) < ADDRESS_CALLS else None


def near(line: Line) -> Iterator[Ticket]:
    """Those who await a call and whose turn is near, in the order of the line.

    Near is: a doctor who could take them is at work, and one present patient at most is before them, or the wait may be ten
    minutes, or such a doctor is free now while nobody present is left to be offered to them.
    """
    awaiting = {ticket.consultation for ticket in line.tickets.values() if awaiting_call(ticket)}
    if not awaiting:
        return  # nearly always: every event of the queue asks
    found = places(line)
    engaged = {offer.practitioner for offer in line.offers.values()}
    for ticket in line.ranked():
        if ticket.consultation not in awaiting:
            continue
        doctors = [
            doctor
            for doctor in line.doctors.values()
            if doctor.at_work and ticket.department in doctor.departments and ticket.wanted in (None, doctor.practitioner)
        ]
        place = found[ticket.consultation]
        free = any(doctor.consultation is None and doctor.practitioner not in engaged for doctor in doctors)
        soon = place.low_minutes is not None and place.low_minutes <= NEAR_MINUTES
        if doctors and (place.ahead <= NEAR_AHEAD or soon or free):
            yield ticket
