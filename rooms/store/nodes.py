"""The tables of what runs where: nodes, the sockets they hold, media workers, and the calls these carry."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Row, Table, bindparam, delete, insert, select, text, update
from sqlalchemy.ext.asyncio import AsyncConnection

from common.database import of_few_lengths
from common.ids import ConsultationId, HospitalId, PractitionerId, SeatId
from rooms.model import IN_CALL, MediaWorker, Placement
from rooms.ports import Connected
from rooms.store import tables
from rooms.store.writing import insert_or_replace, insert_unless_there

_PLACED = select(tables.placement).where(tables.placement.c.consultation.in_(bindparam("ids", expanding=True)))


class SqlPresences:
    """rooms.ports.Presences in the caller's transaction."""

    def __init__(self, connection: AsyncConnection) -> None:
        self._connection = connection

    async def add_seat(self, seat: SeatId, hospital: HospitalId, node: str) -> None:
        row = {"seat": seat, "node": node, "hospital": hospital}
        await insert_unless_there(self._connection, tables.seat_presence, row)

    async def remove_seat(self, seat: SeatId, node: str) -> bool:
        return await self._remove(tables.seat_presence, "seat", seat, node)

    async def add_desk(self, practitioner: PractitionerId, hospital: HospitalId, node: str) -> None:
        row = {"practitioner": practitioner, "node": node, "hospital": hospital}
        await insert_unless_there(self._connection, tables.desk_presence, row)

    async def remove_desk(self, practitioner: PractitionerId, node: str) -> bool:
        return await self._remove(tables.desk_presence, "practitioner", practitioner, node)

    async def desk_connected(self, practitioner: PractitionerId) -> bool:
        return await self._there(tables.desk_presence, "practitioner", practitioner)

    async def _remove(self, table: Table, column: str, who: str, node: str) -> bool:
        await self._connection.execute(delete(table).where(table.c[column] == who, table.c.node == node))
        return await self._there(table, column, who)

    async def _there(self, table: Table, column: str, who: str) -> bool:
        return await self._connection.scalar(select(table.c.node).where(table.c[column] == who).limit(1)) is not None

    async def beat(self, node: str, now: float) -> bool:
        change = update(tables.node).where(tables.node.c.id == node).values(heartbeat=now)
        if (await self._connection.execute(change)).rowcount == 1:
            return True
        await insert_or_replace(self._connection, tables.node, {"id": node, "heartbeat": now})
        return False

    async def forget_silent(self, before: float) -> None:
        await self._connection.execute(delete(tables.node).where(tables.node.c.heartbeat <= before))

    async def forget(self, node: str) -> None:
        await self._connection.execute(delete(tables.node).where(tables.node.c.id == node))

    async def orphaned_seats(self, limit: int) -> list[Connected]:
        return await self._orphaned(tables.seat_presence, "seat", limit)

    async def orphaned_desks(self, limit: int) -> list[Connected]:
        return await self._orphaned(tables.desk_presence, "practitioner", limit)

    async def _orphaned(self, table: Table, column: str, limit: int) -> list[Connected]:
        query = select(table.c[column].label("who"), table.c.hospital, table.c.node).order_by(table.c.hospital)
        dead = table.c.node.not_in(select(tables.node.c.id))
        rows = await self._connection.execute(query.where(dead).limit(limit))
        return [Connected(row.who, HospitalId(row.hospital), row.node) for row in rows]


class SqlMedia:
    """rooms.ports.Media in the caller's transaction."""

    def __init__(self, connection: AsyncConnection) -> None:
        self._connection = connection

    async def register(self, worker: MediaWorker) -> None:
        row = {
            "name": worker.name,
            "node": worker.node,
            "socket_path": worker.socket_path,
            "epoch": worker.epoch,
            "heartbeat": worker.heartbeat,
        }
        await insert_or_replace(self._connection, tables.media_worker, row)

    async def workers(self) -> list[MediaWorker]:
        rows = await self._connection.execute(select(tables.media_worker).order_by(tables.media_worker.c.name))
        return [MediaWorker(row.name, row.node, row.socket_path, row.epoch, row.heartbeat) for row in rows]

    async def forget(self, name: str, epoch: str) -> None:
        worker = tables.media_worker
        await self._connection.execute(delete(worker).where(worker.c.name == name, worker.c.epoch == epoch))

    async def placement(self, consultation: ConsultationId) -> Placement | None:
        return (await self.placed([consultation])).get(consultation)

    async def placed(self, consultations: Sequence[ConsultationId]) -> dict[ConsultationId, Placement]:
        found = [_placement(row) for row in await self._connection.execute(_PLACED, {"ids": of_few_lengths(consultations)})]
        return {placement.consultation: placement for placement in found}

    async def place(self, placement: Placement, now: float) -> None:
        await self._connection.execute(
            insert(tables.placement).values(
                consultation=placement.consultation,
                worker=placement.worker,
                epoch=placement.epoch,
                generation=placement.generation,
                placed_at=now,
            )
        )

    async def displace(self, consultation: ConsultationId) -> None:
        await self._connection.execute(delete(tables.placement).where(tables.placement.c.consultation == consultation))

    async def on_worker(self, worker: str, epoch: str) -> list[tuple[HospitalId, ConsultationId]]:
        c, p = tables.consultation.c, tables.placement.c
        query = select(c.hospital, c.id).join(tables.placement, p.consultation == c.id).order_by(c.hospital, c.id)
        here = (p.worker == worker, p.epoch == epoch, c.state.in_(_in_call()))
        return [(HospitalId(row.hospital), ConsultationId(row.id)) for row in await self._connection.execute(query.where(*here))]

    async def unplaced(self) -> dict[ConsultationId, bool]:
        c = tables.consultation.c
        placed = select(tables.placement.c.consultation)
        # its words are an index's
        query = select(c.id, c.media_generation).where(text(tables.now_in_call()), c.id.not_in(placed))
        found = sorted((ConsultationId(row.id), row.media_generation > 0) for row in await self._connection.execute(query))
        return dict(found)


def _in_call() -> list[str]:
    return [state.value for state in IN_CALL]


def _placement(row: Row[Any]) -> Placement:
    return Placement(ConsultationId(row.consultation), row.worker, row.epoch, row.generation)
