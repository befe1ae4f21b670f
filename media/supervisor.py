"""Starts media workers, watches them, ends the silent ones, starts others in their place. Knows nothing of calls.

A worker lives in one task: start, connect, ping each second until it dies, then again after a pause. Whatever ends a worker, its
client's `on_died` is called before its pending requests fail, and before a successor is announced.
"""

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

from common.errors import ConsiliumError, Unavailable
from media.control.client import WorkerClient
from media.control.messages import WorkerPing, WorkerStatus
from media.control.unix import connect_unix

START_TIMEOUT_S = 30.0
"""On a machine where everything starts at once, importing alone took 11 s."""
PING_INTERVAL_S = 0.25
SILENT_AFTER_S = 2.5
"""With the interval, the dump, and a second for the calls to come back elsewhere, people miss four seconds at most."""
DUMP_S = 0.2
"""For faulthandler to write the stacks of a silent worker to standard error."""
TERM_GRACE_S = 2.0
FIRST_PAUSE_S, LONGEST_PAUSE_S = 0.02, 10.0
SPARE_AFTER_S = 2.0
"""A new spare costs a second of CPU: it is made when the calls of the worker whose place the last one took have come back."""
PORT_LOOK_S = 0.2
STEADY_AFTER_S = 30.0
"""A worker that lived this long starts the pauses anew."""

_COMMAND = (sys.executable, "-m", "media.worker")
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


class _Keeper:
    """One worker after another under one name."""

    def __init__(self, post: _Post, on_worker: Callable[[WorkerClient], None], spare: _Spare) -> None:
        self.name = post.name
        self.socket = post.socket
        self.client: WorkerClient | None = None
        self._port = post.port
        self._memory_limit = post.memory_limit
        self._arguments = [*post.arguments, "--port", str(post.port)]
        self._on_worker = on_worker
        self._spare = spare
        self._process: Process | None = None
        self._stopping = False
        self._started = asyncio.Event()
        self._failed: Unavailable | None = None

    async def first_start(self) -> None:
        """Waits for the first worker; raises what kept it from starting."""
        await self._started.wait()
        if self._failed is not None:
            raise self._failed

    async def keep(self) -> None:
        """Runs workers until stopped."""
        pause_s = FIRST_PAUSE_S
        loop = asyncio.get_running_loop()
        try:
            while not self._stopping:
                began = loop.time()
                await self._run_one()
                if self._stopping:
                    return
                if loop.time() - began >= STEADY_AFTER_S:
                    pause_s = FIRST_PAUSE_S
                await asyncio.sleep(pause_s)
                pause_s = min(pause_s * 2, LONGEST_PAUSE_S)
        finally:
            await self._end_process()

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

    async def _run_one(self) -> None:
        await self._port_free()
        try:
            self._process = await self._spawn()
            client = await self._connect(self._process)
        except (Unavailable, OSError) as error:
            _log.error("media worker did not start", worker=self.name, fault=type(error).__name__)
            self._failed = Unavailable("worker_start", "a media worker did not start")
            self._started.set()
            await self._end_process()
            return
        self.client = client
        self._on_worker(client)
        self._started.set()
        await self._watch(client)
        await self._end_process()
        await client.wait_closed()
        if not self._stopping:
            _log.warning("media worker died", worker=self.name)

    async def _port_free(self) -> None:
        """Waits while another has the port: a killed process's worker, whose calls live on and which whoever comes uses."""
        if self._port == 0 or _is_free(self._port):
            return
        _log.warning("media port is taken, waiting for it", worker=self.name)
        self._started.set()
        while not _is_free(self._port):  # noqa: ASYNC110  (the kernel tells nobody)
            await asyncio.sleep(PORT_LOOK_S)

    async def _spawn(self) -> Process:
        self.socket.unlink(missing_ok=True)
        arguments = ["--socket", str(self.socket), "--name", self.name, *self._arguments]
        spare = self._spare.take(arguments)
        if spare is not None:
            return spare
        # A session of its own: Ctrl-C is for us, we let the calls end.
        return await asyncio.create_subprocess_exec(
            *_COMMAND, *arguments, stdin=asyncio.subprocess.DEVNULL, start_new_session=True
        )

    async def _connect(self, process: Process) -> WorkerClient:
        try:
            async with asyncio.timeout(START_TIMEOUT_S):
                while process.returncode is None:
                    if self.socket.exists():
                        with contextlib.suppress(Unavailable):
                            return await connect_unix(self.socket)
                    await asyncio.sleep(0.02)
        except TimeoutError:
            pass
        raise Unavailable("worker_start", "the media worker ended or stayed silent")

    async def _watch(self, client: WorkerClient) -> None:
        """Returns when the worker is dead, has been silent for too long, or has too much memory in use."""
        while client.alive:
            try:
                status = await client.request("worker_ping", None, WorkerPing(), timeout_s=SILENT_AFTER_S)
            except ConsiliumError as error:
                if client.alive:
                    _log.error("media worker is silent", worker=self.name, code=error.code)
                    await self._dump()
                return
            if isinstance(status, WorkerStatus) and status.rss_bytes > self._memory_limit:
                _log.error("media worker has too much memory in use", worker=self.name, rss_mb=status.rss_bytes >> 20)
                await self._dump()
                return
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(PING_INTERVAL_S):
                    await client.wait_closed()

    async def _dump(self) -> None:
        if self._process is not None and self._process.returncode is None:
            with contextlib.suppress(ProcessLookupError):
                self._process.send_signal(signal.SIGUSR1)
            await asyncio.sleep(DUMP_S)

    async def _end_process(self) -> None:
        if self._process is None:
            return
        if self._process.returncode is None:
            with contextlib.suppress(ProcessLookupError):
                self._process.kill()
        await self._process.wait()
        self._process = None


def _is_free(port: int) -> bool:
    """Whether a worker could open this UDP port now."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.bind(("", port))
        except OSError:
            return False
    return True
