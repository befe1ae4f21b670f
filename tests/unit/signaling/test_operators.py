"""Whether this machine asks for itself, and whether somebody bears the operator's token: closed wherever there is a doubt."""

import pytest

from signaling.http.operators import has_token, is_from_here

TOKEN = "a-token-of-the-operator"


@pytest.mark.parametrize(
    ("peer", "headers", "here"),
    [
        ("127.0.0.1", {"Host": "127.0.0.1:8123"}, True),
        ("127.0.9.1", {"Host": "localhost"}, True),
        ("::1", {"Host": "[::1]:8123"}, True),
        ("::ffff:127.0.0.1", {"Host": "localhost:8123"}, True),
        ("192.0.2.7", {"Host": "127.0.0.1:8123"}, False),
        ("::ffff:192.0.2.7", {"Host": "localhost"}, False),
        ("fe80::1%eth0", {"Host": "localhost"}, False),
        (None, {"Host": "localhost"}, False),
        ("127.0.0.1", {}, False),
        ("127.0.0.1", {"Host": "care.example.org"}, False),
        ("127.0.0.1", {"Host": "127.0.0.1.example.org"}, False),
        ("127.0.0.1", {"Host": "x@localhost"}, False),
        ("127.0.0.1", {"Host": "["}, False),
        ("127.0.0.1", {"Host": "localhost", "X-Forwarded-For": "127.0.0.1"}, False),
        ("127.0.0.1", {"Host": "localhost", "X-Forwarded-For": ""}, False),
        ("127.0.0.1", {"Host": "localhost", "X-Real-IP": "127.0.0.1"}, False),
        ("127.0.0.1", {"Host": "localhost", "Forwarded": "for=127.0.0.1"}, False),
        ("127.0.0.1", {"Host": "localhost", "Via": "1.1 proxy"}, False),
    ],
)
def test_only_this_machine_itself_is_here(peer: str | None, headers: dict[str, str], here: bool) -> None:
    assert is_from_here(peer, headers) is here


@pytest.mark.parametrize(
    ("said", "bears"),
    [
        (f"Bearer {TOKEN}", True),
        (f"Bearer {TOKEN} ", False),
        (f"Bearer {TOKEN[:-1]}", False),
        (f"Basic {TOKEN}", False),
        (TOKEN, False),
        ("Bearer ", False),
        ("Bearer \udcff", False),
        ("", False),
    ],
)
def test_the_token_is_borne_whole(said: str, bears: bool) -> None:
    assert has_token({"Authorization": said}, TOKEN) is bears


def test_who_says_nothing_bears_none() -> None:
    assert has_token({}, TOKEN) is False
