"""Who is connected to this process: one live connection to a seat and one to a desk, the newest wins.

Holds no truth: presence is in the database, this is only where to send.
"""

from collections import defaultdict
from dataclasses import dataclass, field

from common.ids import ConsultationId, HospitalId, OfferId, PractitionerId, SeatId
from rooms.model import SeatIdentity
from signaling.limits import Bucket


@dataclass(slots=True, eq=False)
class Connection:
    """One Socket.IO connection and whose it is. `seat` of a desk is the doctor's seat in the consultation under way."""

    sid: str
    hospital: HospitalId
    bucket: Bucket
    practitioner: PractitionerId | None = None
    seat: SeatId | None = None
    consultation: ConsultationId | None = None
    identity: SeatIdentity | None = None
    """Who holds the seat, for all but a desk: checked by cookie when the connection was made."""
    session: bytes | None = None
    """SHA-256 of the token of the cookie that opened it, a desk's too: while it stands the connection does."""
    sent: dict[str, object] = field(default_factory=dict)
    """What the last state sent was made of, by message name, so that an unchanged one is not made again."""
    told: dict[ConsultationId, int] = field(default_factory=dict)
    """Number of the last timeline entry sent on this connection, by consultation."""
    shown: dict[str, int] = field(default_factory=dict)
    """Number of the read whose state was last shown, by message name: what was read before it is not shown after it."""
    stills: dict[SeatId, float] = field(default_factory=dict)
    """When the last still sent on this connection came, by the seat that it shows."""
    offer: OfferId | None = None
    """The card that lies on this desk, as it was last sent."""
    refused: int = 0
    denied: int = 0
    """How often it asked for what is not its own."""
    open: bool = False
    """Whether the browser has been told that it is connected: nothing is sent before."""


class Connections:
    """The connections of this process by what they are asked for."""

    def __init__(self) -> None:
        self._by_sid: dict[str, Connection] = {}
        self._by_seat: dict[SeatId, Connection] = {}
        self._by_desk: dict[PractitionerId, Connection] = {}
        self._by_hospital: defaultdict[HospitalId, dict[str, Connection]] = defaultdict(dict)
        self._by_consultation: defaultdict[ConsultationId, dict[str, Connection]] = defaultdict(dict)

    def __len__(self) -> int:
        return len(self._by_sid)

    def add(self, connection: Connection) -> Connection | None:
        """Enter a connection; returns the one that stood in its place, if any (to be told and closed)."""
        self._by_sid[connection.sid] = connection
        self._by_hospital[connection.hospital][connection.sid] = connection
        if connection.consultation is not None:
            self._by_consultation[connection.consultation][connection.sid] = connection
        if connection.practitioner is not None:
            former = self._by_desk.get(connection.practitioner)
            self._by_desk[connection.practitioner] = connection
        else:
            assert connection.seat is not None
            former = self._by_seat.get(connection.seat)
            self._by_seat[connection.seat] = connection
        return former

    def sit(self, desk: Connection, seat: SeatId | None, consultation: ConsultationId | None) -> None:
        """The doctor at this desk takes a seat in a consultation, or leaves it."""
        self._stand_up(desk)
        desk.seat, desk.consultation = seat, consultation
        desk.sent.pop("seat_state", None)
        if seat is not None:
            self._by_seat[seat] = desk
        if consultation is not None:
            self._by_consultation[consultation][desk.sid] = desk

    def _stand_up(self, connection: Connection) -> bool:
        if connection.consultation is not None:
            present = self._by_consultation[connection.consultation]
            present.pop(connection.sid, None)
            if not present:
                del self._by_consultation[connection.consultation]
        if connection.seat is not None and self._by_seat.get(connection.seat) is connection:
            del self._by_seat[connection.seat]
            return True
        return False

    def remove(self, sid: str) -> Connection | None:
        """Forget a connection; returns it when it still stood for its seat or desk (else somebody else does already)."""
        connection = self._by_sid.pop(sid, None)
        if connection is None:
            return None
        peers = self._by_hospital[connection.hospital]
        peers.pop(sid, None)
        if not peers:
            del self._by_hospital[connection.hospital]
        stood = self._stand_up(connection)
        if connection.practitioner is not None:
            stood = False  # a desk stands for its doctor; the seat goes with whatever desk is the doctor's now
        if connection.practitioner is not None and self._by_desk.get(connection.practitioner) is connection:
            del self._by_desk[connection.practitioner]
            stood = True
        return connection if stood else None

    def stands(self, connection: Connection) -> bool:
        """Whether somebody is connected for the seat or desk that this connection stood for."""
        if connection.practitioner is not None:
            return connection.practitioner in self._by_desk
        return connection.seat in self._by_seat

    def get(self, sid: str) -> Connection | None:
        """The connection with this Socket.IO session id."""
        return self._by_sid.get(sid)

    def seated_desks(self) -> int:
        """How many doctors are in a consultation."""
        return sum(desk.seat is not None for desk in self._by_desk.values())

    def all(self) -> list[Connection]:
        """Every connection."""
        return list(self._by_sid.values())

    def of_hospital(self, hospital: HospitalId) -> list[Connection]:
        """Every desk and seat of a hospital connected here."""
        return list(self._by_hospital.get(hospital, {}).values())

    def in_consultation(self, consultation: ConsultationId) -> bool:
        """Whether anybody of a consultation is connected here."""
        return consultation in self._by_consultation

    def of_consultation(self, consultation: ConsultationId) -> list[Connection]:
        """Everybody of a consultation connected here."""
        return list(self._by_consultation[consultation].values()) if consultation in self._by_consultation else []

    def of_seat(self, seat: SeatId) -> Connection | None:
        """The connection that speaks for a seat."""
        return self._by_seat.get(seat)

    def of_desk(self, practitioner: PractitionerId) -> Connection | None:
        """The doctor's desk."""
        return self._by_desk.get(practitioner)
