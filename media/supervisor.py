"""Keeps media workers (media/control/keeping.py), ends those with too much memory, has a spare ready. Knows nothing of calls."""

import asyncio
import contextlib
import json
import signal
import socket
import sys
from asyncio.subprocess import Process
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import structlog

from common.errors import Unavailable
from common.wire import Wire
from media.control.client import WorkerClient
from media.control.keeping import ChildKeeper, Manner
from media.control.messages import WorkerPing, WorkerStatus

START_TIMEOUT_S = 30.0
"""On a machine where everything starts at once, importing alone took 11 s."""
PING_INTERVAL_S = 0.25
SILENT_AFTER_S = 2.5
"""With the interval, the dump, and a second for the calls to come back elsewhere, people miss four seconds at most."""
DUMP_S = 0.2
"""For faulthandler to write the stacks of a silent worker to standard error."""
TERM_GRACE_S = 2.0
FIRST_PAUSE_S = 0.02
SPARE_AFTER_S = 2.0
"""A new spare costs a second of CPU: it is made when the calls of the worker whose place the last one took have come back."""
PORT_LOOK_S = 0.2

_COMMAND = (sys.executable, "-m", "media.worker")
_MANNER = Manner(
    what="media worker",
    ping=("worker_ping", WorkerPing()),
    start_timeout_s=START_TIMEOUT_S,
    ping_every_s=PING_INTERVAL_S,
    silent_after_s=SILENT_AFTER_S,
    first_pause_s=FIRST_PAUSE_S,
)
_log = structlog.get_logger(__name__)


class Supervisor:
    """`count` workers with sockets in `folder` (which only its owner may enter) named `node`-0, `node`-1 …

    With `first_port` above 0 they take that UDP port and the following ones, else any. `on_worker` is given each worker as it
    answers, also successors, and sets its callbacks before it returns. One that has more than `memory_mb` in use is ended: its
    calls come back on another within seconds, and the machine's other work is not paged out for a leak.
    """

    def __init__(
        self,
        *,
        count: int,
        folder: Path,
        node: str,
        on_worker: Callable[[WorkerClient], None],
        addresses: tuple[str, ...] = (),
        first_port: int = 0,
        memory_mb: int = 1024,
        log_level: str = "info",
        log_format: str = "auto",
    ) -> None:
        self._spare = _Spare()
        shared = ["--addresses", ",".join(addresses), "--log-level", log_level, "--log-format", log_format]
        shared += ["--memory-mb", str(memory_mb)]
        self._keepers = [
            _Keeper(
                _Post(
                    name=f"{node}-{index}",
                    socket=folder / f"{index}.sock",
                    port=first_port + index if first_port else 0,
                    memory_limit=memory_mb << 20,
                    arguments=shared,
                ),
                on_worker,
                self._spare,
            )
            for index in range(count)
        ]
        self._tasks: list[asyncio.Task[None]] = []

    @property
    def clients(self) -> list[WorkerClient]:
        """The workers that answer now."""
        return [keeper.client for keeper in self._keepers if keeper.client is not None and keeper.client.alive]

    def registered(self) -> list[tuple[str, str, str]]:
        """(name, epoch, socket path) of the workers that answer now: how other processes of this machine find them."""
        return [
            (keeper.name, keeper.client.epoch, str(keeper.socket))
            for keeper in self._keepers
            if keeper.client is not None and keeper.client.alive
        ]

    async def start(self) -> None:
        """Returns when every worker answers, or waits for a port that an older worker still has; raises `Unavailable` and stops
        all when one does neither in time."""
        self._tasks = [asyncio.get_running_loop().create_task(keeper.keep()) for keeper in self._keepers]
        try:
            async with asyncio.timeout(START_TIMEOUT_S + 1):
                await asyncio.gather(*(keeper.first_start() for keeper in self._keepers))
        except (TimeoutError, Unavailable):
            await self.stop(0)
            raise Unavailable("worker_start", "a media worker did not start") from None
        self._tasks.append(asyncio.get_running_loop().create_task(self._spare.keep()))

    async def stop(self, deadline_s: float) -> None:
        """Lets calls end for at most `deadline_s`, then ends the workers; no process is left behind."""
        await asyncio.gather(*(keeper.stop(deadline_s) for keeper in self._keepers))
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)


class _Spare:
    """One process that has everything loaded and waits to be told which worker to be. It ends when we do: its input ends then."""

    def __init__(self) -> None:
        self._process: Process | None = None
        self._taken = asyncio.Event()

    async def keep(self) -> None:
        """Has a spare ready, and after each one that was taken or died, another; until cancelled."""
        try:
            while True:
                await asyncio.sleep(SPARE_AFTER_S)
                self._taken.clear()
                self._process = process = await asyncio.create_subprocess_exec(
                    *_COMMAND, "--standby", stdin=asyncio.subprocess.PIPE, start_new_session=True
                )
                done = [asyncio.ensure_future(wait) for wait in (self._taken.wait(), process.wait())]
                try:
                    await asyncio.wait(done, return_when=asyncio.FIRST_COMPLETED)
                finally:
                    for wait in done:
                        wait.cancel()
        finally:
            if self._process is not None and self._process.returncode is None:
                self._process.kill()
                await self._process.wait()

    def take(self, arguments: list[str]) -> Process | None:
        """The spare, become the worker of these arguments; none when there is no spare now."""
        process, self._process = self._process, None
        self._taken.set()
        if process is None or process.returncode is not None or process.stdin is None:
            return None
        process.stdin.write(json.dumps(arguments).encode() + b"\n")
        process.stdin.close()
        return process


@dataclass(frozen=True, slots=True)
class _Post:
    """What every worker of one keeper is given. `port` 0 means any."""

    name: str
    socket: Path
    port: int
    memory_limit: int
    arguments: list[str]


class _Keeper(ChildKeeper):
    """One worker after another under one name."""

    def __init__(self, post: _Post, on_worker: Callable[[WorkerClient], None], spare: _Spare) -> None:
        super().__init__(_MANNER, post.name, post.socket, on_worker)
        self._port = post.port
        self._memory_limit = post.memory_limit
        self._arguments = [*post.arguments, "--port", str(post.port)]
        self._spare = spare
        self._first = asyncio.Event()
        self._failed: Unavailable | None = None

    async def first_start(self) -> None:
        """Waits for the first worker; raises what kept it from starting."""
        await self._first.wait()
        if self._failed is not None:
            raise self._failed

    async def stop(self, deadline_s: float) -> None:
        """SIGTERM drains; at the deadline a second one ends; what still lives then is killed."""
        self._stopping = True
        process = self._process
        if process is None:
            return
        for patience_s in (deadline_s, TERM_GRACE_S):
            if process.returncode is not None:
                return
            with contextlib.suppress(ProcessLookupError):
                process.send_signal(signal.SIGTERM)
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(patience_s):
                    await process.wait()
        await self._end_process()

    async def _before_start(self) -> None:
        """Waits while another has the port: a killed process's worker, whose calls live on and which whoever comes uses."""
        if self._port == 0 or _is_free(self._port):
            return
        _log.warning("media port is taken, waiting for it", worker=self.name)
        self._first.set()
        while not _is_free(self._port):  # noqa: ASYNC110  (the kernel tells nobody)
            await asyncio.sleep(PORT_LOOK_S)

    async def _spawn(self) -> Process:
        arguments = ["--socket", str(self.socket), "--name", self.name, *self._arguments]
        spare = self._spare.take(arguments)
        if spare is not None:
            return spare
        # A session of its own: Ctrl-C is for us, we let the calls end.
        return await asyncio.create_subprocess_exec(
            *_COMMAND, *arguments, stdin=asyncio.subprocess.DEVNULL, start_new_session=True
        )

    def _started(self, fault: Unavailable | None) -> None:
        self._failed = fault or self._failed
        self._first.set()

    def _fit(self, status: Wire) -> bool:
        if not isinstance(status, WorkerStatus) or status.rss_bytes <= self._memory_limit:
            return True
        _log.error("media worker has too much memory in use", worker=self.name, rss_mb=status.rss_bytes >> 20)
        return False

    async def _before_kill(self) -> None:
        """Its stacks, for whoever looks for the reason."""
        if self._process is not None and self._process.returncode is None:
            with contextlib.suppress(ProcessLookupError):
                self._process.send_signal(signal.SIGUSR1)
            await asyncio.sleep(DUMP_S)


def _is_free(port: int) -> bool:
    """Whether a worker could open this UDP port now."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.bind(("", port))
        except OSError:
            return False
    return True
