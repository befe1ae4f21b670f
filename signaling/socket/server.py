"""python-socketio's server with the doors shut that the library leaves open to anybody connected.

Every packet is metered before it is parsed, also those that are no messages; binary packets, of which our protocol has none,
and events named like the library's own are refused. Whoever does not stop loses the connection itself, not only its namespace.
"""

import asyncio
import contextlib
import time
from collections.abc import Callable
from typing import Any

import engineio
import socketio
import structlog

from signaling.limits import Bucket, Rate

log = structlog.get_logger()

CONNECT_TIMEOUT_S = 10.0  # from the WebSocket to the message that says who it is
PACKET_RATE = Rate(per_s=60, burst=500)  # above the rate of messages, which are refused one by one before
_BINARY = ("5", "6")  # Socket.IO protocol 5: BINARY_EVENT and BINARY_ACK announce attachments without a bound
_RESERVED = frozenset({"connect", "disconnect", "connect_error"})


class TextPacket(socketio.packet.Packet):  # type: ignore[misc]  # the library has no types
    """Our protocol has no binary parts: nobody searches every state for them before it is sent."""

    uses_binary_events = False


class BoundedServer(socketio.AsyncServer):  # type: ignore[misc]  # the library has no types
    """An AsyncServer that cuts whoever sends what no client of ours would.

    `on_open(sid)` is called when a connection was accepted and its acceptance is on the way: what is sent from then on
    comes after it.
    """

    def __init__(self, on_open: Callable[[str], None], **options: Any) -> None:
        super().__init__(serializer=TextPacket, **options)
        self._on_open = on_open
        self._packets: dict[str, Bucket] = {}
        self._cut: set[str] = set()
        self._strangers: dict[str, asyncio.TimerHandle] = {}  # one for each WebSocket that has not said who it is

    async def tell(self, sid: str, name: str, body: str) -> None:
        """Send an event. Its body is JSON already: nothing takes it apart and puts it together again on the way."""
        eio_sid = self.manager.eio_sid_from_sid(sid, "/")
        if eio_sid is not None:
            with contextlib.suppress(engineio.exceptions.EngineIOError):  # it closes: whoever comes back is greeted anew
                await self.eio.send(eio_sid, f'{socketio.packet.EVENT}["{name}",{body}]')

    async def cut(self, sid: str) -> None:
        """Close a connection for good: its namespace and the WebSocket under it, after what was sent before."""
        eio_sid = self.manager.eio_sid_from_sid(sid, "/")
        await self.disconnect(sid)
        if eio_sid is not None:
            await self._end(eio_sid)

    async def _end(self, eio_sid: str) -> None:
        """The library's own way of closing waits for the reader, which may be who calls: end the writer instead."""
        socket = self.eio.sockets.get(eio_sid)
        if socket is not None:
            self._cut.add(eio_sid)
            await socket.queue.put(None)

    async def _handle_eio_message(self, eio_sid: str, data: object) -> None:
        if eio_sid in self._cut:
            return
        now = time.monotonic()
        bucket = self._packets.setdefault(eio_sid, Bucket(PACKET_RATE, now))
        if not isinstance(data, str) or data.startswith(_BINARY) or not bucket.take(now):
            log.warning("connection cut", binary=not isinstance(data, str))
            await self._end(eio_sid)
            return
        try:
            await super()._handle_eio_message(eio_sid, data)
        except (ValueError, TypeError, KeyError, IndexError, AttributeError, RecursionError):
            log.warning("packet refused")  # not Socket.IO; what it said is not worth a line
            await self._end(eio_sid)

    async def _handle_eio_connect(self, eio_sid: str, environ: dict[str, Any]) -> None:
        await super()._handle_eio_connect(eio_sid, environ)
        loop = asyncio.get_running_loop()
        self._strangers[eio_sid] = loop.call_later(CONNECT_TIMEOUT_S, self._too_late, eio_sid)

    def _too_late(self, eio_sid: str) -> None:
        self._strangers.pop(eio_sid, None)
        socket = self.eio.sockets.get(eio_sid)
        if socket is not None:
            self._cut.add(eio_sid)
            socket.queue.put_nowait(None)

    def _known(self, eio_sid: str) -> None:
        timer = self._strangers.pop(eio_sid, None)
        if timer is not None:
            timer.cancel()

    async def _handle_connect(self, eio_sid: str, namespace: str | None, data: object) -> None:
        await super()._handle_connect(eio_sid, namespace, data)
        sid = self.manager.sid_from_eio_sid(eio_sid, namespace or "/")
        if sid is not None:
            self._known(eio_sid)
            self._on_open(sid)

    async def _handle_event(self, eio_sid: str, namespace: str | None, number: int | None, data: Any) -> None:
        if not isinstance(data, list) or not data or not isinstance(data[0], str) or data[0] in _RESERVED:
            raise ValueError("not an event")
        await super()._handle_event(eio_sid, namespace, number, data)

    async def _handle_eio_disconnect(self, eio_sid: str, reason: object) -> None:
        self._known(eio_sid)
        self._packets.pop(eio_sid, None)
        self._cut.discard(eio_sid)
        await super()._handle_eio_disconnect(eio_sid, reason)
