"""The audit trail's one writer: appends in the caller's transaction, so that an act and its entry stand or fall together.

Each hospital has a chain of its own (chain.py): an entry is written with its place in it and with a digest over itself and all
before it, so nothing is ever committed unchained. Writers of one hospital wait for one another from here to their commit, so
call this last; hospitals never wait for each other. It never changes or deletes: the database itself refuses that (triggers in
the migrations), and the server's role need not be allowed to (grants.py).
"""

import hashlib
from collections.abc import AsyncIterator, Sequence
from typing import Any

from sqlalchemy import (
    BigInteger,
    Column,
    Double,
    Identity,
    Index,
    Integer,
    LargeBinary,
    Row,
    String,
    Table,
    and_,
    func,
    insert,
    or_,
    select,
    text,
)
from sqlalchemy.ext.asyncio import AsyncConnection

from common.database import Database, metadata
from common.evidence.chain import Chain, start_of
from common.evidence.entry import AuditEntry, ChainedEntry, Head, content_of

audit_entry = Table(
    "audit_entry",
    metadata,
    Column("id", BigInteger().with_variant(Integer, "sqlite"), Identity(always=True), primary_key=True),
    Column("at", Double, nullable=False),
    Column("hospital", String(24), nullable=False),
    Column("actor", String(24), nullable=False),
    Column("act", String(48), nullable=False),
    Column("subject", String(24), nullable=False),
    Column("reason", String(48), nullable=False),
    Column("position", BigInteger, nullable=False),  # in the hospital's chain, from 1 without gaps
    Column("digest", LargeBinary(32), nullable=False),
    Index("ix_audit_entry_subject", "subject", "id"),
    Index("ix_audit_entry_hospital", "hospital", "at"),
    Index("ix_audit_entry_position", "hospital", "position", unique=True),
)

PAGE = 5_000
_LOCKS = 0x61756469  # any number that only the audit chains use, beside the hospital's own


async def append(connection: AsyncConnection, *entries: AuditEntry) -> None:
    """Write the entries in the transaction that `connection` is in."""
    for hospital in sorted({entry.hospital for entry in entries}):  # in one order, so that nobody waits in a circle
        await _append(connection, hospital, [entry for entry in entries if entry.hospital == hospital])


async def _append(connection: AsyncConnection, hospital: str, entries: Sequence[AuditEntry]) -> None:
    chain = await _locked(connection, hospital)
    rows = []
    for entry in entries:
        digest = chain.append(content_of(entry, chain.length + 1))
        rows.append(
            {
                "at": float(entry.at),
                "hospital": hospital,
                "actor": entry.actor,
                "act": entry.act,
                "subject": entry.subject,
                "reason": entry.reason,
                "position": chain.length,
                "digest": digest,
            }
        )
    await connection.execute(insert(audit_entry), rows)


async def _locked(connection: AsyncConnection, hospital: str) -> Chain:
    """The end of the hospital's chain, which nobody else lengthens until this transaction ends (SQLite has one writer anyway)."""
    if connection.dialect.name != "sqlite":
        number = int.from_bytes(hashlib.sha256(hospital.encode()).digest()[:4], "big", signed=True)
        await connection.execute(text("SELECT pg_advisory_xact_lock(:ours, :one)"), {"ours": _LOCKS, "one": number})
    e = audit_entry.c
    query = select(e.position, e.digest).where(e.hospital == hospital).order_by(e.position.desc()).limit(1)
    last = (await connection.execute(query)).one_or_none()
    return Chain(last.digest, last.position) if last is not None else Chain(start_of("audit", hospital))


async def heads(connection: AsyncConnection) -> list[Head]:
    """The last link of each hospital's chain; each is two looks into an index, however long the trail has become."""
    e = audit_entry.c
    found: list[Head] = []
    hospital = await connection.scalar(select(func.min(e.hospital)))
    while hospital is not None:
        query = select(e.position, e.digest).where(e.hospital == hospital).order_by(e.position.desc()).limit(1)
        last = (await connection.execute(query)).one()
        found.append(Head(hospital, last.position, bytes(last.digest)))
        hospital = await connection.scalar(select(func.min(e.hospital)).where(e.hospital > hospital))
    return found


async def everything(database: Database) -> AsyncIterator[ChainedEntry]:
    """All entries, hospital by hospital, each in the order of its chain; read in pages, so that no reading lasts long."""
    e = audit_entry.c
    after: tuple[str, int] = ("", -1)
    while True:
        later = or_(e.hospital > after[0], and_(e.hospital == after[0], e.position > after[1]))
        query = select(audit_entry).where(later).order_by(e.hospital, e.position).limit(PAGE)
        async with database.reading() as connection:
            rows = (await connection.execute(query)).all()
        for row in rows:
            yield chained(row)
        if len(rows) < PAGE:
            return
        after = (rows[-1].hospital, rows[-1].position)


async def of_subjects(connection: AsyncConnection, subjects: Sequence[str], acts: Sequence[str], limit: int) -> list[AuditEntry]:
    """What was done of these acts to these subjects, the latest first."""
    e = audit_entry.c
    query = select(audit_entry).where(e.subject.in_(subjects), e.act.in_(acts)).order_by(e.id.desc()).limit(limit)
    return [chained(row).entry for row in await connection.execute(query)]


def chained(row: Row[Any]) -> ChainedEntry:
    """The entry of a row of the table."""
    entry = AuditEntry(row.at, row.hospital, row.actor, row.act, row.subject, row.reason)
    return ChainedEntry(entry, row.position, bytes(row.digest))
