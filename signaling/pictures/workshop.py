"""A few processes that decode pictures, started when the first picture comes and ended when none came for a while.

Decides how many work at once, how many may wait (the rest is told to come back) and how long one may take. A process that
falls, hangs or answers nonsense is ended; it costs the picture it had in hand and nothing else.
"""

import asyncio
import contextlib
import json
import os
import sys
from asyncio.subprocess import DEVNULL, PIPE, Process
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

import structlog

from common.errors import ProtocolError, Unavailable, UserError
from signaling.pictures.orders import Order, Rendered, order_head, pack, sizes

log = structlog.get_logger()

ANSWER_AT_MOST = 16 * 1024 * 1024  # 2560 × 2560 at quality 88 is about 2 MB, of noise about 9 MB
_REFUSED = {
    "picture_type": "Only JPEG, PNG and WebP pictures are taken.",
    "picture_dimensions": "The picture has too many pixels.",
    "picture_broken": "The picture cannot be read.",
}


@dataclass(frozen=True, slots=True)
class WorkshopSize:
    """`workers` pictures are decoded at once, `waiting` more may wait, `limit_s` is the time for one.

    A process that had nothing to do for `idle_s` ends: it holds 80 MB."""

    workers: int
    waiting: int
    limit_s: float
    idle_s: float = 60.0


class Workshop:
    """`render` from any task; `stop` once, at the end."""

    def __init__(self, size: WorkshopSize) -> None:
        self._slots = asyncio.Semaphore(size.workers)
        self._room = size.workers + size.waiting
        self._limit_s = size.limit_s
        self._idle_s = size.idle_s
        self._idle: list[Process] = []
        self._alive: set[Process] = set()
        self._closing: asyncio.TimerHandle | None = None

    async def render(self, load: Callable[[], Awaitable[bytes]], order: Order) -> Rendered:
        """The picture made anew. `load` gives the file when its turn has come, so that those who wait hold no memory.

        UserError: picture_type, picture_dimensions, picture_broken. Unavailable: pictures_busy, and what `load` raises.
        """
        if self._room <= 0:
            raise Unavailable("pictures_busy", "Too many pictures are being prepared; try again in a moment.")
        self._room -= 1
        try:
            async with self._slots:
                return await self._render(await load(), order)
        finally:
            self._room += 1
            self._close_later()

    async def stop(self) -> None:
        """End every process."""
        if self._closing is not None:
            self._closing.cancel()
        for process in list(self._alive):
            await self._end(process)

    async def _render(self, data: bytes, order: Order) -> Rendered:
        process = await self._living() or await self._start()
        try:
            async with asyncio.timeout(self._limit_s):
                made = await _ask(process, data, order)
        except BaseException as fault:
            await self._end(process)
            if isinstance(fault, (OSError, asyncio.IncompleteReadError, ProtocolError, ValueError, KeyError)):  # TimeoutError too
                log.warning("a picture cost its process", fault=type(fault).__name__)
                raise UserError("picture_broken", _REFUSED["picture_broken"]) from None
            raise
        self._idle.append(process)
        if isinstance(made, Rendered):
            return made
        raise UserError(made, _REFUSED[made])

    async def _living(self) -> Process | None:
        """One that waits for work and has not died meanwhile: the next picture is not to blame for that."""
        while self._idle:
            process = self._idle.pop()
            if process.returncode is None:
                return process
            await self._end(process)
        return None

    async def _start(self) -> Process:
        keep = {name: os.environ[name] for name in ("PATH", "PYTHONPATH", "LD_LIBRARY_PATH") if name in os.environ}
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "signaling.pictures.worker",
            stdin=PIPE, stdout=PIPE, stderr=DEVNULL, start_new_session=True,
            env=keep | {"OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1", "OPENCV_LOG_LEVEL": "OFF"},
        )  # fmt: skip
        self._alive.add(process)
        return process

    async def _end(self, process: Process) -> None:
        self._alive.discard(process)
        with contextlib.suppress(ProcessLookupError):
            process.kill()
        await asyncio.shield(process.wait())

    def _close_later(self) -> None:
        if self._closing is not None:
            self._closing.cancel()
        self._closing = asyncio.get_running_loop().call_later(self._idle_s, self._close_idle)

    def _close_idle(self) -> None:
        for process in self._idle:
            assert process.stdin is not None
            process.stdin.close()  # it ends with its input; the loop's child watcher reaps it
            self._alive.discard(process)
        self._idle.clear()


async def _ask(process: Process, data: bytes, order: Order) -> Rendered | str:
    """The picture, or the code with which it was refused."""
    assert process.stdin is not None and process.stdout is not None
    process.stdin.write(pack(order_head(order), data))
    await process.stdin.drain()
    head_length, length = sizes(await process.stdout.readexactly(8), ANSWER_AT_MOST)
    head = json.loads(await process.stdout.readexactly(head_length))
    payload = await process.stdout.readexactly(length)
    if "code" in head:
        code = str(head["code"])
        if code not in _REFUSED:
            raise ProtocolError("picture_frame", "A picture's process gave a reason that does not exist.")
        return code
    content, thumbnail = (int(size) for size in head["sizes"])
    if content + thumbnail != length:
        raise ProtocolError("picture_frame", "A picture's process miscounted.")
    return Rendered(int(head["width"]), int(head["height"]), payload[:content], payload[content:])
