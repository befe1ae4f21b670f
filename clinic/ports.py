"""What the clinic needs from outside: a store and a hasher. Decides the seams only."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from clinic.hospitals import Directory, Hospital, Practitioner
from common.evidence.entry import AuditEntry
from common.ids import HospitalId, PractitionerId


@dataclass(frozen=True, slots=True)
class Account:
    """Who has this staff number, and the hash that a password is compared with."""

    practitioner: PractitionerId
    hospital: HospitalId
    password_hash: str


@dataclass(frozen=True, slots=True)
class StaffSession:
    """A staff cookie. Only the SHA-256 of its token is kept."""

    token_hash: bytes
    practitioner: PractitionerId
    hospital: HospitalId
    created_at: float
    expires_at: float


class ClinicStore(Protocol):
    """Everything that the clinic keeps. Every method is one transaction and may raise Unavailable."""

    async def directory(self) -> Directory: ...

    async def account(self, staff_number: str) -> Account | None: ...

    async def open_session(self, session: StaffSession, entry: AuditEntry) -> None:
        """Stores the session and forgets all that have expired."""

    async def session(self, token_hash: bytes, now: float) -> StaffSession | None:
        """The session of this hash, unless it has expired."""

    async def close_session(self, token_hash: bytes, now: float) -> None:
        """Forgets the session, if it was there, and says so in the audit."""

    async def note(self, entry: AuditEntry) -> None:
        """An audit entry of an act that changes nothing else."""

    async def found(
        self, hospitals: Sequence[Hospital], practitioners: Sequence[Practitioner], hashes: Mapping[PractitionerId, str]
    ) -> bool:
        """Stores all of it if no hospital is there yet; of two at once, one is told true."""


class PasswordHasher(Protocol):
    """Slow on purpose, and bounded: it never runs on the event loop and never on more threads than there are cores."""

    async def hash(self, password: str) -> str: ...

    async def verify(self, stored: str | None, password: str) -> bool:
        """Whether the password is the one; as slow without a stored hash, so that a staff number cannot be tried out."""
