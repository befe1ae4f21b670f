"""One-time codes of RFC 6238, and the sealing of the secrets behind them. Decides which step a code is of; never who signs in.

SHA-1, six digits, thirty seconds: the one form that every authenticator app reads. A secret is stored under AES-256-GCM with
a key that lives in a file beside the database, never in it; it is bound to its owner, so that a row copied to another
account opens nothing.
"""

import hashlib
import hmac
import secrets

import pyotp
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from common.errors import Unavailable
from common.ids import PractitionerId

KEY_BYTES = 32
STEP_S = 30
ISSUER = "Consilium"
_SECRET_LETTERS = 32  # base32: 160 bits, as RFC 4226 section 4 recommends
_NONCE_BYTES = 12
_KEY_ID_BYTES = 8
_DRIFT_STEPS = (-1, 0, 1)  # RFC 6238 section 5.2: one step for a phone's clock and for typing


def new_key() -> bytes:
    """A key to seal secrets with."""
    return secrets.token_bytes(KEY_BYTES)


def new_secret() -> str:
    """A secret as authenticator apps take it: base32."""
    return pyotp.random_base32(_SECRET_LETTERS)


def uri(secret: str, staff_number: str) -> str:
    """What the app reads from a QR code."""
    return pyotp.TOTP(secret).provisioning_uri(name=staff_number, issuer_name=ISSUER)


def step_at(now: float) -> int:
    """The step of a moment: half minutes since 1970."""
    return int(now // STEP_S)


def code_of(secret: str, step: int) -> str:
    """The code of one step."""
    return pyotp.TOTP(secret).generate_otp(step)


def step_of(secret: str, code: str, now: float, after: int) -> int | None:
    """The step whose code this is, one step of drift allowed; none when it is wrong or not later than step `after`."""
    here = step_at(now)
    # Every candidate is compared, so that the time taken says nothing.
    same = [here + drift for drift in _DRIFT_STEPS if hmac.compare_digest(code_of(secret, here + drift), code)]
    return next((step for step in same if step > after), None)


class FactorVault:
    """Seals secrets and opens them with one key."""

    def __init__(self, key: bytes) -> None:
        self._cipher = AESGCM(key)
        self.key_id = hashlib.sha256(b"consilium factor key" + key).digest()[:_KEY_ID_BYTES]
        """Says which key it is and nothing of the key: stored beside what it seals."""

    def seal(self, secret: str, owner: PractitionerId) -> bytes:
        """The secret as it is stored."""
        nonce = secrets.token_bytes(_NONCE_BYTES)
        return self.key_id + nonce + self._cipher.encrypt(nonce, secret.encode(), owner.encode())

    def open(self, sealed: bytes, owner: PractitionerId) -> str:
        """The secret again. Raises Unavailable (factor_unreadable): another key, another owner, or changed."""
        nonce, box = sealed[_KEY_ID_BYTES : _KEY_ID_BYTES + _NONCE_BYTES], sealed[_KEY_ID_BYTES + _NONCE_BYTES :]
        try:
            return self._cipher.decrypt(nonce, box, owner.encode()).decode()
        except (InvalidTag, ValueError) as reason:
            raise Unavailable("factor_unreadable", "The second factor cannot be read with this installation's key.") from reason

    def sealed_here(self, sealed: bytes) -> bool:
        """Whether it was sealed with this key."""
        return sealed[:_KEY_ID_BYTES] == self.key_id
