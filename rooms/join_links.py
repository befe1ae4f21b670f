"""Links in a turn: made, revoked, exchanged. Decides what a link is worth, and to whom.

A guest's link brings one more person in. An invited patient's link makes the patient arrive. A link that resumes a seat moves
it: whoever held it before holds it no more.
"""

from dataclasses import replace

from common.ids import SeatId, new_id
from rooms.access import access_link, access_move, access_seat, access_space
from rooms.acts import take_place
from rooms.effects import MoveSeat
from rooms.errors import consultation_over, link_spent, link_unknown, name_needed, seat_in_use, too_many_links
from rooms.link import FOR_GUESTS, Joiner, Link, LinkGrant, LinkKind
from rooms.mailing import new_link
from rooms.model import OVER, Consultation, Role, Seat, SeatGrant, SeatIdentity, State
from rooms.turn import Turn

GUEST_LINK_S = 2 * 3600.0  # as long as a companion may take to find the message
MOVE_LINK_S = 1800.0  # the other device lies on the same table
MOST_OPEN_LINKS = 20  # of one consultation: a list that a person can still look over


async def create(turn: Turn, maker: SeatIdentity, kind: LinkKind) -> LinkGrant:
    """A link for one more person, or (`RESUME`) for the maker's own next device, which takes the place of the one before.

    UserError: not_allowed, consultation_over, room_full, too_many_links.
    """
    consultation = await turn.consultation(maker.consultation)
    moves = kind is LinkKind.RESUME
    if moves:
        access_move(consultation, maker.seat)
        await turn.work.links.revoke_to(maker.seat, turn.now)
    else:
        access_link(consultation, maker.seat, Role(kind.value))
    if len((await turn.work.links.open_in([consultation.id], turn.now)).get(consultation.id, ())) >= MOST_OPEN_LINKS:
        raise too_many_links()
    expires_at = turn.now + (MOVE_LINK_S if moves else GUEST_LINK_S)
    opens = maker.seat if moves else None
    link, grant = new_link(consultation, kind, opens, made_by=maker.seat, expires_at=expires_at, now=turn.now)
    turn.add_link(link)
    turn.put(replace(consultation))  # a new revision: its maker sees the link listed
    turn.note(maker.practitioner or maker.seat, "link_created", consultation.id, kind)
    return grant


async def revoke(turn: Turn, maker: SeatIdentity, link: str) -> None:
    """The link opens nothing from now on; one already used stays used. UserError: seat_unknown, link_unknown."""
    consultation = await turn.consultation(maker.consultation)
    access_seat(consultation, maker.seat)
    if not await turn.work.links.revoke(link, maker.seat, turn.now):
        raise link_unknown()
    turn.put(replace(consultation))
    turn.note(maker.practitioner or maker.seat, "link_revoked", consultation.id, link)


async def exchange(turn: Turn, link: Link, joiner: Joiner) -> SeatGrant:
    """A seat for the link, which is worth nothing from now on; where this is refused the link stays good.

    UserError: link_spent, consultation_over, room_full, seat_in_use, name_needed.
    """
    consultation = await turn.consultation(link.consultation)
    if link.kind in FOR_GUESTS:
        return await _guest(turn, consultation, link, joiner)
    seat = consultation.seat(link.seat) if link.seat is not None else None
    if seat is None:
        raise link_spent()
    if seat.connected and not joiner.replace and link.good(turn.now):
        raise seat_in_use()
    await _spend(turn, link, seat.id)
    if link.kind is LinkKind.PATIENT and consultation.state is State.SCHEDULED:
        await _arrive(turn, consultation, seat)
    elif link.kind is LinkKind.PATIENT and consultation.state in OVER:
        raise consultation_over()
    else:
        await _move(turn, consultation, seat)
    return turn.grant(seat.id)


async def _guest(turn: Turn, consultation: Consultation, link: Link, joiner: Joiner) -> SeatGrant:
    if not joiner.name and link.good(turn.now):
        raise name_needed()
    seat = SeatId(new_id("s"))
    await _spend(turn, link, seat)
    if consultation.state in OVER:
        raise consultation_over()
    access_space(consultation)
    # Whoever comes by a link has read its card (`look`), with whose consultation it is, and says yes by coming in.
    taken = Seat(seat, consultation.id, Role(link.kind.value), joiner.name, None, created_at=turn.now, confirmed_at=turn.now)
    turn.put(consultation.with_seat(taken))
    turn.note(seat, "link_exchanged", consultation.id, link.kind)
    return turn.grant(seat)


async def _spend(turn: Turn, link: Link, seat: SeatId) -> None:
    if not await turn.work.links.spend(link.token_hash, seat, turn.now):
        raise link_spent()


async def _arrive(turn: Turn, consultation: Consultation, seat: Seat) -> None:
    """The invited patient is here: the clocks of absence begin now, and the place in line is at the end."""
    turn.put(consultation.with_seat(replace(seat, gone_since=turn.now, absent_since=turn.now)))
    turn.note(seat.id, "link_exchanged", consultation.id, LinkKind.PATIENT)
    await take_place(turn, consultation.id, seat.id, consultation.wanted)


async def _move(turn: Turn, consultation: Consultation, seat: Seat) -> None:
    """The seat's former secrets open nothing more, and whoever is connected by one is told."""
    await turn.work.consultations.drop_sessions(seat.id)
    turn.put(replace(consultation))
    turn.effects.append(MoveSeat(consultation.id, seat.id))
    turn.note(seat.id, "link_exchanged", consultation.id, LinkKind.RESUME)
