"""The tables of the clinic. Shapes and constraints only; every time is seconds since 1970 UTC."""

from sqlalchemy import Column, Double, ForeignKey, Index, Integer, LargeBinary, String, Table

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
