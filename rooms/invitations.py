"""Invitations and lost links in a turn: a consultation that waits for its patient, and links sent to the address on file."""

from common.errors import UserError
from common.ids import ConsultationId, PractitionerId, SeatId, new_id
from common.outbox.letter import LetterKind
from rooms import lifecycle
from rooms.errors import invitation_gone, too_many_invitations
from rooms.link import Invite, LinkGrant, LinkKind
from rooms.mailing import new_letter, new_link
from rooms.model import OVER, Consultation, EndedReason, Priority, Role, Seat, State
from rooms.turn import Turn

OPEN_S = 7 * 24 * 3600.0
AFTER_START_S = 24 * 3600.0  # a patient who mixed up the day is still let in
EARLIEST_S = 3600.0  # a clock that is a little off, or a form that was open for a while
LATEST_S = 366 * 24 * 3600.0
MOST_INVITED = 100  # of one doctor at a time: what a desk can show
REISSUED_AFTER_END_S = 24 * 3600.0


async def invite(turn: Turn, order: Invite) -> tuple[ConsultationId, LinkGrant]:
    """A consultation that waits for its patient, and the link by which the patient comes.

    UserError: starts_at_refused, too_many_invitations.
    """
    until = open_until(order.starts_at, turn.now)
    if len(await turn.work.consultations.invited([order.practitioner], turn.now)) >= MOST_INVITED:
        raise too_many_invitations()
    consultation = _expecting(order, until, turn.now)
    turn.put(consultation)
    grant = _hand_out(turn, consultation, order.practitioner, until)
    turn.note(order.practitioner, "patient_invited", consultation.id)
    await turn.shown_in_line()
    return consultation.id, grant


async def cancel(turn: Turn, practitioner: PractitionerId, which: ConsultationId) -> None:
    """Takes an invitation back before the patient has come. UserError: invitation_gone."""
    consultation = await turn.consultation(which)
    if consultation.wanted != practitioner or consultation.state is not State.SCHEDULED:
        raise invitation_gone()
    await turn.to_consultation(which, lifecycle.Close(EndedReason.CANCELLED), practitioner)


async def renew(turn: Turn, practitioner: PractitionerId, which: ConsultationId) -> tuple[LinkGrant, bool]:
    """A new link in place of the one before; whether it was mailed again. UserError: invitation_gone."""
    consultation = await turn.consultation(which)
    until = consultation.open_until
    if consultation.wanted != practitioner or consultation.state is not State.SCHEDULED or until is None:
        raise invitation_gone()
    for seat in consultation.seats:
        await turn.work.links.revoke_to(seat.id, turn.now)
    grant = _hand_out(turn, consultation, practitioner, until)
    turn.note(practitioner, "link_reissued", which)
    return grant, consultation.contact is not None


async def reissue(turn: Turn, which: ConsultationId) -> None:
    """A new link to the address on file in place of those before it, while the consultation is open or ended lately."""
    consultation = await turn.consultation(which)
    over = consultation.state in OVER
    if over and (consultation.ended_at or 0.0) <= turn.now - REISSUED_AFTER_END_S:
        return
    if await turn.mail_link(which, LetterKind.LINK):
        turn.note("system", "link_reissued", which)


def open_until(starts_at: float | None, now: float) -> float:
    """Until when an invitation is good. UserError: starts_at_refused."""
    if starts_at is None:
        return now + OPEN_S
    if not now - EARLIEST_S <= starts_at <= now + LATEST_S:
        raise UserError("starts_at_refused", "A consultation can be arranged from now on to a year ahead.")
    return starts_at + AFTER_START_S


def _hand_out(turn: Turn, consultation: Consultation, doctor: PractitionerId, until: float) -> LinkGrant:
    """The patient's link, and the letter that carries it where there is an address on file."""
    (seat,) = consultation.seats
    link, grant = new_link(consultation, LinkKind.PATIENT, seat.id, made_by=doctor, expires_at=until, now=turn.now)
    turn.add_link(link)
    if consultation.contact is not None:
        turn.post(new_letter(consultation, LetterKind.INVITATION, grant, turn.now))
    return grant


def _expecting(order: Invite, until: float, now: float) -> Consultation:
    consultation, seat = ConsultationId(new_id("c")), SeatId(new_id("s"))
    patient = Seat(
        id=seat,
        consultation=consultation,
        role=Role.PATIENT,
        name=order.name,
        practitioner=None,
        created_at=now,
        gone_since=now,
        absent_since=now,
    )
    return Consultation(
        id=consultation,
        hospital=order.hospital,
        department=order.department,
        priority=Priority.ROUTINE,
        language=order.language,
        birth_year=order.birth_year,
        reason=order.reason,
        state=State.SCHEDULED,
        created_at=now,
        starts_at=order.starts_at,
        contact=order.contact,
        wanted=order.practitioner,
        open_until=until,
        seats=(patient,),
    )


def contact_of(address: str | None) -> str | None:
    """An address as it is kept: in lower case, so that it is found however it is typed the next time."""
    return address.lower() if address else None
