"""Links that open or resume a seat, invitations, call-backs in line, and what waits to leave the house by mail.

A link's shape changes whole. Those made before lived two hours at most and are not carried over.
"""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

INVITED = sa.text("state = 'scheduled'")


def upgrade() -> None:
    op.drop_table("join_link")
    op.create_table(
        "join_link",
        sa.Column("token_hash", sa.LargeBinary(length=32), nullable=False),
        sa.Column("id", sa.String(length=24), nullable=False),
        sa.Column("consultation", sa.String(length=24), nullable=False),
        sa.Column("kind", sa.String(length=16), nullable=False),
        sa.Column("seat", sa.String(length=24)),
        sa.Column("made_by", sa.String(length=24), nullable=False),
        sa.Column("created_at", sa.Double(), nullable=False),
        sa.Column("expires_at", sa.Double(), nullable=False),
        sa.Column("revoked_at", sa.Double()),
        sa.Column("used_at", sa.Double()),
        sa.Column("used_by", sa.String(length=24)),
        sa.ForeignKeyConstraint(["consultation"], ["consultation.id"], name="fk_join_link_consultation"),
        sa.ForeignKeyConstraint(["seat"], ["seat.id"], name="fk_join_link_seat"),
        sa.PrimaryKeyConstraint("token_hash", name="pk_join_link"),
    )
    op.create_index("ix_join_link_consultation", "join_link", ["consultation"])

    op.add_column("consultation", sa.Column("wanted", sa.String(length=24)))
    op.add_column("consultation", sa.Column("open_until", sa.Double()))
    op.create_index("ix_consultation_contact", "consultation", ["contact"])
    op.create_index(
        "ix_consultation_wanted_scheduled", "consultation", ["wanted"], sqlite_where=INVITED, postgresql_where=INVITED
    )
    op.add_column("queue_ticket", sa.Column("calls_left", sa.Integer(), nullable=False, server_default="0"))
    op.add_column("queue_ticket", sa.Column("called_at", sa.Double()))

    op.create_table(
        "outbox_letter",
        sa.Column("id", sa.String(length=24), nullable=False),
        sa.Column("kind", sa.String(length=16), nullable=False),
        sa.Column("hospital", sa.String(length=24), nullable=False),
        sa.Column("subject", sa.String(length=24), nullable=False),
        sa.Column("recipient", sa.String(length=254), nullable=False),
        sa.Column("language", sa.String(length=8), nullable=False),
        sa.Column("path", sa.String(length=200), nullable=False),
        sa.Column("starts_at", sa.Double()),
        sa.Column("created_at", sa.Double(), nullable=False),
        sa.Column("due_at", sa.Double(), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_outbox_letter"),
    )
    op.create_index("ix_outbox_letter_due_at", "outbox_letter", ["due_at"])
