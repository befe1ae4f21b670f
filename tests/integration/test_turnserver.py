"""Debian's coturn on our turnserver.conf: who gets an allocation, and which peers it then leads to."""

import socket
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from typing import Any, Self

import pytest
from aioice import stun, turn

from signaling.turn_credentials import mint
from tests.processes import wait_until
from tests.services import REPOSITORY, Coturn, Postgres, Redis, kept

CONFIGURATION = (REPOSITORY / "turnserver.conf").read_text()
TIMEOUT_S = 5
UDP = 17 << 24  # REQUESTED-TRANSPORT: the protocol's number in the first of four bytes (RFC 8656, 18.8)
TCP = 6 << 24
IPV6 = 2 << 24  # REQUESTED-ADDRESS-FAMILY (RFC 8656, 18.9), which aioice does not know
_FAMILY = (0x0017, "REQUESTED-ADDRESS-FAMILY", stun.pack_unsigned, stun.unpack_unsigned)
stun.ATTRIBUTES_BY_TYPE[_FAMILY[0]] = stun.ATTRIBUTES_BY_NAME[_FAMILY[1]] = _FAMILY

REFUSED_PEERS = [
    "127.0.0.2", "10.0.0.1", "172.16.0.1", "192.168.1.1", "169.254.169.254", "100.64.0.1", "8.8.8.8", "0.0.0.0",
    "224.0.0.1", "255.255.255.255",
]  # fmt: skip
REFUSED_PEERS_6 = [
    "::ffff:127.0.0.1", "::ffff:127.0.0.2", "::ffff:10.0.0.1", "::ffff:169.254.169.254", "::127.0.0.1", "::", "::1", "fe80::1",
    "fc00::1", "fd00:ec2::254", "64:ff9b::a00:1", "2001:db8::1", "ff02::1",
]  # fmt: skip
"""Also the IPv4-mapped forms by which coturn before 4.9.0 lets an IPv4 address past its IPv4 rules (CVE-2026-27624)."""


class Client:
    """A TURN client that asks one thing at a time and hands back the server's whole answer."""

    def __init__(self, port: int) -> None:
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.socket.settimeout(TIMEOUT_S)
        self.socket.connect(("127.0.0.1", port))
        self._grant: dict[str, Any] = {}
        self._key = b""
        self._channel = 0x4000

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        """Gives the allocation back: the next client may have the same port."""
        if self._key:
            self.ask(stun.Method.REFRESH, {"LIFETIME": 0})
        self.socket.close()

    def ask(self, method: stun.Method, attributes: dict[str, Any]) -> stun.Message:
        """Send a request, signed when there is a key, and return its answer."""
        request = stun.Message(method, stun.Class.REQUEST, attributes={**attributes, **self._grant})
        if self._key:
            request.add_message_integrity(self._key)
        self.socket.send(bytes(request))
        answer = stun.parse_message(self.socket.recv(1500))
        assert answer.transaction_id == request.transaction_id
        return answer

    def allocate(self, user: str, password: str, more: dict[str, int] | None = None) -> stun.Message:
        """Ask for a relayed address as RFC 8656 says: refused once for the nonce, then with credentials."""
        refusal = self.ask(stun.Method.ALLOCATE, {"REQUESTED-TRANSPORT": UDP})
        assert refusal.error_code == 401
        realm = refusal.attributes["REALM"]
        self._grant = {"USERNAME": user, "REALM": realm, "NONCE": refusal.attributes["NONCE"]}
        self._key = turn.make_integrity_key(user, realm, password)
        return self.ask(stun.Method.ALLOCATE, {"REQUESTED-TRANSPORT": UDP, **(more or {})})

    def bind(self, peer: str, port: int = 9) -> int | None:
        """Ask for a channel to `peer`; None when it is given, else the error's code."""
        self._channel += 1
        wish = {"CHANNEL-NUMBER": self._channel, "XOR-PEER-ADDRESS": (peer, port)}
        return self.ask(stun.Method.CHANNEL_BIND, wish).error_code

    def permit(self, peer: str) -> int | None:
        """Ask leave to exchange packets with `peer`; None when it is given, else the error's code."""
        answer = self.ask(stun.Method.CREATE_PERMISSION, {"XOR-PEER-ADDRESS": (peer, 9)})
        return answer.error_code


@pytest.fixture
def client(coturn: Coturn) -> Iterator[Client]:
    """A client of the running coturn."""
    with Client(coturn.port) as asker:
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
    assert client.bind("127.0.0.1") is None
    assert {peer: client.bind(peer) for peer in REFUSED_PEERS} == dict.fromkeys(REFUSED_PEERS, 403)


def test_no_form_of_an_ipv6_address_leads_anywhere(request: pytest.FixtureRequest) -> None:
    """Not even the IPv6 forms of the one address that is allowed."""
    server = Coturn("--relay-ip=::1")
    try:
        server.start()
        with Client(server.port) as client:
            granted = client.allocate(*server.credentials(), {"REQUESTED-ADDRESS-FAMILY": IPV6})
            assert granted.attributes["XOR-RELAYED-ADDRESS"][0] == "::1"
            assert {peer: client.permit(peer) for peer in REFUSED_PEERS_6} == dict.fromkeys(REFUSED_PEERS_6, 403)
            assert {peer: client.bind(peer) for peer in REFUSED_PEERS_6} == dict.fromkeys(REFUSED_PEERS_6, 403)
    finally:
        server.discard(keep_log_in=kept(request))


def test_an_ipv6_media_address_is_led_to_and_no_other_form_of_one(request: pytest.FixtureRequest) -> None:
    """A worker that announces both families: both of its addresses, each in its own family, and nothing that looks like them."""
    server = Coturn("--relay-ip=::1", allow_peers=("192.0.2.10", "2001:db8::1"))
    refused = [peer for peer in REFUSED_PEERS_6 if peer != "2001:db8::1"] + ["::ffff:192.0.2.10", "::192.0.2.10", "2001:db8::2"]
    try:
        server.start()
        with Client(server.port) as client:
            granted = client.allocate(*server.credentials(), {"REQUESTED-ADDRESS-FAMILY": IPV6})
            assert granted.attributes["XOR-RELAYED-ADDRESS"][0] == "::1"
            assert client.permit("2001:db8::1") is None
            assert client.bind("2001:db8::1") is None
            assert {peer: client.permit(peer) for peer in refused} == dict.fromkeys(refused, 403)
            assert {peer: client.bind(peer) for peer in refused} == dict.fromkeys(refused, 403)
    finally:
        server.discard(keep_log_in=kept(request))


def test_our_redis_and_our_database_are_not_reached(redis_server: Redis, postgres_server: Postgres) -> None:
    """They listen on this machine as the relay does; with media on an address of its own nothing else is led to."""
    server = Coturn(allow_peers=("192.0.2.10",))
    try:
        server.start()
        with Client(server.port) as client:
            assert client.allocate(*server.credentials()).error_code is None
            assert client.permit("192.0.2.10") is None
            ports = (redis_server.port, postgres_server.port)
            assert [client.bind("127.0.0.1", port) for port in ports] == [403, 403]
            with Client(server.port) as tcp:  # RFC 6062 would let a browser speak to them: there are no TCP relays at all
                refusal = tcp.allocate(*server.credentials("tcp"), {"REQUESTED-TRANSPORT": TCP})
                assert refusal.error_code is not None and refusal.error_code >= 400
    finally:
        server.discard()


def test_a_seat_has_its_quota_and_no_more(coturn: Coturn) -> None:
    quota = int(next(line for line in CONFIGURATION.splitlines() if line.startswith("user-quota=")).partition("=")[2])
    with ExitStack() as open_ones:
        clients = [open_ones.enter_context(Client(coturn.port)) for _ in range(quota + 1)]
        codes = [client.allocate(*coturn.credentials("one-seat")).error_code for client in clients]
        assert codes == [None] * quota + [486]
        other = open_ones.enter_context(Client(coturn.port))
        assert other.allocate(*coturn.credentials("another-seat")).error_code is None


def test_an_allocation_outlives_the_credentials_that_made_it(coturn: Coturn) -> None:
    """They live for minutes and a call may be longer: what began in time goes on."""
    with Client(coturn.port) as client:
        user, password = coturn.credentials("short", lifetime_s=1.5)
        assert client.allocate(user, password).error_code is None
        wait_until(lambda: time.time() > int(user.partition(":")[0]) + 2.5, 10, "the credentials to expire by its clock too")
        with Client(coturn.port) as late:
            assert late.allocate(user, password).error_code == 401
        assert client.ask(stun.Method.REFRESH, {"LIFETIME": 600}).error_code is None


def test_coturn_takes_what_signaling_makes(coturn: Coturn) -> None:
    minted = mint(coturn.secret, "s_aaaaaaaaaaaaaaaa", time.time())
    with Client(coturn.port) as client:
        assert client.allocate(minted.username, minted.credential).error_code is None


def test_those_who_come_first_all_at_once_are_all_let_in(request: pytest.FixtureRequest) -> None:
    """It reads its database for each of them, though the secret stands in none; as installed that refuses nobody."""
    server, count = Coturn(), 16
    try:
        server.start()

        def refusal(number: int) -> int | None:
            with Client(server.port) as client:
                return client.allocate(*server.credentials(f"t{number}")).error_code

        with ThreadPoolExecutor(count) as together:
            assert list(together.map(refusal, range(count))) == [None] * count
    finally:
        server.discard(keep_log_in=kept(request))
