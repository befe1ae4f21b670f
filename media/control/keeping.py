"""Keeps a child process that is controlled over a Unix socket: starts it, watches it, ends a silent one, starts another.

What is the same for media workers and recorders is here. Whatever ends a process, its client's `on_died` is called before its
pending requests fail, and before a successor is announced. A kind of process says by its methods how it is made, and what more
than silence is a reason to end it.
"""

import asyncio
import contextlib
from asyncio.subprocess import Process
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import structlog

from common.errors import ConsiliumError, Unavailable
from common.wire import Wire
from media.control.client import WorkerClient
from media.control.messages import WORKER_WORDS, Words
from media.control.unix import connect_unix

LONGEST_PAUSE_S = 10.0
STEADY_AFTER_S = 30.0
"""A process that lived this long starts the pauses between starts anew."""
LOOK_S = 0.02
LONGEST_WAIT = 4
"""Times the patience with a silent one: beyond, a machine without a free core is no excuse."""
_log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Manner:
    """How one kind of process is kept. `ping` is asked each `ping_every_s`; unanswered for `silent_after_s` it is silent."""

    what: str
    ping: tuple[str, Wire]
    start_timeout_s: float
    ping_every_s: float
    silent_after_s: float
    first_pause_s: float
    words: Words = WORKER_WORDS


class ChildKeeper:
    """One process after another behind one socket.

    `on_client` is given each as it answers, and sets its callbacks before it returns.
    """

    def __init__(self, manner: Manner, name: str, socket: Path, on_client: Callable[[WorkerClient], None]) -> None:
        self.name = name
        self.socket = socket
        self.client: WorkerClient | None = None
        self._manner = manner
        self._on_client = on_client
        self._process: Process | None = None
        self._stopping = False

    # --- what each kind says ---

    async def _spawn(self) -> Process:
        """A process that will listen at `socket`. May raise OSError."""
        raise NotImplementedError

    async def _before_start(self) -> None:
        """Whatever must be so before one is started."""

    def _started(self, fault: Unavailable | None) -> None:
        """One answers, or did not start."""

    async def _before_kill(self) -> None:
        """One that lives is to be ended: it is silent, or unfit."""

    def _fit(self, status: Wire) -> bool:
        """Whether a process that answered its ping with this may go on."""
        return True

    # --- what is the same ---

    async def keep(self) -> None:
        """Runs one after another until stopped or cancelled."""
        pause_s = self._manner.first_pause_s
        loop = asyncio.get_running_loop()
        try:
            while not self._stopping:
                began = loop.time()
                await self._run_one()
                if self._stopping:
                    return
                if loop.time() - began >= STEADY_AFTER_S:
                    pause_s = self._manner.first_pause_s
                await asyncio.sleep(pause_s)
                pause_s = min(pause_s * 2, LONGEST_PAUSE_S)
        finally:
            await self._end_process()
            if self.client is not None:
                await self.client.close()

    async def _run_one(self) -> None:
        await self._before_start()
        try:
            self.socket.unlink(missing_ok=True)
            self._process = await self._spawn()
            client = await self._connect(self._process)
        except (Unavailable, OSError) as error:
            _log.error(f"{self._manner.what} did not start", worker=self.name, fault=type(error).__name__)
            self._started(Unavailable("worker_start", f"a {self._manner.what} did not start"))
            await self._end_process()
            return
        self.client = client
        self._on_client(client)
        self._started(None)
        await self._watch(client)
        await self._end_process()
        await client.wait_closed()  # its end of the connection went with it; only then it is told to be dead
        if not self._stopping:
            _log.warning(f"{self._manner.what} died", worker=self.name)

    async def _connect(self, process: Process) -> WorkerClient:
        try:
            async with asyncio.timeout(self._manner.start_timeout_s):
                while process.returncode is None:
                    if self.socket.exists():
                        with contextlib.suppress(Unavailable):
                            return await connect_unix(self.socket, self._manner.words)
                    await asyncio.sleep(LOOK_S)
        except TimeoutError:
            pass
        raise Unavailable("worker_start", f"the {self._manner.what} ended or stayed silent")

    async def _watch(self, client: WorkerClient) -> None:
        """Returns when the process is dead, has been silent for too long, or is unfit."""
        while client.alive:
            try:
                status = await self._answer(client)
            except ConsiliumError as error:
                if client.alive:
                    _log.error(f"{self._manner.what} is silent", worker=self.name, code=error.code)
                    await self._before_kill()
                return
            if not self._fit(status):
                await self._before_kill()
                return
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(self._manner.ping_every_s):
                    await client.wait_closed()

    async def _answer(self, client: WorkerClient) -> Wire:
        """Its answer to a ping; raises ConsiliumError when it is silent.

        For how long it could have run, and no core was free, is no silence: in a rush its media flow all the same, and another
        would have to wait as well.
        """
        (name, body), patience_s = self._manner.ping, self._manner.silent_after_s
        loop = asyncio.get_running_loop()
        asked_at, waited_s = loop.time(), self._waited_s()
        asked = loop.create_task(client.request(name, None, body, timeout_s=LONGEST_WAIT * patience_s))
        try:
            while (left_s := patience_s + self._waited_s() - waited_s - (loop.time() - asked_at)) > 0:
                await asyncio.wait((asked,), timeout=left_s)
                if asked.done():
                    return asked.result()
        finally:
            asked.cancel()
        raise Unavailable("worker_silent", f"the {self._manner.what} does not answer")

    def _waited_s(self) -> float:
        """How long its first thread has waited for a core so far (schedstat); 0 where the kernel does not tell."""
        try:
            return int(Path(f"/proc/{self._process.pid if self._process else 0}/schedstat").read_text().split()[1]) / 1e9
        except (OSError, IndexError):
            return 0.0

    async def _end_process(self) -> None:
        process, self._process = self._process, None
        if process is None:
            return
        if process.returncode is None:
            with contextlib.suppress(ProcessLookupError):
                process.kill()
        await process.wait()
