"""Call-backs are counted: those of a patient in line, and those to one mail address."""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("queue_ticket", sa.Column("calls_made", sa.Integer(), nullable=False, server_default="0"))
    op.execute("UPDATE queue_ticket SET calls_made = 2 - calls_left WHERE called_at IS NOT NULL")
    op.create_table(
        "called_address",
        sa.Column("digest", sa.String(length=64), nullable=False),
        sa.Column("calls", sa.Text(), nullable=False),
        sa.Column("last_at", sa.Double(), nullable=False),
        sa.PrimaryKeyConstraint("digest", name="pk_called_address"),
    )
    op.create_index("ix_called_address_last_at", "called_address", ["last_at"])
