"""What the clinic needs from outside: a store and a hasher. Decides the seams only."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from clinic.hospitals import Directory, Hospital, Practitioner, StaffRole
from common.evidence.entry import AuditEntry
from common.ids import HospitalId, PractitionerId


@dataclass(frozen=True, slots=True)
class Factor:
    """A second factor: its sealed secret, when a first code confirmed it (none: proposed only), and the last step used."""

    sealed: bytes
    proposed_at: float
    confirmed_at: float | None
    last_step: int


@dataclass(frozen=True, slots=True)
class FactorUse:
    """One code of a factor, used up by a sign-in."""

    sealed: bytes
    step: int


@dataclass(frozen=True, slots=True)
class Account:
    """Who has this staff number, the hash that a password is compared with, and the second factor if there is one."""

    practitioner: PractitionerId
    hospital: HospitalId
    staff_number: str
    password_hash: str
    factor: Factor | None


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

    async def open_session(self, session: StaffSession, use: FactorUse, entries: Sequence[AuditEntry]) -> bool:
        """Uses the code up, stores the session and forgets all that have expired. False, and nothing stored: the code was used
        before, or the factor is another one by now."""

    async def propose_factor(self, practitioner: PractitionerId, sealed: bytes, now: float) -> bool:
        """Keeps the secret until a first code confirms it, in place of one proposed before; false where one is confirmed."""

    async def enrol(self, sealed: Mapping[PractitionerId, bytes], now: float) -> None:
        """Confirmed factors for those of them who have none; the others keep theirs."""

    async def drop_factor(self, practitioner: PractitionerId, entry: AuditEntry) -> None:
        """Forgets the factor and every session that was opened with it."""

    async def change_role(self, practitioner: PractitionerId, role: StaffRole, entry: AuditEntry) -> None:
        """Another role; every session that was opened in the former one ends."""

    async def sealed_factors(self) -> list[bytes]:
        """The sealed secrets of everybody."""

    async def session(self, token_hash: bytes, now: float) -> StaffSession | None:
        """The session of this hash, unless it has expired."""

    async def standing(self, token_hashes: Sequence[bytes], now: float) -> set[bytes]:
        """Those of these sessions that were neither ended nor have expired."""

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
