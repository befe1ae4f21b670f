"""The worker's one UDP port: reads in batches, writes without waiting. Owns the socket and the packet loop's timer."""

import asyncio
import contextlib
import socket
import time

from media.core.demux import MAX_DATAGRAM_BYTES
from media.core.path import Address
from media.plane.interface import Upward
from media.plane.relay import PacketRelay

BATCH = 64
"""Datagrams read before the loop may do something else: about 4 ms of the Python loop."""
SOCKET_BUFFER_BYTES = 4 << 20
REPORT_INTERVAL_S = 1.0


class MediaPort:
    """Opens the port at once (OSError when it is taken); `close` must be called."""

    def __init__(self, loop: asyncio.AbstractEventLoop, port: int, upward: Upward) -> None:
        self._loop = loop
        # A socket of our own, not a uvloop transport: those own their descriptors, and the native loop will want this one.
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        try:
            self._socket.setblocking(False)
            self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, SOCKET_BUFFER_BYTES)
            self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, SOCKET_BUFFER_BYTES)
            self._socket.bind(("", port))
        except OSError:
            self._socket.close()
            raise
        self.port: int = self._socket.getsockname()[1]
        self.relay = PacketRelay(self.send, upward, time.monotonic)  # uvloop's own clock counts whole milliseconds
        self.unsent = 0
        loop.add_reader(self._socket.fileno(), self._readable)
        self._timer = loop.call_later(REPORT_INTERVAL_S, self._tick)

    def send(self, data: bytes, address: Address) -> None:
        """Sends or drops: a full socket buffer is a full link, and late media is worth nothing."""
        try:
            self._socket.sendto(data, address)
        except OSError:
            self.unsent += 1

    def close(self) -> None:
        """Stops reading and closes; may be called twice."""
        if self._socket.fileno() < 0:
            return
        self._timer.cancel()
        self._loop.remove_reader(self._socket.fileno())
        self.relay.close()
        with contextlib.suppress(OSError):
            self._socket.close()

    def _readable(self) -> None:
        receive, datagram = self._socket.recvfrom, self.relay.datagram
        for _ in range(BATCH):
            try:
                data, address = receive(MAX_DATAGRAM_BYTES + 1)
            except BlockingIOError:
                return
            except OSError:  # an ICMP error of an earlier send
                continue
            datagram(data, address)
            if self._socket.fileno() < 0:
                return

    def _tick(self) -> None:
        self._timer = self._loop.call_later(REPORT_INTERVAL_S, self._tick)
        self.relay.report()
