"""Hints between signaling processes: "this hospital's queue changed", "this consultation changed", and nothing else.

A hint is never the truth and carries no person: whoever hears it reads the database. Losing one costs at most the
reconciler's next round. Without Redis a hint reaches only this process.
"""

import asyncio
import contextlib
from collections.abc import Callable
from typing import Literal, Protocol

import redis.asyncio as redis
import structlog
from pydantic import ValidationError

from common.wire import Id, Wire

log = structlog.get_logger()

_CHANNEL = "consilium:hints"
_RETRY_S = 1.0
_SEND_TIMEOUT_S = 1.0


class Hint(Wire):
    """What changed. `kind` says whose id `id` is; `node` is who says so."""

    node: Id
    kind: Literal["hospital", "consultation"]
    id: Id


class Hints(Protocol):
    """Tells every process, this one included, that something changed."""

    async def start(self, heard: Callable[[Hint], None]) -> None: ...
    def send(self, hint: Hint) -> None: ...
    async def stop(self) -> None: ...


class LocalHints:
    """Hints of a single process."""

    def __init__(self) -> None:
        self._heard: Callable[[Hint], None] | None = None

    async def start(self, heard: Callable[[Hint], None]) -> None:
        """Deliver from now on to `heard`."""
        self._heard = heard

    def send(self, hint: Hint) -> None:
        """Deliver at once."""
        if self._heard is not None:
            self._heard(hint)

    async def stop(self) -> None:
        """Deliver nothing more."""
        self._heard = None


class RedisHints:
    """Hints over Redis publish/subscribe; delivered here at once whether Redis answers or not."""

    def __init__(self, url: str, node: str) -> None:
        self._node = node
        self._redis = redis.from_url(url, socket_connect_timeout=2, socket_timeout=5)
        self._local = LocalHints()
        self._outbox: asyncio.Queue[Hint] = asyncio.Queue(maxsize=1000)  # overflow: dropped, the reconciler finds it
        self._tasks: list[asyncio.Task[None]] = []
        self.connected = False

    async def start(self, heard: Callable[[Hint], None]) -> None:
        """Listen and publish until `stop`; a lost Redis is tried again each second."""
        await self._local.start(heard)
        self._tasks = [asyncio.create_task(self._listen()), asyncio.create_task(self._publish())]

    def send(self, hint: Hint) -> None:
        """Deliver here at once and to the others soon."""
        self._local.send(hint)
        with contextlib.suppress(asyncio.QueueFull):
            self._outbox.put_nowait(hint)

    async def stop(self) -> None:
        """Stop both tasks and close the connections."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self._local.stop()
        await self._redis.aclose()

    async def _publish(self) -> None:
        while True:
            hint = await self._outbox.get()
            try:
                async with asyncio.timeout(_SEND_TIMEOUT_S):
                    await self._redis.publish(_CHANNEL, hint.model_dump_json())
            except (redis.RedisError, OSError, TimeoutError):
                log.warning("hint not published")

    async def _listen(self) -> None:
        while True:
            try:
                async with self._redis.pubsub() as channel:
                    await channel.subscribe(_CHANNEL)
                    self.connected = True
                    while True:
                        message = await channel.get_message(ignore_subscribe_messages=True, timeout=30)
                        if message is not None:
                            self._take(message["data"])
            except (redis.RedisError, OSError, TimeoutError):
                if self.connected:
                    log.warning("redis lost; polling goes on")
                self.connected = False
            await asyncio.sleep(_RETRY_S)

    def _take(self, raw: bytes) -> None:
        try:
            hint = Hint.model_validate_json(raw)
        except ValidationError:
            log.warning("hint refused")
            return
        if hint.node != self._node:  # our own came by the short way
            self._local.send(hint)
