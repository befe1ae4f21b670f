"""Runs turns one after another per hospital and remembers each hospital's line, so that an uncontended event reloads nothing.

The memory is only ever used under the version it was stored with, checked behind the hospital's lock: another node's change
raises the version, and the line is loaded again.
"""

import asyncio
import contextlib
from collections import defaultdict
from collections.abc import Awaitable, Callable
from typing import TypeVar

from common.clock import Clock
from common.errors import Unavailable
from common.ids import HospitalId
from rooms.effects import Effect
from rooms.line import Line
from rooms.ports import Conflict, RoomsStore, Work
from rooms.turn import Turn
from rooms.views import Standing

T = TypeVar("T")
TRIES = 5  # the lock makes a conflict all but impossible; five in a row is a store that does not lock
WAIT_S = 10.0  # as long as a transaction may last: who waits longer waits behind a dead database


class Turns:
    """One of these per process."""

    def __init__(self, store: RoomsStore, clock: Clock) -> None:
        self._store = store
        self._clock = clock
        self._locks: defaultdict[HospitalId, asyncio.Lock] = defaultdict(asyncio.Lock)  # as many as there are hospitals
        self._standings: dict[HospitalId, Standing] = {}
        self._under_way = 0
        self._quiet = asyncio.Event()
        self._quiet.set()

    async def quiet(self, at_most_s: float) -> None:
        """Returns when no turn is under way or waited for, at the latest after `at_most_s`: for work that can wait."""
        if at_most_s > 0 and not self._quiet.is_set():
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(at_most_s):
                    await self._quiet.wait()

    async def take(self, hospital: HospitalId, act: Callable[[Turn], Awaitable[T]]) -> tuple[T, list[Effect]]:
        """Runs `act` as a turn of the hospital: all of it is stored, or nothing. Raises what `act` raises, and Unavailable."""
        self._under_way += 1
        self._quiet.clear()
        try:
            return await self._take_in_order(hospital, act)
        finally:
            self._under_way -= 1
            if self._under_way == 0:
                self._quiet.set()

    async def _take_in_order(self, hospital: HospitalId, act: Callable[[Turn], Awaitable[T]]) -> tuple[T, list[Effect]]:
        lock = self._locks[hospital]
        try:
            async with asyncio.timeout(WAIT_S):
                await lock.acquire()
        except TimeoutError as reason:
            raise Unavailable("queue_busy", "The hospital's queue does not get its turn in time.") from reason
        try:
            return await self._take(hospital, act)
        finally:
            lock.release()

    async def _take(self, hospital: HospitalId, act: Callable[[Turn], Awaitable[T]]) -> tuple[T, list[Effect]]:
        for _ in range(TRIES):
            try:
                async with self._store.transaction() as work:
                    version = await work.lines.lock(hospital)
                    turn = Turn(work, hospital, version, self._remembered(hospital, version), self._clock.now())
                    result = await act(turn)
                    await turn.finish()
            except Conflict:
                self._standings.pop(hospital, None)
                continue
            if turn.after is not None:
                self._standings[hospital] = Standing(turn.version, turn.after)
            return result, turn.effects
        raise Unavailable("queue_contended", "The hospital's queue was changed by others again and again.")

    async def standing(self, work: Work, hospital: HospitalId) -> Standing:
        """The hospital's line as the transaction `work` sees it."""
        version = await work.lines.version(hospital)
        known = self._standings.get(hospital)
        if known is not None and known.version == version:
            return known
        fresh = Standing(version, await work.lines.load(hospital))
        if known is None or known.version < version:
            self._standings[hospital] = fresh
        return fresh

    def _remembered(self, hospital: HospitalId, version: int) -> Line | None:
        known = self._standings.get(hospital)
        return known.line if known is not None and known.version == version else None
