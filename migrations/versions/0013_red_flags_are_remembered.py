"""Red flags that a patient has ever named, also those taken back since: each raises the alarm once."""

import sqlalchemy as sa
from alembic import op

revision = "0013"
down_revision = "0011"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("intake", sa.Column("said_flags", sa.Text(), nullable=False, server_default="[]"))
    op.execute("UPDATE intake SET said_flags = red_flags")
