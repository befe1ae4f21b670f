"""The audit trail becomes a chain for each hospital; what is there already is chained in the order in which it was written."""

import hashlib
import json

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None

AT_ONCE = 1_000


def upgrade() -> None:
    sqlite = op.get_bind().dialect.name == "sqlite"
    _let_change(sqlite)
    op.add_column("audit_entry", sa.Column("position", sa.BigInteger()))
    op.add_column("audit_entry", sa.Column("digest", sa.LargeBinary(length=32)))
    _chain()
    with op.batch_alter_table("audit_entry") as table:  # SQLite makes the table anew, and the triggers go with the old one
        table.alter_column("position", nullable=False, existing_type=sa.BigInteger())
        table.alter_column("digest", nullable=False, existing_type=sa.LargeBinary(length=32))
    op.create_index("ix_audit_entry_position", "audit_entry", ["hospital", "position"], unique=True)
    _refuse_changes(sqlite)


def _chain() -> None:
    """As common/evidence does today; written out, so that this migration stays what it is."""
    entry = sa.table(
        "audit_entry",
        *(sa.column(name) for name in ("id", "at", "hospital", "actor", "act", "subject", "reason", "position", "digest")),
    )
    bind = op.get_bind()
    heads: dict[str, tuple[int, bytes]] = {}
    last = 0
    while rows := bind.execute(sa.select(entry).where(entry.c.id > last).order_by(entry.c.id).limit(AT_ONCE)).all():
        for row in rows:
            start = hashlib.sha256(b"consilium-chain-1\x00audit\x00" + row.hospital.encode()).digest()
            length, head = heads.get(row.hospital, (0, start))
            said = [length + 1, float(row.at), row.hospital, row.actor, row.act, row.subject, row.reason]
            content = json.dumps(said, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False).encode()
            digest = hashlib.sha256(b"\x01" + head + hashlib.sha256(content).digest()).digest()
            heads[row.hospital] = (length + 1, digest)
            bind.execute(sa.update(entry).where(entry.c.id == row.id).values(position=length + 1, digest=digest))
        last = rows[-1].id


def _let_change(sqlite: bool) -> None:
    if sqlite:
        op.execute("DROP TRIGGER audit_entry_no_update")
        op.execute("DROP TRIGGER audit_entry_no_delete")
    else:
        op.execute("DROP TRIGGER audit_entry_append_only ON audit_entry")


def _refuse_changes(sqlite: bool) -> None:
    if sqlite:
        for verb in ("UPDATE", "DELETE"):
            op.execute(
                f"CREATE TRIGGER audit_entry_no_{verb.lower()} BEFORE {verb} ON audit_entry "
                "BEGIN SELECT RAISE(ABORT, 'audit_entry is append-only'); END"
            )
    else:
        op.execute(
            "CREATE TRIGGER audit_entry_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON audit_entry "
            "FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()"
        )
