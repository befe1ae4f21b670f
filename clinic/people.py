"""Who works here and whether they are who they say: sign-in, sessions, sign-out.

Decides whether a sign-in is let through: a password and a one-time code, for everybody, with no way around. Never how a
password is hashed (passwords.py), how a code is computed (factors.py) or where anything is kept (store).
"""

import asyncio
import hashlib
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from clinic import factors
from clinic.hospitals import Directory, StaffRole
from clinic.ports import Account, ClinicStore, Factor, FactorUse, PasswordHasher, StaffSession
from clinic.throttle import PER_ACCOUNT, PER_ADDRESS, Throttle
from common.clock import Clock
from common.errors import Unavailable, UserError
from common.evidence.entry import AuditEntry
from common.ids import HospitalId, PractitionerId

TOKEN_BYTES = 32
SESSION_S = 12 * 3600.0  # a long shift
AT_ONCE = 2  # passwords are compared on half the cores; more at once would only hold the database's connections
MOST_WAITING = 64  # about 3 s of work; whoever comes on top is asked to try again rather than kept waiting
PROPOSED_S = 15 * 60.0  # to find the phone and read the code; a secret shown longer ago is not to be trusted


@dataclass(frozen=True, slots=True)
class Credentials:
    """What somebody gives to sign in; `code` comes with the second step."""

    staff_number: str
    password: str
    code: str | None = None


@dataclass(frozen=True, slots=True)
class FactorStep:
    """The password was right; what is needed next. `enrol` comes with a new secret and its URI for an authenticator app."""

    next: Literal["code", "enrol"]
    secret: str | None = None
    uri: str | None = None


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

    def __init__(self, store: ClinicStore, hasher: PasswordHasher, vault: factors.FactorVault, clock: Clock) -> None:
        self.store = store
        self.hasher = hasher
        self.vault = vault
        self._clock = clock
        # Before anything is read: a flood must not stand in the database's queue before those who wait and work.
        self._turnstile = asyncio.Semaphore(AT_ONCE)
        self._signing_in = 0
        self._by_account = Throttle(PER_ACCOUNT)
        self._by_address = Throttle(PER_ADDRESS)

    async def check_key(self) -> None:
        """Raises Unavailable when the staff's factors were sealed with another key than ours: nobody could sign in."""
        if not all(self.vault.sealed_here(sealed) for sealed in await self.store.sealed_factors()):
            raise Unavailable(
                "factor_key_wrong",
                "the data folder's factor-key is not the one that the staff's second factors were sealed with; "
                "put the right file there (all processes share it), or reset every factor: python -m signaling reset-factor all",
            )

    async def directory(self) -> Directory:
        """All hospitals, departments and practitioners, one query each."""
        return await self.store.directory()

    async def sign_in(self, given: Credentials, address: str) -> StaffGrant | FactorStep:
        """A new session, or what is missing for one. `address` is the client's.

        UserError: sign_in_failed (number or password, not said which), code_wrong, too_many_attempts.
        """
        if self._signing_in >= MOST_WAITING:
            raise Unavailable("sign_in_busy", "Too many people are signing in at this moment.")
        self._signing_in += 1
        try:
            async with self._turnstile:
                return await self._sign_in(given, address)
        finally:
            self._signing_in -= 1

    async def _sign_in(self, given: Credentials, address: str) -> StaffGrant | FactorStep:
        began = self._clock.now()
        if not self._by_address.begin(address, began):
            raise _too_many(self._by_address.wait_s(address, began))
        if not self._by_account.begin(given.staff_number, began):
            raise _too_many(self._by_account.wait_s(given.staff_number, began))
        wrong = False
        try:
            return await self._admit(given)
        except UserError:
            wrong = True
            raise
        finally:
            if not wrong:  # right, or never judged
                self._by_address.forgive(address, began)
                self._by_account.forgive(given.staff_number, began)

    async def reset_factor(self, staff_number: str) -> bool:
        """An operator's order: the factor is lost, the next sign-in enrols a new one. False: nobody has this number."""
        account = await self.store.account(staff_number)
        if account is None:
            return False
        entry = AuditEntry(self._clock.now(), account.hospital, "system", "factor_reset", account.practitioner, "operator")
        await self.store.drop_factor(account.practitioner, entry)
        return True

    async def set_role(self, staff_number: str, role: StaffRole) -> bool:
        """An operator's order: what this person may do from the next sign-in on. False: nobody has this number."""
        account = await self.store.account(staff_number)
        if account is None:
            return False
        entry = AuditEntry(self._clock.now(), account.hospital, "system", "role_changed", account.practitioner, role.value)
        await self.store.change_role(account.practitioner, role, entry)
        return True

    async def staff_by_token(self, token: str) -> StaffIdentity | None:
        """The session that this cookie holds, or none."""
        found = await self.store.session(_token_hash(token), self._clock.now())
        return StaffIdentity(found.practitioner, found.hospital, found.expires_at) if found else None

    async def standing_sessions(self, sessions: Sequence[bytes]) -> set[bytes]:
        """Those of these sessions (SHA-256 of their tokens) by which somebody is still signed in."""
        return await self.store.standing(sessions, self._clock.now())

    async def sign_out(self, token: str) -> None:
        """Ends the session; unknown ones too, silently."""
        await self.store.close_session(_token_hash(token), self._clock.now())

    async def _admit(self, given: Credentials) -> StaffGrant | FactorStep:
        account = await self.store.account(given.staff_number)
        right = await self.hasher.verify(account.password_hash if account else None, given.password)
        if account is None:  # an entry as for everybody: a number that nobody has is not told by the time of the answer
            await self.store.note(AuditEntry(self._clock.now(), "", "unknown", "sign_in_failed", ""))
            raise _failed()
        if not right:
            await self.store.note(self._entry(account, "sign_in_failed"))
            raise _failed()
        if given.code is None:
            return await self._next_step(account)
        grant = await self._by_code(account, given.code)
        if grant is None:
            await self.store.note(self._entry(account, "code_wrong"))
            raise UserError("code_wrong", "The code is not right, or it was used before.")
        return grant

    async def _next_step(self, account: Account) -> FactorStep:
        """A secret is drawn anew each time that one is shown: whoever saw an earlier one knows nothing of what is confirmed."""
        if account.factor is not None and account.factor.confirmed_at is not None:
            return FactorStep("code")
        secret = factors.new_secret()
        sealed = self.vault.seal(secret, account.practitioner)
        if not await self.store.propose_factor(account.practitioner, sealed, self._clock.now()):
            return FactorStep("code")
        return FactorStep("enrol", secret, factors.uri(secret, account.staff_number))

    async def _by_code(self, account: Account, code: str) -> StaffGrant | None:
        factor, now = account.factor, self._clock.now()
        if factor is None or (factor.confirmed_at is None and now >= factor.proposed_at + PROPOSED_S):
            return None
        secret = self.vault.open(factor.sealed, account.practitioner)
        step = factors.step_of(secret, code, now, factor.last_step)
        return await self._grant(account, factor, step) if step is not None else None

    async def _grant(self, account: Account, factor: Factor, step: int) -> StaffGrant | None:
        token, now = secrets.token_urlsafe(TOKEN_BYTES), self._clock.now()
        session = StaffSession(
            token_hash=_token_hash(token),
            practitioner=account.practitioner,
            hospital=account.hospital,
            created_at=now,
            expires_at=now + SESSION_S,
        )
        acts = ("signed_in",) if factor.confirmed_at is not None else ("factor_enrolled", "signed_in")
        entries = [self._entry(account, act) for act in acts]
        if not await self.store.open_session(session, FactorUse(factor.sealed, step), entries):
            return None  # of two with one code, one comes in
        return StaffGrant(account.practitioner, account.hospital, token, session.expires_at)

    def _entry(self, account: Account, act: str) -> AuditEntry:
        return AuditEntry(self._clock.now(), account.hospital, account.practitioner, act, account.practitioner)


def _token_hash(token: str) -> bytes:
    """Looked up by its hash: SHA-256 of 256 random bits needs no salt, and an index finds nothing by a part of it."""
    return hashlib.sha256(token.encode()).digest()


def _failed() -> UserError:
    return UserError("sign_in_failed", "The staff number or the password is not right.")


def _too_many(wait_s: float) -> UserError:
    return UserError("too_many_attempts", "Too many attempts. Try again later.", retry_after_s=wait_s)
