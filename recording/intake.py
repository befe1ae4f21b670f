"""Where copied packets come in: one SOCK_SEQPACKET connection for each tapped source (media/plane/native/tap.c).

It decides which track a connection feeds, by the stream that its first copy names; one that no order named is closed at once. It
is read at every tick, not woken for each packet: the kernel holds what comes meanwhile, and drops beyond its bound.
"""

import os
import socket
from dataclasses import dataclass
from pathlib import Path

import structlog

from recording.sink import CODECS, COPY, MAGIC, VERSION, Track

READ_AT_ONCE = 512
"""Copies of one connection in one turn; a flood waits for the next, and is dropped by the kernel."""
MAX_COPY_BYTES = 2048
MAX_CONNECTIONS = 1024
BACKLOG = 256
_log = structlog.get_logger(__name__)


@dataclass(slots=True, eq=False)
class _Connection:
    socket: socket.socket
    stream: int | None = None


class Intake:
    """Listens at `path` (mode 0600) from the start; raises OSError. `close` must be called."""

    def __init__(self, path: Path) -> None:
        self.path = str(path)
        path.unlink(missing_ok=True)
        self._listener = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self._listener.setblocking(False)
        before = os.umask(0o177)  # the socket must never exist with wider rights, not even for a moment
        try:
            self._listener.bind(self.path)
        finally:
            os.umask(before)
        self._listener.listen(BACKLOG)
        self._connections: list[_Connection] = []
        self._tracks: dict[int, Track] = {}
        self._feeding: dict[int, _Connection] = {}
        self._next = 1
        self.packets = 0
        self.dropped = 0

    @property
    def streams(self) -> int:
        return len(self._tracks)

    def open(self, track: Track) -> int:
        """A new stream that feeds the track; its number."""
        number, self._next = self._next, self._next + 1
        self._tracks[number] = track
        return number

    def end(self, streams: list[int]) -> None:
        """Takes what was copied until now, and nothing of these streams after it."""
        self.read()
        for number in streams:
            connection = self._feeding.pop(number, None)
            track = self._tracks.pop(number, None)
            if track is not None:
                track.end_source()
            if connection is not None:
                self._forget(connection)

    def read(self) -> None:
        """All that has come, within bounds."""
        self._accept()
        for connection in list(self._connections):
            self._read_one(connection)

    def close(self) -> None:
        for connection in self._connections:
            connection.socket.close()
        self._connections.clear()
        self._listener.close()
        Path(self.path).unlink(missing_ok=True)

    def _accept(self) -> None:
        while True:
            try:
                accepted, _ = self._listener.accept()
            except BlockingIOError:
                return
            except OSError:  # no descriptors left, or whoever asked is gone
                _log.warning("tap not accepted")
                return
            if len(self._connections) >= MAX_CONNECTIONS:
                accepted.close()
                continue
            accepted.setblocking(False)
            self._connections.append(_Connection(accepted))

    def _read_one(self, connection: _Connection) -> None:
        receive, feeding, head_of = connection.socket.recv, self._feeding, COPY.unpack_from
        track = self._tracks.get(connection.stream) if connection.stream is not None else None
        for _ in range(READ_AT_ONCE):
            try:
                data = receive(MAX_COPY_BYTES)
            except BlockingIOError:
                return
            except OSError:
                data = b""
            if len(data) < COPY.size:
                self._forget(connection)
                return
            magic, form, dropped, stream, arrived_us = head_of(data)
            if connection.stream is None:
                track = self._begin(connection, magic, form, stream)
            if track is None or stream != connection.stream or feeding.get(stream) is not connection:
                self._forget(connection)
                return
            self.packets += 1
            self.dropped += dropped
            track.copy(data, dropped, arrived_us)

    def _begin(self, connection: _Connection, magic: int, form: int, stream: int) -> Track | None:
        """A connection's first copy says what it is; it takes the place of an older one."""
        track, codec = self._tracks.get(stream), CODECS.get(form & 15)
        if magic != MAGIC or form >> 4 != VERSION or track is None or codec is None:
            _log.warning("tap refused", stream=stream)
            return None
        connection.stream = stream
        self._feeding[stream] = connection
        track.new_source(codec)
        return track

    def _forget(self, connection: _Connection) -> None:
        connection.socket.close()
        if connection in self._connections:
            self._connections.remove(connection)
        stream = connection.stream
        if stream is not None and self._feeding.get(stream) is connection:
            del self._feeding[stream]
            if stream in self._tracks:
                self._tracks[stream].end_source()
