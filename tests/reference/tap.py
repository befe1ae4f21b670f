"""What tap.c must do: copies of one source's decrypted packets for whoever records. Drops, counts and tells; never waits."""

import socket
import struct

from media.plane import interface

HEADER = struct.Struct("!BBHIQ")
"""In front of each RTP packet: magic, version and codec, copies dropped since the last, stream, arrival in µs."""
MAGIC, VERSION = 0xC7, 1


class Tap:
    """A connection to the recorder's socket; made by `open`."""

    def __init__(self, to: interface.Tap, connected: socket.socket) -> None:
        self.to = to
        self._socket = connected
        self._untold = 0
        self.copied = 0
        self.dropped = 0

    @classmethod
    def open(cls, to: interface.Tap) -> "Tap | None":
        """None when nobody listens there."""
        connected = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        connected.setblocking(False)
        connected.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 512 << 10)
        try:
            connected.connect(to.path)
        except OSError:
            connected.close()
            return None
        return cls(to, connected)

    def serves(self, wanted: interface.Tap) -> bool:
        """Whether this is the connection wanted, and its other end is there."""
        if wanted != self.to:
            return False
        try:
            self._socket.recv(1, socket.MSG_PEEK)
        except BlockingIOError:
            return True
        except OSError:
            return False
        return False

    def copy(self, packet: bytes, now: float) -> None:
        codec = interface.TAP_CODECS[self.to.codec]
        head = HEADER.pack(MAGIC, VERSION << 4 | codec, self._untold, self.to.stream, int(now * 1_000_000))
        try:
            self._socket.send(head + packet)
        except OSError:
            self.dropped += 1
            self._untold = min(self._untold + 1, 0xFFFF)
            return
        self.copied += 1
        self._untold = 0

    def close(self) -> None:
        self._socket.close()
