"""Intake, notes, summaries, ratings, and the staff's second factor."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

ID = sa.String(length=24)


def upgrade() -> None:
    op.create_table(
        "second_factor",
        sa.Column("practitioner", ID, nullable=False),
        sa.Column("sealed", sa.LargeBinary(length=128), nullable=False),
        sa.Column("proposed_at", sa.Double(), nullable=False),
        sa.Column("confirmed_at", sa.Double(), nullable=True),
        sa.Column("last_step", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["practitioner"], ["practitioner.id"], name="fk_second_factor_practitioner"),
        sa.PrimaryKeyConstraint("practitioner", name="pk_second_factor"),
    )
    op.create_table(
        "intake",
        sa.Column("consultation", ID, nullable=False),
        sa.Column("history", sa.Text(), nullable=False),
        sa.Column("allergies", sa.Text(), nullable=False),
        sa.Column("red_flags", sa.Text(), nullable=False),
        sa.Column("done", sa.Boolean(), nullable=False),
        sa.Column("saved_at", sa.Double(), nullable=False),
        sa.PrimaryKeyConstraint("consultation", name="pk_intake"),
    )
    op.create_table(
        "notes",
        sa.Column("consultation", ID, nullable=False),
        sa.Column("practitioner", ID, nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("saved_at", sa.Double(), nullable=False),
        sa.Column("complaint", sa.Text(), nullable=False),
        sa.Column("illness", sa.Text(), nullable=False),
        sa.Column("history", sa.Text(), nullable=False),
        sa.Column("allergies", sa.Text(), nullable=False),
        sa.Column("assessment", sa.Text(), nullable=False),
        sa.Column("advice", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("consultation", name="pk_notes"),
    )
    op.create_table(
        "summary",
        sa.Column("consultation", ID, nullable=False),
        sa.Column("agreed", sa.Text(), nullable=False),
        sa.Column("next_step", sa.Text(), nullable=False),
        sa.Column("given_at", sa.Double(), nullable=False),
        sa.PrimaryKeyConstraint("consultation", name="pk_summary"),
    )
    op.create_table(
        "rating",
        sa.Column("consultation", ID, nullable=False),
        sa.Column("rating", sa.String(length=16), nullable=False),
        sa.Column("rated_at", sa.Double(), nullable=False),
        sa.PrimaryKeyConstraint("consultation", name="pk_rating"),
    )
