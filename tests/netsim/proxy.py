"""A person's access to the internet: a UDP proxy that puts the link between one browser and the media workers.

Like a home router it gives each inner address an outer one of its own, and may change them all at once (`rebind`). It decides
nothing about packets; link.py does.
"""

import asyncio
import contextlib
import socket
from collections.abc import Callable
from typing import cast

from tests.netsim.ledger import Ledger
from tests.netsim.link import CUT, PERFECT, Conditions, Link

Address = tuple[str, int]
LOOPBACK = "127.0.0.1"
READ_AT_ONCE = 64
BUFFER_BYTES = 1 << 20


class _Door:
    """What a browser sends to for one worker's port; `flows` are the outer sockets by inner address."""

    def __init__(self, worker_port: int) -> None:
        self.worker: Address = (LOOPBACK, worker_port)
        self.inner = open_socket("")  # every address of this machine: Firefox pairs loopback with nothing else
        self.flows: dict[Address, socket.socket] = {}


Deliver = Callable[[bytes, _Door, Address], None]


class _Wire:
    """One direction: a link and the timer that delivers what has arrived."""

    def __init__(self, link: Link, deliver: Deliver) -> None:
        self.link = link
        self.ledger = Ledger()
        self._deliver = deliver
        self._loop = asyncio.get_running_loop()
        self._timer: asyncio.TimerHandle | None = None

    def send(self, packet: bytes, door: _Door, address: Address) -> None:
        self.ledger.entered(packet)
        dropped = self.link.counters.dropped
        self.link.send(packet, self._loop.time(), (door, address))
        if self.link.counters.dropped > dropped:
            self.ledger.dropped(packet)
        self._pass_on()

    def become(self, conditions: Conditions) -> None:
        self.link.become(self._loop.time(), conditions)
        self._pass_on()

    def close(self) -> None:
        if self._timer is not None:
            self._timer.cancel()

    def _pass_on(self) -> None:
        for packet, tag in self.link.deliver(self._loop.time()):
            door, address = cast(tuple[_Door, Address], tag)
            self._deliver(packet, door, address)
        self.close()
        due = self.link.deadline()
        self._timer = self._loop.call_at(due, self._pass_on) if due is not None else None


class LinkProxy:
    """Stands before the workers' UDP ports; must be made in a running loop and closed.

    `exempt` names inner addresses whose packets pass as if there were no link (a TURN server on the other side of it).
    """

    def __init__(self, worker_ports: list[int], seed: int = 1, exempt: Callable[[Address], bool] = lambda _: False) -> None:
        self._loop = asyncio.get_running_loop()
        self._exempt = exempt
        self._outer_host = LOOPBACK
        self._up = _Wire(Link(seed), self._to_worker)
        self._down = _Wire(Link(seed + 1), self._to_browser)
        self._doors = [_Door(port) for port in worker_ports]
        for door in self._doors:
            self._loop.add_reader(door.inner.fileno(), self._from_browser, door)

    @property
    def ports(self) -> dict[int, int]:
        """Each worker's port and the one to send to in its place."""
        return {door.worker[1]: door.inner.getsockname()[1] for door in self._doors}

    @property
    def up(self) -> Link:
        return self._up.link

    @property
    def down(self) -> Link:
        return self._down.link

    @property
    def carried_up(self) -> Ledger:
        """What the browser sent, stream by stream, since the link was made."""
        return self._up.ledger

    @property
    def carried_down(self) -> Ledger:
        """What the workers sent it."""
        return self._down.ledger

    def become(self, up: Conditions, down: Conditions | None = None) -> None:
        """The link is like this from now on; without `down` both ways."""
        self._up.become(up)
        self._down.become(down or up)

    def cut(self) -> None:
        self.become(CUT)

    def mend(self) -> None:
        self.become(PERFECT)

    def rebind(self, host: str | None = None) -> None:
        """Other outer ports for everybody, at another address too when `host` is given; the old ones are dead."""
        self._outer_host = host or self._outer_host
        for door in self._doors:
            for outer in door.flows.values():
                self._shut(outer)
            door.flows.clear()

    def close(self) -> None:
        self._up.close()
        self._down.close()
        for door in self._doors:
            for opened in (door.inner, *door.flows.values()):
                self._shut(opened)

    def _from_browser(self, door: _Door) -> None:
        for data, address in read(door.inner):
            if self._exempt(address):
                self._to_worker(data, door, address)
            else:
                self._up.send(data, door, address)

    def _to_worker(self, data: bytes, door: _Door, address: Address) -> None:
        outer = door.flows.get(address)
        if outer is None:
            outer = door.flows[address] = open_socket(self._outer_host)
            self._loop.add_reader(outer.fileno(), self._from_worker, door, address, outer)
        with contextlib.suppress(OSError):
            outer.sendto(data, door.worker)

    def _from_worker(self, door: _Door, address: Address, outer: socket.socket) -> None:
        for data, _ in read(outer):
            if self._exempt(address):
                self._to_browser(data, door, address)
            else:
                self._down.send(data, door, address)

    def _to_browser(self, data: bytes, door: _Door, address: Address) -> None:
        with contextlib.suppress(OSError):
            door.inner.sendto(data, address)

    def _shut(self, opened: socket.socket) -> None:
        self._loop.remove_reader(opened.fileno())
        opened.close()


def open_socket(host: str) -> socket.socket:
    """A UDP socket on a free port, with room for a burst."""
    opened = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    opened.setblocking(False)
    opened.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, BUFFER_BYTES)
    opened.bind((host, 0))
    return opened


def read(opened: socket.socket) -> list[tuple[bytes, Address]]:
    """What waits at the socket, at most a batch of it."""
    found: list[tuple[bytes, Address]] = []
    with contextlib.suppress(OSError):  # nothing more, or an ICMP error of an earlier packet
        while len(found) < READ_AT_ONCE:
            found.append(opened.recvfrom(2048))
    return found
