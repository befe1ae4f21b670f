"""When the packet loop wakes Python for a check: at once, but for the checks of paths that stand and carry nothing."""

import asyncio
import secrets
import select
import socket
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager

from media.core.path import Address
from media.core.rtp import ExtensionIds
from media.plane.interface import SrtpKeys, Unknown
from media.plane.port import MediaPort

CHECK, HANDSHAKE = b"\x00\x01" + bytes(18), b"\x16\xfe\xfd" + bytes(17)
CALM_S = 0.05
TRIES = 15
AEAD_AES_128_GCM = 7


class Heard:
    """What was handed up, with the moment at which it came."""

    def __init__(self) -> None:
        self.datagrams: list[tuple[bytes, Address, float]] = []

    def datagram_received(self, data: bytes, address: Address, at: float) -> None:
        self.datagrams.append((data, address, at))

    def peer_moved(self, peer: int, address: Address) -> None: ...
    def peer_flooded(self, peer: int) -> None: ...
    def source_unknown(self, peer: int, unknown: Unknown) -> None: ...
    def peer_faulted(self, peer: int, fault: Exception) -> None:
        raise fault


class Bench:
    """A port with one connected peer, who sends nothing but what the test sends from `peer`; `stranger` is nobody."""

    def __init__(self, port: MediaPort, heard: Heard, peer: socket.socket, stranger: socket.socket) -> None:
        self.port, self.heard, self.peer, self.stranger = port, heard, peer, stranger
        self._ready = select.poll()
        self._ready.register(port.relay.up_event, select.POLLIN)

    def woken_after(self, *sent: tuple[socket.socket, bytes]) -> float:
        """Seconds between the last of these datagrams and the wake-up, which must bring all of them."""
        self.heard.datagrams.clear()
        for sender, data in sent:
            sender.sendto(data, ("127.0.0.1", self.port.port))
        began = time.monotonic()
        assert self._ready.poll(5000), "Python is woken"
        took = time.monotonic() - began
        while len(self.heard.datagrams) < len(sent):
            assert time.monotonic() < began + 5, "all of it is handed up"
            self.port.relay.take_up()
        while self._ready.poll(2 * 1000 * CALM_S):  # of what came behind the first wake-up
            self.port.relay.take_up()
        return took


@contextmanager
def bench() -> Iterator[Bench]:
    heard = Heard()
    loop = asyncio.new_event_loop()
    with (
        closing(loop),
        closing(MediaPort(loop, 0, heard)) as port,
        socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as peer,
        socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as stranger,
    ):
        for each in (peer, stranger):
            each.bind(("127.0.0.1", 0))
        port.relay.peer_add(1, ExtensionIds())
        port.relay.peer_address_set(1, peer.getsockname())
        yield Bench(port, heard, peer, stranger)


def connect(port: MediaPort) -> None:
    port.relay.peer_keys_set(1, SrtpKeys(AEAD_AES_128_GCM, secrets.token_bytes(28), secrets.token_bytes(28)))


def test_checks_of_an_idle_path_wait_for_each_other() -> None:
    with bench() as on:
        connect(on.port)
        took, spread = [], []
        for _ in range(TRIES):
            took.append(on.woken_after((on.peer, CHECK), (on.peer, CHECK), (on.peer, CHECK)))
            came = [at for _, _, at in on.heard.datagrams]
            spread.append(max(came) - min(came))
        assert max(took) >= CALM_S - 0.005, "the wake-up waits"
        assert min(took) < 3 * CALM_S, "and not for long"
        assert min(spread) < CALM_S and time.monotonic() - max(came) >= CALM_S, "each says when it came itself"


def test_nobody_else_waits() -> None:
    """A stranger's check, a handshake, and every check before there are keys: what comes of them is awaited by somebody."""
    with bench() as on:
        assert min(on.woken_after((on.peer, CHECK)) for _ in range(TRIES)) < CALM_S / 2, "before there are keys"
        connect(on.port)
        assert min(on.woken_after((on.stranger, CHECK)) for _ in range(TRIES)) < CALM_S / 2
        assert min(on.woken_after((on.peer, HANDSHAKE)) for _ in range(TRIES)) < CALM_S / 2
        assert min(on.woken_after((on.peer, CHECK), (on.stranger, CHECK)) for _ in range(TRIES)) < CALM_S / 2, (
            "and takes it along"
        )
