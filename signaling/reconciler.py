"""Finds again whatever was lost on the way: deadlines, hints, nodes, workers and calls without a place.

Each loop reads the database and repairs; none holds state that matters. Every one survives an absent database.
"""

import asyncio
import random
from collections.abc import Awaitable, Callable

import structlog

from common.clock import Clock
from common.errors import ConsiliumError
from common.ids import ConsultationId, HospitalId
from rooms.effects import Effect
from rooms.model import MediaWorker
from rooms.service import Rooms
from signaling.hints import Hint
from signaling.placement import Placements

log = structlog.get_logger()

TICK_AT_MOST_S = 1.0
POLL_S = 1.0
HEARTBEAT_S = 3.0  # a node is given up after 10 s: three beats may be lost
SWEEP_S = 30.0  # an orphaned session costs memory, and nobody's call
JITTER = 0.2  # so that nodes started together do not ask together


class Reconciler:
    """The loops of one signaling process."""

    def __init__(
        self,
        *,
        node: str,
        rooms: Rooms,
        placements: Placements,
        clock: Clock,
        carry_out: Callable[[list[Effect]], None],
        hear: Callable[[Hint], None],
        own_workers: Callable[[], list[tuple[str, str, str]]],
        report_presence: Callable[[], None],
        settle: Callable[[], Awaitable[None]],
    ) -> None:
        self._node = node
        self._rooms = rooms
        self._placements = placements
        self._clock = clock
        self._carry_out = carry_out
        self._hear = hear
        self._own_workers = own_workers
        self._report_presence = report_presence
        self._settle = settle
        self._seen_queues: dict[HospitalId, int] = {}
        self._seen: dict[ConsultationId, int] = {}
        self._since = 0.0

    async def run(self) -> None:
        """Run every loop until cancelled."""
        async with asyncio.TaskGroup() as loops:
            loops.create_task(self._tick())
            loops.create_task(self._every(POLL_S, self.poll))
            loops.create_task(self._every(HEARTBEAT_S, self.beat))
            loops.create_task(self._every(HEARTBEAT_S, self.mend))
            loops.create_task(self._every(SWEEP_S, self._placements.sweep))

    async def poll(self) -> None:
        """Compare versions with those seen last: what differs is refreshed as if a hint had come."""
        versions = await self._rooms.versions(self._since)
        self._since = versions.at
        for hospital, version in versions.queues.items():
            if self._seen_queues.get(hospital) != version:
                self._hear(Hint(node=self._node, kind="hospital", id=hospital))
        for consultation, revision in versions.consultations.items():
            if self._seen.get(consultation) != revision:
                self._hear(Hint(node=self._node, kind="consultation", id=consultation))
        self._seen_queues = versions.queues
        self._seen = versions.consultations

    async def beat(self) -> None:
        """Say that this node and the workers that it reaches live."""
        if not await self._rooms.heartbeat(self._node):
            log.warning("this node had been given up; reporting who is here")
            self._report_presence()
        await self._settle()
        for name, epoch, socket_path in [*self._own_workers(), *self._placements.adopted()]:
            await self._rooms.worker_heartbeat(MediaWorker(name, self._node, socket_path, epoch, self._clock.now()))

    async def mend(self) -> None:
        """Give up silent nodes; find workers again or move their calls; place calls that have no worker."""
        self._carry_out(await self._rooms.reap())
        await self._placements.discover()
        waiting = await self._rooms.unplaced()
        if waiting and not self._placements.reachable:
            log.warning("no media worker is there for calls under way", calls=len(waiting))
            return  # to ask for each of them where none is takes everybody's time; whoever comes takes them up at once
        for consultation, had_one in waiting.items():
            await self._placements.open(consultation, anywhere=had_one)

    async def _tick(self) -> None:
        while True:
            try:
                self._carry_out(await self._rooms.tick())
                due = await self._rooms.next_deadline()
            except ConsiliumError as error:
                log.warning("deadlines not read", code=error.code)
                due = None
            except Exception:
                log.exception("tick failed")
                due = None
            pause = TICK_AT_MOST_S if due is None else min(TICK_AT_MOST_S, max(0.01, due - self._clock.now()))
            await asyncio.sleep(pause)

    async def _every(self, seconds: float, work: Callable[[], Awaitable[None]]) -> None:
        while True:
            try:
                await work()
            except ConsiliumError as error:
                log.warning("reconciling failed", code=error.code)
            except Exception:
                log.exception("reconciling failed")
            await asyncio.sleep(seconds * (1 + JITTER * (random.random() - 0.5)))  # noqa: S311  (jitter, not a secret)
