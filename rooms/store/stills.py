"""The table of stills: one row for each seat that shows some."""

from collections.abc import Sequence

from sqlalchemy import delete, select
from sqlalchemy.ext.asyncio import AsyncConnection

from common.ids import ConsultationId, SeatId
from rooms.ports import Still
from rooms.store import tables
from rooms.store.writing import insert_or_replace

_S = tables.still.c


class SqlStills:
    """rooms.ports.Stills in the caller's transaction."""

    def __init__(self, connection: AsyncConnection) -> None:
        self._connection = connection

    async def put(self, which: ConsultationId, still: Still) -> None:
        row = {"seat": still.seat, "consultation": which, "at": still.at, "image": still.image}
        await insert_or_replace(self._connection, tables.still, row)

    async def times(self, which: Sequence[ConsultationId]) -> dict[SeatId, float]:
        rows = await self._connection.execute(select(_S.seat, _S.at).where(_S.consultation.in_(which)))
        return {SeatId(row.seat): row.at for row in rows}

    async def latest(self, which: ConsultationId) -> list[Still]:
        rows = await self._connection.execute(select(_S.seat, _S.at, _S.image).where(_S.consultation == which))
        return [Still(SeatId(row.seat), row.at, row.image) for row in rows]

    async def drop(self, which: ConsultationId, seat: SeatId | None) -> None:
        gone = delete(tables.still).where(_S.consultation == which)
        await self._connection.execute(gone if seat is None else gone.where(_S.seat == seat))
