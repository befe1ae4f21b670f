"""The recorder as a process, one per host: `python -m recording.worker --socket PATH --taps PATH --data FOLDER --name NAME`.

It holds the process's affairs: loop, signals, the control socket, the tick that reads copies, an end when nobody controls it any
more. What a recording does is in recording/running.py.
"""

import argparse
import asyncio
import faulthandler
import resource
import secrets
import signal
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import cast

import structlog
import uvloop

from common.errors import ConsiliumError, ProtocolError, Unavailable
from common.evidence.signing import Signer, keep_signer
from common.ids import ConsultationId
from common.logging import configure_logging
from common.wire import Wire
from media.control.messages import Done, WorkerReady
from media.control.server import ControlServer
from media.control.unix import listen_unix
from recording.commands import RECORDINGS
from recording.folder import KEY, disk
from recording.intake import Intake
from recording.keys import FileMaster, Master
from recording.messages import RECORDER_WORDS, KeyframeWanted, Order, Placed, RecorderStatus, RecordingFailed, Release
from recording.running import Means, Running, now_us

TICK_S = 0.1
"""The kernel holds three seconds of a stream's copies; reading each as it comes would cost as much again as all the rest."""
ORPHANED_AFTER_S = 15.0
"""As the media workers': signaling restarts within that."""
MAX_RECORDINGS = 200
WRITERS = 4
"""A segment waits for the disk twice (fsync) and computes little: four at once take a quarter of the time of one. Of each
recording there is one at a time (recording/running.py): its segments reach the disk in their order."""
_log = structlog.get_logger(__name__)


class Recorder:
    """The recordings of one process; must be made inside a running loop and closed."""

    def __init__(self, name: str, data: Path, taps: Path) -> None:
        self._data = data
        self._intake = Intake(taps)
        self._pool = ThreadPoolExecutor(WRITERS, thread_name_prefix="sealing")
        self._running: dict[str, Running] = {}
        self._consultations: dict[str, ConsultationId] = {}
        self._opening = asyncio.Lock()
        self.epoch = secrets.token_hex(8)
        self.clients = 0
        self.clients_changed = asyncio.Event()
        self.drained = asyncio.Event()
        ready = WorkerReady(worker=name, port=0)
        self.server = ControlServer(self.handle, ready, self.epoch, self._clients_changed, RECORDER_WORDS)

    async def handle(self, name: str, session: ConsultationId | None, body: Wire) -> Wire:
        """Answers one request; raises the errors of common.errors."""
        match name:
            case "recorder_ping":
                return self._status()
            case "recorder_drain":
                self.drained.set()
                return Done()
            case "recording_order" if session is not None:
                return await self._order(session, cast(Order, body))
            case "recording_release":
                async with self._opening:
                    await self._forget(cast(Release, body).recording)
                return Done()
            case _:
                raise ProtocolError("session_missing", "this request concerns a consultation")

    async def run(self) -> None:
        """Reads copies until cancelled."""
        while True:
            self._intake.read()
            at_us = now_us()
            for recording, running in list(self._running.items()):
                streams = running.tick(at_us)
                if streams:
                    self.server.notify(KeyframeWanted(recording=recording, streams=streams), self._consultations[recording])
            await asyncio.sleep(TICK_S)

    async def close(self) -> None:
        """Seals what there is. Every recording may be gone on with."""
        await asyncio.gather(*(running.close() for running in self._running.values()), return_exceptions=True)
        self._running.clear()
        self._intake.close()
        self._pool.shutdown()
        self.server.close()

    async def _order(self, consultation: ConsultationId, order: Order) -> Placed:
        async with self._opening:
            running = self._running.get(order.recording)
            if running is None:
                try:
                    running = await self._open(consultation, order)
                except Unavailable as error:
                    if error.code == "recording_sealed" and order.state == "over":
                        return Placed(socket=self._intake.path, streams=[], sealed=True)
                    raise
                if running is None:
                    return Placed(socket=self._intake.path, streams=[], sealed=order.state == "over")
        try:
            placed = await running.carry_out(order)
        except Unavailable as error:
            self._failed(order.recording, error.code)
            raise
        if placed.sealed:
            await self._forget(order.recording)
        return placed

    async def _open(self, consultation: ConsultationId, order: Order) -> Running | None:
        """None when there is nothing yet and nothing is to be recorded."""
        root = self._data / RECORDINGS
        if order.state != "on" and not (root / order.recording / KEY).is_file():
            return None
        if len(self._running) >= MAX_RECORDINGS:
            raise Unavailable("recorder_full", "this recorder has as many recordings as it may")
        master, signer = self._load_keys()
        means = Means(root, master, signer, self._intake, self._pool, self._failed)
        running = await Running.open(means, consultation, order)
        self._running[order.recording] = running
        self._consultations[order.recording] = consultation
        return running

    async def _forget(self, recording: str) -> None:
        running = self._running.pop(recording, None)
        self._consultations.pop(recording, None)
        if running is not None:
            await running.close()

    def _load_keys(self) -> tuple[Master, Signer]:
        """Of the data folder; read when needed, so that what is wrong with them is told to whoever orders.

        The master key each time: nothing may be wrapped by one that was replaced meanwhile.
        """
        with disk():
            return FileMaster(self._data), keep_signer(self._data)

    def _failed(self, recording: str, code: str) -> None:
        consultation = self._consultations.get(recording)
        if consultation is not None:
            self.server.notify(RecordingFailed(recording=recording, reason=code), consultation)

    def _status(self) -> RecorderStatus:
        return RecorderStatus(
            recordings=len(self._running),
            streams=self._intake.streams,
            segments=sum(running.segments for running in self._running.values()),
            waiting_octets=sum(running.waiting_octets for running in self._running.values()),
            packets=self._intake.packets,
            dropped=self._intake.dropped,
            rss_bytes=resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024,
        )

    def _clients_changed(self, count: int) -> None:
        self.clients = count
        self.clients_changed.set()


def main() -> int:
    """Runs until stopped or orphaned; 2 for wrong arguments or a socket that cannot be."""
    faulthandler.enable()
    faulthandler.register(signal.SIGUSR1, all_threads=True)
    parser = argparse.ArgumentParser(prog="recording.worker")
    parser.add_argument("--socket", type=Path, required=True)
    parser.add_argument("--taps", type=Path, required=True)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--name", required=True)
    parser.add_argument("--log-level", default="info", choices=["debug", "info", "warning", "error"])
    parser.add_argument("--log-format", default="auto", choices=["auto", "text", "json"])
    arguments = parser.parse_args()
    configure_logging(arguments.log_level, arguments.log_format, arguments.name)
    try:
        uvloop.run(_run(arguments.socket, arguments.taps, arguments.data, arguments.name))
    except (OSError, ConsiliumError) as error:
        _log.error("recorder cannot start", fault=type(error).__name__, code=getattr(error, "code", None))
        return 2
    return 0


async def _run(socket: Path, taps: Path, data: Path, name: str) -> None:
    recorder = Recorder(name, data, taps)
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    try:
        listener = await listen_unix(socket, recorder.server)
        _log.info("recorder ready")
        waits = [
            asyncio.ensure_future(wait) for wait in (stop.wait(), recorder.drained.wait(), _orphaned(recorder), recorder.run())
        ]
        try:
            await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
            for done in waits:
                if done.done() and not done.cancelled() and done.exception() is not None:
                    _log.critical("a loop of the recorder ended", exc_info=done.exception())
        finally:
            for wait in waits:
                wait.cancel()
            await asyncio.gather(*waits, return_exceptions=True)
            await listener.close()
    finally:
        await recorder.close()


async def _orphaned(recorder: Recorder) -> None:
    """Returns once no client has been connected for a while."""
    while True:
        recorder.clients_changed.clear()
        try:
            async with asyncio.timeout(ORPHANED_AFTER_S if recorder.clients == 0 else None):
                await recorder.clients_changed.wait()
        except TimeoutError:
            _log.warning("no control connection left, recorder ends")
            return


if __name__ == "__main__":
    sys.exit(main())
