"""One media worker as a process: `python -m media.worker --socket PATH --name NAME` (see `--help`).

With `--standby` alone it loads everything and waits for its arguments, as one line of JSON, on standard input.

It holds the process's affairs only: loop, signals, the control socket, an end when nobody controls it any more.
"""

import argparse
import asyncio
import faulthandler
import json
import signal
import sys
from collections.abc import Coroutine
from pathlib import Path

import structlog
import uvloop

from common.errors import UserError
from common.logging import configure_logging
from media.control.unix import listen_unix
from media.relay import MEMORY_LIMIT_BYTES, MediaRelay

ORPHANED_AFTER_S = 15.0
"""Signaling restarts within that; then the browsers' calls go on. Without any signaling a worker is of no use."""

_log = structlog.get_logger(__name__)


def main() -> int:
    """Runs until drained, stopped or orphaned; 2 for wrong arguments or a taken port."""
    faulthandler.enable()
    faulthandler.register(signal.SIGUSR1, all_threads=True)
    parser = argparse.ArgumentParser(prog="media.worker")
    parser.add_argument("--socket", type=Path, required=True)
    parser.add_argument("--name", required=True)
    parser.add_argument("--addresses", default="")
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--memory-mb", type=int, default=MEMORY_LIMIT_BYTES >> 20)
    parser.add_argument("--log-level", default="info", choices=["debug", "info", "warning", "error"])
    parser.add_argument("--log-format", default="auto", choices=["auto", "text", "json"])
    given = sys.argv[1:]
    if given == ["--standby"]:
        line = sys.stdin.readline()  # everything is loaded by now; what worker to be is told when one is needed
        if not line:
            return 0  # whoever might have needed it is gone
        given = json.loads(line)
    arguments = parser.parse_args(given)
    addresses = tuple(part.strip() for part in arguments.addresses.split(",") if part.strip())
    configure_logging(arguments.log_level, arguments.log_format, arguments.name)
    try:
        uvloop.run(_run(arguments.socket, arguments.name, addresses, arguments.port, arguments.memory_mb << 20))
    except (OSError, UserError) as error:
        _log.error("media worker cannot start", fault=type(error).__name__, code=getattr(error, "code", None))
        return 2
    return 0


async def _run(socket: Path, name: str, addresses: tuple[str, ...], port: int, memory_limit: int) -> None:
    relay = MediaRelay(name, addresses, port, memory_limit)
    stop = asyncio.Event()
    _on_signals(relay, stop)
    try:
        listener = await listen_unix(socket, relay.server)
        _log.info("media worker ready", port=relay.port)
        try:
            await _first(relay.drained.wait(), stop.wait(), _orphaned(relay))
        finally:
            await listener.close()
    finally:
        await relay.close()


def _on_signals(relay: MediaRelay, stop: asyncio.Event) -> None:
    """The first SIGTERM drains, the second ends; SIGINT ends."""
    loop = asyncio.get_running_loop()
    asked = False

    def terminate() -> None:
        nonlocal asked
        if asked:
            stop.set()
        asked = True
        relay.drain()

    loop.add_signal_handler(signal.SIGTERM, terminate)
    loop.add_signal_handler(signal.SIGINT, stop.set)


async def _orphaned(relay: MediaRelay) -> None:
    """Returns once no client has been connected for a while."""
    while True:
        relay.clients_changed.clear()
        try:
            async with asyncio.timeout(ORPHANED_AFTER_S if relay.clients == 0 else None):
                await relay.clients_changed.wait()
        except TimeoutError:
            _log.warning("no control connection left, media worker ends")
            return


async def _first(*waits: Coroutine[object, object, object]) -> None:
    """Waits for the first of several and cancels the others."""
    tasks = [asyncio.ensure_future(wait) for wait in waits]
    try:
        await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


if __name__ == "__main__":
    sys.exit(main())
