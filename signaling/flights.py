"""What goes into the flight recorder: the worker's word on each seat and the browser's own report, kept every twenty seconds.

Only the process to which a seat is connected keeps what is heard of it, so that several processes do not keep it twice. What a
killed process had not kept yet is lost; it is at most those twenty seconds of figures.
"""

import asyncio

import structlog

from common.clock import Clock
from common.errors import Unavailable
from common.ids import ConsultationId, SeatId
from media.control import messages as control
from rooms.flight import Flight, Span
from rooms.flights import Flights
from rooms.model import SeatIdentity
from signaling.socket.connections import Connections
from signaling.socket.messages.quality import SeatQuality

log = structlog.get_logger()

KEEP_EVERY_S = 20.0
MOST_HELD = 10_000
"""Seats whose figures wait to be kept; beyond (a database that is away in a rush) new ones are not begun."""

Heard = dict[tuple[ConsultationId, SeatId], Flight]


class FlightRecorder:
    """Made once for a process; `run` is its loop."""

    def __init__(self, flights: Flights, connections: Connections, clock: Clock) -> None:
        self._flights = flights
        self._connections = connections
        self._clock = clock
        self._heard: Heard = {}

    def hear(self, consultation: ConsultationId, notice: control.QualityChanged) -> None:
        """A worker's word on one seat."""
        seat = SeatId(notice.label)
        if self._connections.of_seat(seat) is None:
            return
        round_trip = None if notice.round_trip_ms is None else round(notice.round_trip_ms)
        span = Span(
            rate_bps=notice.rate_bps,
            estimate_bps=notice.estimate_bps,
            loss_up=round(notice.loss_up, 3),
            loss_down=round(notice.loss_down, 3),
            round_trip_ms=round_trip,
            clarity=notice.told_rung,
        )
        self._note(consultation, seat, span)

    def report(self, who: SeatIdentity, body: SeatQuality) -> None:
        """What a browser found."""
        frozen_ms = max((picture.frozen_ms for picture in body.pictures), default=0)
        self._note(who.consultation, who.seat, Span(frozen_ms=frozen_ms, path=body.path))

    async def run(self) -> None:
        """Keep what was heard until cancelled."""
        while True:
            await asyncio.sleep(KEEP_EVERY_S)
            await self.keep()

    async def keep(self) -> None:
        """Keep what was heard so far; while the database is away it waits here."""
        heard, self._heard = self._heard, {}
        if not heard:
            return
        try:
            await self._flights.keep(heard)
        except Unavailable as error:
            log.warning("call figures not kept", code=error.code, seats=len(heard))
            since, self._heard = self._heard, heard
            for key, flight in since.items():
                self._join(key, flight)

    def _note(self, consultation: ConsultationId, seat: SeatId, span: Span) -> None:
        self._join((consultation, seat), Flight.of(self._clock.now(), span))

    def _join(self, key: tuple[ConsultationId, SeatId], flight: Flight) -> None:
        known = self._heard.get(key)
        if known is not None:
            self._heard[key] = known.followed(flight)
        elif len(self._heard) < MOST_HELD:
            self._heard[key] = flight
