"""Credentials for the TURN server, made for one seat and good for minutes. Pure; knows no request and no clock.

coturn checks them against the secret that both hold (`use-auth-secret`): user `<expiry>:<opaque>`, password
base64(HMAC-SHA1(secret, user)). Nothing about a person can be read from them.
"""

import base64
import hashlib
import hmac
from dataclasses import dataclass

LIFETIME_S = 600
"""Long enough to begin every connection of one attempt; an allocation made in time is refreshed without them (coturn keeps its
key), so a call may last longer. A leaked one is worth little."""


@dataclass(frozen=True, slots=True)
class TurnCredentials:
    """`expires_at` is seconds since 1970 UTC, the same that stands in `username`."""

    username: str
    credential: str
    expires_at: float


def mint(secret: str, seat: str, now: float) -> TurnCredentials:
    """Credentials of `seat` from `now` on. Each seat has a quota of its own at the server, under a name that only we can make."""
    expires_at = int(now) + LIFETIME_S
    opaque = hmac.new(secret.encode(), b"seat:" + seat.encode(), hashlib.sha256).hexdigest()[:16]
    username = f"{expires_at}:{opaque}"
    # SHA-1 is the scheme's (draft-uberti-behave-turn-rest-00); HMAC does not rest on its collision resistance.
    mac = hmac.new(secret.encode(), username.encode(), hashlib.sha1)
    return TurnCredentials(username, base64.b64encode(mac.digest()).decode(), float(expires_at))
