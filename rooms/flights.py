"""The flight recorder's door: what was heard of people's lines is kept, and told to those who may know. Decides who that is."""

from collections.abc import Mapping
from dataclasses import dataclass

from common.ids import ConsultationId, SeatId
from rooms.access import access_seat
from rooms.flight import Flight, Verdict, verdict
from rooms.model import Role, SeatIdentity
from rooms.ports import RoomsStore


@dataclass(frozen=True, slots=True)
class CallReport:
    """How a call was: the one reason why it was bad, and for staff everybody's flight."""

    verdict: Verdict | None
    roles: Mapping[SeatId, Role]
    flights: Mapping[SeatId, Flight]


class Flights:
    """The service. Methods raise `Unavailable`, and `UserError`: seat_unknown."""

    def __init__(self, store: RoomsStore) -> None:
        self._store = store

    async def keep(self, heard: Mapping[tuple[ConsultationId, SeatId], Flight]) -> None:
        """Adds what was heard since to what is kept, all in one transaction."""
        async with self._store.transaction() as work:
            for (consultation, seat), flight in sorted(heard.items(), key=_by_seat):  # so that two never wait in a circle
                known = await work.flights.locked(consultation, seat)
                await work.flights.keep(seat, flight if known is None else known.followed(flight))

    async def report(self, who: SeatIdentity) -> CallReport:
        """How this seat's call was. The numbers are for the practitioner; everybody may know the reason."""
        async with self._store.reading() as work:
            (consultation,) = await work.consultations.load([who.consultation])
            seat = access_seat(consultation, who.seat)
            flights = await work.flights.of(consultation.id)
        roles = {one.id: one.role for one in consultation.seats}
        shown = flights if seat.role is Role.PRACTITIONER else {}
        return CallReport(verdict(flights), roles, shown)


def _by_seat(heard: tuple[tuple[ConsultationId, SeatId], Flight]) -> SeatId:
    return heard[0][1]
