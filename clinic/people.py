"""Who works here and whether they are who they say: sign-in, sessions, sign-out.

Decides whether a sign-in is let through; never how a password is hashed (passwords.py) or where anything is kept (store).
"""

import hashlib
import secrets
from dataclasses import dataclass

from clinic.hospitals import Directory
from clinic.ports import Account, ClinicStore, PasswordHasher, StaffSession
from clinic.throttle import PER_ACCOUNT, PER_ADDRESS, Throttle
from common.clock import Clock
from common.errors import UserError
from common.evidence.entry import AuditEntry
from common.ids import HospitalId, PractitionerId

TOKEN_BYTES = 32
SESSION_S = 12 * 3600.0  # a long shift


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
    """The service. Every method may raise `Unavailable` (database, or too many sign-ins at once)."""

    def __init__(self, store: ClinicStore, hasher: PasswordHasher, clock: Clock) -> None:
        self.store = store
        self.hasher = hasher
        self._clock = clock
        self._by_account = Throttle(PER_ACCOUNT)
        self._by_address = Throttle(PER_ADDRESS)

    async def directory(self) -> Directory:
        """All hospitals, departments and practitioners, one query each."""
        return await self.store.directory()

    async def sign_in(self, staff_number: str, password: str, address: str) -> StaffGrant:
        """A new session. `address` is the client's.

        UserError: sign_in_failed (number or password, not said which), too_many_attempts.
        """
        began = self._clock.now()
        if not self._by_address.begin(address, began):
            raise _too_many()
        if not self._by_account.begin(staff_number, began):
            raise _too_many()
        judged = False
        try:
            account = await self.store.account(staff_number)
            right = await self.hasher.verify(account.password_hash if account else None, password)
            judged = not right
        finally:
            if not judged:
                self._by_address.forgive(address, began)
                self._by_account.forgive(staff_number, began)
        if account is None:
            raise _failed()
        if not right:
            await self.store.note(self._entry(account, "sign_in_failed"))
            raise _failed()
        return await self._grant(account)

    async def staff_by_token(self, token: str) -> StaffIdentity | None:
        """The session that this cookie holds, or none."""
        found = await self.store.session(_token_hash(token), self._clock.now())
        return StaffIdentity(found.practitioner, found.hospital, found.expires_at) if found else None

    async def sign_out(self, token: str) -> None:
        """Ends the session; unknown ones too, silently."""
        await self.store.close_session(_token_hash(token), self._clock.now())

    async def _grant(self, account: Account) -> StaffGrant:
        token, now = secrets.token_urlsafe(TOKEN_BYTES), self._clock.now()
        session = StaffSession(
            token_hash=_token_hash(token),
            practitioner=account.practitioner,
            hospital=account.hospital,
            created_at=now,
            expires_at=now + SESSION_S,
        )
        await self.store.open_session(session, self._entry(account, "signed_in"))
        return StaffGrant(account.practitioner, account.hospital, token, session.expires_at)

    def _entry(self, account: Account, act: str) -> AuditEntry:
        return AuditEntry(self._clock.now(), account.hospital, account.practitioner, act, account.practitioner)


def _token_hash(token: str) -> bytes:
    """Looked up by its hash: SHA-256 of 256 random bits needs no salt, and an index finds nothing by a part of it."""
    return hashlib.sha256(token.encode()).digest()


def _failed() -> UserError:
    return UserError("sign_in_failed", "The staff number or the password is not right.")


def _too_many() -> UserError:
    return UserError("too_many_attempts", "Too many attempts. Try again in a quarter of an hour.")
