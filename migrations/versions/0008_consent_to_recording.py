"""Consent to recording: the hospitals' policy, each consultation's recording, what is to be destroyed."""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0010"
branch_labels = None
depends_on = None

OPEN = sa.text("recording_open")
NOT_DONE = sa.text("done_at IS NULL")


def upgrade() -> None:
    op.add_column("hospital", sa.Column("records", sa.Boolean(), nullable=False, server_default=sa.false()))
    op.add_column("hospital", sa.Column("erases", sa.Boolean(), nullable=False, server_default=sa.false()))
    op.add_column("consultation", sa.Column("recording", sa.Text()))
    op.add_column("consultation", sa.Column("recording_id", sa.String(length=24)))
    op.add_column("consultation", sa.Column("recording_open", sa.Boolean(), nullable=False, server_default=sa.false()))
    op.create_index("ix_consultation_recording_id", "consultation", ["recording_id"], unique=True)
    op.create_index("ix_consultation_recording_open", "consultation", ["id"], sqlite_where=OPEN, postgresql_where=OPEN)
    op.create_table(
        "consent_erasure",
        sa.Column("id", sa.String(length=24), nullable=False),
        sa.Column("recording", sa.String(length=24), nullable=False),
        sa.Column("consultation", sa.String(length=24), nullable=False),
        sa.Column("hospital", sa.String(length=24), nullable=False),
        sa.Column("seat", sa.String(length=24), nullable=False),
        sa.Column("video_only", sa.Boolean(), nullable=False),
        sa.Column("ordered_at", sa.Double(), nullable=False),
        sa.Column("done_at", sa.Double()),
        sa.PrimaryKeyConstraint("id", name="pk_consent_erasure"),
        sa.ForeignKeyConstraint(["consultation"], ["consultation.id"], name="fk_consent_erasure_consultation"),
        sa.ForeignKeyConstraint(["seat"], ["seat.id"], name="fk_consent_erasure_seat"),
    )
    op.create_index("ix_consent_erasure_recording", "consent_erasure", ["recording"])
    op.create_index(
        "ix_consent_erasure_open", "consent_erasure", ["ordered_at"], sqlite_where=NOT_DONE, postgresql_where=NOT_DONE
    )
