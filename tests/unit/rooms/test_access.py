"""Who may do what: each check, allowed and refused."""

from dataclasses import replace

import pytest

from common.errors import UserError
from common.ids import ConsultationId, DepartmentId, HospitalId, SeatId
from rooms.access import (
    MOST_SEATS,
    access_end,
    access_leave,
    access_link,
    access_room,
    access_seat,
    access_space,
    access_token,
    new_token,
    token_hash,
)
from rooms.model import Consultation, Priority, Role, Seat, State


def seat(name: str, role: Role) -> Seat:
    return Seat(SeatId(name), ConsultationId("c"), role, name, None, 0.0)


ROOM = Consultation(
    id=ConsultationId("c"),
    hospital=HospitalId("h"),
    department=DepartmentId("d"),
    priority=Priority.ROUTINE,
    language="zh",
    birth_year=None,
    reason="",
    state=State.LIVE,
    created_at=0.0,
    seats=tuple(seat(role.value, role) for role in Role),
)
OVER = replace(ROOM, state=State.ENDED)
LEFT = replace(ROOM, seats=tuple(replace(one, left_at=1.0) for one in ROOM.seats))


def code(check, *arguments: object) -> str:  # type: ignore[no-untyped-def]
    """The code of the refusal, or ok."""
    try:
        check(*arguments)
    except UserError as refused:
        return refused.code
    return "ok"


def test_a_token_is_long_random_and_compared_whole() -> None:
    one, other = new_token(), new_token()
    assert one != other and len(one) == 43 and len(token_hash(one)) == 32
    assert access_token(one, [token_hash(other), token_hash(one)])
    assert not access_token(one, [token_hash(other)])
    assert not access_token(one, [])


@pytest.mark.parametrize("role", Role)
def test_everybody_with_a_seat_is_let_in_until_it_is_left(role: Role) -> None:
    assert code(access_seat, ROOM, role.value) == "ok"
    assert code(access_seat, LEFT, role.value) == code(access_seat, ROOM, "stranger") == "seat_unknown"
    assert (code(access_room, ROOM, role.value), code(access_room, OVER, role.value)) == ("ok", "consultation_over")


@pytest.mark.parametrize("role", Role)
def test_only_principals_end_and_only_guests_and_patients_leave(role: Role) -> None:
    principal = role in (Role.PATIENT, Role.PRACTITIONER)
    assert code(access_end, ROOM, role.value) == ("ok" if principal else "not_allowed")
    assert code(access_leave, ROOM, role.value) == ("not_allowed" if role is Role.PRACTITIONER else "ok")


@pytest.mark.parametrize("maker", Role)
@pytest.mark.parametrize("wanted", Role)
def test_only_principals_bring_only_guests(maker: Role, wanted: Role) -> None:
    allowed = maker in (Role.PATIENT, Role.PRACTITIONER) and wanted in (Role.COMPANION, Role.INTERPRETER)
    assert code(access_link, ROOM, maker.value, wanted) == ("ok" if allowed else "not_allowed")
    assert code(access_link, OVER, maker.value, wanted) == "consultation_over"


def test_the_doctors_chair_is_kept_free() -> None:
    patient = replace(ROOM, seats=(seat("patient", Role.PATIENT),))
    guests = tuple(seat(f"guest{number}", Role.COMPANION) for number in range(MOST_SEATS - 2))
    assert code(access_space, replace(patient, seats=patient.seats + guests[:-1])) == "ok"
    full = replace(patient, seats=patient.seats + guests)
    assert code(access_space, full) == "room_full"
    assert code(access_space, full.with_seat(replace(guests[0], left_at=1.0))) == "ok"
