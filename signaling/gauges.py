"""The figures that only the database knows, read when they are asked for: at most once in two seconds, however often that is."""

import asyncio

from common.clock import Clock
from common.errors import ConsiliumError
from common.outbox.store import SqlOutbox
from rooms.model import IN_CALL, IN_LINE
from rooms.service import Rooms
from signaling.metrics import Metrics
from signaling.views import Names

_FRESH_S = 2.0
_TIMEOUT_S = 2.0


class Gauges:
    """Fills the gauges of the store's figures. A database that is away leaves the last ones and says so (`measured` 0)."""

    def __init__(self, *, rooms: Rooms, names: Names, outbox: SqlOutbox, metrics: Metrics, clock: Clock) -> None:
        self._rooms = rooms
        self._names = names
        self._outbox = outbox
        self._metrics = metrics
        self._clock = clock
        self._lock = asyncio.Lock()
        self._read_at = float("-inf")

    async def measure(self) -> None:
        """Read them, unless they were read a moment ago."""
        async with self._lock:
            if 0 <= self._clock.now() - self._read_at < _FRESH_S:
                return
            try:
                async with asyncio.timeout(_TIMEOUT_S):
                    await self._read()
                self._metrics.measured.set(1)
            except (ConsiliumError, TimeoutError):
                self._metrics.measured.set(0)
            self._read_at = self._clock.now()

    async def _read(self) -> None:
        states = dict.fromkeys(IN_LINE | IN_CALL, 0)
        for hospital in (await self._names.directory()).hospitals.values():
            loads = {load.department: load for load in await self._rooms.loads(hospital.id)}
            self._metrics.waiting.labels(hospital.id).set(sum(load.waiting for load in loads.values()))
            for department in hospital.departments:
                on_duty = loads[department.id].on_duty if department.id in loads else 0
                self._metrics.on_duty.labels(hospital.id, department.id).set(on_duty)
            for state, number in (await self._rooms.under_way(hospital.id)).items():
                states[state] += number
        for state, number in states.items():
            self._metrics.consultations.labels(state.value).set(number)
        self._metrics.letters.set(await self._outbox.waiting())
