"""Exports as rows: asked for, taken by one process at a time, resumed by another when that one fell silent.

Bounded to one at a time for the whole installation: a film costs a core for minutes, and calls go first. The bound is a row, not
a lock of one process, so it holds for any number of them.
"""

from typing import Any

from sqlalchemy import and_, exists, insert, or_, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from common.database import Database
from common.evidence import audit
from common.evidence.entry import AuditEntry
from common.ids import RecordingId
from recording.catalog.rows import to_export
from recording.catalog.tables import recording_export
from recording.records import Export, ExportState

SILENT_S = 60.0  # a worker beats every few seconds; one that has not for a minute is gone
MOST_WAITING = 20  # of a hospital; more would be days of work that nobody remembers asking for
_c = recording_export.c
_UNDER_WAY = (ExportState.QUEUED.value, ExportState.RUNNING.value)


class Exports:
    """The table of exports. Every method may raise Unavailable."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def add(self, export: Export, entry: AuditEntry) -> bool:
        """Stores an order. False, and nothing stored: the hospital has enough waiting."""
        async with self._database.transaction() as connection:
            mine = select(_c.id).where(_c.hospital == export.hospital, _c.state.in_(_UNDER_WAY)).limit(MOST_WAITING)
            if len((await connection.scalars(mine)).all()) >= MOST_WAITING:
                return False
            await connection.execute(insert(recording_export).values(_row(export)))
            await audit.append(connection, entry)
        return True

    async def of(self, which: RecordingId, limit: int = 10) -> list[Export]:
        """The exports of a recording, the newest first."""
        query = select(recording_export).where(_c.recording == which).order_by(_c.made_at.desc()).limit(limit)
        async with self._database.reading() as connection:
            return [to_export(row) for row in await connection.execute(query)]

    async def get(self, which: str) -> Export | None:
        """One export."""
        async with self._database.reading() as connection:
            return await _get(connection, which)

    async def take(self, node: str, now: float) -> Export | None:
        """The next that is to be made here: one left by a process that fell silent, else the oldest in line. None: nothing to
        do, or one is being made."""
        async with self._database.transaction() as connection:
            # Whoever comes second waits here; the next statement then sees what the first one did (READ COMMITTED).
            line = select(_c.id).where(_c.state.in_(_UNDER_WAY)).order_by(_c.id).with_for_update()
            await connection.execute(line)
            silent = and_(_c.state == ExportState.RUNNING.value, _c.beat_at < now - SILENT_S)
            busy = exists().where(_c.state == ExportState.RUNNING.value, _c.beat_at >= now - SILENT_S)
            next_one = (
                select(_c.id)
                .where(or_(silent, _c.state == ExportState.QUEUED.value), ~busy)
                .order_by(_c.state.desc(), _c.made_at, _c.id)  # "running" before "queued"
                .limit(1)
            )
            which = await connection.scalar(next_one)
            if which is None:
                return None
            values = {"state": ExportState.RUNNING.value, "node": node, "beat_at": now}
            await connection.execute(update(recording_export).where(_c.id == which).values(values))
            return await _get(connection, which)

    async def beat(self, which: str, node: str, now: float, done: int, parts: int) -> bool:
        """How far it is. False: it is no longer this process's, or was called off."""
        mine = and_(_c.id == which, _c.node == node, _c.state == ExportState.RUNNING.value)
        return await self._change(mine, beat_at=now, done=done, parts=parts)

    async def hand_back(self, which: str, node: str) -> None:
        """The process stops: whoever comes next goes on with it at once."""
        mine = and_(_c.id == which, _c.node == node, _c.state == ExportState.RUNNING.value)
        await self._change(mine, state=ExportState.QUEUED.value)

    async def finish(self, export: Export, node: str, entry: AuditEntry) -> bool:
        """It is ready, or failed for good. False: it was called off meanwhile."""
        mine = and_(_c.id == export.id, _c.node == node, _c.state == ExportState.RUNNING.value)
        values = {
            "state": export.state.value,
            "octets": export.octets,
            "done": export.done,
            "parts": export.parts,
            "expires_at": export.expires_at,
            "trouble": export.trouble,
        }
        async with self._database.transaction() as connection:
            changed = await connection.execute(update(recording_export).where(mine).values(values))
            if changed.rowcount == 1:
                await audit.append(connection, entry)
        return changed.rowcount == 1

    async def over(self, now: float) -> list[Export]:
        """Those whose file is to go: too old, and not marked as gone yet."""
        ended = and_(_c.state.in_((ExportState.READY.value, ExportState.FAILED.value)), _c.expires_at <= now)
        async with self._database.reading() as connection:
            return [to_export(row) for row in await connection.execute(select(recording_export).where(ended).limit(50))]

    async def forget(self, which: str, *entries: AuditEntry) -> None:
        """Its file is gone."""
        async with self._database.transaction() as connection:
            await connection.execute(
                update(recording_export).where(_c.id == which).values(state=ExportState.DELETED.value, octets=0)
            )
            await audit.append(connection, *entries)

    async def of_recording(self, which: RecordingId) -> list[Export]:
        """Those of a recording that have, or will have, a file: what goes with it when it is destroyed."""
        standing = and_(_c.recording == which, _c.state != ExportState.DELETED.value)
        async with self._database.reading() as connection:
            return [to_export(row) for row in await connection.execute(select(recording_export).where(standing))]

    async def _change(self, where: Any, **values: Any) -> bool:
        async with self._database.transaction() as connection:
            return (await connection.execute(update(recording_export).where(where).values(values))).rowcount == 1


async def _get(connection: AsyncConnection, which: str) -> Export | None:
    row = (await connection.execute(select(recording_export).where(_c.id == which))).one_or_none()
    return to_export(row) if row is not None else None


def _row(export: Export) -> dict[str, object]:
    return {
        "id": export.id,
        "recording": export.recording,
        "hospital": export.hospital,
        "by": export.by,
        "purpose": export.purpose.value,
        "language": export.language,
        "state": export.state.value,
        "done": export.done,
        "parts": export.parts,
        "octets": export.octets,
        "made_at": export.made_at,
        "expires_at": export.expires_at,
        "trouble": export.trouble,
        "node": "",
        "beat_at": 0.0,
    }
