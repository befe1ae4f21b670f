"""Name cards, rungs, read marks, the address on file, call-backs, the timeline's length, roles of the staff."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("consultation", sa.Column("starts_at", sa.Double()))
    op.add_column("consultation", sa.Column("contact", sa.String(length=254)))
    op.add_column("consultation", sa.Column("callback_since", sa.Double()))
    op.add_column("consultation", sa.Column("called_at", sa.Double()))
    op.add_column("consultation", sa.Column("last_entry", sa.Integer(), nullable=False, server_default="0"))
    op.add_column("seat", sa.Column("confirmed_at", sa.Double()))
    op.add_column("seat", sa.Column("rung", sa.String(length=16), nullable=False, server_default="media"))
    op.add_column("seat", sa.Column("read", sa.Integer(), nullable=False, server_default="0"))
    op.add_column("practitioner", sa.Column("role", sa.String(length=16), nullable=False, server_default="practitioner"))
