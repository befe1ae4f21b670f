"""Who works here and whether they are who they say: sign-in, sessions, sign-out.

Decides whether a sign-in is let through; never how a password is hashed (passwords.py) or where anything is kept (store).
"""

from dataclasses import dataclass

from clinic.hospitals import Directory
from clinic.ports import ClinicStore, PasswordHasher
from common.clock import Clock
from common.ids import HospitalId, PractitionerId


@dataclass(frozen=True, slots=True)
class StaffIdentity:
    """Who speaks: the result of every successful check of a staff cookie."""

    practitioner: PractitionerId
    hospital: HospitalId
    expires_at: float


@dataclass(frozen=True, slots=True)
class StaffGrant:
    """A staff session and, once, its secret (32 random bytes, urlsafe base64; stored only as SHA-256)."""

    practitioner: PractitionerId
    hospital: HospitalId
    token: str
    expires_at: float


class Clinic:
    """The service. Every method may raise `Unavailable` (database)."""

    def __init__(self, store: ClinicStore, hasher: PasswordHasher, clock: Clock) -> None:
        self._store = store
        self._hasher = hasher
        self._clock = clock

    async def directory(self) -> Directory:
        """All hospitals, departments and practitioners, one query each."""
        raise NotImplementedError

    async def sign_in(self, staff_number: str, password: str, address: str) -> StaffGrant:
        """UserError: sign_in_failed (number or password, not said which), too_many_attempts. `address` is the client's."""
        raise NotImplementedError

    async def staff_by_token(self, token: str) -> StaffIdentity | None:
        """The session that this cookie holds, or none."""
        raise NotImplementedError

    async def sign_out(self, token: str) -> None:
        """Ends the session; unknown ones too, silently."""
        raise NotImplementedError
