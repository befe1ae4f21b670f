"""The audit trail's one writer: appends in the caller's transaction, so that an act and its entry stand or fall together.

It never commits, changes or deletes: the database itself refuses changes (triggers in the migrations). A later migration
adds the chain beside this table; rows are numbered in the order of writing.
"""

from sqlalchemy import BigInteger, Column, Double, Identity, Index, Integer, String, Table, insert
from sqlalchemy.ext.asyncio import AsyncConnection

from common.database import metadata
from common.evidence.entry import AuditEntry

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
    Index("ix_audit_entry_subject", "subject", "id"),
    Index("ix_audit_entry_hospital", "hospital", "at"),
)


async def append(connection: AsyncConnection, *entries: AuditEntry) -> None:
    """Write the entries in the transaction that `connection` is in."""
    if entries:
        rows = [
            {"at": e.at, "hospital": e.hospital, "actor": e.actor, "act": e.act, "subject": e.subject, "reason": e.reason}
            for e in entries
        ]
        await connection.execute(insert(audit_entry), rows)
