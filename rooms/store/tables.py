"""The tables of rooms. Shapes and constraints only; every time is seconds since 1970 UTC."""

from sqlalchemy import (
    Boolean,
    Column,
    Double,
    ForeignKey,
    ForeignKeyConstraint,
    Index,
    Integer,
    LargeBinary,
    String,
    Table,
    Text,
    UniqueConstraint,
    false,
    text,
)

from common.database import metadata

ID = String(24)
CODE = String(16)
NODE = String(64)


def now_in_call() -> str:
    return "state IN ('connecting', 'live', 'interrupted')"


consultation = Table(
    "consultation",
    metadata,
    Column("id", ID, primary_key=True),
    Column("hospital", ID, nullable=False),
    Column("department", ID, nullable=False),
    Column("priority", CODE, nullable=False),
    Column("language", String(8), nullable=False),
    Column("birth_year", Integer),
    Column("reason", Text, nullable=False),
    Column("state", CODE, nullable=False),
    Column("ended_reason", CODE),
    Column("practitioner", ID),
    Column("created_at", Double, nullable=False),
    Column("waiting_since", Double),
    Column("live_since", Double),
    Column("ended_at", Double),
    Column("revision", Integer, nullable=False),
    Column("media_generation", Integer, nullable=False),
    Column("starts_at", Double),
    Column("contact", String(254)),
    Column("callback_since", Double),
    Column("called_at", Double),
    Column("last_entry", Integer, nullable=False, server_default="0"),
    Column("wanted", ID),
    Column("open_until", Double),
    Column("recording", Text),  # JSON: store/consents.py
    Column("recording_id", ID),
    Column("recording_open", Boolean, nullable=False, server_default=false()),
    Column("changed_at", Double, nullable=False),
    Column("deadline", Double),
    Index("ix_consultation_recording_id", "recording_id", unique=True),
    Index("ix_consultation_recording_open", "id", sqlite_where=text("recording_open"), postgresql_where=text("recording_open")),
    Index("ix_consultation_hospital_state", "hospital", "state"),
    Index("ix_consultation_changed_at", "changed_at"),
    Index("ix_consultation_deadline", "deadline"),
    Index("ix_consultation_practitioner_ended_at", "practitioner", "ended_at"),
    Index("ix_consultation_contact", "contact"),
    Index(
        "ix_consultation_wanted_scheduled",
        "wanted",
        sqlite_where=text("state = 'scheduled'"),
        postgresql_where=text("state = 'scheduled'"),
    ),
    # The wall behind the queue's lock: a doctor is never in two consultations.
    Index(
        "uq_consultation_practitioner_in_call",
        "practitioner",
        unique=True,
        sqlite_where=text(now_in_call()),
        postgresql_where=text(now_in_call()),
    ),
)

seat = Table(
    "seat",
    metadata,
    Column("id", ID, primary_key=True),
    Column("consultation", ID, ForeignKey("consultation.id"), nullable=False, index=True),
    Column("position", Integer, nullable=False),  # order of coming; clocks of nodes differ
    Column("role", CODE, nullable=False),
    Column("name", String(80)),
    Column("practitioner", ID),
    Column("created_at", Double, nullable=False),
    Column("connected", Boolean, nullable=False),
    Column("in_call", Boolean, nullable=False),
    Column("microphone", Boolean, nullable=False),
    Column("camera", Boolean, nullable=False),
    Column("gone_since", Double),
    Column("absent_since", Double),
    Column("left_at", Double),
    Column("confirmed_at", Double),
    Column("rung", CODE, nullable=False, server_default="media"),
    Column("read", Integer, nullable=False, server_default="0"),
    Column("device_check", Text),  # JSON: store/checks.py
    Column("clarity", CODE, nullable=False, server_default="hd"),
)

seat_session = Table(
    "seat_session",
    metadata,
    Column("token_hash", LargeBinary(32), primary_key=True),
    Column("seat", ID, ForeignKey("seat.id"), nullable=False, index=True),
    Column("created_at", Double, nullable=False),
    Column("expires_at", Double, nullable=False),
)

join_link = Table(
    "join_link",
    metadata,
    Column("token_hash", LargeBinary(32), primary_key=True),
    Column("id", ID, nullable=False),
    Column("consultation", ID, ForeignKey("consultation.id"), nullable=False, index=True),
    Column("kind", CODE, nullable=False),
    Column("seat", ID, ForeignKey("seat.id")),
    Column("made_by", ID, nullable=False),  # a seat, a practitioner, or "system"
    Column("created_at", Double, nullable=False),
    Column("expires_at", Double, nullable=False),
    Column("revoked_at", Double),
    Column("used_at", Double),
    Column("used_by", ID),
)

# Numbered from 1 without gaps: `consultation.last_entry` gives the number, under its row's lock, in the same transaction.
timeline_entry = Table(
    "timeline_entry",
    metadata,
    Column("consultation", ID, ForeignKey("consultation.id"), primary_key=True),
    Column("number", Integer, primary_key=True, autoincrement=False),
    Column("at", Double, nullable=False),
    Column("kind", CODE, nullable=False),
    Column("seat", ID, ForeignKey("seat.id")),
    Column("key", String(40)),
    Column("text", Text, nullable=False),
    Column("picture", ID, ForeignKey("picture.id")),
    Column("code", CODE),
    Column("reason", CODE, nullable=False),
    UniqueConstraint("seat", "key"),
)

# The encoded bytes stand last: whoever asks for the sizes alone does not read through them (SQLite keeps a row in one chain).
picture = Table(
    "picture",
    metadata,
    Column("id", ID, primary_key=True),
    Column("consultation", ID, ForeignKey("consultation.id"), nullable=False, index=True),
    Column("seat", ID, ForeignKey("seat.id"), nullable=False),
    Column("key", String(40), nullable=False),
    Column("width", Integer, nullable=False),
    Column("height", Integer, nullable=False),
    Column("octets", Integer, nullable=False),
    Column("created_at", Double, nullable=False),
    Column("thumbnail", LargeBinary, nullable=False),
    Column("content", LargeBinary, nullable=False),
    UniqueConstraint("seat", "key"),
)

# An upload under way. `refused` is the code with which it ended without a picture.
picture_upload = Table(
    "picture_upload",
    metadata,
    Column("seat", ID, ForeignKey("seat.id"), primary_key=True),
    Column("key", String(40), primary_key=True),
    Column("media_type", String(32), nullable=False),
    Column("octets", Integer, nullable=False),
    Column("received", Integer, nullable=False),
    Column("refused", String(32)),
    Column("created_at", Double, nullable=False, index=True),
)

picture_chunk = Table(
    "picture_chunk",
    metadata,
    Column("seat", ID, primary_key=True),
    Column("key", String(40), primary_key=True),
    Column("offset", Integer, primary_key=True, autoincrement=False),
    Column("content", LargeBinary, nullable=False),
    ForeignKeyConstraint(["seat", "key"], ["picture_upload.seat", "picture_upload.key"], ondelete="CASCADE"),
)

# The latest still of a seat, for the other processes; gone with the call.
still = Table(
    "still",
    metadata,
    Column("seat", ID, ForeignKey("seat.id"), primary_key=True),
    Column("consultation", ID, ForeignKey("consultation.id"), nullable=False, index=True),
    Column("at", Double, nullable=False),
    Column("image", LargeBinary, nullable=False),
)

# How often something changed in a doctor's ended consultations: a part of the desk's revision.
desk_change = Table(
    "desk_change",
    metadata,
    Column("practitioner", ID, primary_key=True),
    Column("changes", Integer, nullable=False),
)

# What was recorded of somebody and is to be destroyed. `done_at` is none until nobody can read it any more.
consent_erasure = Table(
    "consent_erasure",
    metadata,
    Column("id", ID, primary_key=True),
    Column("recording", ID, nullable=False, index=True),
    Column("consultation", ID, ForeignKey("consultation.id"), nullable=False),
    Column("hospital", ID, nullable=False),
    Column("seat", ID, ForeignKey("seat.id"), nullable=False),
    Column("video_only", Boolean, nullable=False),
    Column("ordered_at", Double, nullable=False),
    Column("done_at", Double),
    Index(
        "ix_consent_erasure_open", "ordered_at", sqlite_where=text("done_at IS NULL"), postgresql_where=text("done_at IS NULL")
    ),
)

queue_line = Table(
    "queue_line",
    metadata,
    Column("hospital", ID, primary_key=True),
    Column("version", Integer, nullable=False),
    Column("arrivals", Integer, nullable=False),
    Column("last_arrival", Double, nullable=False),
    Column("offers_made", Integer, nullable=False),
    Column("lengths", Text, nullable=False),  # JSON: department → seconds of its latest consultations
    Column("deadline", Double),
    Index("ix_queue_line_deadline", "deadline"),
)

queue_ticket = Table(
    "queue_ticket",
    metadata,
    Column("consultation", ID, ForeignKey("consultation.id"), primary_key=True),
    Column("hospital", ID, nullable=False, index=True),
    Column("department", ID, nullable=False),
    Column("priority", CODE, nullable=False),
    Column("number", Integer, nullable=False),
    Column("waiting_since", Double, nullable=False),
    Column("wanted", ID),
    Column("away_since", Double),
    Column("refusals", Text, nullable=False),  # JSON: [[practitioner, when], …]
    Column("calls_left", Integer, nullable=False, server_default="0"),
    Column("calls_made", Integer, nullable=False, server_default="0"),
    Column("called_at", Double),
    UniqueConstraint("hospital", "number"),
)

called_address = Table(
    "called_address",
    metadata,
    Column("digest", String(64), primary_key=True),
    Column("calls", Text, nullable=False),  # JSON: [when, …]
    Column("last_at", Double, nullable=False, index=True),
)

queue_doctor = Table(
    "queue_doctor",
    metadata,
    Column("practitioner", ID, primary_key=True),
    Column("hospital", ID, nullable=False, index=True),
    Column("departments", Text, nullable=False),  # JSON: [department, …]
    Column("free_since", Double, nullable=False),
    Column("away_since", Double),
    Column("consultation", ID),
    Column("unanswered", Integer, nullable=False),
)

# Only open offers stand here: an ended one is deleted (the audit trail keeps what became of it), so two plain unique
# constraints say that nobody is in two offers.
queue_offer = Table(
    "queue_offer",
    metadata,
    Column("id", ID, primary_key=True),
    Column("hospital", ID, nullable=False, index=True),
    Column("consultation", ID, ForeignKey("consultation.id"), nullable=False, unique=True),
    Column("practitioner", ID, nullable=False, unique=True),
    Column("department", ID, nullable=False),
    Column("made_at", Double, nullable=False),
    Column("expires_at", Double, nullable=False),
)

# No foreign key from the presences to `node`: a row whose node is gone is how an orphan is known (presence.py).
node = Table(
    "node",
    metadata,
    Column("id", NODE, primary_key=True),
    Column("heartbeat", Double, nullable=False),
)

seat_presence = Table(
    "seat_presence",
    metadata,
    Column("seat", ID, ForeignKey("seat.id"), primary_key=True),
    Column("node", NODE, primary_key=True),
    Column("hospital", ID, nullable=False),
    Index("ix_seat_presence_node", "node"),
)

desk_presence = Table(
    "desk_presence",
    metadata,
    Column("practitioner", ID, primary_key=True),
    Column("node", NODE, primary_key=True),
    Column("hospital", ID, nullable=False),
    Index("ix_desk_presence_node", "node"),
)

media_worker = Table(
    "media_worker",
    metadata,
    Column("name", NODE, primary_key=True),
    Column("node", NODE, nullable=False),
    Column("socket_path", String(255), nullable=False),
    Column("epoch", String(32), nullable=False),
    Column("heartbeat", Double, nullable=False),
)

placement = Table(
    "placement",
    metadata,
    Column("consultation", ID, ForeignKey("consultation.id"), primary_key=True),
    Column("worker", NODE, nullable=False),
    Column("epoch", String(32), nullable=False),
    Column("generation", Integer, nullable=False),
    Column("placed_at", Double, nullable=False),
    Index("ix_placement_worker", "worker", "epoch"),
)

flight = Table(
    "flight",
    metadata,
    Column("seat", ID, ForeignKey("seat.id"), primary_key=True),
    Column("consultation", ID, ForeignKey("consultation.id"), nullable=False),
    Column("spans", Text, nullable=False),
    Index("ix_flight_consultation", "consultation"),
)
