"""Signaling's end of the control channel: requests with time limits, notices by callback, death noticed at once.

It decides nothing; it only pairs replies with requests and refuses the words of another epoch.
"""

import asyncio
import contextlib
import itertools
import socket
import struct
from collections.abc import Callable
from typing import cast

import structlog
from pydantic import ValidationError

from common.errors import ConsiliumError, ProtocolError, Unavailable, UserError
from common.ids import ConsultationId, WorkerId
from common.wire import Wire
from media.control.framing import encode, read_frame
from media.control.messages import WORKER_WORDS, ErrorBody, Frame, Notice, Words, WorkerReady

REQUEST_TIMEOUT_S = 5.0
CONNECT_TIMEOUT_S = 5.0
MAX_PENDING = 1024
"""Requests awaiting replies; more are refused at once."""

OnNotice = Callable[[Notice, ConsultationId | None], None]
_log = structlog.get_logger(__name__)


def _ignore_notice(notice: Notice, session: ConsultationId | None) -> None: ...


def _ignore_death() -> None: ...


class WorkerClient:
    """One connected worker; made by `open_client`. Set `on_notice` and `on_died` before the next await.

    When the worker or the connection dies, first `on_died` is called, then every pending request fails with `Unavailable`
    ("worker_died"), then `wait_closed` returns. After `close` of our own, `on_died` is not called.
    """

    def __init__(
        self,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
        ready: WorkerReady,
        epoch: str,
        words: Words = WORKER_WORDS,
    ) -> None:
        self._words = words
        self.worker = WorkerId(ready.worker)
        self.epoch = epoch
        self.media_port = ready.port
        self.on_notice: OnNotice = _ignore_notice
        self.on_died: Callable[[], None] = _ignore_death
        self._reader = reader
        self._writer = writer
        self._numbers = itertools.count(1)
        self._pending: dict[int, tuple[str, asyncio.Future[Wire]]] = {}
        self._closed = False
        self._closed_event = asyncio.Event()
        self._reading = asyncio.get_running_loop().create_task(self._read())

    @property
    def alive(self) -> bool:
        return not self._closed

    @property
    def process_id(self) -> int | None:
        """Of the worker, as the kernel tells it of a Unix socket's other end (Linux); none on other carriers."""
        held = self._writer.get_extra_info("socket")
        if held is None or held.family != socket.AF_UNIX or not hasattr(socket, "SO_PEERCRED"):
            return None
        return int(struct.unpack("3i", held.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, struct.calcsize("3i")))[0])

    async def request(
        self, name: str, session: ConsultationId | None, body: Wire, *, timeout_s: float = REQUEST_TIMEOUT_S
    ) -> Wire:
        """The reply's body. Raises `ProtocolError`, `UserError`, or `Unavailable` (dead, silent, busy or faulted worker)."""
        if self._closed:
            raise Unavailable("worker_died", "the media worker is gone")
        if len(self._pending) >= MAX_PENDING:
            raise Unavailable("busy", "too many requests wait for the media worker")
        number = next(self._numbers)
        frame = Frame(kind="request", id=number, name=name, session=session, epoch=self.epoch, body=body.model_dump(mode="json"))
        data = encode(frame)
        future: asyncio.Future[Wire] = asyncio.get_running_loop().create_future()
        self._pending[number] = (name, future)
        try:
            self._writer.write(data)
            async with asyncio.timeout(timeout_s):
                return await future
        except TimeoutError:
            raise Unavailable("worker_silent", "the media worker did not answer in time") from None
        finally:
            self._pending.pop(number, None)

    async def close(self) -> None:
        """Ends the connection; the worker goes on. Pending requests fail."""
        self.on_died = _ignore_death
        self._die()
        self._reading.cancel()
        await asyncio.gather(self._reading, return_exceptions=True)

    async def wait_closed(self) -> None:
        await self._closed_event.wait()

    async def _read(self) -> None:
        try:
            while (frame := await read_frame(self._reader)) is not None:
                self._accept(frame)
        except ProtocolError as error:
            _log.warning("control connection given up", code=error.code)
        finally:
            self._die()
            with contextlib.suppress(OSError):
                await self._writer.wait_closed()

    def _accept(self, frame: Frame) -> None:
        if frame.epoch != self.epoch:
            raise ProtocolError("stale_epoch", "a frame of another epoch came on this connection")
        match frame.kind:
            case "reply" | "error":
                pending = self._pending.get(frame.id)
                if pending is not None and not pending[1].done():
                    self._settle(*pending, frame)
            case "notice":
                self._notice(frame)
            case _:
                raise ProtocolError("frame_malformed", "a worker sends no requests")

    def _settle(self, name: str, future: asyncio.Future[Wire], frame: Frame) -> None:
        try:
            if frame.kind == "error":
                future.set_exception(_error(ErrorBody.model_validate(frame.body)))
            else:
                future.set_result(self._words.requests[name][1].model_validate(frame.body))
        except (ValidationError, KeyError):
            future.set_exception(ProtocolError("bad_reply", "the worker's reply is not what the request demands"))

    def _notice(self, frame: Frame) -> None:
        kind = self._words.notices.get(frame.name)
        if kind is None:
            return  # a newer worker may say more
        try:
            notice = kind.model_validate(frame.body)
        except ValidationError:
            raise ProtocolError("frame_malformed", "a notice is not what its name demands") from None
        session = ConsultationId(frame.session) if frame.session is not None else None
        try:
            self.on_notice(cast(Notice, notice), session)
        except Exception:
            _log.exception("notice handler failed", notice=frame.name)

    def _die(self) -> None:
        if self._closed:
            return
        self._closed = True
        self._writer.close()
        try:
            self.on_died()
        except Exception:
            _log.exception("death handler failed")
        for _, future in self._pending.values():
            if not future.done():
                future.set_exception(Unavailable("worker_died", "the media worker is gone"))
        self._closed_event.set()


def _error(body: ErrorBody) -> ConsiliumError:
    match body.kind:
        case "protocol":
            return ProtocolError(body.code, body.sentence)
        case "user":
            return UserError(body.code, body.sentence)
        case _:
            return Unavailable(body.code, body.sentence)


async def open_client(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, words: Words = WORKER_WORDS) -> WorkerClient:
    """Waits for the worker's first words; raises `Unavailable` and closes the stream when they do not come."""
    try:
        async with asyncio.timeout(CONNECT_TIMEOUT_S):
            frame = await read_frame(reader)
        if frame is None or frame.kind != "notice" or frame.name != "worker_ready" or not frame.epoch:
            raise ProtocolError("frame_malformed", "a worker begins with worker_ready")
        return WorkerClient(reader, writer, WorkerReady.model_validate(frame.body), frame.epoch, words)
    except (TimeoutError, ProtocolError, ValidationError):
        writer.close()
        raise Unavailable("worker_silent", "the media worker did not introduce itself") from None
