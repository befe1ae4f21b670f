"""Signaling's end of the recorder: starts its process, watches it, ends a silent one, starts another in its place.

It knows no consultation. A recorder that died has lost the open segments alone; whoever gave orders gives them again to its
successor, which goes on in the same recordings with the gap marked.
"""

import asyncio
import contextlib
import signal
import sys
from asyncio.subprocess import Process
from collections.abc import Callable
from pathlib import Path

import structlog

from common.errors import ConsiliumError, Unavailable
from media.control.client import WorkerClient
from media.control.unix import connect_unix
from recording.messages import RECORDER_WORDS, Ping

START_TIMEOUT_S = 15.0
PING_INTERVAL_S = 0.5
SILENT_AFTER_S = 3.0
"""Copies of three seconds fit the kernel's buffers: a recorder that comes back in time has lost nothing."""
ORDER_TIMEOUT_S = 30.0
"""For an order: one that ends a recording waits for the disk."""
STOP_GRACE_S = 25.0
"""To seal what is open: a recorder that is killed sooner loses it."""
FIRST_PAUSE_S, LONGEST_PAUSE_S = 0.1, 10.0
STEADY_AFTER_S = 30.0
_log = structlog.get_logger(__name__)


class RecorderKeeper:
    """One recorder after another. `folder` (which only its owner may enter) is for its sockets, `data` holds keys and recordings.

    `on_recorder` is given each recorder as it answers, and sets its callbacks before it returns.
    """

    def __init__(
        self,
        folder: Path,
        data: Path,
        name: str,
        on_recorder: Callable[[WorkerClient], None],
        log: tuple[str, str] = ("info", "auto"),
    ) -> None:
        self._socket = folder / "recorder.sock"
        self._taps = folder / "taps.sock"
        self._command = [
            *(sys.executable, "-m", "recording.worker"),
            *("--socket", str(self._socket), "--taps", str(self._taps), "--data", str(data), "--name", name),
            *("--log-level", log[0], "--log-format", log[1]),
        ]
        self._on_recorder = on_recorder
        self._process: Process | None = None
        self._stopping = False
        self._task: asyncio.Task[None] | None = None
        self.client: WorkerClient | None = None

    def start(self) -> None:
        """Begins to keep a recorder; it is there a moment later, and nobody has to wait for it. Twice is as good as once."""
        if self._task is None and not self._stopping:
            self._task = asyncio.get_running_loop().create_task(self._keep())

    async def stop(self) -> None:
        """Ends the recorder, with time to seal; no process is left behind."""
        self._stopping = True
        process = self._process
        if process is not None and process.returncode is None:
            with contextlib.suppress(ProcessLookupError):
                process.send_signal(signal.SIGTERM)
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(STOP_GRACE_S):
                    await process.wait()
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)

    async def _keep(self) -> None:
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

    async def _run_one(self) -> None:
        try:
            self._socket.unlink(missing_ok=True)
            # A session of its own: Ctrl-C is for us, the recorder seals when it is told to.
            self._process = await asyncio.create_subprocess_exec(
                *self._command, stdin=asyncio.subprocess.DEVNULL, start_new_session=True
            )
            client = await self._connect(self._process)
        except (Unavailable, OSError) as error:
            _log.error("recorder did not start", fault=type(error).__name__)
            await self._end_process()
            return
        self.client = client
        try:
            self._on_recorder(client)
            await self._watch(client)
        finally:
            self.client = None
            await self._end_process()
            await client.close()
        if not self._stopping:
            _log.warning("recorder died")

    async def _connect(self, process: Process) -> WorkerClient:
        try:
            async with asyncio.timeout(START_TIMEOUT_S):
                while process.returncode is None:
                    if self._socket.exists():
                        with contextlib.suppress(Unavailable):
                            return await connect_unix(self._socket, RECORDER_WORDS)
                    await asyncio.sleep(0.02)
        except TimeoutError:
            pass
        raise Unavailable("recorder_start", "the recorder ended or stayed silent")

    async def _watch(self, client: WorkerClient) -> None:
        """Returns when the recorder is dead or has been silent for too long."""
        while client.alive:
            try:
                await client.request("recorder_ping", None, Ping(), timeout_s=SILENT_AFTER_S)
            except ConsiliumError as error:
                if client.alive:
                    _log.error("recorder is silent", code=error.code)
                return
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(PING_INTERVAL_S):
                    await client.wait_closed()

    async def _end_process(self) -> None:
        process, self._process = self._process, None
        if process is None:
            return
        if process.returncode is None:
            with contextlib.suppress(ProcessLookupError):
                process.kill()
        await process.wait()
