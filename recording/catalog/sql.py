"""The catalog: every method is one transaction, and every act is written to the audit in the same one.

It decides nothing about rights or times; it keeps what the archive decided. Changes that two people or two processes could make
at once are compare-and-swaps: of two, one is told that it came first.
"""

from collections.abc import Sequence

from sqlalchemy import insert, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncConnection

from common.database import Database
from common.evidence import audit
from common.evidence.entry import AuditEntry
from common.ids import ConsultationId, RecordingId
from recording.catalog.rows import from_recording, to_hold, to_recording, to_request, write_flaw
from recording.catalog.search import find, visible_to
from recording.catalog.tables import recording, recording_hold, recording_play, recording_request
from recording.core.retention import RetentionClass
from recording.core.rights import Viewer
from recording.records import (
    Cursor,
    Found,
    Hold,
    PatientRequest,
    Play,
    Recording,
    RequestState,
    Search,
    Verified,
)

_c = recording.c


class Catalog:
    """The archive's tables over a database. Every method may raise Unavailable."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def add(self, value: Recording, entry: AuditEntry) -> bool:
        """Enter a sealed recording. False: it is there already."""
        try:
            async with self._database.transaction() as connection:
                await connection.execute(insert(recording).values(from_recording(value)))
                await audit.append(connection, entry)
        except IntegrityError:
            return False
        return True

    async def known(self, ids: Sequence[RecordingId]) -> set[RecordingId]:
        """Those of them that are entered."""
        async with self._database.reading() as connection:
            return {RecordingId(found) for found in await connection.scalars(select(_c.id).where(_c.id.in_(ids)))}

    async def find(self, viewer: Viewer, search: Search, after: Cursor | None) -> Found:
        """A page of what a viewer finds."""
        async with self._database.reading() as connection:
            return await find(connection, viewer, search, after)

    async def visible(self, viewer: Viewer, which: RecordingId) -> Recording | None:
        """The recording, where this viewer may know of it."""
        async with self._database.reading() as connection:
            row = (await connection.execute(select(recording).where(_c.id == which, visible_to(viewer)))).one_or_none()
        return to_recording(row) if row is not None else None

    async def recording(self, which: RecordingId) -> Recording | None:
        """The recording, whoever asks: for jobs, and behind a grant that was checked."""
        async with self._database.reading() as connection:
            return await _recording(connection, which)

    async def of_consultation(self, which: ConsultationId) -> list[Recording]:
        """All recordings of a consultation, oldest first."""
        query = select(recording).where(_c.consultation == which).order_by(_c.started_at)
        async with self._database.reading() as connection:
            return [to_recording(row) for row in await connection.execute(query)]

    async def patients(self, consultations: Sequence[str]) -> dict[str, str]:
        """The patients' names of these consultations, as far as they are still kept."""
        query = select(_c.consultation, _c.patient_name).where(_c.consultation.in_(consultations), _c.patient_name != "")
        async with self._database.reading() as connection:
            return {row.consultation: row.patient_name for row in await connection.execute(query)}

    async def note(self, *entries: AuditEntry) -> None:
        """Audit entries of acts that change nothing else: a refusal, an export fetched."""
        async with self._database.transaction() as connection:
            await audit.append(connection, *entries)

    async def grant_play(self, play: Play, entry: AuditEntry) -> None:
        """Stores a grant to watch, and who watches what and why."""
        row = {
            "id": play.id,
            "recording": play.recording,
            "practitioner": play.practitioner,
            "purpose": play.purpose.value,
            "note": play.note,
            "at": play.at,
            "expires_at": play.expires_at,
        }
        async with self._database.transaction() as connection:
            await connection.execute(insert(recording_play).values(row))
            await audit.append(connection, entry)

    async def play(self, which: str, practitioner: str, now: float) -> RecordingId | None:
        """What this grant lets this practitioner watch at this moment."""
        c = recording_play.c
        query = select(c.recording).where(c.id == which, c.practitioner == practitioner, c.at <= now, c.expires_at > now)
        async with self._database.reading() as connection:
            found = await connection.scalar(query)
        return RecordingId(found) if found is not None else None

    async def hold(self, hold: Hold, entry: AuditEntry) -> bool:
        """Puts a hold on it. False, and nothing changed: it is held already, or there is nothing left to hold."""
        row = {"id": hold.id, "recording": hold.recording, "by": hold.by, "reason": hold.reason, "since": hold.since}
        change = update(recording).where(_c.id == hold.recording, _c.key_destroyed_at.is_(None)).values(held=True)
        try:
            async with self._database.transaction() as connection:
                if (await connection.execute(change)).rowcount != 1:
                    return False
                await connection.execute(insert(recording_hold).values(row))
                await audit.append(connection, entry)
        except IntegrityError:
            return False
        return True

    async def release(self, which: RecordingId, by: str, now: float, entry: AuditEntry) -> bool:
        """Ends the hold. False: it is not held."""
        c = recording_hold.c
        end = update(recording_hold).where(c.recording == which, c.released_at.is_(None)).values(released_at=now, released_by=by)
        async with self._database.transaction() as connection:
            if (await connection.execute(end)).rowcount != 1:
                return False
            await connection.execute(update(recording).where(_c.id == which).values(held=False))
            await audit.append(connection, entry)
        return True

    async def classify(self, which: RecordingId, retention: RetentionClass, entry: AuditEntry) -> bool:
        """Keeps it as this; what was announced by the former class is taken back. False: its key is gone."""
        values = {"retention": retention.value, "announced_at": None, "looked_at": None}
        change = update(recording).where(_c.id == which, _c.key_destroyed_at.is_(None)).values(values)
        async with self._database.transaction() as connection:
            if (await connection.execute(change)).rowcount != 1:
                return False
            await audit.append(connection, entry)
        return True

    async def holds(self, which: RecordingId) -> list[Hold]:
        """Its holds, the standing one first."""
        c = recording_hold.c
        query = select(recording_hold).where(c.recording == which).order_by(c.released_at.is_not(None), c.since.desc())
        async with self._database.reading() as connection:
            return [to_hold(row) for row in await connection.execute(query)]

    async def verified(self, which: RecordingId, verified: Verified, entry: AuditEntry) -> None:
        """Keeps what a verification came to."""
        values = {"verified_at": verified.at, "verified_segments": verified.segments, "flaw": write_flaw(verified.flaw)}
        async with self._database.transaction() as connection:
            await connection.execute(update(recording).where(_c.id == which).values(values))
            await audit.append(connection, entry)

    async def ask(self, request: PatientRequest, entry: AuditEntry) -> bool:
        """Stores what a patient asks for. False: the same is open already."""
        row = {
            "id": request.id,
            "hospital": request.hospital,
            "consultation": request.consultation,
            "seat": request.seat,
            "kind": request.kind.value,
            "at": request.at,
            "state": request.state.value,
            "answer": "",
        }
        try:
            async with self._database.transaction() as connection:
                await connection.execute(insert(recording_request).values(row))
                await audit.append(connection, entry)
        except IntegrityError:
            return False
        return True

    async def requests(self, hospital: str, state: RequestState | None, limit: int) -> list[PatientRequest]:
        """A hospital's requests, oldest first."""
        c = recording_request.c
        query = select(recording_request).where(c.hospital == hospital).order_by(c.at).limit(limit)
        async with self._database.reading() as connection:
            rows = await connection.execute(query.where(c.state == state.value) if state else query)
            return [to_request(row) for row in rows]

    async def requests_of(self, seat: str) -> list[PatientRequest]:
        """What a seat asked for, oldest first."""
        query = select(recording_request).where(recording_request.c.seat == seat).order_by(recording_request.c.at)
        async with self._database.reading() as connection:
            return [to_request(row) for row in await connection.execute(query)]

    async def request(self, which: str) -> PatientRequest | None:
        """One request."""
        async with self._database.reading() as connection:
            row = (await connection.execute(select(recording_request).where(recording_request.c.id == which))).one_or_none()
        return to_request(row) if row is not None else None

    async def decide(self, decided: PatientRequest, erase: Sequence[RecordingId], entries: Sequence[AuditEntry]) -> bool:
        """Keeps a decision; `erase` are the recordings whose erasure it grants. False: somebody else decided before."""
        c = recording_request.c
        values = {
            "state": decided.state.value,
            "decided_by": decided.decided_by,
            "decided_at": decided.decided_at,
            "answer": decided.answer,
        }
        change = update(recording_request).where(c.id == decided.id, c.state == RequestState.OPEN.value).values(values)
        granted = update(recording).where(_c.id.in_(erase), _c.erasure_granted_at.is_(None), _c.held.is_(False))
        async with self._database.transaction() as connection:
            if (await connection.execute(change)).rowcount != 1:
                return False
            if erase:
                await connection.execute(granted.values(erasure_granted_at=decided.decided_at))
            await audit.append(connection, *entries)
        return True


async def _recording(connection: AsyncConnection, which: RecordingId) -> Recording | None:
    row = (await connection.execute(select(recording).where(_c.id == which))).one_or_none()
    return to_recording(row) if row is not None else None
