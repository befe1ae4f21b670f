"""The timeline, its pictures and their uploads, the latest still of a seat, changes of a desk's ended consultations."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "picture",
        sa.Column("id", sa.String(length=24), nullable=False),
        sa.Column("consultation", sa.String(length=24), nullable=False),
        sa.Column("seat", sa.String(length=24), nullable=False),
        sa.Column("key", sa.String(length=40), nullable=False),
        sa.Column("width", sa.Integer(), nullable=False),
        sa.Column("height", sa.Integer(), nullable=False),
        sa.Column("octets", sa.Integer(), nullable=False),
        sa.Column("created_at", sa.Double(), nullable=False),
        sa.Column("thumbnail", sa.LargeBinary(), nullable=False),
        sa.Column("content", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(["consultation"], ["consultation.id"], name="fk_picture_consultation"),
        sa.ForeignKeyConstraint(["seat"], ["seat.id"], name="fk_picture_seat"),
        sa.PrimaryKeyConstraint("id", name="pk_picture"),
        sa.UniqueConstraint("seat", "key", name="uq_picture_seat"),
    )
    op.create_index("ix_picture_consultation", "picture", ["consultation"])
    op.create_table(
        "timeline_entry",
        sa.Column("consultation", sa.String(length=24), nullable=False),
        sa.Column("number", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("at", sa.Double(), nullable=False),
        sa.Column("kind", sa.String(length=16), nullable=False),
        sa.Column("seat", sa.String(length=24)),
        sa.Column("key", sa.String(length=40)),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("picture", sa.String(length=24)),
        sa.Column("code", sa.String(length=16)),
        sa.Column("reason", sa.String(length=16), nullable=False),
        sa.ForeignKeyConstraint(["consultation"], ["consultation.id"], name="fk_timeline_entry_consultation"),
        sa.ForeignKeyConstraint(["seat"], ["seat.id"], name="fk_timeline_entry_seat"),
        sa.ForeignKeyConstraint(["picture"], ["picture.id"], name="fk_timeline_entry_picture"),
        sa.PrimaryKeyConstraint("consultation", "number", name="pk_timeline_entry"),
        sa.UniqueConstraint("seat", "key", name="uq_timeline_entry_seat"),
    )
    op.create_table(
        "picture_upload",
        sa.Column("seat", sa.String(length=24), nullable=False),
        sa.Column("key", sa.String(length=40), nullable=False),
        sa.Column("media_type", sa.String(length=32), nullable=False),
        sa.Column("octets", sa.Integer(), nullable=False),
        sa.Column("received", sa.Integer(), nullable=False),
        sa.Column("refused", sa.String(length=32)),
        sa.Column("created_at", sa.Double(), nullable=False),
        sa.ForeignKeyConstraint(["seat"], ["seat.id"], name="fk_picture_upload_seat"),
        sa.PrimaryKeyConstraint("seat", "key", name="pk_picture_upload"),
    )
    op.create_index("ix_picture_upload_created_at", "picture_upload", ["created_at"])
    op.create_table(
        "picture_chunk",
        sa.Column("seat", sa.String(length=24), nullable=False),
        sa.Column("key", sa.String(length=40), nullable=False),
        sa.Column("offset", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("content", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(
            ["seat", "key"], ["picture_upload.seat", "picture_upload.key"], name="fk_picture_chunk_seat", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("seat", "key", "offset", name="pk_picture_chunk"),
    )
    op.create_table(
        "still",
        sa.Column("seat", sa.String(length=24), nullable=False),
        sa.Column("consultation", sa.String(length=24), nullable=False),
        sa.Column("at", sa.Double(), nullable=False),
        sa.Column("image", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(["consultation"], ["consultation.id"], name="fk_still_consultation"),
        sa.ForeignKeyConstraint(["seat"], ["seat.id"], name="fk_still_seat"),
        sa.PrimaryKeyConstraint("seat", name="pk_still"),
    )
    op.create_index("ix_still_consultation", "still", ["consultation"])
    op.create_table(
        "desk_change",
        sa.Column("practitioner", sa.String(length=24), nullable=False),
        sa.Column("changes", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("practitioner", name="pk_desk_change"),
    )
