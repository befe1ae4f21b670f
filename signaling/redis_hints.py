"""Hints over Redis publish/subscribe, for several signaling processes. Imported only where a Redis is configured."""

import asyncio
import contextlib
from collections.abc import Callable

import redis.asyncio as redis
import structlog
from pydantic import ValidationError

from signaling.hints import Hint, LocalHints

log = structlog.get_logger()

_CHANNEL = "consilium:hints"
_RETRY_S = 1.0
_SEND_TIMEOUT_S = 1.0


class RedisHints:
    """Hints over Redis publish/subscribe; delivered here at once whether Redis answers or not."""

    def __init__(self, url: str, node: str) -> None:
        self._node = node
        self._redis = redis.from_url(url, socket_connect_timeout=2, socket_timeout=5)
        self._local = LocalHints()
        self._outbox: asyncio.Queue[Hint] = asyncio.Queue(maxsize=1000)  # overflow: dropped, the reconciler finds it
        self._tasks: list[asyncio.Task[None]] = []
        self._connected = False

    @property
    def connected(self) -> bool:
        """Whether hints of other processes are heard now."""
        return self._connected

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
                    self._connected = True
                    while True:
                        message = await channel.get_message(ignore_subscribe_messages=True, timeout=30)
                        if message is not None:
                            self._take(message["data"])
            except (redis.RedisError, OSError, TimeoutError):
                if self._connected:
                    log.warning("redis lost; polling goes on")
                self._connected = False
            await asyncio.sleep(_RETRY_S)

    def _take(self, raw: bytes) -> None:
        try:
            hint = Hint.model_validate_json(raw)
        except ValidationError:
            log.warning("hint refused")
            return
        if hint.node != self._node:  # our own came by the short way
            self._local.send(hint)
