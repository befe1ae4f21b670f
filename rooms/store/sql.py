"""The store of rooms over SQLAlchemy: one `Work` per transaction. Decides nothing; says `Conflict` where an index refuses."""

from collections import defaultdict
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager

from sqlalchemy import func, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncConnection

from common.database import Database
from common.evidence import audit
from common.evidence.entry import AuditEntry
from common.ids import ConsultationId, HospitalId
from common.outbox import store as outbox
from common.outbox.letter import Letter
from rooms.ports import Conflict, Due
from rooms.store import tables
from rooms.store.calls import SqlCalls
from rooms.store.consents import SqlRecordings
from rooms.store.consultations import SqlConsultations
from rooms.store.flights import SqlFlights
from rooms.store.lines import SqlLines
from rooms.store.links import SqlLinks
from rooms.store.nodes import SqlMedia, SqlPresences
from rooms.store.pictures import SqlPictures
from rooms.store.stills import SqlStills
from rooms.store.timeline import SqlTimeline


class SqlWork:
    """rooms.ports.Work over one connection."""

    def __init__(self, connection: AsyncConnection) -> None:
        self._connection = connection
        self.lines = SqlLines(connection)
        self.consultations = SqlConsultations(connection)
        self.timeline = SqlTimeline(connection)
        self.links = SqlLinks(connection)
        self.pictures = SqlPictures(connection)
        self.stills = SqlStills(connection)
        self.flights = SqlFlights(connection)
        self.calls = SqlCalls(connection)
        self.recordings = SqlRecordings(connection)
        self.presences = SqlPresences(connection)
        self.media = SqlMedia(connection)

    async def post(self, letters: Sequence[Letter]) -> None:
        for letter in letters:
            await outbox.add(self._connection, letter)

    async def audit(self, entries: Sequence[AuditEntry]) -> None:
        await audit.append(self._connection, *entries)

    async def due(self, now: float, limit: int) -> list[Due]:
        line, consultation = tables.queue_line.c, tables.consultation.c
        hospitals = await self._connection.scalars(select(line.hospital).where(line.deadline <= now))
        found: dict[str, list[ConsultationId]] = {hospital: [] for hospital in hospitals}
        query = select(consultation.hospital, consultation.id).where(consultation.deadline <= now)
        lives: dict[str, list[ConsultationId]] = defaultdict(list, found)
        for row in await self._connection.execute(query.order_by(consultation.deadline).limit(limit)):
            lives[row.hospital].append(ConsultationId(row.id))
        return [Due(HospitalId(hospital), tuple(which)) for hospital, which in sorted(lives.items())]

    async def next_deadline(self) -> float | None:
        columns = (tables.queue_line.c.deadline, tables.consultation.c.deadline)
        found = [await self._connection.scalar(select(func.min(column))) for column in columns]
        return min((one for one in found if one is not None), default=None)


class SqlRoomsStore:
    """rooms.ports.RoomsStore over a database. `brief`: nothing large is read or written through it (`Database.transaction`)."""

    def __init__(self, database: Database, *, brief: bool = True) -> None:
        self._database = database
        self._brief = brief

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[SqlWork]:
        try:
            async with self._database.transaction(brief=self._brief) as connection:
                yield SqlWork(connection)
        except IntegrityError as refused:
            raise Conflict from refused

    @asynccontextmanager
    async def reading(self) -> AsyncIterator[SqlWork]:
        async with self._database.reading(brief=self._brief) as connection:
            yield SqlWork(connection)
