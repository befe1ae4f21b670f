"""The first tables: clinic, consultations, queues, presences, media, audit."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


IN_CALL = sa.text("state IN ('connecting', 'live', 'interrupted')")


def upgrade() -> None:
    op.create_table(
        "audit_entry",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), sa.Identity(always=True), nullable=False),
        sa.Column("at", sa.Double(), nullable=False),
        sa.Column("hospital", sa.String(length=24), nullable=False),
        sa.Column("actor", sa.String(length=24), nullable=False),
        sa.Column("act", sa.String(length=48), nullable=False),
        sa.Column("subject", sa.String(length=24), nullable=False),
        sa.Column("reason", sa.String(length=48), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_audit_entry"),
    )
    op.create_index("ix_audit_entry_hospital", "audit_entry", ["hospital", "at"])
    op.create_index("ix_audit_entry_subject", "audit_entry", ["subject", "id"])

    op.create_table(
        "consultation",
        sa.Column("id", sa.String(length=24), nullable=False),
        sa.Column("hospital", sa.String(length=24), nullable=False),
        sa.Column("department", sa.String(length=24), nullable=False),
        sa.Column("priority", sa.String(length=16), nullable=False),
        sa.Column("language", sa.String(length=8), nullable=False),
        sa.Column("birth_year", sa.Integer()),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("ended_reason", sa.String(length=16)),
        sa.Column("practitioner", sa.String(length=24)),
        sa.Column("created_at", sa.Double(), nullable=False),
        sa.Column("waiting_since", sa.Double()),
        sa.Column("live_since", sa.Double()),
        sa.Column("ended_at", sa.Double()),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("media_generation", sa.Integer(), nullable=False),
        sa.Column("changed_at", sa.Double(), nullable=False),
        sa.Column("deadline", sa.Double()),
        sa.PrimaryKeyConstraint("id", name="pk_consultation"),
    )
    op.create_index("ix_consultation_changed_at", "consultation", ["changed_at"])
    op.create_index("ix_consultation_deadline", "consultation", ["deadline"])
    op.create_index("ix_consultation_hospital_state", "consultation", ["hospital", "state"])
    op.create_index("ix_consultation_practitioner_ended_at", "consultation", ["practitioner", "ended_at"])
    op.create_index(
        "uq_consultation_practitioner_in_call",
        "consultation",
        ["practitioner"],
        unique=True,
        sqlite_where=IN_CALL,
        postgresql_where=IN_CALL,
    )

    op.create_table(
        "desk_presence",
        sa.Column("practitioner", sa.String(length=24), nullable=False),
        sa.Column("node", sa.String(length=64), nullable=False),
        sa.Column("hospital", sa.String(length=24), nullable=False),
        sa.PrimaryKeyConstraint("practitioner", "node", name="pk_desk_presence"),
    )
    op.create_index("ix_desk_presence_node", "desk_presence", ["node"])

    op.create_table(
        "hospital",
        sa.Column("id", sa.String(length=24), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("name_zh", sa.String(length=200), nullable=False),
        sa.Column("name_en", sa.String(length=200), nullable=False),
        sa.Column("emergency_number", sa.String(length=16), nullable=False),
        sa.Column("time_zone", sa.String(length=64), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_hospital"),
    )
    op.create_table(
        "media_worker",
        sa.Column("name", sa.String(length=64), nullable=False),
        sa.Column("node", sa.String(length=64), nullable=False),
        sa.Column("socket_path", sa.String(length=255), nullable=False),
        sa.Column("epoch", sa.String(length=32), nullable=False),
        sa.Column("heartbeat", sa.Double(), nullable=False),
        sa.PrimaryKeyConstraint("name", name="pk_media_worker"),
    )
    op.create_table(
        "node",
        sa.Column("id", sa.String(length=64), nullable=False),
        sa.Column("heartbeat", sa.Double(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_node"),
    )
    op.create_table(
        "queue_doctor",
        sa.Column("practitioner", sa.String(length=24), nullable=False),
        sa.Column("hospital", sa.String(length=24), nullable=False),
        sa.Column("departments", sa.Text(), nullable=False),
        sa.Column("free_since", sa.Double(), nullable=False),
        sa.Column("away_since", sa.Double()),
        sa.Column("consultation", sa.String(length=24)),
        sa.Column("unanswered", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("practitioner", name="pk_queue_doctor"),
    )
    op.create_index("ix_queue_doctor_hospital", "queue_doctor", ["hospital"])

    op.create_table(
        "queue_line",
        sa.Column("hospital", sa.String(length=24), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("arrivals", sa.Integer(), nullable=False),
        sa.Column("last_arrival", sa.Double(), nullable=False),
        sa.Column("offers_made", sa.Integer(), nullable=False),
        sa.Column("lengths", sa.Text(), nullable=False),
        sa.Column("deadline", sa.Double()),
        sa.PrimaryKeyConstraint("hospital", name="pk_queue_line"),
    )
    op.create_index("ix_queue_line_deadline", "queue_line", ["deadline"])

    op.create_table(
        "department",
        sa.Column("id", sa.String(length=24), nullable=False),
        sa.Column("hospital", sa.String(length=24), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("name_zh", sa.String(length=200), nullable=False),
        sa.Column("name_en", sa.String(length=200), nullable=False),
        sa.ForeignKeyConstraint(["hospital"], ["hospital.id"], name="fk_department_hospital"),
        sa.PrimaryKeyConstraint("id", name="pk_department"),
    )
    op.create_index("ix_department_hospital", "department", ["hospital"])

    op.create_table(
        "placement",
        sa.Column("consultation", sa.String(length=24), nullable=False),
        sa.Column("worker", sa.String(length=64), nullable=False),
        sa.Column("epoch", sa.String(length=32), nullable=False),
        sa.Column("generation", sa.Integer(), nullable=False),
        sa.Column("placed_at", sa.Double(), nullable=False),
        sa.ForeignKeyConstraint(["consultation"], ["consultation.id"], name="fk_placement_consultation"),
        sa.PrimaryKeyConstraint("consultation", name="pk_placement"),
    )
    op.create_index("ix_placement_worker", "placement", ["worker", "epoch"])

    op.create_table(
        "practitioner",
        sa.Column("id", sa.String(length=24), nullable=False),
        sa.Column("hospital", sa.String(length=24), nullable=False),
        sa.Column("staff_number", sa.String(length=12), nullable=False),
        sa.Column("name_zh", sa.String(length=200), nullable=False),
        sa.Column("name_en", sa.String(length=200), nullable=False),
        sa.Column("title_zh", sa.String(length=200), nullable=False),
        sa.Column("title_en", sa.String(length=200), nullable=False),
        sa.Column("password_hash", sa.String(length=200), nullable=False),
        sa.ForeignKeyConstraint(["hospital"], ["hospital.id"], name="fk_practitioner_hospital"),
        sa.PrimaryKeyConstraint("id", name="pk_practitioner"),
        sa.UniqueConstraint("staff_number", name="uq_practitioner_staff_number"),
    )
    op.create_index("ix_practitioner_hospital", "practitioner", ["hospital"])

    op.create_table(
        "queue_offer",
        sa.Column("id", sa.String(length=24), nullable=False),
        sa.Column("hospital", sa.String(length=24), nullable=False),
        sa.Column("consultation", sa.String(length=24), nullable=False),
        sa.Column("practitioner", sa.String(length=24), nullable=False),
        sa.Column("department", sa.String(length=24), nullable=False),
        sa.Column("made_at", sa.Double(), nullable=False),
        sa.Column("expires_at", sa.Double(), nullable=False),
        sa.ForeignKeyConstraint(["consultation"], ["consultation.id"], name="fk_queue_offer_consultation"),
        sa.PrimaryKeyConstraint("id", name="pk_queue_offer"),
        sa.UniqueConstraint("consultation", name="uq_queue_offer_consultation"),
        sa.UniqueConstraint("practitioner", name="uq_queue_offer_practitioner"),
    )
    op.create_index("ix_queue_offer_hospital", "queue_offer", ["hospital"])

    op.create_table(
        "queue_ticket",
        sa.Column("consultation", sa.String(length=24), nullable=False),
        sa.Column("hospital", sa.String(length=24), nullable=False),
        sa.Column("department", sa.String(length=24), nullable=False),
        sa.Column("priority", sa.String(length=16), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("waiting_since", sa.Double(), nullable=False),
        sa.Column("wanted", sa.String(length=24)),
        sa.Column("away_since", sa.Double()),
        sa.Column("refusals", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["consultation"], ["consultation.id"], name="fk_queue_ticket_consultation"),
        sa.PrimaryKeyConstraint("consultation", name="pk_queue_ticket"),
        sa.UniqueConstraint("hospital", "number", name="uq_queue_ticket_hospital"),
    )
    op.create_index("ix_queue_ticket_hospital", "queue_ticket", ["hospital"])

    op.create_table(
        "seat",
        sa.Column("id", sa.String(length=24), nullable=False),
        sa.Column("consultation", sa.String(length=24), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("role", sa.String(length=16), nullable=False),
        sa.Column("name", sa.String(length=80)),
        sa.Column("practitioner", sa.String(length=24)),
        sa.Column("created_at", sa.Double(), nullable=False),
        sa.Column("connected", sa.Boolean(), nullable=False),
        sa.Column("in_call", sa.Boolean(), nullable=False),
        sa.Column("microphone", sa.Boolean(), nullable=False),
        sa.Column("camera", sa.Boolean(), nullable=False),
        sa.Column("gone_since", sa.Double()),
        sa.Column("absent_since", sa.Double()),
        sa.Column("left_at", sa.Double()),
        sa.ForeignKeyConstraint(["consultation"], ["consultation.id"], name="fk_seat_consultation"),
        sa.PrimaryKeyConstraint("id", name="pk_seat"),
    )
    op.create_index("ix_seat_consultation", "seat", ["consultation"])

    op.create_table(
        "join_link",
        sa.Column("token_hash", sa.LargeBinary(length=32), nullable=False),
        sa.Column("consultation", sa.String(length=24), nullable=False),
        sa.Column("role", sa.String(length=16), nullable=False),
        sa.Column("made_by", sa.String(length=24), nullable=False),
        sa.Column("created_at", sa.Double(), nullable=False),
        sa.Column("expires_at", sa.Double(), nullable=False),
        sa.Column("revoked_at", sa.Double()),
        sa.Column("used_at", sa.Double()),
        sa.Column("used_by", sa.String(length=24)),
        sa.ForeignKeyConstraint(["consultation"], ["consultation.id"], name="fk_join_link_consultation"),
        sa.ForeignKeyConstraint(["made_by"], ["seat.id"], name="fk_join_link_made_by"),
        sa.PrimaryKeyConstraint("token_hash", name="pk_join_link"),
    )
    op.create_index("ix_join_link_consultation", "join_link", ["consultation"])

    op.create_table(
        "practitioner_department",
        sa.Column("practitioner", sa.String(length=24), nullable=False),
        sa.Column("department", sa.String(length=24), nullable=False),
        sa.ForeignKeyConstraint(["department"], ["department.id"], name="fk_practitioner_department_department"),
        sa.ForeignKeyConstraint(["practitioner"], ["practitioner.id"], name="fk_practitioner_department_practitioner"),
        sa.PrimaryKeyConstraint("practitioner", "department", name="pk_practitioner_department"),
    )
    op.create_table(
        "seat_presence",
        sa.Column("seat", sa.String(length=24), nullable=False),
        sa.Column("node", sa.String(length=64), nullable=False),
        sa.Column("hospital", sa.String(length=24), nullable=False),
        sa.ForeignKeyConstraint(["seat"], ["seat.id"], name="fk_seat_presence_seat"),
        sa.PrimaryKeyConstraint("seat", "node", name="pk_seat_presence"),
    )
    op.create_index("ix_seat_presence_node", "seat_presence", ["node"])

    op.create_table(
        "seat_session",
        sa.Column("token_hash", sa.LargeBinary(length=32), nullable=False),
        sa.Column("seat", sa.String(length=24), nullable=False),
        sa.Column("created_at", sa.Double(), nullable=False),
        sa.Column("expires_at", sa.Double(), nullable=False),
        sa.ForeignKeyConstraint(["seat"], ["seat.id"], name="fk_seat_session_seat"),
        sa.PrimaryKeyConstraint("token_hash", name="pk_seat_session"),
    )
    op.create_index("ix_seat_session_seat", "seat_session", ["seat"])

    op.create_table(
        "staff_session",
        sa.Column("token_hash", sa.LargeBinary(length=32), nullable=False),
        sa.Column("practitioner", sa.String(length=24), nullable=False),
        sa.Column("created_at", sa.Double(), nullable=False),
        sa.Column("expires_at", sa.Double(), nullable=False),
        sa.ForeignKeyConstraint(["practitioner"], ["practitioner.id"], name="fk_staff_session_practitioner"),
        sa.PrimaryKeyConstraint("token_hash", name="pk_staff_session"),
    )
    op.create_index("ix_staff_session_expires_at", "staff_session", ["expires_at"])

    _refuse_changes("audit_entry")


def _refuse_changes(table: str) -> None:
    """Append-only, said by the database: whoever gets hold of a connection of ours cannot rewrite what was done."""
    if op.get_bind().dialect.name == "sqlite":
        for verb in ("UPDATE", "DELETE"):
            op.execute(
                f"CREATE TRIGGER {table}_no_{verb.lower()} BEFORE {verb} ON {table} "
                f"BEGIN SELECT RAISE(ABORT, '{table} is append-only'); END"
            )
        return
    op.execute(
        "CREATE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql AS "
        "$$ BEGIN RAISE EXCEPTION '% is append-only', TG_TABLE_NAME; END $$"
    )
    op.execute(
        f"CREATE TRIGGER {table}_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON {table} "
        "FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()"
    )
