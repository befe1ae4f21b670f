"""The carrier between processes of one host: a Unix socket that only its owner may open (mode 0600)."""

import asyncio
import contextlib
import os
from pathlib import Path

from common.errors import Unavailable
from media.control.client import CONNECT_TIMEOUT_S, WorkerClient, open_client
from media.control.messages import WORKER_WORDS, Words
from media.control.server import ControlServer


class UnixListener:
    """Accepts clients at `path`; made by `listen_unix`."""

    def __init__(self, path: Path, inner: asyncio.Server) -> None:
        self._path = path
        self._inner = inner

    async def close(self) -> None:
        """Stops accepting and removes the socket."""
        self._inner.close()
        with contextlib.suppress(OSError):
            self._path.unlink()


async def listen_unix(path: Path, server: ControlServer) -> UnixListener:
    """Listens at `path`, taking the place of a dead worker's socket; raises `OSError`."""
    path.unlink(missing_ok=True)  # noqa: ASYNC240 - once, at the start
    before = os.umask(0o177)  # the socket must never exist with wider rights, not even for a moment
    try:
        inner = await asyncio.start_unix_server(server.serve, path=str(path))
    finally:
        os.umask(before)
    return UnixListener(path, inner)


async def connect_unix(path: Path | str, words: Words = WORKER_WORDS) -> WorkerClient:
    """A client of the worker at `path`; raises `Unavailable` when none answers."""
    try:
        async with asyncio.timeout(CONNECT_TIMEOUT_S):
            reader, writer = await asyncio.open_unix_connection(str(path))
    except (OSError, TimeoutError):
        raise Unavailable("worker_absent", "no media worker listens there") from None
    return await open_client(reader, writer, words)
