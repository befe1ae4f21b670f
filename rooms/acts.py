"""What people do in a consultation, each as the body of one turn. Decides which events an act means, and refuses by access."""

from collections.abc import Sequence
from dataclasses import replace

from common.ids import ConsultationId, PractitionerId, SeatId, new_id
from rooms import lifecycle, queue
from rooms.access import access_card, access_end, access_leave
from rooms.effects import ReleaseSeat
from rooms.errors import not_allowed, offer_gone
from rooms.model import OVER, Consultation, EndedReason, Ignored, Role, Seat, SeatGrant, SeatIdentity, State
from rooms.ports import WalkIn
from rooms.turn import Turn


async def arrive(turn: Turn, patient: WalkIn) -> SeatGrant:
    """A new consultation, its patient's seat, and a place in line that counts once the seat is connected."""
    consultation, seat = ConsultationId(new_id("c")), SeatId(new_id("s"))
    holder = Seat(
        id=seat,
        consultation=consultation,
        role=Role.PATIENT,
        name=patient.name,
        practitioner=None,
        created_at=turn.now,
        gone_since=turn.now,
        absent_since=turn.now,
    )
    turn.put(
        Consultation(
            id=consultation,
            hospital=patient.hospital,
            department=patient.department,
            priority=patient.priority,
            language=patient.language,
            birth_year=patient.birth_year,
            reason=patient.reason,
            contact=patient.contact,
            state=State.SCHEDULED,
            created_at=turn.now,
            seats=(holder,),
        )
    )
    await take_place(turn, consultation, seat, patient.wanted)
    return turn.grant(seat)


async def take_place(turn: Turn, which: ConsultationId, seat: SeatId, wanted: PractitionerId | None) -> None:
    """The patient takes the last place of the line; it counts once the seat is connected."""
    await turn.to_consultation(which, lifecycle.PatientArrived(), seat)
    consultation = await turn.consultation(which)
    place = queue.PatientWaits(
        consultation=which,
        department=consultation.department,
        priority=consultation.priority,
        at=turn.now,
        wanted=wanted,
        present=False,
    )
    await turn.to_queue(place, seat)
    since = (await turn.line()).tickets[which].waiting_since
    turn.put(replace(await turn.consultation(which), waiting_since=since))


async def confirm(turn: Turn, who: SeatIdentity, right: bool) -> None:
    """A principal says whether the name card is right; a wrong one ends it. A guest said so by coming in (join_links.py).

    Once confirmed it stays so: whoever finds out later ends the consultation, or leaves it, as such.
    """
    consultation = await turn.consultation(who.consultation)
    seat = access_card(consultation, who.seat)
    if right:
        if seat.confirmed_at is None:
            await turn.change(replace(seat, confirmed_at=turn.now))
            turn.note(seat.practitioner or seat.id, "card_confirmed", consultation.id, seat.role)
    elif seat.confirmed_at is not None:
        raise not_allowed()
    else:
        await turn.to_consultation(consultation.id, lifecycle.Close(EndedReason.WRONG_PERSON), seat.practitioner or seat.id)


async def answer(turn: Turn, given: queue.OfferAccepted | queue.OfferDeclined) -> ConsultationId:
    """The doctor's answer reaches the queue; the consultation that was offered. UserError: offer_gone."""
    offer = (await turn.line()).offers.get(given.offer)
    decisions = await turn.to_queue(given, given.practitioner)
    if offer is None or any(isinstance(decision, Ignored) for decision in decisions):
        raise offer_gone()
    return offer.consultation


async def leave(turn: Turn, who: SeatIdentity) -> None:
    """A patient gives the consultation up; a guest goes out of the room."""
    consultation = await turn.consultation(who.consultation)
    seat = access_leave(consultation, who.seat)
    if seat.role is Role.PATIENT:
        await turn.to_consultation(consultation.id, lifecycle.Close(EndedReason.PATIENT_LEFT), seat.id)
        return
    turn.put(consultation.with_seat(replace(seat, left_at=turn.now, connected=False, in_call=False)))
    turn.effects.append(ReleaseSeat(consultation.id, seat.id))
    turn.note(seat.id, "seat_left", consultation.id, seat.role)
    await turn.work.consultations.drop_sessions(seat.id)


async def end(turn: Turn, who: SeatIdentity) -> None:
    """A principal ends it for everyone; when the other did so a moment before, nothing is left to do."""
    consultation = await turn.consultation(who.consultation)
    seat = access_end(consultation, who.seat)
    if consultation.state not in OVER:
        reason = _reason(consultation, seat.role)
        await turn.to_consultation(consultation.id, lifecycle.Close(reason), seat.practitioner or seat.id)


async def elapse(turn: Turn, which: Sequence[ConsultationId]) -> None:
    """Whatever is due in the hospital's line and in these consultations; what another node did first is not due any more."""
    await turn.load(which)
    await turn.to_queue(queue.TimePassed())
    for one in which:
        await turn.to_consultation(one, lifecycle.TimePassed())


def _reason(consultation: Consultation, role: Role) -> EndedReason:
    if consultation.live_since is not None:
        return EndedReason.COMPLETED
    return EndedReason.PATIENT_LEFT if role is Role.PATIENT else EndedReason.CANCELLED
