"""How clearly a person's picture comes to the others: the timeline tells when it changes."""

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0009"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("seat", sa.Column("clarity", sa.String(length=16), nullable=False, server_default="hd"))
