"""Codes and their sealing, against RFC 6238's own examples and against whoever copies or changes a row."""

import base64

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clinic.factors import STEP_S, FactorVault, code_of, new_key, new_secret, step_at, step_of
from common.errors import Unavailable
from common.ids import PractitionerId

RFC_SECRET = base64.b32encode(b"12345678901234567890").decode()
ANN, BEN = PractitionerId("pr_ann"), PractitionerId("pr_ben")


@pytest.mark.parametrize(
    ("at", "code"),
    [(59, "287082"), (1111111109, "081804"), (1111111111, "050471"), (1234567890, "005924"), (2000000000, "279037")],
)
def test_the_examples_of_rfc_6238_appendix_b(at: int, code: str) -> None:
    """The table has eight digits; six are its last six."""
    assert code_of(RFC_SECRET, step_at(at)) == code
    assert step_of(RFC_SECRET, code, at, 0) == at // STEP_S


@given(st.integers(10, 2**31), st.integers(-4, 4), st.integers(-4, 4))
def test_only_a_step_near_now_and_later_than_the_last_one_used_is_taken(here: int, of: int, used: int) -> None:
    now = here * STEP_S + 1.0
    code = code_of(RFC_SECRET, here + of)
    taken = step_of(RFC_SECRET, code, now, here + used)
    if taken is not None:
        assert abs(taken - here) <= 1 and taken > here + used and code_of(RFC_SECRET, taken) == code
    elif abs(of) <= 1:
        assert of <= used


def test_what_was_sealed_is_opened_by_the_same_key_for_the_same_owner_alone() -> None:
    vault, secret = FactorVault(new_key()), new_secret()
    sealed = vault.seal(secret, ANN)
    assert vault.open(sealed, ANN) == secret and secret.encode() not in sealed
    assert sealed != vault.seal(secret, ANN)
    changed = [sealed[:at] + bytes([sealed[at] ^ 1]) + sealed[at + 1 :] for at in range(8, len(sealed))]
    for box, owner, key in [
        (sealed, BEN, vault),
        (sealed, ANN, FactorVault(new_key())),
        (b"", ANN, vault),
        (sealed[:20], ANN, vault),
    ]:
        with pytest.raises(Unavailable):
            key.open(box, owner)
    for box in changed:
        with pytest.raises(Unavailable):
            vault.open(box, ANN)
    assert vault.sealed_here(sealed) and not FactorVault(new_key()).sealed_here(sealed)
