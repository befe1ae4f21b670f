"""Pushes states to the browsers connected here when something changed: many changes while one push runs become one more push.

Reads the truth from the database each time; decides only what is worth sending again. A doctor's offer does not wait for the
rounds to everybody else: its desk is pushed at once, beside them.
"""

import asyncio
import itertools
import time
from collections.abc import Awaitable, Callable, Sequence
from typing import Generic, TypeVar, TypeVarTuple

import structlog

from clinic.chart import NO_CHART, Charts
from common.clock import Clock
from common.errors import Unavailable
from common.ids import ConsultationId, HospitalId, PractitionerId
from common.wire import Wire
from rooms.model import OVER, DeskView, SeatView
from rooms.service import Rooms
from signaling import views
from signaling.hints import Hint
from signaling.metrics import Metrics
from signaling.socket.connections import Connection, Connections

log = structlog.get_logger()

Send = Callable[[Connection, str, Wire], Awaitable[None]]
_RETRY_S = 0.5
_REST_AT_MOST_S = 0.3  # in a rush two thirds of the time are for everything else; a quiet hospital waits a few milliseconds
_REST_OF_CALLS_S = 0.02
_GIVE_WAY_S = 0.05  # between two states; so that where somebody always does something, the others still hear of it
_GIVE_WAY_IN_ALL_S = 1.0  # in one round


K = TypeVar("K")
Ts = TypeVarTuple("Ts")


class Lane(Generic[K]):
    """What is to be pushed, each thing once however often it changed; a set bounded by what exists."""

    def __init__(self) -> None:
        self._marked: dict[K, None] = {}  # a dict as a set that keeps its order
        self._changed = asyncio.Event()

    def mark(self, what: K) -> None:
        """This is to be pushed."""
        self._marked[what] = None
        self._changed.set()

    async def run(self, push: Callable[[K], Awaitable[None]], rest_at_most_s: float) -> None:
        """Push what is marked until cancelled, and rest after each round for twice its time, within the limit."""
        while True:
            await self._changed.wait()
            self._changed.clear()
            marked, self._marked = self._marked, {}
            began = time.monotonic()
            for what in marked:
                if not await _guarded(push(what)):
                    self.mark(what)
            await asyncio.sleep(min(rest_at_most_s, 2 * (time.monotonic() - began)))


async def _guarded(push: Awaitable[None]) -> bool:
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


class Refresher:
    """Marks what changed (`hear`) and sends what differs (`run`)."""

    def __init__(
        self,
        *,
        rooms: Rooms,
        charts: Charts,
        names: views.Names,
        connections: Connections,
        clock: Clock,
        metrics: Metrics,
        send: Send,
    ) -> None:
        self._rooms = rooms
        self._charts = charts
        self._names = names
        self._connections = connections
        self._clock = clock
        self._metrics = metrics
        self._send = send
        self.trouble: Callable[[ConsultationId], str | None] = lambda _: None  # set once by app.py: the recordings' keeper
        self._desks = Lane[PractitionerId]()
        self._consultations = Lane[ConsultationId]()
        self._hospitals = Lane[HospitalId]()
        self._reads = itertools.count(1)  # in the order of reading from the database: what was read last is shown last

    def hear(self, hint: Hint) -> None:
        """Something changed somewhere."""
        match hint.kind:
            case "offer":
                self._desks.mark(PractitionerId(hint.id))
            case "consultation":
                self._consultations.mark(ConsultationId(hint.id))
            case "hospital":
                self._hospitals.mark(HospitalId(hint.id))
            case _:
                pass  # who is connected where: the gateway's

    def hear_desk(self, practitioner: PractitionerId) -> None:
        """One desk alone is to be pushed again: what changed is not the hospital's line."""
        self._desks.mark(practitioner)

    def greet(self, connection: Connection) -> None:
        """A connection is new: it is owed its states."""
        if connection.consultation is not None:
            self._consultations.mark(connection.consultation)
        if connection.practitioner is not None:
            self._desks.mark(connection.practitioner)

    async def run(self) -> None:
        """Push until cancelled: single desks, consultations, and the rounds to whole hospitals, none waiting for another."""
        async with asyncio.TaskGroup() as lanes:
            lanes.create_task(self._desks.run(self._push_desk, 0.0))
            lanes.create_task(self._consultations.run(self._push_consultation_in_turn, _REST_OF_CALLS_S))
            lanes.create_task(self._hospitals.run(self._push_hospital, _REST_AT_MOST_S))

    async def _give_way(self, until: float) -> None:
        await self._rooms.quiet(min(_GIVE_WAY_S, until - time.monotonic()))

    async def _push_desk(self, practitioner: PractitionerId) -> None:
        at = self._connections.of_desk(practitioner)
        if at is not None:
            await self._show_desks(at.hospital, [at])

    async def _push_consultation_in_turn(self, consultation: ConsultationId) -> None:
        await self._give_way(time.monotonic() + _GIVE_WAY_S)
        await self._push_consultation(consultation)

    async def _push_consultation(self, consultation: ConsultationId) -> None:
        if not self._connections.in_consultation(consultation):
            return
        read = next(self._reads)
        await self._push_seats(await self._rooms.seat_views(consultation), read)

    async def _push_seats(self, seats: Sequence[SeatView], read: int, give_way_until: float = 0.0) -> None:
        """To those who are connected here; what the charts say of all of them is read at once."""
        here = [(view, connection) for view in seats if (connection := self._connections.of_seat(view.seat)) is not None]
        if not here:
            return
        directory = await self._names.directory()
        over = {view.consultation for view, _ in here if view.state in OVER}
        charts = await self._charts.charts({view.consultation for view, _ in here}, over)
        for view, connection in here:
            await self._give_way(give_way_until)
            made_of = (view, charts.get(view.consultation, NO_CHART), directory, self.trouble(view.consultation))
            await self._push(connection, "seat_state", views.seat_state, made_of, read)

    async def _push_hospital(self, hospital: HospitalId) -> None:
        """A round to everybody in line and at a desk; between two of them it gives way to whoever does something."""
        connections = self._connections.of_hospital(hospital)
        desks = [connection for connection in connections if connection.practitioner is not None]
        until = time.monotonic() + _GIVE_WAY_IN_ALL_S
        await self._show_desks(hospital, desks, until)
        if len(connections) > len(desks):
            read = next(self._reads)
            await self._push_seats(await self._rooms.waiting_views(hospital), read, until)

    async def _show_desks(self, hospital: HospitalId, connections: Sequence[Connection], give_way_until: float = 0.0) -> None:
        directory = await self._names.directory()
        midnight = views.day_start(directory, hospital, self._clock.now())
        desks = [
            views.desk_of(connection.practitioner, directory, midnight)
            for connection in connections
            if connection.practitioner is not None
        ]
        if not desks:
            return
        read = next(self._reads)
        seen = await self._rooms.desk_views(hospital, desks)
        charts = await self._charts.charts({which for desk in seen for which in views.named_by(desk)})
        for desk in seen:
            await self._give_way(give_way_until)
            at = self._connections.of_desk(desk.practitioner)
            if at is not None:
                named = {which: charts[which] for which in views.named_by(desk) if which in charts}
                await self._push(at, "desk_state", views.desk_state, (desk, named, directory), read)
                self._note_offer(at, desk)
                await self._seat(at, desk, read)

    def _note_offer(self, at: Connection, desk: DeskView) -> None:
        """How long a card took to lie on the desk; each card once."""
        offer = desk.offer
        if offer is not None and offer.offer != at.offer:
            self._metrics.offer_shown.observe(max(0.0, self._clock.now() - offer.made_at))
        at.offer = offer.offer if offer is not None else None

    async def _seat(self, at: Connection, desk: DeskView, read: int) -> None:
        """When the doctor has sat down or stood up since: push the seats concerned."""
        if desk.seat == at.seat or at.shown.get("desk_state") != read or self._connections.get(at.sid) is not at:
            return
        if at.consultation is not None:
            await self._push_consultation(at.consultation)  # its end is said before the doctor stands up
        self._connections.sit(at, desk.seat, desk.consultation)
        if desk.consultation is not None:
            await self._push_consultation(desk.consultation)

    async def _push(
        self, connection: Connection, name: str, make: Callable[[*Ts, float], Wire], made_of: tuple[*Ts], read: int
    ) -> None:
        """Send the state unless the one last sent was made of the same, or another lane has shown one read later than this."""
        if not connection.open or read < connection.shown.get(name, 0):
            return  # not open: it will be greeted
        connection.shown[name] = read
        if connection.sent.get(name) == made_of:
            return
        connection.sent[name] = made_of
        self._metrics.states.labels(name).inc()
        await self._send(connection, name, make(*made_of, self._clock.now()))
        await asyncio.sleep(0)  # a round to hundreds lets everybody else speak between two states
