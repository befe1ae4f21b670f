"""Between a consultation and its recording: who is in the room, what the order is, what the audit trail is told. Pure."""

from collections.abc import Iterator

from common.ids import SeatId
from rooms.access import PRINCIPALS, admitted
from rooms.consent import UNDER_WAY, Answer, Purpose, Recording, RecordingOrder, order_of
from rooms.consent_course import Ask, Event, Outcome, Room, first, handle
from rooms.model import IN_CALL, OVER, Consultation, Seat

Note = tuple[str, str, str]
"""Act, subject, reason."""


def room_of(consultation: Consultation) -> Room:
    """Who has to say yes: patient and doctor, there or not, and each guest whose media may flow, while connected in any way.

    A guest whose socket broke may still be heard.
    """
    if consultation.state not in IN_CALL:
        return Room(frozenset(), over=consultation.state in OVER)
    return Room(frozenset(seat.id for seat in consultation.present_seats() if _counts(consultation, seat)))


def _counts(consultation: Consultation, seat: Seat) -> bool:
    return seat.role in PRINCIPALS or (admitted(consultation, seat) and (seat.connected or seat.in_call))


def unanswered(consultation: Consultation) -> tuple[SeatId, ...]:
    """Who in the room was asked and has not answered, in the order of coming."""
    recording = consultation.recording
    if recording is None or recording.state not in UNDER_WAY:
        return ()
    people = room_of(consultation).people
    return tuple(seat.id for seat in consultation.seats if seat.id in people and recording.answer(seat.id).open)


def order(consultation: Consultation | None) -> RecordingOrder | None:
    """What may be copied of it now."""
    if consultation is None:
        return None
    here = [seat.id for seat in consultation.present_seats()]
    return order_of(consultation.recording, consultation.id, consultation.hospital, here)


def told(consultation: Consultation, event: Event, now: float) -> Outcome:
    """What the event does to the consultation's recording, which is there unless somebody asks for the first time.

    UserError as in consent_course.handle.
    """
    room = room_of(consultation)
    if consultation.recording is None:
        assert isinstance(event, Ask)
        return first(event, room, now)
    return handle(consultation.recording, event, room, now)


def notes(before: Recording | None, outcome: Outcome) -> Iterator[Note]:
    """One audit entry for each standing that moved, each step and each erasure, in this order."""
    after = outcome.recording
    for answer in after.answers:
        was = before.answer(answer.seat) if before is not None else Answer(answer.seat)
        for purpose in Purpose:
            if answer.of(purpose) is not was.of(purpose):
                yield f"consent_{answer.of(purpose)}", answer.seat, purpose
    for step in outcome.steps:
        yield f"recording_{step.after}", after.id, step.reason
    for erasure in outcome.erasures:
        yield "erasure_ordered", after.id, erasure.seat
