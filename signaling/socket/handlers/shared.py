"""What every handler is given, and the one check of who speaks."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

from pydantic import SecretStr

from clinic.chart import Author, Charts
from clinic.hospitals import StaffRole
from clinic.people import Clinic
from common.clock import Clock
from common.errors import UserError
from common.ids import PractitionerId, SeatId
from common.wire import Wire
from rooms.effects import Effect
from rooms.flights import Flights
from rooms.model import SeatIdentity
from rooms.service import Rooms
from rooms.timelines import Timelines
from signaling.access_log import AccessLog
from signaling.metrics import Metrics
from signaling.placement import Placements
from signaling.probes import Probes
from signaling.quality import QualityPost
from signaling.socket.connections import Connection
from signaling.stills import StillPost
from signaling.views import Names


@dataclass(frozen=True, slots=True)
class Turn:
    """The TURN servers of the installation and the secret shared with them."""

    urls: tuple[str, ...]
    secret: SecretStr


@dataclass(frozen=True, slots=True)
class Services:
    """What the handlers ask."""

    rooms: Rooms
    clinic: Clinic
    charts: Charts
    names: Names
    placements: Placements
    probes: Probes
    turn: Turn | None
    access_log: AccessLog
    clock: Clock
    metrics: Metrics
    timelines: Timelines
    stills: StillPost
    quality: QualityPost
    flights: Flights
    tell_typing: Callable[[SeatIdentity], None]
    carry_out: Callable[[list[Effect]], None]


Handler = Callable[[Services, Connection, Any], Awaitable[Wire | None]]


async def access_speaker(services: Services, connection: Connection, seat: str) -> SeatIdentity:
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


async def access_staff(services: Services, connection: Connection, role: StaffRole) -> PractitionerId:
    """Whose desk this connection is, if they have that role: a coordinator is offered nobody, a doctor triages nobody."""
    practitioner = access_desk(connection)
    directory = await services.names.directory()
    if directory.practitioners[practitioner].role is not role:
        raise UserError("forbidden", "This desk may not do that.")
    return practitioner


def access_desk(connection: Connection) -> PractitionerId:
    """Whose desk this connection is."""
    if connection.practitioner is None:
        raise UserError("forbidden", "Only a desk may do that.")
    return connection.practitioner


def author_of(speaker: SeatIdentity) -> Author:
    """Who writes into the chart of their consultation."""
    return Author(speaker.practitioner or speaker.seat, speaker.hospital, speaker.consultation)
