"""What the archive's jobs ask of the tables: uploads, destruction, pushes. Each method is one transaction.

Of several processes that find the same thing due, one claims it (compare-and-swap on the time it was due) and holds it until the
claim runs out; a job that died is found again then.
"""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import ColumnElement, and_, func, or_, select, update

from common.database import Database
from common.evidence import audit
from common.evidence.entry import AuditEntry
from common.ids import RecordingId
from recording.catalog.rows import to_recording
from recording.catalog.tables import recording
from recording.core.retention import RetentionClass
from recording.records import Place, Recording

CLAIM_S = 300.0  # longer than one recording takes to upload on a slow line; whoever works renews nothing and is bounded by it
_c = recording.c


class Jobs:
    """The catalog as the jobs see it. Every method may raise Unavailable."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def uploads_due(self, now: float, limit: int) -> list[Recording]:
        """Those whose copy elsewhere is to be made or proven now, the longest due first."""
        due = and_(_c.place == Place.UPLOADING.value, or_(_c.next_at.is_(None), _c.next_at <= now))
        return await self._list(due, limit)

    async def claim_upload(self, one: Recording, now: float) -> bool:
        """Whether this process is the one that uploads it."""
        was = _c.next_at == one.trouble.next_at if one.trouble else or_(_c.next_at.is_(None), _c.next_at <= now)
        return await self._change(and_(_c.id == one.id, _c.place == Place.UPLOADING.value, was), next_at=now + CLAIM_S)

    async def upload_failed(self, which: RecordingId, code: str, next_at: float) -> None:
        """Keeps why, and when it is tried again."""
        await self._change(_c.id == which, trouble=code, attempts=_c.attempts + 1, next_at=next_at)

    async def uploaded(self, which: RecordingId, wrapped_key: bytes, entry: AuditEntry) -> bool:
        """The copy is proven: from now on it is the recording, and its key lives here."""
        values = {"place": Place.REMOTE.value, "trouble": None, "next_at": None, "wrapped_key": wrapped_key}
        change = update(recording).where(_c.id == which, _c.place == Place.UPLOADING.value, _c.key_destroyed_at.is_(None))
        async with self._database.transaction() as connection:
            if (await connection.execute(change.values(values))).rowcount != 1:
                return False
            await audit.append(connection, entry)
        return True

    async def to_upload(self) -> None:
        """Whatever is here alone shall also go elsewhere: the installation has a store elsewhere since."""
        local = and_(_c.place == Place.LOCAL.value, _c.key_destroyed_at.is_(None))
        await self._change(local, place=Place.UPLOADING.value, next_at=0.0)

    async def remote_among(self, ids: Sequence[RecordingId]) -> set[RecordingId]:
        """Those of them whose copy elsewhere is proven, or that are destroyed: nothing of them is needed here."""
        gone = or_(_c.place == Place.REMOTE.value, _c.key_destroyed_at.is_not(None))
        async with self._database.reading() as connection:
            return {RecordingId(found) for found in await connection.scalars(select(_c.id).where(_c.id.in_(ids), gone))}

    async def wrapped_keys(self) -> list[tuple[RecordingId, bytes]]:
        """The key files that are kept here: of all recordings whose files are elsewhere."""
        query = select(_c.id, _c.wrapped_key).where(_c.wrapped_key.is_not(None))
        async with self._database.reading() as connection:
            return [(RecordingId(row.id), row.wrapped_key) for row in await connection.execute(query)]

    async def rewrapped(self, which: RecordingId, before: bytes, after: bytes) -> bool:
        """The same keys under another master key. False: the row changed meanwhile, as by a destruction."""
        return await self._change(and_(_c.id == which, _c.wrapped_key == before), wrapped_key=after)

    async def waiting_uploads(self) -> tuple[int, float | None]:
        """How many copies are not proven yet, and when the oldest of those recordings ended."""
        query = select(func.count(), func.min(_c.ended_at)).where(_c.place == Place.UPLOADING.value)
        async with self._database.reading() as connection:
            count, oldest = (await connection.execute(query)).one()
        return int(count), oldest

    async def to_look_at(self, ended_before: float, after: str, limit: int) -> list[Recording]:
        """Recordings that may be due, by id after `after`: ended before, granted an erasure, announced, or half destroyed."""
        may = or_(
            _c.ended_at <= ended_before,
            _c.erasure_granted_at.is_not(None),
            _c.announced_at.is_not(None),
            _c.key_destroyed_at.is_not(None),
        )
        query = select(recording).where(_c.destroyed_at.is_(None), may, _c.id > after).order_by(_c.id).limit(limit)
        async with self._database.reading() as connection:
            return [to_recording(row) for row in await connection.execute(query)]

    async def announce(self, which: RecordingId, announced_at: float | None, looked_at: float | None, *said: AuditEntry) -> None:
        """Keeps that it is due since then, or that it is not."""
        async with self._database.transaction() as connection:
            values = {"announced_at": announced_at, "looked_at": looked_at}
            await connection.execute(update(recording).where(_c.id == which).values(values))
            await audit.append(connection, *said)

    async def key_destroyed(self, which: RecordingId, kept_as: RetentionClass, now: float, entry: AuditEntry) -> bool:
        """The point of no return, in the one transaction that also looks once more for a hold and for the class by which it was
        found due. False: it is held, or kept as something else now, or done.

        The wrapped key in the row goes here. So does the patient's name: nothing is left that it could lead to.
        """
        may = and_(_c.id == which, _c.key_destroyed_at.is_(None), _c.held.is_(False), _c.retention == kept_as.value)
        change = update(recording).where(may).values(key_destroyed_at=now, wrapped_key=None, patient_name="")
        async with self._database.transaction() as connection:
            if (await connection.execute(change)).rowcount != 1:
                return False
            await audit.append(connection, entry)
        return True

    async def destroyed(self, which: RecordingId, now: float, entry: AuditEntry) -> None:
        """Nothing of it is left anywhere."""
        change = update(recording).where(_c.id == which, _c.destroyed_at.is_(None))
        async with self._database.transaction() as connection:
            values = {"destroyed_at": now, "place": Place.GONE.value, "trouble": None, "next_at": None}
            if (await connection.execute(change.values(values))).rowcount == 1:
                await audit.append(connection, entry)

    async def to_verify(self, before: float, ended_before: float) -> Recording | None:
        """The one that was verified longest ago, and before this; never one whose copy is on its way."""
        standing = and_(_c.key_destroyed_at.is_(None), _c.place != Place.UPLOADING.value, _c.ended_at <= ended_before)
        stale = or_(_c.verified_at.is_(None), _c.verified_at < before)
        query = select(recording).where(standing, stale).order_by(_c.verified_at.is_not(None), _c.verified_at, _c.id).limit(1)
        async with self._database.reading() as connection:
            row = (await connection.execute(query)).one_or_none()
        return to_recording(row) if row is not None else None

    async def pushes_due(self, now: float, limit: int) -> list[tuple[Recording, int]]:
        """Recordings whose DocumentReference is to be pushed now, and how often that was tried."""
        due = and_(_c.pushed_at.is_(None), _c.push_next_at <= now, _c.key_destroyed_at.is_(None))
        query = select(recording).where(due).order_by(_c.push_next_at, _c.id).limit(limit)
        async with self._database.reading() as connection:
            return [(to_recording(row), row.push_attempts) for row in await connection.execute(query)]

    async def claim_push(self, which: RecordingId, now: float) -> bool:
        """Whether this process is the one that pushes it."""
        due = and_(_c.id == which, _c.pushed_at.is_(None), _c.push_next_at <= now)
        return await self._change(due, push_next_at=now + CLAIM_S, push_attempts=_c.push_attempts + 1)

    async def push_failed(self, which: RecordingId, next_at: float) -> None:
        """When it is tried again."""
        await self._change(_c.id == which, push_next_at=next_at)

    async def pushed(self, which: RecordingId, now: float, entry: AuditEntry) -> None:
        """The other side has it."""
        async with self._database.transaction() as connection:
            await connection.execute(update(recording).where(_c.id == which).values(pushed_at=now))
            await audit.append(connection, entry)

    async def waiting_pushes(self) -> int:
        """How many the other side has not yet."""
        query = select(func.count()).select_from(recording).where(_c.pushed_at.is_(None), _c.key_destroyed_at.is_(None))
        async with self._database.reading() as connection:
            return int(await connection.scalar(query) or 0)

    async def _list(self, where: ColumnElement[bool], limit: int) -> list[Recording]:
        query = select(recording).where(where).order_by(_c.next_at, _c.id).limit(limit)
        async with self._database.reading() as connection:
            return [to_recording(row) for row in await connection.execute(query)]

    async def _change(self, where: ColumnElement[bool], **values: Any) -> bool:
        async with self._database.transaction() as connection:
            return (await connection.execute(update(recording).where(where).values(values))).rowcount >= 1
