"""The tables of the archive. Shapes and constraints only; every time is seconds since 1970 UTC.

No foreign key leads out: consultations, seats and practitioners are other packages', known by their ids. Nor from the acts to the
recording: a destroyed recording's row stays, and so do the acts.
"""

from sqlalchemy import BigInteger, Boolean, Column, Double, Index, Integer, LargeBinary, String, Table, Text, text

from common.database import metadata

ID = String(24)
CODE = String(48)

recording = Table(
    "recording",
    metadata,
    Column("id", ID, primary_key=True),
    Column("hospital", ID, nullable=False),
    Column("department", ID, nullable=False),
    Column("consultation", ID, nullable=False, index=True),
    Column("practitioner", ID),
    Column("patient", ID, index=True),
    Column("patient_name", String(80), nullable=False),
    Column("started_at", Double, nullable=False),
    Column("ended_at", Double, nullable=False),
    Column("segments", Integer, nullable=False),
    Column("octets", BigInteger, nullable=False),
    Column("digest", String(64), nullable=False),
    Column("place", CODE, nullable=False),
    Column("retention", CODE, nullable=False),
    Column("held", Boolean, nullable=False),
    Column("announced_at", Double),
    Column("looked_at", Double),
    Column("erasure_granted_at", Double),
    Column("key_destroyed_at", Double),
    Column("destroyed_at", Double),
    Column("wrapped_key", LargeBinary),
    Column("verified_at", Double),
    Column("verified_segments", Integer, nullable=False),
    Column("flaw", Text),  # JSON: code, file, first, last
    Column("trouble", CODE),
    Column("attempts", Integer, nullable=False),
    Column("next_at", Double),
    Column("pushed_at", Double),
    Column("push_attempts", Integer, nullable=False),
    Column("push_next_at", Double),
    Index("ix_recording_hospital_started_at", "hospital", "started_at", "id"),
    Index("ix_recording_practitioner_started_at", "practitioner", "started_at"),
    Index(
        "ix_recording_next_at",
        "next_at",
        sqlite_where=text("place = 'uploading'"),
        postgresql_where=text("place = 'uploading'"),
    ),
    Index(
        "ix_recording_push_next_at",
        "push_next_at",
        sqlite_where=text("pushed_at IS NULL"),
        postgresql_where=text("pushed_at IS NULL"),
    ),
)

recording_play = Table(
    "recording_play",
    metadata,
    Column("id", ID, primary_key=True),
    Column("recording", ID, nullable=False, index=True),
    Column("practitioner", ID, nullable=False),
    Column("purpose", CODE, nullable=False),
    Column("note", String(200), nullable=False),
    Column("at", Double, nullable=False),
    Column("expires_at", Double, nullable=False),
)

recording_hold = Table(
    "recording_hold",
    metadata,
    Column("id", ID, primary_key=True),
    Column("recording", ID, nullable=False, index=True),
    Column("by", ID, nullable=False),
    Column("reason", String(200), nullable=False),
    Column("since", Double, nullable=False),
    Column("released_at", Double),
    Column("released_by", ID),
    # One hold at a time: of two people who press at once, one is told that it is held.
    Index(
        "uq_recording_hold_standing",
        "recording",
        unique=True,
        sqlite_where=text("released_at IS NULL"),
        postgresql_where=text("released_at IS NULL"),
    ),
)

# `node` and `beat_at` belong to whoever makes it: one that has not beaten for a while is taken over.
recording_export = Table(
    "recording_export",
    metadata,
    Column("id", ID, primary_key=True),
    Column("recording", ID, nullable=False, index=True),
    Column("hospital", ID, nullable=False),
    Column("by", ID, nullable=False),
    Column("purpose", CODE, nullable=False),
    Column("language", String(8), nullable=False),
    Column("state", CODE, nullable=False, index=True),
    Column("done", Integer, nullable=False),
    Column("parts", Integer, nullable=False),
    Column("octets", BigInteger, nullable=False),
    Column("made_at", Double, nullable=False),
    Column("expires_at", Double, nullable=False),
    Column("trouble", CODE, nullable=False),
    Column("node", String(64), nullable=False),
    Column("beat_at", Double, nullable=False),
)

recording_request = Table(
    "recording_request",
    metadata,
    Column("id", ID, primary_key=True),
    Column("hospital", ID, nullable=False),
    Column("consultation", ID, nullable=False),
    Column("seat", ID, nullable=False),
    Column("kind", CODE, nullable=False),
    Column("at", Double, nullable=False),
    Column("state", CODE, nullable=False),
    Column("decided_by", ID),
    Column("decided_at", Double),
    Column("answer", String(500), nullable=False),
    Index("ix_recording_request_hospital_state", "hospital", "state", "at"),
    # One open request of a kind for each seat: pressing twice asks once.
    Index(
        "uq_recording_request_open",
        "seat",
        "kind",
        unique=True,
        sqlite_where=text("state = 'open'"),
        postgresql_where=text("state = 'open'"),
    ),
)
