"""Pushes states to the browsers connected here when something changed: many changes while one push runs become one more push.

Reads the truth from the database each time; decides only what is worth sending again.
"""

import asyncio
import contextlib
import time
from collections.abc import Awaitable, Callable, Sequence

import structlog

from clinic.chart import NO_CHART, Charts
from common.clock import Clock
from common.errors import Unavailable
from common.ids import ConsultationId, HospitalId, PractitionerId
from common.wire import Wire
from rooms.model import OVER, SeatView
from rooms.service import Rooms
from signaling import views
from signaling.hints import Hint
from signaling.socket.connections import Connection, Connections

log = structlog.get_logger()

Send = Callable[[Connection, str, dict[str, object]], Awaitable[None]]
_RETRY_S = 0.5
_REST_AT_MOST_S = 0.15  # in a rush two thirds of the time are for everything else; a quiet hospital waits a few milliseconds
_UNCOMPARED = {"revision", "server_time"}


class Refresher:
    """Marks what changed (`hear`) and sends what differs (`run`)."""

    def __init__(
        self, *, rooms: Rooms, charts: Charts, names: views.Names, connections: Connections, clock: Clock, send: Send
    ) -> None:
        self._rooms = rooms
        self._charts = charts
        self._names = names
        self._connections = connections
        self._clock = clock
        self._send = send
        self._hospitals: dict[HospitalId, None] = {}  # dicts as ordered sets: bounded by what exists
        self._consultations: dict[ConsultationId, None] = {}
        self._desks: dict[PractitionerId, None] = {}
        self._wake = asyncio.Event()

    def hear(self, hint: Hint) -> None:
        """Something changed somewhere."""
        if hint.kind == "hospital":
            self._hospitals[HospitalId(hint.id)] = None
        elif hint.kind == "consultation":
            self._consultations[ConsultationId(hint.id)] = None
        self._wake.set()

    def hear_desk(self, practitioner: PractitionerId) -> None:
        """One desk alone is to be pushed again: what changed is not the hospital's line."""
        self._desks[practitioner] = None
        self._wake.set()

    def greet(self, connection: Connection) -> None:
        """A connection is new: it is owed its states."""
        if connection.consultation is not None:
            self._consultations[connection.consultation] = None
        if connection.practitioner is not None:
            self._hospitals[connection.hospital] = None
        self._wake.set()

    async def run(self) -> None:
        """Push until cancelled."""
        while True:
            await self._wake.wait()
            self._wake.clear()
            consultations, self._consultations = self._consultations, {}
            hospitals, self._hospitals = self._hospitals, {}
            desks, self._desks = self._desks, {}
            began = time.monotonic()
            for consultation in consultations:
                if not await self._guarded(self._push_consultation(consultation)):
                    self._consultations[consultation] = None
            for hospital in hospitals:
                if not await self._guarded(self._push_hospital(hospital)):
                    self._hospitals[hospital] = None
            for practitioner in desks:
                if not await self._guarded(self._push_desk(practitioner)):
                    self._desks[practitioner] = None
            if self._consultations or self._hospitals or self._desks:
                self._wake.set()
            await asyncio.sleep(min(_REST_AT_MOST_S, 2 * (time.monotonic() - began)))

    async def _guarded(self, push: Awaitable[None]) -> bool:
        """False when the same push is to be tried again; a fault of one is nobody else's."""
        try:
            await push
        except Unavailable:
            log.warning("states not pushed: the database is away")
            await asyncio.sleep(_RETRY_S)
            return False
        except Exception:
            log.exception("states not pushed")
        return True

    async def _push_consultation(self, consultation: ConsultationId) -> None:
        if not self._connections.in_consultation(consultation):
            return
        await self._push_seats(await self._rooms.seat_views(consultation))

    async def _push_seats(self, seats: Sequence[SeatView]) -> None:
        """To those who are connected here; what the charts say of all of them is read at once."""
        here = [(view, connection) for view in seats if (connection := self._connections.of_seat(view.seat)) is not None]
        if not here:
            return
        directory = await self._names.directory()
        over = {view.consultation for view, _ in here if view.state in OVER}
        charts = await self._charts.charts({view.consultation for view, _ in here}, over)
        for view, connection in here:
            chart = charts.get(view.consultation, NO_CHART)
            await self._push(connection, "seat_state", views.seat_state(view, chart, directory, self._clock.now()))

    async def _push_hospital(self, hospital: HospitalId) -> None:
        connections = self._connections.of_hospital(hospital)
        desks = await self._push_desks(hospital, connections)
        if len(connections) > desks:
            await self._push_seats(await self._rooms.waiting_views(hospital))

    async def _push_desk(self, practitioner: PractitionerId) -> None:
        desk = self._connections.of_desk(practitioner)
        if desk is not None:
            await self._push_desks(desk.hospital, [desk])

    async def _push_desks(self, hospital: HospitalId, connections: Sequence[Connection]) -> int:
        """Push the desks among these connections; how many they were."""
        directory = await self._names.directory()
        midnight = views.day_start(directory, hospital, self._clock.now())
        desks = [
            views.desk_of(connection.practitioner, directory, midnight)
            for connection in connections
            if connection.practitioner is not None
        ]
        if desks:
            shown = await self._rooms.desk_views(hospital, desks)
            charts = await self._charts.charts({which for desk in shown for which in views.named_by(desk)})
            for desk in shown:
                at = self._connections.of_desk(desk.practitioner)
                if at is None:
                    continue
                await self._push(at, "desk_state", views.desk_state(desk, charts, directory, self._clock.now()))
                if desk.seat != at.seat and self._connections.get(at.sid) is at:
                    if at.consultation is not None:
                        await self._push_consultation(at.consultation)  # its end is said before the doctor stands up
                    self._connections.sit(at, desk.seat, desk.consultation)
                    if desk.consultation is not None:
                        await self._push_consultation(desk.consultation)
        return len(desks)

    async def _push(self, connection: Connection, name: str, state: Wire) -> None:
        if not connection.open:
            return  # it will be greeted
        fingerprint = hash(state.model_dump_json(exclude=_UNCOMPARED))
        if connection.sent.get(name) == fingerprint:
            return
        connection.sent[name] = fingerprint
        with contextlib.suppress(ConnectionError):  # it went while we wrote: whoever comes back is greeted anew
            await self._send(connection, name, state.model_dump(mode="json"))
