"""The Socket.IO server: who may connect, what is taken from a connection, and how it is closed.

WebSocket only. Messages of one connection are handled one after the other (a flood waits in its own TCP buffer), each is
bounded and validated, and an error is told to its sender alone.
"""

import asyncio
import contextlib
import secrets
from collections.abc import Callable, Coroutine, Sequence
from typing import Any, Literal

import socketio
import structlog
from pydantic import ValidationError

from common.clock import Clock
from common.errors import ConsiliumError, ProtocolError, Unavailable, UserError
from common.evidence.entry import AuditEntry
from common.ids import PractitionerId, SeatId, is_id
from common.wire import Wire
from rooms.access import token_hash
from rooms.effects import Effect
from signaling.hints import Hint
from signaling.http.cookies import read_cookie, seat_cookie, staff_cookie
from signaling.http.security import describe, same_origin
from signaling.limits import Bucket, Limiter, Rate
from signaling.metrics import Metrics
from signaling.refresher import Refresher
from signaling.settings import Settings
from signaling.socket.connections import Connection, Connections
from signaling.socket.handlers import HANDLERS, WITHOUT_TURN
from signaling.socket.handlers.shared import Services
from signaling.socket.messages import CLIENT_MESSAGES, ConnectAuth, ErrorReply, SocketClosing
from signaling.socket.refusals import Refusals
from signaling.socket.server import BoundedServer

log = structlog.get_logger()

_NO_ACCESS = frozenset({"forbidden", "not_allowed"})
DENIED_NOTED = 50  # of one connection: a page that is wrong says it once or twice, a probing hand does not need more lines

MAX_MESSAGE_BYTES = 64 * 1024
MESSAGE_RATE = Rate(per_s=20, burst=60)  # a busy call sends about two a second
TURN_RATE = Rate(per_s=3, burst=45)  # a seat's or desk's turns of its hospital, over all its connections; coming is one
REFUSED_AT_MOST = 200  # messages over the rate before the connection is cut
QUEUED_AT_MOST = 64  # states waiting for one browser; a browser slower than that is cut and comes back
DRAIN_TIMEOUT_S = 5.0
SESSIONS_AT_ONCE = 500
PING_INTERVAL_S = 10
PING_TIMEOUT_S = 10


class Gateway:
    """Connects browsers to the services."""

    def __init__(
        self,
        settings: Settings,
        node: str,
        clock: Clock,
        connections: Connections,
        *,
        announce: Callable[[Hint], None],
        metrics: Metrics,
    ) -> None:
        self._settings = settings
        self._metrics = metrics
        self._node = node
        self._clock = clock
        self._connections = connections
        self._services: Services | None = None
        self._refresher: Refresher | None = None
        self._announce = announce
        self._turns = Limiter(TURN_RATE)
        self._refusals = Refusals(clock, settings.trusted_proxies)
        self._untold: dict[str, Connection] = {}  # by seat or doctor: bounded by who is or was connected
        self._closings: set[asyncio.Task[None]] = set()
        self._leaving = False
        self.draining = False
        self.server = BoundedServer(
            self._open,
            async_mode="aiohttp",
            transports=["websocket"],
            cors_allowed_origins=lambda _origin, environ: same_origin(settings, _headers(environ)),
            max_http_buffer_size=MAX_MESSAGE_BYTES,
            async_handlers=False,
            ping_interval=PING_INTERVAL_S,
            ping_timeout=PING_TIMEOUT_S,
            logger=False,
            engineio_logger=False,
        )
        self.server.on("connect", self._connect)
        self.server.on("disconnect", self._disconnect)
        self.server.on("*", self._message)

    def serve(self, services: Services, refresher: Refresher) -> None:
        """Begin to accept connections."""
        self._services = services
        self._refresher = refresher

    async def send(self, connection: Connection, name: str, body: Wire) -> None:
        """Send a message; a browser that does not read is cut rather than let its queue grow."""
        if self._queued(connection.sid) > QUEUED_AT_MOST:
            log.warning("slow browser cut")
            self._metrics.cut.labels("slow").inc()
            await self.server.cut(connection.sid)
            return
        await self.server.tell(connection.sid, name, body.model_dump_json())

    async def close(self, connection: Connection, code: str, retry: bool) -> None:
        """Say why, then close."""
        words = SocketClosing(code=code, retry=retry)  # type: ignore[arg-type]
        await self.server.tell(connection.sid, "socket_closing", words.model_dump_json())
        await self.server.cut(connection.sid)

    async def sign_out(self, practitioner: PractitionerId) -> None:
        """Close the desk of a doctor who signed out, here and at the other processes."""
        self._announce(Hint(node=self._node, kind="signed_out", id=practitioner))
        desk = self._connections.of_desk(practitioner)
        if desk is not None:
            await self.close(desk, "signed_out", retry=False)

    def hear(self, hint: Hint) -> None:
        """Another process says that a seat or a desk is held there now, or that a doctor signed out: close ours."""
        if hint.kind == "moved":
            moved = self._connections.of_seat(SeatId(hint.id))
            if moved is not None:
                self._close_soon(self._expel([moved]))
            return
        if hint.node == self._node:
            return
        held = self._connections.of_seat(SeatId(hint.id)) if hint.kind == "seat" else None
        if hint.kind in ("desk", "signed_out"):
            held = self._connections.of_desk(PractitionerId(hint.id))
        if held is not None:
            code = "signed_out" if hint.kind == "signed_out" else "replaced"
            self._close_soon(self.close(held, code, retry=False))

    def _close_soon(self, closing: Coroutine[None, None, None]) -> None:
        task = asyncio.create_task(closing)
        self._closings.add(task)
        task.add_done_callback(self._closings.discard)

    async def _expel(self, connections: Sequence[Connection]) -> None:
        """Close those whose seat was moved: the session by which they connected does not stand any more."""
        assert self._services is not None
        held = [one for one in connections if one.session is not None and one.practitioner is None]
        for start in range(0, len(held), SESSIONS_AT_ONCE):
            some = held[start : start + SESSIONS_AT_ONCE]
            sessions = [one.session for one in some if one.session is not None]
            standing = await self._services.rooms.standing_sessions(sessions)
            for one in some:
                if one.session in standing or one.seat is None or self._connections.get(one.sid) is not one:
                    continue
                if await self._services.rooms.seat_view(one.seat) is not None:  # who left knows it
                    await self.close(one, "replaced", retry=False)

    async def _sign_off(self) -> None:
        """Close the desks whose session has expired, or was ended where no hint came from: the operator reset a factor."""
        assert self._services is not None
        desks = [one for one in self._connections.all() if one.practitioner is not None]
        for start in range(0, len(desks), SESSIONS_AT_ONCE):
            some = desks[start : start + SESSIONS_AT_ONCE]
            standing = await self._services.clinic.standing_sessions([one.session for one in some if one.session is not None])
            for one in some:
                if one.session not in standing and self._connections.get(one.sid) is one:
                    await self.close(one, "signed_out", retry=False)

    async def drain(self) -> None:
        """Accept nobody any more and tell everybody to come back (to another process, or to this one started again)."""
        self.draining = True
        self._leaving = True  # the node's own goodbye tells the store of everybody at once
        if self._services is not None:
            await self._refusals.tell(self._services, now_or_never=True)
        closings = [self.close(connection, "server_stopping", retry=True) for connection in self._connections.all()]
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(DRAIN_TIMEOUT_S):
                await asyncio.gather(*closings, return_exceptions=True)

    def report_presence(self) -> None:
        """The store had given this node up: everybody here is to be reported again (by `settle`)."""
        for connection in self._connections.all():
            self._untold[_place(connection)] = connection

    async def settle(self) -> None:
        """Store who came and went where that could not be stored at once; close whose session does not stand any more.

        Called with each heartbeat.
        """
        if self._services is not None:
            await self._expel(self._connections.all())
            await self._sign_off()
            await self._refusals.tell(self._services)
        for place, connection in list(self._untold.items()):
            if self._services is None or self._untold.get(place) is not connection:
                continue
            here = self._connections.get(connection.sid) is connection
            if here or not self._connections.stands(connection):
                tell = self._present if here else self._absent
                self._services.carry_out(await tell(self._services, connection))
            self._untold.pop(place, None)

    def _ready(self) -> Services:
        if self._services is None or self.draining:
            raise socketio.exceptions.ConnectionRefusedError("refused", {"code": "server_stopping"})
        return self._services

    async def _connect(self, sid: str, environ: dict[str, Any], auth: object = None) -> None:
        services = self._ready()
        try:
            asked = ConnectAuth.model_validate(auth)
            connection = await self._identify(services, sid, asked, _headers(environ).get("Cookie", ""))
        except ValidationError:
            await self._note_stranger(services, environ, "bad_auth", auth)
            raise _refused("bad_auth") from None
        except ConsiliumError as error:
            if not isinstance(error, Unavailable):
                await self._note_stranger(services, environ, error.code, auth)
            raise _refused(error.code) from None
        except Exception:
            log.exception("connection failed")
            raise _refused("fault") from None
        if not self._turns.take(_place(connection), self._clock.now()):
            raise _refused("too_many_messages")
        # Entered before it is stored: the end of an older connection, noticed meanwhile, must not store an absence after it.
        former = self._connections.add(connection)
        try:
            effects = await self._present(services, connection)
        except ConsiliumError as error:
            self._connections.remove(sid)
            raise _refused(error.code) from None
        services.carry_out(effects)
        kind: Literal["desk", "seat"] = "desk" if connection.practitioner is not None else "seat"
        self._announce(Hint(node=self._node, kind=kind, id=_place(connection)))
        if former is not None:
            await self.close(former, "replaced", retry=False)

    async def _note_stranger(self, services: Services, environ: dict[str, Any], code: str, asked: object) -> None:
        """Who has no authority to connect is failed access."""
        self._metrics.refusals.labels(code).inc()
        await self._refusals.note(services, environ, code, asked)

    def _open(self, sid: str) -> None:
        connection = self._connections.get(sid)
        if connection is not None and self._refresher is not None:
            connection.open = True
            self._refresher.greet(connection)
            log.debug("browser connected", place=_place(connection))

    async def _identify(self, services: Services, sid: str, asked: ConnectAuth, cookies: str) -> Connection:
        bucket = Bucket(MESSAGE_RATE, self._clock.now())
        jar = _cookies(cookies)
        if asked.audience == "desk":
            token = read_cookie(jar, staff_cookie(self._settings))
            staff = await services.clinic.staff_by_token(token) if token else None
            if staff is None:
                raise UserError("not_signed_in", "Sign in first.")
            session = token_hash(token) if token else None
            return Connection(sid, staff.hospital, bucket, practitioner=staff.practitioner, session=session)
        if asked.seat is None:
            raise ProtocolError("bad_auth", "A seat's connection names its seat.")
        token = read_cookie(jar, seat_cookie(self._settings, asked.seat))
        identity = await services.rooms.seat_by_token(SeatId(asked.seat), token) if token else None
        if identity is None:
            raise UserError("no_seat", "This browser does not hold that seat.")
        return Connection(
            sid,
            identity.hospital,
            bucket,
            seat=identity.seat,
            consultation=identity.consultation,
            identity=identity,
            session=token_hash(token) if token else None,
        )

    async def _absent(self, services: Services, connection: Connection) -> list[Effect]:
        if connection.practitioner is not None:
            return await services.rooms.desk_disconnected(connection.practitioner, connection.hospital, self._node)
        assert connection.seat is not None
        return await services.rooms.seat_disconnected(connection.seat, self._node)

    async def _present(self, services: Services, connection: Connection) -> list[Effect]:
        if connection.practitioner is not None:
            return await services.rooms.desk_connected(connection.practitioner, connection.hospital, self._node)
        assert connection.seat is not None
        return await services.rooms.seat_connected(connection.seat, self._node)

    async def _disconnect(self, sid: str, _reason: object = None) -> None:
        connection = self._connections.remove(sid)
        if connection is None or self._services is None or self._leaving:
            return  # replaced by a newer one, which keeps the presence
        log.debug("browser gone", place=_place(connection))
        if connection.seat is not None:
            self._services.probes.close(connection.seat)
        try:
            self._services.carry_out(await self._absent(self._services, connection))
        except ConsiliumError as error:
            log.warning("absence not stored yet", code=error.code)
            self._untold[_place(connection)] = connection

    async def _message(self, event: str, sid: str, *arguments: object) -> dict[str, object] | None:
        answer = await self._answer(event, sid, arguments)
        self._metrics.messages.labels(event if event in CLIENT_MESSAGES else "unknown").inc()
        if isinstance(answer, ConsiliumError):
            self._metrics.refusals.labels(answer.code).inc()
            return _refusal(answer)
        return {"ok": True, "body": answer}

    async def _answer(self, event: str, sid: str, arguments: tuple[object, ...]) -> dict[str, object] | ConsiliumError | None:
        connection = self._connections.get(sid)
        if connection is None or self._services is None:
            return UserError("not_connected", "The connection is closing.")
        now = self._clock.now()
        takes_turn = event in HANDLERS and event not in WITHOUT_TURN
        if not connection.bucket.take(now) or (takes_turn and not self._turns.take(_place(connection), now)):
            connection.refused += 1
            if connection.refused > REFUSED_AT_MOST:
                await self.close(connection, "too_many_messages", retry=False)
                self._metrics.cut.labels("flood").inc()
            return UserError("too_many_messages", "Too many messages; slow down.")
        try:
            return await self._handle(self._services, connection, event, arguments)
        except ConsiliumError as error:
            if error.code in _NO_ACCESS:
                await self._note_refused(self._services, connection, event, arguments)
            return error
        except Exception:
            fault = secrets.token_hex(4)
            log.exception("message failed", fault=fault, message=event if event in HANDLERS else "unknown")
            return UserError("fault", f"Something broke here; it is logged as {fault}.")

    async def _note_refused(self, services: Services, connection: Connection, event: str, arguments: tuple[object, ...]) -> None:
        """Who reaches for what is not theirs is remembered; beyond a bound the connection alone is, which the metrics count."""
        connection.denied += 1
        if connection.denied > DENIED_NOTED:
            return
        asked = arguments[0].get("seat") if arguments and isinstance(arguments[0], dict) else None
        subject = asked if isinstance(asked, str) and is_id(asked) else _place(connection)
        entry = AuditEntry(self._clock.now(), connection.hospital, _place(connection), "access_refused", subject, event)
        try:
            await services.clinic.store.note(entry)
        except ConsiliumError as error:
            log.error("refused access not noted", code=error.code)

    async def _handle(
        self, services: Services, connection: Connection, event: str, arguments: tuple[object, ...]
    ) -> dict[str, object] | None:
        if event not in CLIENT_MESSAGES:
            raise ProtocolError("unknown_message", "There is no such message.")
        if len(arguments) != 1:
            raise ProtocolError("bad_message", "A message has exactly one body.")
        try:
            body = CLIENT_MESSAGES[event][0].model_validate(arguments[0])
        except ValidationError as error:
            raise ProtocolError("bad_message", describe(error)) from None
        log.debug("message", kind=event, place=_place(connection))
        answer = await HANDLERS[event](services, connection, body)
        return answer.model_dump(mode="json") if answer is not None else None

    def _queued(self, sid: str) -> int:
        socket = self.server.eio.sockets.get(self.server.manager.eio_sid_from_sid(sid, "/"))
        return int(socket.queue.qsize()) if socket is not None else 0


def _headers(environ: dict[str, Any]) -> dict[str, str]:
    names = {"HTTP_ORIGIN": "Origin", "HTTP_HOST": "Host", "HTTP_COOKIE": "Cookie"}
    return {name: str(environ[key]) for key, name in names.items() if key in environ}


def _cookies(header: str) -> dict[str, str]:
    """Name → value. Plain splitting: another application's odd cookie on this host must not cost ours."""
    pairs = (part.partition("=") for part in header.split(";"))
    return {name.strip(): value.strip() for name, _, value in pairs}


def _place(connection: Connection) -> str:
    """What a connection stands for: a doctor's desk, or a seat."""
    place = connection.practitioner or connection.seat
    assert place is not None
    return place


def _refused(code: str) -> Exception:
    refused: Exception = socketio.exceptions.ConnectionRefusedError("refused", {"code": code})
    return refused


def _refusal(error: ConsiliumError) -> dict[str, object]:
    return {"ok": False, "error": ErrorReply(code=error.code, message=error.sentence).model_dump()}
