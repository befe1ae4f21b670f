"""Who may do what with a seat: every check of the rooms goes through these few functions. Pure but for drawing tokens."""

import hashlib
import hmac
import secrets
from collections.abc import Iterable

from common.ids import SeatId
from rooms.errors import (
    consultation_over,
    not_allowed,
    not_confirmed,
    not_in_call,
    not_waiting,
    room_full,
    seat_unknown,
    timeline_closed,
)
from rooms.model import IN_CALL, IN_LINE, OVER, Consultation, Role, Seat

TOKEN_BYTES = 32
SESSION_S = 48 * 3600.0  # a day to wait and to talk, and the day after the end in which the timeline stays open
TIMELINE_OPEN_S = 24 * 3600.0  # after the end: what one forgot to ask or to say
MOST_SEATS = 8  # two m-lines per person and at most 16 m-lines in an offer (security.md F5)
GUESTS = frozenset({Role.COMPANION, Role.INTERPRETER})
PRINCIPALS = frozenset({Role.PATIENT, Role.PRACTITIONER})
CHART_OPEN_S = 24 * 3600.0  # a doctor finishes the notes of a day on that day or the next morning


def new_token() -> str:
    """32 random bytes in 43 characters of urlsafe base64."""
    return secrets.token_urlsafe(TOKEN_BYTES)


def token_hash(token: str) -> bytes:
    """What is stored of a token: SHA-256 suffices for 256 random bits."""
    return hashlib.sha256(token.encode()).digest()


def access_token(token: str, stored: Iterable[bytes]) -> bool:
    """Whether the token is one of those stored, in a time that does not tell how nearly."""
    offered = token_hash(token)
    return any([hmac.compare_digest(offered, one) for one in stored])  # noqa: C419 - a list: compare all, whichever matches


def access_seat(consultation: Consultation, seat: SeatId) -> Seat:
    """The seat, if it was not left."""
    found = consultation.seat(seat)
    if found is None:
        raise seat_unknown()
    return found


def access_room(consultation: Consultation, seat: SeatId) -> Seat:
    """The seat, if its consultation is not over."""
    if consultation.state in OVER:
        raise consultation_over()
    return access_seat(consultation, seat)


def access_timeline(consultation: Consultation, seat: SeatId, now: float) -> Seat:
    """The seat, if it may read and write the timeline: before and in the call everybody there, afterwards the principals."""
    found = access_seat(consultation, seat)
    if consultation.state in OVER:
        if found.role not in PRINCIPALS:
            raise not_allowed()
        if consultation.ended_at is None or now >= consultation.ended_at + TIMELINE_OPEN_S:
            raise timeline_closed()
    return found


def access_link(consultation: Consultation, seat: SeatId, role: Role) -> Seat:
    """The seat, if it may bring somebody in that `role`: patient and practitioner may bring companions and interpreters."""
    found = access_room(consultation, seat)
    if found.role not in PRINCIPALS or role not in GUESTS:
        raise not_allowed()
    access_space(consultation)
    return found


def access_space(consultation: Consultation) -> None:
    """Whether one more person fits in; the practitioner's seat is kept free."""
    taken = [seat for seat in consultation.present_seats() if seat.role is not Role.PRACTITIONER]
    if len(taken) + 1 >= MOST_SEATS:
        raise room_full()


def access_move(consultation: Consultation, seat: SeatId) -> Seat:
    """The seat, if it may be moved by a link: a practitioner's goes with the desk, where one signs in."""
    found = access_room(consultation, seat)
    if found.role is Role.PRACTITIONER:
        raise not_allowed()
    return found


def access_wait(consultation: Consultation, seat: SeatId) -> Seat:
    """The patient's seat, if the patient is in line."""
    found = access_room(consultation, seat)
    if found.role is not Role.PATIENT:
        raise not_allowed()
    if consultation.state not in IN_LINE:
        raise not_waiting()
    return found


def access_card(consultation: Consultation, seat: SeatId) -> Seat:
    """The seat, if there is a name card to confirm: principals meet in a call, a guest may look at it before."""
    found = access_room(consultation, seat)
    if found.role in PRINCIPALS and consultation.state not in IN_CALL:
        raise not_in_call()
    return found


def admitted(consultation: Consultation, seat: Seat) -> bool:
    """Whether this seat's media may flow: both principals have confirmed whom they meet, and so has whoever sits here."""
    principals = [consultation.principal(role) for role in PRINCIPALS]
    return all(one is not None and one.confirmed_at is not None for one in (*principals, seat))


def access_asking(consultation: Consultation, seat: SeatId) -> Seat:
    """The seat, if it may have the consultation recorded, or not any more: the practitioner's, while the two may be heard."""
    found = access_room(consultation, seat)
    if found.role is not Role.PRACTITIONER:
        raise not_allowed()
    if consultation.state not in IN_CALL:
        raise not_in_call()
    if not admitted(consultation, found):
        raise not_confirmed()
    return found


def access_end(consultation: Consultation, seat: SeatId) -> Seat:
    """The seat, if it may end the consultation for everyone."""
    found = access_seat(consultation, seat)
    if found.role not in PRINCIPALS:
        raise not_allowed()
    return found


def access_leave(consultation: Consultation, seat: SeatId) -> Seat:
    """The seat, if it may be given up: a practitioner ends a consultation, but does not walk out of it."""
    found = access_seat(consultation, seat)
    if found.role is Role.PRACTITIONER:
        raise not_allowed()
    return found


def access_patient(consultation: Consultation, seat: SeatId) -> Seat:
    """The seat, if it is the patient's and the consultation is not over."""
    found = access_room(consultation, seat)
    if found.role is not Role.PATIENT:
        raise not_allowed()
    return found


def access_chart(consultation: Consultation, seat: SeatId, now: float) -> Seat:
    """The seat, if it is the practitioner's and the chart is open: until a day after the end."""
    found = access_seat(consultation, seat)
    if found.role is not Role.PRACTITIONER:
        raise not_allowed()
    if consultation.ended_at is not None and now >= consultation.ended_at + CHART_OPEN_S:
        raise consultation_over()
    return found


def access_own_log(consultation: Consultation, seat: SeatId) -> Seat:
    """The seat, if it is the patient's: who looked at the record is told to nobody else, and after the end too."""
    found = access_seat(consultation, seat)
    if found.role is not Role.PATIENT:
        raise not_allowed()
    return found


def access_rating(consultation: Consultation, seat: SeatId) -> Seat:
    """The seat, if it is the patient's and the consultation has ended."""
    found = access_seat(consultation, seat)
    if found.role is not Role.PATIENT or consultation.state not in OVER:
        raise not_allowed()
    return found
