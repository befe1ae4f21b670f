"""The worker's one UDP port: its socket, and the native packet loop that reads it. STUN and DTLS come up through an event."""

import asyncio
import contextlib
import socket

from media.core.path import Address
from media.plane.interface import Upward
from media.plane.native import NativePlane

SOCKET_BUFFER_BYTES = 4 << 20
"""A tenth of a second of a full worker's packets: so long may its core be somebody else's without a loss."""
_RECEIVING = socket.SO_RCVBUF, 33  # SO_RCVBUFFORCE, which Python does not name
_SENDING = socket.SO_SNDBUF, 32  # SO_SNDBUFFORCE


class MediaPort:
    """Opens the port at once (OSError when it is taken); `close` must be called. With `ipv6` it hears both families."""

    def __init__(self, loop: asyncio.AbstractEventLoop, port: int, upward: Upward, *, ipv6: bool = False) -> None:
        self._loop = loop
        self._ipv6 = ipv6
        # A socket of our own, not a uvloop transport: those own their descriptors, and the packet loop reads this one.
        self._socket = socket.socket(socket.AF_INET6 if ipv6 else socket.AF_INET, socket.SOCK_DGRAM)
        try:
            self._socket.setblocking(False)
            self.buffer_bytes = min(_widen(self._socket, *options) for options in (_RECEIVING, _SENDING))
            if ipv6:
                self._socket.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 0)
            self._socket.bind(("", port))
        except OSError:
            self._socket.close()
            raise
        self.port: int = self._socket.getsockname()[1]
        try:
            self.relay = NativePlane(self._socket.fileno(), upward)
        except BaseException:
            self._socket.close()
            raise
        self.unsent = 0
        loop.add_reader(self.relay.up_event, self._taken_up)

    def send(self, data: bytes, address: Address) -> None:
        """Sends or drops: a full socket buffer is a full link, and who waits for an answer asks again."""
        host, port = address
        try:
            self._socket.sendto(data, (f"::ffff:{host}", port) if self._ipv6 and ":" not in host else address)
        except OSError:
            self.unsent += 1

    def close(self) -> None:
        """Stops the loop and closes; may be called twice."""
        if self._socket.fileno() < 0:
            return
        self._loop.remove_reader(self.relay.up_event)
        self.relay.close()
        with contextlib.suppress(OSError):
            self._socket.close()

    def _taken_up(self) -> None:
        if self.relay.take_up():
            self._loop.call_soon(self._go_on)

    def _go_on(self) -> None:
        if self._socket.fileno() >= 0:
            self._taken_up()


def _widen(opened: socket.socket, option: int, forcing: int) -> int:
    """Asks for the buffer, past the system's limit where we may (CAP_NET_ADMIN); returns what there is of it."""
    try:
        opened.setsockopt(socket.SOL_SOCKET, forcing, SOCKET_BUFFER_BYTES)
    except OSError:
        opened.setsockopt(socket.SOL_SOCKET, option, SOCKET_BUFFER_BYTES)
    return opened.getsockopt(socket.SOL_SOCKET, option) // 2  # Linux doubles it for its own bookkeeping
