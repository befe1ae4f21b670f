"""The outbox's table: letters that wait. A delivered or given-up letter is deleted, and with it its address and its link.

Of several processes that find the same letter due, one claims it (compare-and-swap on `due_at`) and holds it until the
claim runs out. It decides nothing about when to try again (delivery.py).
"""

from typing import Any

from sqlalchemy import Column, Double, Index, Integer, Row, String, Table, delete, func, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from common.database import Database, metadata
from common.evidence import audit
from common.evidence.entry import AuditEntry
from common.outbox.delivery import Waiting
from common.outbox.letter import Letter, LetterKind

outbox_letter = Table(
    "outbox_letter",
    metadata,
    Column("id", String(24), primary_key=True),
    Column("kind", String(16), nullable=False),
    Column("hospital", String(24), nullable=False),
    Column("subject", String(24), nullable=False),
    Column("recipient", String(254), nullable=False),
    Column("language", String(8), nullable=False),
    Column("path", String(200), nullable=False),
    Column("starts_at", Double),
    Column("created_at", Double, nullable=False),
    Column("due_at", Double, nullable=False),
    Column("attempts", Integer, nullable=False),
    Index("ix_outbox_letter_due_at", "due_at"),
)


async def add(connection: AsyncConnection, letter: Letter) -> None:
    """Store a letter in the transaction that `connection` is in; it is due at once."""
    row = {
        "id": letter.id,
        "kind": letter.kind.value,
        "hospital": letter.hospital,
        "subject": letter.subject,
        "recipient": letter.recipient,
        "language": letter.language,
        "path": letter.path,
        "starts_at": letter.starts_at,
        "created_at": letter.created_at,
        "due_at": letter.created_at,
        "attempts": 0,
    }
    await connection.execute(insert(outbox_letter).values(row))


class SqlOutbox:
    """common.outbox.delivery.Outbox over a database."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def due(self, now: float, limit: int) -> list[Waiting]:
        c = outbox_letter.c
        query = select(outbox_letter).where(c.due_at <= now).order_by(c.due_at, c.id).limit(limit)
        async with self._database.reading() as connection:
            return [_waiting(row) for row in await connection.execute(query)]

    async def waiting(self) -> int:
        """How many letters have not left yet."""
        async with self._database.reading() as connection:
            return int(await connection.scalar(select(func.count()).select_from(outbox_letter)) or 0)

    async def claim(self, waiting: Waiting, until: float) -> bool:
        c = outbox_letter.c
        which = (c.id == waiting.letter.id, c.due_at == waiting.due_at, c.attempts == waiting.attempts)
        change = update(outbox_letter).where(*which).values(due_at=until, attempts=waiting.attempts + 1)
        async with self._database.transaction() as connection:
            return (await connection.execute(change)).rowcount == 1

    async def put_off(self, letter: Letter, until: float) -> None:
        change = update(outbox_letter).where(outbox_letter.c.id == letter.id).values(due_at=until)
        async with self._database.transaction() as connection:
            await connection.execute(change)

    async def finish(self, letter: Letter, act: str, reason: str, now: float) -> None:
        async with self._database.transaction() as connection:
            await connection.execute(delete(outbox_letter).where(outbox_letter.c.id == letter.id))
            await audit.append(connection, AuditEntry(now, letter.hospital, "system", act, letter.subject, reason))


def _waiting(row: Row[Any]) -> Waiting:
    letter = Letter(
        id=row.id,
        kind=LetterKind(row.kind),
        hospital=row.hospital,
        subject=row.subject,
        recipient=row.recipient,
        language=row.language,
        path=row.path,
        starts_at=row.starts_at,
        created_at=row.created_at,
    )
    return Waiting(letter, row.due_at, row.attempts)
