"""How each seat's line was during its call."""

import sqlalchemy as sa
from alembic import op

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "flight",
        sa.Column("seat", sa.String(length=24), nullable=False),
        sa.Column("consultation", sa.String(length=24), nullable=False),
        sa.Column("spans", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["seat"], ["seat.id"], name="fk_flight_seat"),
        sa.ForeignKeyConstraint(["consultation"], ["consultation.id"], name="fk_flight_consultation"),
        sa.PrimaryKeyConstraint("seat", name="pk_flight"),
    )
    op.create_index("ix_flight_consultation", "flight", ["consultation"])
