"""What each message of a browser does. One function a message: authorise, ask the domain, hand its effects on.

Bodies are validated before they come here; errors go back to the sender alone as `ErrorReply`.
"""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

from clinic.people import Clinic
from common.errors import UserError
from common.ids import DepartmentId, OfferId, SeatId
from common.wire import Wire
from media.control.messages import WantedTrack
from rooms.effects import Effect
from rooms.model import Role, SeatIdentity
from rooms.service import Rooms
from signaling.placement import Placements
from signaling.sdp_gate import admit_sdp
from signaling.socket import messages
from signaling.socket.connections import Connection
from signaling.views import Names


@dataclass(frozen=True, slots=True)
class Services:
    """What the handlers ask."""

    rooms: Rooms
    clinic: Clinic
    names: Names
    placements: Placements
    carry_out: Callable[[list[Effect]], None]


Handler = Callable[[Services, Connection, Any], Awaitable[Wire | None]]


async def peer_offer(services: Services, connection: Connection, body: messages.PeerOffer) -> Wire:
    """Negotiate with the media worker of the call."""
    speaker = await _speaker(services, connection, body.seat)
    if await services.rooms.seat_view(speaker.seat) is None:
        raise UserError("seat_unknown", "This seat was left.")  # who left must not go on listening
    sdp = admit_sdp(body.sdp)
    wanted = [WantedTrack(mid=track.mid, label=track.seat) for track in body.wanted]
    return messages.PeerAnswer(sdp=await services.placements.offer(speaker, body.peer, sdp, wanted))


async def seat_media(services: Services, connection: Connection, body: messages.SeatMedia) -> None:
    """Tell the others what this seat sends."""
    speaker = await _speaker(services, connection, body.seat)
    services.carry_out(await services.rooms.seat_media(speaker.seat, body.microphone, body.camera))


async def seat_leave(services: Services, connection: Connection, body: messages.SeatLeave) -> None:
    """Give up a place, or leave a room as a guest."""
    speaker = await _speaker(services, connection, body.seat)
    services.carry_out(await services.rooms.leave(speaker.seat))


async def consultation_end(services: Services, connection: Connection, body: messages.ConsultationEnd) -> None:
    """End the consultation for everyone."""
    speaker = await _speaker(services, connection, body.seat)
    services.carry_out(await services.rooms.end(speaker.seat))


async def link_create(services: Services, connection: Connection, body: messages.LinkCreate) -> Wire:
    """Make a link for one more person."""
    speaker = await _speaker(services, connection, body.seat)
    grant, effects = await services.rooms.create_link(speaker.seat, Role(body.role))
    services.carry_out(effects)
    return messages.LinkCreated(path=f"/join#{grant.token}", expires_at=grant.expires_at)


async def duty_set(services: Services, connection: Connection, body: messages.DutySet) -> None:
    """Go on duty for departments of the doctor's own, or off duty."""
    if connection.practitioner is None:
        raise UserError("forbidden", "Only a doctor's desk may do that.")
    directory = await services.names.directory()
    own = directory.practitioners[connection.practitioner].departments
    departments = [DepartmentId(department) for department in dict.fromkeys(body.departments)]
    if not set(departments) <= set(own):
        raise UserError("forbidden", "This doctor does not belong to that department.")
    services.carry_out(await services.rooms.set_duty(connection.practitioner, connection.hospital, departments))


async def offer_accept(services: Services, connection: Connection, body: messages.OfferAnswer) -> None:
    """Take the patient offered."""
    if connection.practitioner is None:
        raise UserError("forbidden", "Only a doctor's desk may do that.")
    _seat, effects = await services.rooms.accept_offer(connection.practitioner, OfferId(body.offer))
    services.carry_out(effects)


async def offer_decline(services: Services, connection: Connection, body: messages.OfferAnswer) -> None:
    """Pass the patient on to the next doctor."""
    if connection.practitioner is None:
        raise UserError("forbidden", "Only a doctor's desk may do that.")
    services.carry_out(await services.rooms.decline_offer(connection.practitioner, OfferId(body.offer)))


HANDLERS: dict[str, Handler] = {
    "peer_offer": peer_offer,
    "seat_media": seat_media,
    "seat_leave": seat_leave,
    "consultation_end": consultation_end,
    "link_create": link_create,
    "duty_set": duty_set,
    "offer_accept": offer_accept,
    "offer_decline": offer_decline,
}


async def _speaker(services: Services, connection: Connection, seat: str) -> SeatIdentity:
    """The seat that this connection may speak for, checked against the store at each message."""
    asked = SeatId(seat)
    identity: SeatIdentity | None = None
    if connection.practitioner is not None:
        identity = await services.rooms.seat_of_practitioner(connection.practitioner, asked)
    elif connection.seat == asked and connection.identity is not None:
        identity = connection.identity
    if identity is None:
        raise UserError("forbidden", "This connection does not speak for that seat.")
    return identity
