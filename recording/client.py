"""Signaling's end of the recorder: its process, kept as media workers are (media/control/keeping.py).

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

from media.control.client import WorkerClient
from media.control.keeping import ChildKeeper, Manner
from recording.messages import RECORDER_WORDS, Ping

START_TIMEOUT_S = 15.0
PING_INTERVAL_S = 0.5
SILENT_AFTER_S = 3.0
"""Copies of three seconds fit the kernel's buffers: a recorder that comes back in time has lost nothing."""
ORDER_TIMEOUT_S = 30.0
"""For an order: one that ends a recording waits for the disk."""
STOP_GRACE_S = 25.0
"""To seal what is open: a recorder that is killed sooner loses it."""
FIRST_PAUSE_S = 0.1


_MANNER = Manner(
    what="recorder",
    ping=("recorder_ping", Ping()),
    start_timeout_s=START_TIMEOUT_S,
    ping_every_s=PING_INTERVAL_S,
    silent_after_s=SILENT_AFTER_S,
    first_pause_s=FIRST_PAUSE_S,
    words=RECORDER_WORDS,
)


class RecorderKeeper(ChildKeeper):
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
        super().__init__(_MANNER, name, folder / "recorder.sock", on_recorder)
        self._command = [
            *(sys.executable, "-m", "recording.worker"),
            *("--socket", str(self.socket), "--taps", str(folder / "taps.sock"), "--data", str(data), "--name", name),
            *("--log-level", log[0], "--log-format", log[1]),
        ]
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Begins to keep a recorder; it is there a moment later, and nobody has to wait for it. Twice is as good as once."""
        if self._task is None and not self._stopping:
            self._task = asyncio.get_running_loop().create_task(self.keep())

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

    async def _spawn(self) -> Process:
        # A session of its own: Ctrl-C is for us, the recorder seals when it is told to.
        return await asyncio.create_subprocess_exec(*self._command, stdin=asyncio.subprocess.DEVNULL, start_new_session=True)
