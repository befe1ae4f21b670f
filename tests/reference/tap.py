"""A copy of one source's decrypted packets for whoever records. Drops what the reader is too slow for; never waits."""

import contextlib
import socket
import struct

from media.core.routes import SourceKey

HEADER = struct.Struct("!IQ")
"""In front of each RTP packet: the peer's number, arrival in microseconds of the loop's clock."""


class Tap:
    """Writes to the Unix datagram socket at `path`; the reader owns it and may come and go."""

    def __init__(self, path: str, key: SourceKey) -> None:
        self._path = path
        self._peer = key.peer
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._socket.setblocking(False)
        self.dropped = 0

    def copy(self, packet: bytes, now: float) -> None:
        try:
            self._socket.sendto(HEADER.pack(self._peer, int(now * 1_000_000)) + packet, self._path)
        except OSError:
            self.dropped += 1

    def close(self) -> None:
        with contextlib.suppress(OSError):
            self._socket.close()
