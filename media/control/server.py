"""The worker's end of the control channel: any number of clients, each request answered once, notices to all.

It decides nothing about media; a client that breaks the protocol or reads too slowly is cut off, the others notice nothing.
"""

import asyncio
import contextlib
from collections.abc import Awaitable, Callable

import structlog
from pydantic import ValidationError

from common.errors import ConsiliumError, ProtocolError, Unavailable, UserError
from common.ids import ConsultationId
from common.wire import Wire
from media.control.framing import encode, read_frame
from media.control.messages import WORKER_WORDS, ErrorBody, Frame, Words, WorkerReady

MAX_IN_FLIGHT = 256
"""Requests of one client at once; more are refused as busy."""
REMEMBERED_REPLIES = 256
"""For requests sent again by id; the oldest is forgotten."""
MAX_UNREAD_BYTES = 1 << 20
"""What a client may leave unread before it is cut off."""

Handler = Callable[[str, ConsultationId | None, Wire], Awaitable[Wire]]
_log = structlog.get_logger(__name__)


class ControlServer:
    """`handler` answers requests or raises one of common.errors; `changed` is told the number of clients."""

    def __init__(
        self, handler: Handler, ready: WorkerReady, epoch: str, changed: Callable[[int], None], words: Words = WORKER_WORDS
    ) -> None:
        self._handler = handler
        self._words = words
        self._ready = ready
        self._epoch = epoch
        self._changed = changed
        self._clients: set[_Client] = set()

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Serves one client until it goes; owns and closes the stream."""
        client = _Client(self._handler, self._epoch, self._words, reader, writer)
        self._clients.add(client)
        self._changed(len(self._clients))
        try:
            client.notify(self._ready, None)
            await client.run()
        finally:
            self._clients.discard(client)
            self._changed(len(self._clients))

    def notify(self, notice: Wire, session: ConsultationId | None) -> None:
        """Tells every client; never waits."""
        for client in list(self._clients):
            client.notify(notice, session)

    def close(self) -> None:
        """Cuts every client off after what is already written."""
        for client in list(self._clients):
            client.close()


class _Client:
    def __init__(
        self, handler: Handler, epoch: str, words: Words, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        self._handler = handler
        self._requests = words.requests
        self._notice_names = {kind: name for name, kind in words.notices.items()}
        self._epoch = epoch
        self._reader = reader
        self._writer = writer
        self._in_flight: set[asyncio.Task[None]] = set()
        self._answered: dict[int, bytes | None] = {}

    async def run(self) -> None:
        try:
            while (frame := await read_frame(self._reader)) is not None:
                self._accept(frame)
        except ProtocolError as error:
            _log.warning("control client cut off", code=error.code)
        finally:
            for task in self._in_flight:
                task.cancel()
            self.close()
            with contextlib.suppress(OSError):
                await self._writer.wait_closed()

    def notify(self, notice: Wire, session: ConsultationId | None) -> None:
        name = self._notice_names[type(notice)]
        self._write(
            Frame(kind="notice", id=0, name=name, session=session, epoch=self._epoch, body=notice.model_dump(mode="json"))
        )

    def close(self) -> None:
        self._writer.close()

    def _accept(self, frame: Frame) -> None:
        if frame.kind != "request":
            raise ProtocolError("frame_malformed", "a client sends requests only")
        if frame.id in self._answered:
            repeated = self._answered[frame.id]
            if repeated is not None:
                self._send(repeated)
            return
        if len(self._in_flight) >= MAX_IN_FLIGHT:
            self._write(self._refusal(frame, Unavailable("busy", "too many requests at once")))
            return
        self._answered[frame.id] = None
        task = asyncio.get_running_loop().create_task(self._answer(frame))
        self._in_flight.add(task)
        task.add_done_callback(self._in_flight.discard)

    async def _answer(self, frame: Frame) -> None:
        try:
            answer = encode(self._reply(frame, await self._handle(frame)))
        except ConsiliumError as error:
            answer = encode(self._refusal(frame, error))
        except Exception:
            _log.exception("control request failed", request=frame.name)
            answer = encode(self._refusal(frame, None))
        self._answered[frame.id] = answer
        finished = [number for number, kept in self._answered.items() if kept is not None]
        for number in finished[:-REMEMBERED_REPLIES]:
            del self._answered[number]
        self._send(answer)

    def _reply(self, frame: Frame, reply: Wire) -> Frame:
        body = reply.model_dump(mode="json")
        return Frame(kind="reply", id=frame.id, name=frame.name, session=frame.session, epoch=self._epoch, body=body)

    async def _handle(self, frame: Frame) -> Wire:
        if frame.epoch and frame.epoch != self._epoch:
            raise Unavailable("stale_epoch", "this worker is not the one that was meant")
        if frame.name not in self._requests:
            raise ProtocolError("unknown_request", "this worker knows no such request")
        try:
            body = self._requests[frame.name][0].model_validate(frame.body)
        except ValidationError:
            raise ProtocolError("bad_request", "the request's body is not what its name demands") from None
        session = ConsultationId(frame.session) if frame.session is not None else None
        return await self._handler(frame.name, session, body)

    def _refusal(self, frame: Frame, error: ConsiliumError | None) -> Frame:
        match error:
            case ProtocolError():
                body = ErrorBody(kind="protocol", code=error.code, sentence=error.sentence)
            case UserError():
                body = ErrorBody(kind="user", code=error.code, sentence=error.sentence)
            case Unavailable():
                body = ErrorBody(kind="unavailable", code=error.code, sentence=error.sentence)
            case _:
                body = ErrorBody(kind="fault", code="worker_fault", sentence="the worker failed inside")
        return Frame(kind="error", id=frame.id, name=frame.name, session=frame.session, epoch=self._epoch, body=body.model_dump())

    def _write(self, frame: Frame) -> None:
        self._send(encode(frame))

    def _send(self, data: bytes) -> None:
        if self._writer.is_closing():
            return
        if self._writer.transport.get_write_buffer_size() > MAX_UNREAD_BYTES:
            _log.warning("control client too slow, cut off")
            self._writer.transport.abort()
            return
        self._writer.write(data)
