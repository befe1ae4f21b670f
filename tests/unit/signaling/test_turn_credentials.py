"""Credentials for TURN say when they end and nothing about whose they are."""

import base64
import hashlib
import hmac

from signaling.turn_credentials import LIFETIME_S, mint

SECRET = "a secret that coturn knows as well"


def test_the_name_says_the_end_and_hides_the_seat() -> None:
    minted = mint(SECRET, "s_aaaaaaaaaaaaaaaa", 1_000.7)
    expiry, _, opaque = minted.username.partition(":")
    assert float(expiry) == minted.expires_at == 1_000 + LIFETIME_S
    assert "aaaa" not in opaque and len(opaque) == 16


def test_the_password_is_what_coturn_computes() -> None:
    minted = mint(SECRET, "s_aaaaaaaaaaaaaaaa", 1_000)
    mac = hmac.new(SECRET.encode(), minted.username.encode(), hashlib.sha1).digest()
    assert base64.b64decode(minted.credential) == mac


def test_a_seat_has_one_name_and_two_seats_have_two() -> None:
    names = [mint(SECRET, seat, at).username.partition(":")[2] for seat, at in (("s_a", 1), ("s_a", 900), ("s_b", 1))]
    assert names[0] == names[1] != names[2]
    assert mint("another secret of the same length", "s_a", 1).username.partition(":")[2] != names[0]
