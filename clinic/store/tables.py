"""The tables of the clinic. Shapes and constraints only; every time is seconds since 1970 UTC."""

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Double,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    String,
    Table,
    Text,
    false,
)

from common.database import metadata

ID = String(24)
NAME = String(200)

hospital = Table(
    "hospital",
    metadata,
    Column("id", ID, primary_key=True),
    Column("position", Integer, nullable=False),
    Column("name_zh", NAME, nullable=False),
    Column("name_en", NAME, nullable=False),
    Column("emergency_number", String(16), nullable=False),
    Column("time_zone", String(64), nullable=False),
    Column("records", Boolean, nullable=False, server_default=false()),
    Column("erases", Boolean, nullable=False, server_default=false()),
)

department = Table(
    "department",
    metadata,
    Column("id", ID, primary_key=True),
    Column("hospital", ID, ForeignKey("hospital.id"), nullable=False, index=True),
    Column("position", Integer, nullable=False),
    Column("name_zh", NAME, nullable=False),
    Column("name_en", NAME, nullable=False),
)

practitioner = Table(
    "practitioner",
    metadata,
    Column("id", ID, primary_key=True),
    Column("hospital", ID, ForeignKey("hospital.id"), nullable=False, index=True),
    Column("staff_number", String(12), nullable=False, unique=True),
    Column("name_zh", NAME, nullable=False),
    Column("name_en", NAME, nullable=False),
    Column("title_zh", NAME, nullable=False),
    Column("title_en", NAME, nullable=False),
    Column("password_hash", String(200), nullable=False),
    Column("role", String(16), nullable=False, server_default="practitioner"),
)

practitioner_department = Table(
    "practitioner_department",
    metadata,
    Column("practitioner", ID, ForeignKey("practitioner.id"), primary_key=True),
    Column("department", ID, ForeignKey("department.id"), primary_key=True),
)

staff_session = Table(
    "staff_session",
    metadata,
    Column("token_hash", LargeBinary(32), primary_key=True),
    Column("practitioner", ID, ForeignKey("practitioner.id"), nullable=False),
    Column("created_at", Double, nullable=False),
    Column("expires_at", Double, nullable=False),
    Index("ix_staff_session_expires_at", "expires_at"),
)

# `sealed` is opened by a key that is never in the database (factors.py). `confirmed_at` is none until a first code came;
# `last_step` is the half minute of the last code taken: it and all before are refused.
second_factor = Table(
    "second_factor",
    metadata,
    Column("practitioner", ID, ForeignKey("practitioner.id"), primary_key=True),
    Column("sealed", LargeBinary(128), nullable=False),
    Column("proposed_at", Double, nullable=False),
    Column("confirmed_at", Double),
    Column("last_step", BigInteger, nullable=False),
)

# What is told and written about a consultation. No foreign key: the consultation is another package's, known by its id.
intake = Table(
    "intake",
    metadata,
    Column("consultation", ID, primary_key=True),
    Column("history", Text, nullable=False),
    Column("allergies", Text, nullable=False),
    Column("red_flags", Text, nullable=False),  # JSON: [code, …]
    Column("said_flags", Text, nullable=False, server_default="[]"),  # the same, of all that were ever named
    Column("done", Boolean, nullable=False),
    Column("saved_at", Double, nullable=False),
)

notes = Table(
    "notes",
    metadata,
    Column("consultation", ID, primary_key=True),
    Column("practitioner", ID, nullable=False),
    Column("revision", Integer, nullable=False),
    Column("saved_at", Double, nullable=False),
    Column("complaint", Text, nullable=False),
    Column("illness", Text, nullable=False),
    Column("history", Text, nullable=False),
    Column("allergies", Text, nullable=False),
    Column("assessment", Text, nullable=False),
    Column("advice", Text, nullable=False),
)

summary = Table(
    "summary",
    metadata,
    Column("consultation", ID, primary_key=True),
    Column("agreed", Text, nullable=False),  # JSON: [point, …]
    Column("next_step", Text, nullable=False),
    Column("given_at", Double, nullable=False),
)

rating = Table(
    "rating",
    metadata,
    Column("consultation", ID, primary_key=True),
    Column("rating", String(16), nullable=False),
    Column("rated_at", Double, nullable=False),
)
