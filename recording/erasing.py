"""Destroys what was recorded of somebody who took the consent back: that person's keys in that recording, or the picture's alone.

Carried out once the recording is sealed and in the catalog: a recorder that still writes keeps the keys in its hands. A legal
hold wins, and so does a copy under way; both are looked at again. In recordings begun by earlier versions one key is of
a person's sound and picture together: there an order about the picture alone stays open, and is not said to be done.
"""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

import structlog

from common.errors import ConsiliumError, Unavailable
from common.ids import RecordingId, SeatId
from recording.catalog.jobs import Jobs
from recording.catalog.sql import Catalog
from recording.core.manifest import Kind
from recording.folder import KEY, Folder
from recording.keys import without_person
from recording.reading import Shelf
from recording.records import Place, Recording

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Wanted:
    """One order, under its id."""

    id: str
    recording: RecordingId
    seat: SeatId
    kinds: tuple[Kind, ...] = ("audio", "video")


class Orders(Protocol):
    """Who orders erasures, and is told when they are done."""

    async def wanted(self) -> Sequence[Wanted]:
        """What can be carried out: of people who are not recorded anew."""

    async def erased(self, which: str) -> None: ...


class Erasing:
    """The job. `drop_exports` removes the films made of a recording: they show the person, too."""

    def __init__(
        self, catalog: Catalog, jobs: Jobs, shelf: Shelf, orders: Orders, drop_exports: Callable[[Recording], Awaitable[None]]
    ) -> None:
        self._catalog = catalog
        self._jobs = jobs
        self._shelf = shelf
        self._orders = orders
        self._drop_exports = drop_exports

    async def look(self) -> int:
        """Carries out what can be; returns how many it were. Unavailable: the database."""
        done = 0
        for order in await self._orders.wanted():
            try:
                if await self._erase(order):
                    await self._orders.erased(order.id)
                    done += 1
            except (ConsiliumError, FileNotFoundError) as error:
                if isinstance(error, Unavailable) and error.code == "one_key":
                    continue  # for good: no news in the log every ten seconds
                code = error.code if isinstance(error, ConsiliumError) else "missing"
                log.warning("person not erased", recording=order.recording, code=code)
        return done

    async def _erase(self, order: Wanted) -> bool:
        """Whether nobody can read that person any more."""
        recording = await self._catalog.recording(order.recording)
        if recording is None or recording.kept.held or recording.place is Place.UPLOADING:
            return False
        if recording.kept.key_destroyed_at is None and not await self._drop_key(recording, order):
            return False
        self._shelf.forget(recording.id)
        await self._drop_exports(recording)
        return True

    async def _drop_key(self, recording: Recording, order: Wanted) -> bool:
        if recording.wrapped_key is not None:
            after = without_person(recording.wrapped_key, recording.id, order.seat, order.kinds)
            return await self._jobs.rewrapped(recording.id, recording.wrapped_key, after)
        await asyncio.to_thread(_rewrite, Folder(self._shelf.local.root / recording.id), order)
        return True


def _rewrite(folder: Folder, order: Wanted) -> None:
    if not (folder.path / KEY).is_file():
        raise FileNotFoundError(KEY)  # another host's folder: only there the key can be destroyed
    folder.write(KEY, without_person(folder.read(KEY), order.recording, order.seat, order.kinds))
