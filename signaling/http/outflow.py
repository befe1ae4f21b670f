"""Pictures on their way out: how many at once, how much memory they may hold, and how long a reader may take.

A picture is held whole until its last octet went to the reader, who sets the pace. So whoever reads slowly, or not at all, is
bounded three ways: in places (each seat's), in octets (each seat's and the process's) and in time. It knows no picture and no
access.
"""

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field

import structlog
from aiohttp import web

from common.errors import Unavailable, UserError

log = structlog.get_logger()
Load = Callable[[], Awaitable[bytes]]

_PIECE = 64 * 1024
_JPEG = {
    "Content-Type": "image/jpeg",
    "Cache-Control": "private, max-age=86400",
}  # tablets are shared: a day's visit, not a year's


@dataclass(frozen=True, slots=True)
class Bounds:
    """The limits. `least_s` is what the smallest picture may take, `least_rate` (octets a second) what a large one must reach.

    Nine megabytes, the largest there are, thus have less than five minutes: at 60 s, 1 Mbit/s would never see one.
    """

    most_octets: int = 128 * 1024 * 1024
    most_octets_of_one: int = 32 * 1024 * 1024
    least_s: float = 60.0
    least_rate: float = 32 * 1024.0

    def patience_s(self, octets: int) -> float:
        """How long a reader may take over this many octets."""
        return max(self.least_s, octets / self.least_rate)


@dataclass(frozen=True, slots=True)
class Place:
    """Where something goes out: `most` of a `kind` at once to one reader, who is a seat or one of the staff."""

    reader: str
    kind: str
    most: int


@dataclass(slots=True)
class Outflow:
    """What one process sends at this moment."""

    bounds: Bounds = Bounds()
    octets: int = 0
    _held_by: Counter[str] = field(default_factory=Counter)
    _places: Counter[Place] = field(default_factory=Counter)

    async def send(
        self, request: web.Request, place: Place, load: Load, *, headers: Mapping[str, str] = _JPEG, status: int = 200
    ) -> web.StreamResponse:
        """Answers with what `load` brings, a JPEG unless `headers` say what.

        UserError: too_many_requests. Unavailable: busy. A reader who is too slow is cut off.
        """
        with self._placed(place):
            content = await load()
            with self._held(place.reader, len(content)):
                return await self._send(request, content, web.StreamResponse(status=status, headers=headers))

    @contextmanager
    def _placed(self, place: Place) -> Iterator[None]:
        if self._places[place] >= place.most or self._held_by[place.reader] >= self.bounds.most_octets_of_one:
            raise _too_many()
        if self.octets >= self.bounds.most_octets:
            raise _busy()  # before anything is loaded
        self._places[place] += 1
        try:
            yield
        finally:
            self._places[place] -= 1
            if not self._places[place]:
                del self._places[place]

    @contextmanager
    def _held(self, reader: str, octets: int) -> Iterator[None]:
        if self._held_by[reader] + octets > self.bounds.most_octets_of_one:
            raise _too_many()
        if self.octets + octets > self.bounds.most_octets:
            raise _busy()
        self.octets += octets
        self._held_by[reader] += octets
        try:
            yield
        finally:
            self.octets -= octets
            self._held_by[reader] -= octets
            if not self._held_by[reader]:
                del self._held_by[reader]

    async def _send(self, request: web.Request, content: bytes, response: web.StreamResponse) -> web.StreamResponse:
        response.content_length = len(content)
        try:
            async with asyncio.timeout(self.bounds.patience_s(len(content))):
                await response.prepare(request)
                for at in range(0, len(content) if request.method != "HEAD" else 0, _PIECE):
                    await response.write(content[at : at + _PIECE])  # a copy: a view would keep the whole in the transport
        except TimeoutError:
            log.info("picture not read in time", octets=len(content))
            if request.transport is not None:
                request.transport.abort()  # closing would wait for the reader once more
        except ConnectionError:
            log.debug("picture not read to its end", octets=len(content))
        return response


def _too_many() -> UserError:
    return UserError("too_many_requests", "Too much is on its way to this reader.", retry_after_s=1)


def _busy() -> Unavailable:
    return Unavailable("busy", "Too many pictures are on their way.", retry_after_s=5)
