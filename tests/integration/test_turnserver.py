"""Debian's coturn on our turnserver.conf: who gets an allocation, and which peers it then leads to."""

import socket
from collections.abc import Iterator
from typing import Any

import pytest
from aioice import stun, turn

from tests.services import Coturn

TIMEOUT_S = 5
UDP = 17 << 24  # REQUESTED-TRANSPORT: the protocol's number in the first of four bytes (RFC 8656, 18.8)

REFUSED_PEERS = [
    "127.0.0.2", "10.0.0.1", "172.16.0.1", "192.168.1.1", "169.254.169.254", "100.64.0.1", "8.8.8.8", "0.0.0.0",
    "224.0.0.1", "255.255.255.255",
]  # fmt: skip


class Client:
    """A TURN client that asks one thing at a time and hands back the server's whole answer."""

    def __init__(self, port: int) -> None:
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.socket.settimeout(TIMEOUT_S)
        self.socket.connect(("127.0.0.1", port))
        self._grant: dict[str, Any] = {}
        self._key = b""

    def ask(self, method: stun.Method, attributes: dict[str, Any]) -> stun.Message:
        """Send a request, signed when there is a key, and return its answer."""
        request = stun.Message(method, stun.Class.REQUEST, attributes={**attributes, **self._grant})
        if self._key:
            request.add_message_integrity(self._key)
        self.socket.send(bytes(request))
        answer = stun.parse_message(self.socket.recv(1500))
        assert answer.transaction_id == request.transaction_id
        return answer

    def allocate(self, user: str, password: str) -> stun.Message:
        """Ask for a relayed address as RFC 8656 says: refused once for the nonce, then with credentials."""
        refusal = self.ask(stun.Method.ALLOCATE, {"REQUESTED-TRANSPORT": UDP})
        assert refusal.error_code == 401
        realm = refusal.attributes["REALM"]
        self._grant = {"USERNAME": user, "REALM": realm, "NONCE": refusal.attributes["NONCE"]}
        self._key = turn.make_integrity_key(user, realm, password)
        return self.ask(stun.Method.ALLOCATE, {"REQUESTED-TRANSPORT": UDP})

    def permit(self, peer: str) -> int | None:
        """Ask leave to exchange packets with `peer`; None when it is given, else the error's code."""
        answer = self.ask(stun.Method.CREATE_PERMISSION, {"XOR-PEER-ADDRESS": (peer, 9)})
        return answer.error_code


@pytest.fixture
def client(coturn: Coturn) -> Iterator[Client]:
    """A client of the running coturn."""
    asker = Client(coturn.port)
    with asker.socket:
        yield asker


def test_without_credentials_there_is_no_allocation(client: Client) -> None:
    answer = client.ask(stun.Method.ALLOCATE, {"REQUESTED-TRANSPORT": UDP})
    assert answer.error_code == 401
    assert "SOFTWARE" not in answer.attributes


def test_forged_credentials_are_refused(client: Client, coturn: Coturn) -> None:
    user, _ = coturn.credentials()
    assert (client.allocate(user, "forged")).error_code == 401


def test_expired_credentials_are_refused(client: Client, coturn: Coturn) -> None:
    assert (client.allocate(*coturn.credentials(lifetime_s=-10))).error_code == 401


def test_our_credentials_lead_to_our_relay_alone(client: Client, coturn: Coturn) -> None:
    granted = client.allocate(*coturn.credentials())
    assert granted.error_code is None
    assert granted.attributes["XOR-RELAYED-ADDRESS"][0] == "127.0.0.1"
    assert client.permit("127.0.0.1") is None
    assert {peer: client.permit(peer) for peer in REFUSED_PEERS} == dict.fromkeys(REFUSED_PEERS, 403)
