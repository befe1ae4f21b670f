"""The table of flights: one JSON text for each seat, since nothing is ever searched in it; a few kB."""

import json
from dataclasses import astuple

from sqlalchemy import select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from common.ids import ConsultationId, SeatId
from rooms.flight import Flight, Span
from rooms.store import tables
from rooms.store.writing import insert_unless_there

_F = tables.flight.c
_NOTHING = ""
"""A row that is only there to be locked."""


class SqlFlights:
    """rooms.ports.Flights in the caller's transaction."""

    def __init__(self, connection: AsyncConnection) -> None:
        self._connection = connection

    async def of(self, which: ConsultationId) -> dict[SeatId, Flight]:
        rows = await self._connection.execute(select(_F.seat, _F.spans).where(_F.consultation == which, _F.spans != _NOTHING))
        return {SeatId(row.seat): _read(row.spans) for row in rows}

    async def locked(self, which: ConsultationId, seat: SeatId) -> Flight | None:
        row = {"seat": seat, "consultation": which, "spans": _NOTHING}
        await insert_unless_there(self._connection, tables.flight, row)
        spans = await self._connection.scalar(select(_F.spans).where(_F.seat == seat).with_for_update())
        return None if spans is None or spans == _NOTHING else _read(spans)

    async def keep(self, seat: SeatId, flight: Flight) -> None:
        await self._connection.execute(update(tables.flight).where(_F.seat == seat).values(spans=_written(flight)))


def _written(flight: Flight) -> str:
    spans = [None if span is None else astuple(span) for span in flight.spans]
    return json.dumps([flight.began_at, flight.span_s, spans], separators=(",", ":"))


def _read(text: str) -> Flight:
    began_at, span_s, spans = json.loads(text)
    return Flight(began_at, span_s, tuple(None if span is None else Span(*span) for span in spans))
