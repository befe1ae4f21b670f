"""The control channel under a fuzzer, both ends with all that stands behind them: a worker's relay that takes the frames as
requests, and signaling's client that takes them as a worker's words.

Frames are judged by pydantic, which is compiled, and no fuzzer sees into it: what it makes of a frame is told by `verdict`, whose
branches it does see, and the JSON is read once more by the parser of `json` that is written in Python.
"""

import asyncio
import contextlib
import json
import json.decoder
import json.scanner
import zlib
from collections.abc import Iterator
from typing import Any, cast

from pydantic import ValidationError

from common.errors import ConsiliumError, ProtocolError
from common.ids import ConsultationId
from common.wire import Wire
from media.control.client import WorkerClient
from media.control.framing import MAX_FRAME_BYTES, decode, encode
from media.control.messages import NOTICES, REQUESTS, Frame, WorkerPing, WorkerReady
from media.control.server import ControlServer
from media.relay import MediaRelay

EPOCH = "e"
MAX_PIECES = 16
PATIENCE_S = 10.0
TURNS = 10
_BRANCHES = 1024


class _InPython(json.JSONDecoder):
    """Python's own parser, without its accelerator."""

    def __init__(self) -> None:
        super().__init__(parse_constant=_refused)
        self.parse_string = json.decoder.py_scanstring  # type: ignore[attr-defined]
        self.scan_once = json.scanner.py_make_scanner(self)  # type: ignore[attr-defined]


def _refused(constant: str) -> None:
    raise ValueError(f"{constant} is no JSON")


def _tree(low: int, high: int, depth: int = 1) -> Iterator[str]:
    if high - low == 1:
        yield f"{' ' * depth}return {low}"
        return
    middle = (low + high) // 2
    yield f"{' ' * depth}if number < {middle}:"
    yield from _tree(low, middle, depth + 1)
    yield f"{' ' * depth}else:"
    yield from _tree(middle, high, depth + 1)


_built: dict[str, Any] = {}
exec("\n".join(["def branch(number):", *_tree(0, _BRANCHES)]), _built)
branch = _built["branch"]
"""As many branches as there are numbers. `__main__` has it watched."""


def verdict(model: type[Wire], text: bytes | None, body: object = None) -> Wire | None:
    """What the model makes of a JSON text or of a body; each kind of fault at each place is a branch of its own."""
    try:
        made = model.model_validate_json(text) if text is not None else model.model_validate(body)
    except ValidationError as refused:
        for fault in refused.errors(include_url=False, include_input=False, include_context=False)[:20]:
            where = [part if isinstance(part, str) else "#" for part in fault["loc"] if part in model.model_fields or part == 0]
            branch(zlib.crc32(repr((model.__name__, fault["type"], where)).encode()) % _BRANCHES)
        return None
    branch(zlib.crc32(model.__name__.encode()) % _BRANCHES)
    return made


def frame(data: bytes) -> None:
    """Frames, one a line, through codec, models, a worker and a client; nothing but the channel's own refusals may come of it."""
    pieces = data.split(b"\n")[:MAX_PIECES]
    frames = [read for piece in pieces if (read := _judged(piece)) is not None]
    wire = b"".join(len(piece).to_bytes(4, "big") + piece for piece in pieces)
    asyncio.run(_spoken(wire, [each for each in frames if each.kind == "request"], data))


def _judged(piece: bytes) -> Frame | None:
    """The frame, which must be what Python's own parser reads there, and the same again when it is written."""
    try:
        loose = _InPython().decode(piece.decode())
    except (ValueError, RecursionError):
        loose = None
    try:
        read = decode(piece[:MAX_FRAME_BYTES])
    except ProtocolError:
        verdict(Frame, piece)
        return None
    assert loose is None or read.body == loose["body"], "two parsers read two frames"
    assert decode(encode(read)[4:]) == read
    for model in REQUESTS[read.name] if read.name in REQUESTS else (NOTICES[read.name],) if read.name in NOTICES else ():
        verdict(cast(type[Wire], model), None, read.body)
    return read


async def _spoken(wire: bytes, requests: list[Frame], data: bytes) -> None:
    async with asyncio.timeout(PATIENCE_S):
        if requests:
            await _served(wire)
        await _heard(wire)


async def _served(wire: bytes) -> None:
    relay = MediaRelay("fuzz-0", ("127.0.0.1",))
    faults: list[Exception] = []

    async def handle(name: str, session: ConsultationId | None, body: Wire) -> Wire:
        try:
            return await relay.handle(name, session, body)
        except ConsiliumError:
            raise
        except Exception as fault:
            faults.append(fault)
            raise

    server = ControlServer(handle, WorkerReady(worker="fuzz-0", port=relay.port), EPOCH, lambda count: None)
    written = _Written()
    try:
        reader = asyncio.StreamReader()
        serving = asyncio.ensure_future(server.serve(reader, cast(asyncio.StreamWriter, written)))
        reader.feed_data(wire)
        for _ in range(TURNS):  # requests are tasks, and the stream's end cancels those that are not done
            await asyncio.sleep(0)
        reader.feed_eof()
        await serving
    finally:
        await relay.close()
    if faults:
        raise faults[0]
    for answer in written.frames():
        assert answer.name != "session_lost" or answer.body["reason"] != "fault", "a session broke"


async def _heard(wire: bytes) -> None:
    written = _Written()
    reader = asyncio.StreamReader()
    client = WorkerClient(reader, cast(asyncio.StreamWriter, written), WorkerReady(worker="fuzz-0", port=1), EPOCH)
    asked = [
        asyncio.ensure_future(client.request(name, None, WorkerPing())) for name in ("worker_ping", "worker_dump", "peer_offer")
    ]
    await asyncio.sleep(0)
    reader.feed_data(wire)
    reader.feed_eof()
    await client.wait_closed()
    for outcome in await asyncio.gather(*asked, return_exceptions=True):
        if isinstance(outcome, BaseException) and not isinstance(outcome, ConsiliumError):
            raise outcome
    await client.close()


class _Written:
    """The stream's other direction, in memory."""

    def __init__(self) -> None:
        self.octets = bytearray()
        self.closed = False
        self.transport = self

    def write(self, data: bytes) -> None:
        self.octets += data

    def close(self) -> None:
        self.closed = True

    def is_closing(self) -> bool:
        return self.closed

    async def wait_closed(self) -> None: ...

    def get_write_buffer_size(self) -> int:
        return 0

    def frames(self) -> Iterator[Frame]:
        at = 0
        with contextlib.suppress(IndexError):
            while at < len(self.octets):
                size = int.from_bytes(self.octets[at : at + 4], "big")
                yield decode(bytes(self.octets[at + 4 : at + 4 + size]))
                at += 4 + size
