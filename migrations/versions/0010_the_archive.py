"""The archive: recordings that are sealed, and what people did with them."""

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "recording",
        sa.Column("id", sa.String(length=24), nullable=False),
        sa.Column("hospital", sa.String(length=24), nullable=False),
        sa.Column("department", sa.String(length=24), nullable=False),
        sa.Column("consultation", sa.String(length=24), nullable=False),
        sa.Column("practitioner", sa.String(length=24)),
        sa.Column("patient", sa.String(length=24)),
        sa.Column("patient_name", sa.String(length=80), nullable=False),
        sa.Column("started_at", sa.Double(), nullable=False),
        sa.Column("ended_at", sa.Double(), nullable=False),
        sa.Column("segments", sa.Integer(), nullable=False),
        sa.Column("octets", sa.BigInteger(), nullable=False),
        sa.Column("digest", sa.String(length=64), nullable=False),
        sa.Column("place", sa.String(length=48), nullable=False),
        sa.Column("retention", sa.String(length=48), nullable=False),
        sa.Column("held", sa.Boolean(), nullable=False),
        sa.Column("announced_at", sa.Double()),
        sa.Column("looked_at", sa.Double()),
        sa.Column("erasure_granted_at", sa.Double()),
        sa.Column("key_destroyed_at", sa.Double()),
        sa.Column("destroyed_at", sa.Double()),
        sa.Column("wrapped_key", sa.LargeBinary()),
        sa.Column("verified_at", sa.Double()),
        sa.Column("verified_segments", sa.Integer(), nullable=False),
        sa.Column("flaw", sa.Text()),
        sa.Column("trouble", sa.String(length=48)),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("next_at", sa.Double()),
        sa.Column("pushed_at", sa.Double()),
        sa.Column("push_attempts", sa.Integer(), nullable=False),
        sa.Column("push_next_at", sa.Double()),
        sa.PrimaryKeyConstraint("id", name="pk_recording"),
    )
    op.create_index("ix_recording_consultation", "recording", ["consultation"], unique=False)
    op.create_index("ix_recording_hospital_started_at", "recording", ["hospital", "started_at", "id"], unique=False)
    op.create_index(
        "ix_recording_next_at",
        "recording",
        ["next_at"],
        unique=False,
        sqlite_where=sa.text("place = 'uploading'"),
        postgresql_where=sa.text("place = 'uploading'"),
    )
    op.create_index("ix_recording_patient", "recording", ["patient"], unique=False)
    op.create_index("ix_recording_practitioner_started_at", "recording", ["practitioner", "started_at"], unique=False)
    op.create_index(
        "ix_recording_push_next_at",
        "recording",
        ["push_next_at"],
        unique=False,
        sqlite_where=sa.text("pushed_at IS NULL"),
        postgresql_where=sa.text("pushed_at IS NULL"),
    )
    op.create_table(
        "recording_export",
        sa.Column("id", sa.String(length=24), nullable=False),
        sa.Column("recording", sa.String(length=24), nullable=False),
        sa.Column("hospital", sa.String(length=24), nullable=False),
        sa.Column("by", sa.String(length=24), nullable=False),
        sa.Column("purpose", sa.String(length=48), nullable=False),
        sa.Column("language", sa.String(length=8), nullable=False),
        sa.Column("state", sa.String(length=48), nullable=False),
        sa.Column("done", sa.Integer(), nullable=False),
        sa.Column("parts", sa.Integer(), nullable=False),
        sa.Column("octets", sa.BigInteger(), nullable=False),
        sa.Column("made_at", sa.Double(), nullable=False),
        sa.Column("expires_at", sa.Double(), nullable=False),
        sa.Column("trouble", sa.String(length=48), nullable=False),
        sa.Column("node", sa.String(length=64), nullable=False),
        sa.Column("beat_at", sa.Double(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_recording_export"),
    )
    op.create_index("ix_recording_export_recording", "recording_export", ["recording"], unique=False)
    op.create_index("ix_recording_export_state", "recording_export", ["state"], unique=False)
    op.create_table(
        "recording_hold",
        sa.Column("id", sa.String(length=24), nullable=False),
        sa.Column("recording", sa.String(length=24), nullable=False),
        sa.Column("by", sa.String(length=24), nullable=False),
        sa.Column("reason", sa.String(length=200), nullable=False),
        sa.Column("since", sa.Double(), nullable=False),
        sa.Column("released_at", sa.Double()),
        sa.Column("released_by", sa.String(length=24)),
        sa.PrimaryKeyConstraint("id", name="pk_recording_hold"),
    )
    op.create_index("ix_recording_hold_recording", "recording_hold", ["recording"], unique=False)
    op.create_index(
        "uq_recording_hold_standing",
        "recording_hold",
        ["recording"],
        unique=True,
        sqlite_where=sa.text("released_at IS NULL"),
        postgresql_where=sa.text("released_at IS NULL"),
    )
    op.create_table(
        "recording_play",
        sa.Column("id", sa.String(length=24), nullable=False),
        sa.Column("recording", sa.String(length=24), nullable=False),
        sa.Column("practitioner", sa.String(length=24), nullable=False),
        sa.Column("purpose", sa.String(length=48), nullable=False),
        sa.Column("note", sa.String(length=200), nullable=False),
        sa.Column("at", sa.Double(), nullable=False),
        sa.Column("expires_at", sa.Double(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_recording_play"),
    )
    op.create_index("ix_recording_play_recording", "recording_play", ["recording"], unique=False)
    op.create_table(
        "recording_request",
        sa.Column("id", sa.String(length=24), nullable=False),
        sa.Column("hospital", sa.String(length=24), nullable=False),
        sa.Column("consultation", sa.String(length=24), nullable=False),
        sa.Column("seat", sa.String(length=24), nullable=False),
        sa.Column("kind", sa.String(length=48), nullable=False),
        sa.Column("at", sa.Double(), nullable=False),
        sa.Column("state", sa.String(length=48), nullable=False),
        sa.Column("decided_by", sa.String(length=24)),
        sa.Column("decided_at", sa.Double()),
        sa.Column("answer", sa.String(length=500), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_recording_request"),
    )
    op.create_index("ix_recording_request_hospital_state", "recording_request", ["hospital", "state", "at"], unique=False)
    op.create_index(
        "uq_recording_request_open",
        "recording_request",
        ["seat", "kind"],
        unique=True,
        sqlite_where=sa.text("state = 'open'"),
        postgresql_where=sa.text("state = 'open'"),
    )
