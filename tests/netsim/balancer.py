"""A TCP balancer in front of signaling processes: each connection goes to the first that takes it; all may be cut at once."""

import asyncio
import contextlib

LOOPBACK = "127.0.0.1"
READ_BYTES = 64 * 1024


class Balancer:
    """Opened by `open`; `base` is where browsers find it."""

    def __init__(self, backends: list[int]) -> None:
        self._backends = backends
        self._server: asyncio.Server | None = None
        self._open: set[asyncio.StreamWriter] = set()
        self._tasks: set[asyncio.Task[None]] = set()

    async def open(self) -> None:
        self._server = await asyncio.start_server(self._serve, LOOPBACK, 0)

    @property
    def base(self) -> str:
        assert self._server is not None
        return f"http://{LOOPBACK}:{self._server.sockets[0].getsockname()[1]}"

    def cut(self) -> None:
        """Every connection is lost, without a goodbye."""
        for writer in list(self._open):
            writer.transport.abort()

    async def close(self) -> None:
        if self._server is not None:
            self._server.close()
        self.cut()
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        for port in self._backends:
            try:
                back_reader, back_writer = await asyncio.open_connection(LOOPBACK, port)
            except OSError:
                continue
            self._open |= {writer, back_writer}
            try:
                with contextlib.suppress(asyncio.CancelledError):  # asyncio reports what ends a connection's task
                    await asyncio.gather(_pipe(reader, back_writer), _pipe(back_reader, writer))
            finally:
                self._open -= {writer, back_writer}
                for end in (writer, back_writer):
                    end.transport.abort()
            return
        writer.transport.abort()


async def _pipe(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with contextlib.suppress(OSError):
        while data := await reader.read(READ_BYTES):
            writer.write(data)
            await writer.drain()
    writer.transport.abort()
