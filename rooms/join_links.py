"""Links by which one more person joins: made once, exchanged once, for one room. Decides what a link is worth, in a turn."""

from dataclasses import dataclass

from common.ids import SeatId, new_id
from rooms.access import access_link, access_space, new_token, token_hash
from rooms.errors import consultation_over, link_spent
from rooms.model import OVER, LinkGrant, Role, Seat, SeatGrant, SeatIdentity
from rooms.ports import JoinLink
from rooms.turn import Turn

LINK_S = 2 * 3600.0  # as long as a companion may take to find the message


@dataclass(frozen=True, slots=True)
class Newcomer:
    """Who exchanges a link, and for what."""

    link: JoinLink
    name: str


async def create(turn: Turn, maker: SeatIdentity, role: Role) -> LinkGrant:
    """A link for one more person. UserError: not_allowed, consultation_over, room_full."""
    consultation = await turn.consultation(maker.consultation)
    access_link(consultation, maker.seat, role)
    token = new_token()
    link = JoinLink(
        token_hash=token_hash(token),
        consultation=consultation.id,
        hospital=consultation.hospital,
        role=role,
        made_by=maker.seat,
        created_at=turn.now,
        expires_at=turn.now + LINK_S,
    )
    await turn.work.consultations.add_link(link)
    turn.note(maker.practitioner or maker.seat, "link_created", consultation.id, role)
    return LinkGrant(token, link.expires_at)


async def exchange(turn: Turn, newcomer: Newcomer) -> SeatGrant:
    """A seat for the link, which is worth nothing from now on. UserError: link_spent, consultation_over, room_full."""
    seat = SeatId(new_id("s"))
    if not await turn.work.consultations.spend_link(newcomer.link.token_hash, seat, turn.now):
        raise link_spent()
    consultation = await turn.consultation(newcomer.link.consultation)
    if consultation.state in OVER:
        raise consultation_over()
    access_space(consultation)
    taken = Seat(seat, consultation.id, newcomer.link.role, newcomer.name, None, created_at=turn.now)
    turn.put(consultation.with_seat(taken))
    turn.note(seat, "link_exchanged", consultation.id, taken.role)
    return turn.grant(seat)
