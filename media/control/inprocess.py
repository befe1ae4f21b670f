"""The carrier inside one process: a socket pair, so that tests speak the same bytes as production."""

import asyncio
import socket

from media.control.client import WorkerClient, open_client
from media.control.server import ControlServer


class InProcessCarrier:
    """Joins clients to a server in this loop; `close` ends what it started."""

    def __init__(self, server: ControlServer) -> None:
        self._server = server
        self._serving: set[asyncio.Task[None]] = set()

    async def connect(self) -> WorkerClient:
        ours, theirs = socket.socketpair()
        reader, writer = await asyncio.open_connection(sock=theirs)
        task = asyncio.get_running_loop().create_task(self._server.serve(reader, writer))
        self._serving.add(task)
        task.add_done_callback(self._serving.discard)
        return await open_client(*await asyncio.open_connection(sock=ours))

    async def close(self) -> None:
        for task in list(self._serving):
            task.cancel()
        await asyncio.gather(*self._serving, return_exceptions=True)
