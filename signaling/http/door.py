"""What happens before a request is one: how many connections, how fast they must speak, how often they may open a WebSocket.

Decides bounds by the address of the peer; knows no route. A head that drips in is cut by the same clock as an idle connection,
a body by `read_body`, a WebSocket that never says who it is by the Socket.IO server.
"""

import asyncio
import contextlib
import resource
from collections import Counter
from collections.abc import Collection, Mapping

import structlog
from aiohttp import web
from aiohttp.typedefs import Middleware

from common.clock import Clock
from common.errors import UserError
from signaling.http.security import Handler, error_response, response_headers, same_origin
from signaling.limits import Limiter, Rate, address_key
from signaling.settings import Settings
from signaling.socket.messages import ErrorReply

log = structlog.get_logger()

CONNECTIONS_PER_ADDRESS = 512  # a ward behind one router: 60 people with 8 connections each
HEAD_TIMEOUT_S = 20.0  # from the connection, or the last answer, to the whole head of a request
HANDSHAKE_RATE = Rate(per_s=10, burst=300)  # after a restart a whole ward comes back at once
OPEN_FILES = 65_536
_OURSELVES = frozenset({"127.0.0.1", "::1"})  # a proxy on this machine, whether or not the operator said so


class Door:
    """Counts the connections of each peer and turns those away that are too many. A proxy's are not its own."""

    def __init__(self, proxies: Collection[str], most: int = CONNECTIONS_PER_ADDRESS) -> None:
        self._exempt = {*proxies, *_OURSELVES}
        self._most = most
        self._open: Counter[str] = Counter()
        self._of: dict[object, str] = {}

    def enter(self, who: object, address: str) -> bool:
        """Whether one more connection of this address may come in."""
        if address in self._exempt:
            return True
        if self._open[address] >= self._most:
            return False
        self._open[address] += 1
        self._of[who] = address
        return True

    def leave(self, who: object) -> None:
        """A connection has ended, whether it had come in or not."""
        address = self._of.pop(who, None)
        if address is not None:
            self._open[address] -= 1
            if self._open[address] <= 0:
                del self._open[address]


class GuardedServer(web.Server):
    """The library's server with a door, and with errors of ours where a request is none: its own echo what was sent."""

    door: Door
    refusal_headers: Mapping[str, str]

    def __call__(self) -> web.RequestHandler:
        return _Protocol(self, loop=self._loop, **self._kwargs)

    def connection_made(self, handler: web.RequestHandler, transport: asyncio.Transport) -> None:
        """A peer has connected."""
        super().connection_made(handler, transport)
        peer = transport.get_extra_info("peername")
        if not self.door.enter(handler, str(peer[0]) if isinstance(peer, tuple) and peer else ""):
            transport.abort()

    def connection_lost(self, handler: web.RequestHandler, exc: BaseException | None = None) -> None:
        """A connection has ended."""
        super().connection_lost(handler, exc)
        self.door.leave(handler)


class _Protocol(web.RequestHandler):
    __slots__ = ()

    def handle_error(
        self, request: web.BaseRequest, status: int = 500, exc: BaseException | None = None, message: str | None = None
    ) -> web.StreamResponse:
        if request.writer.output_size > 0:
            raise ConnectionError("an answer is half sent")
        log.debug("no request", status=status)
        server = self._manager
        reply = ErrorReply(code="bad_request", message="The request cannot be answered.")
        headers = server.refusal_headers if isinstance(server, GuardedServer) else {}
        response = web.json_response(reply.model_dump(), status=status, headers=headers)
        response.force_close()
        return response


def guard(server: web.Server, settings: Settings) -> None:
    """Make the library's server one that is guarded."""
    server.__class__ = GuardedServer
    assert isinstance(server, GuardedServer)
    server.door = Door(settings.trusted_proxies)
    server.refusal_headers = {**response_headers(settings), "Cache-Control": "no-store", "Server": "consilium"}


def handshakes(settings: Settings, clock: Clock) -> Middleware:
    """Lets each address open so many WebSockets a second: a flood that was cut must not come back faster than that."""
    limiter = Limiter(HANDSHAKE_RATE)

    @web.middleware
    async def middleware(request: web.Request, handler: Handler) -> web.StreamResponse:
        if request.path.startswith("/socket.io"):
            if not same_origin(settings, request.headers):
                return error_response(UserError("cross_origin", "A WebSocket needs our own origin."))
            key = address_key(request.remote, request.headers.get("X-Forwarded-For"), settings.trusted_proxies)
            if key not in _OURSELVES and not limiter.take(key, clock.now()):
                return error_response(UserError("too_many_requests", "Too many connections from this address."))
        return await handler(request)

    return middleware


def raise_file_limit() -> None:
    """As many connections as the system allows us, not the 1,024 that a shell gives."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = OPEN_FILES if hard == resource.RLIM_INFINITY else min(OPEN_FILES, hard)
    if soft != resource.RLIM_INFINITY and soft < wanted:
        with contextlib.suppress(OSError, ValueError):
            resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))
