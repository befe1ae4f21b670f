"""Tells the seats connected here what is new between them: entries, typing, stills. A loop of its own, so that a long line
pushed by the refresher holds up nobody's message.

What is told is read from the database each time, and to whom is asked of the one access function of the timeline; a seat that
was left hears nothing more, whatever connection it still holds.
"""

import asyncio
import base64
import contextlib
from collections.abc import Awaitable, Callable, Iterable, Iterator
from itertools import islice

import structlog

from common.clock import Clock
from common.errors import Unavailable, UserError
from common.ids import ConsultationId, PractitionerId, SeatId
from common.wire import Wire
from rooms.access import access_timeline
from rooms.model import IN_CALL, OVER, Consultation, SeatIdentity
from rooms.ports import Still
from rooms.stills import Stills
from rooms.timeline import PAGE
from rooms.timelines import Timelines
from signaling import entries, views
from signaling.hints import Hint
from signaling.socket.connections import Connection, Connections
from signaling.socket.messages import StillSeen, TypingSeen

log = structlog.get_logger()

Send = Callable[[Connection, str, Wire], Awaitable[None]]
_RETRY_S = 0.5
_AT_ONCE = 50
_FIRST_TOLD = 20
"""Of a timeline that a connection was told nothing of yet: the newest; the browser asks for those before as it needs them."""
_TOLD_REMEMBERED = 200
_STILL_FRESH_S = 10.0  # an older one shows what was, not what is


class Teller:
    """Marks what was heard (`hear`) and tells it (`run`)."""

    def __init__(
        self,
        timelines: Timelines,
        stills: Stills,
        names: views.Names,
        connections: Connections,
        clock: Clock,
        *,
        send: Send,
        desk: Callable[[PractitionerId], None],
    ) -> None:
        """`desk` is called with the doctor whose desk must show something else about an ended consultation."""
        self._timelines = timelines
        self._stills = stills
        self._names = names
        self._connections = connections
        self._clock = clock
        self._send = send
        self._desk = desk
        self._grown: dict[ConsultationId, None] = {}  # dicts as ordered sets: bounded by what exists
        self._typing: dict[SeatId, ConsultationId] = {}
        self._wake = asyncio.Event()

    def hear(self, hint: Hint) -> None:
        """Something happened somewhere."""
        if hint.kind in ("timeline", "consultation"):
            self._grown[ConsultationId(hint.id)] = None
        elif hint.kind == "typing" and hint.of is not None:
            self._typing[SeatId(hint.id)] = ConsultationId(hint.of)
        else:
            return
        self._wake.set()

    async def run(self) -> None:
        """Tell until cancelled."""
        while True:
            await self._wake.wait()
            self._wake.clear()
            typing, self._typing = self._typing, {}
            grown, self._grown = self._grown, {}
            for some in _in_parts(grown):
                if not await self._guarded(self._tell_entries(some)):
                    self._grown |= dict.fromkeys(some)
            for seat, consultation in typing.items():
                await self._guarded(self._tell_typing(seat, consultation))
            if self._grown:
                self._wake.set()

    async def _guarded(self, telling: Awaitable[None]) -> bool:
        """False when the same is to be tried again."""
        try:
            await telling
        except Unavailable:
            log.warning("timeline not told: the database is away")
            await asyncio.sleep(_RETRY_S)
            return False
        except Exception:
            log.exception("timeline not told")
        return True

    async def _tell_entries(self, which: tuple[ConsultationId, ...]) -> None:
        found = await self._timelines.consultations(which)
        await self._tell_stills([consultation for consultation in found if consultation.state in IN_CALL])
        for consultation in found:
            if consultation.state in OVER and consultation.practitioner is not None:
                self._desk(consultation.practitioner)
            behind = [
                (listener, seat, told)
                for listener, seat in self._listeners(consultation)
                if (told := _told(listener, consultation)) < consultation.last_entry
            ]
            if behind:
                await self._send_entries(consultation, behind)

    async def _send_entries(self, consultation: Consultation, behind: list[tuple[Connection, SeatId, int]]) -> None:
        found = await self._timelines.after(consultation.id, min(told for _, _, told in behind))
        last = max(consultation.last_entry, found[-1].number if found else 0)
        directory = await self._names.directory()
        for listener, seat, told in behind:
            # What an acknowledgement told meanwhile is not told twice.
            told = max(told, listener.told.get(consultation.id, 0))  # noqa: PLW2901
            new = [entry for entry in found if entry.number > told]
            if not new:
                continue
            listener.told[consultation.id] = new[-1].number
            body = entries.several(new, last, directory, seat)
            await self._send(listener, "timeline_entries", body)
        if len(found) == PAGE:
            self._grown[consultation.id] = None  # the rest with the next round

    async def _tell_stills(self, calls: list[Consultation]) -> None:
        """To each listener the latest still of the others that it was not shown yet."""
        times = await self._stills.times([call.id for call in calls]) if calls else {}
        for call in calls if times else ():
            since = self._clock.now() - _STILL_FRESH_S
            fresh = [seat.id for seat in call.present_seats() if times.get(seat.id, 0.0) > since]
            listeners = self._listeners(call)
            if any(times[seat] > listener.stills.get(seat, 0.0) for seat in fresh for listener, own in listeners if own != seat):
                for still in await self._stills.latest(call.id):
                    await self._show(still, [listener for listener, own in listeners if own != still.seat and still.at > since])

    async def _show(self, still: Still, listeners: list[Connection]) -> None:
        body = StillSeen(seat=still.seat, image=base64.b64encode(still.image).decode(), at=still.at)
        for listener in listeners:
            if still.at > listener.stills.get(still.seat, 0.0):
                if len(listener.stills) >= _TOLD_REMEMBERED:
                    listener.stills.clear()
                listener.stills[still.seat] = still.at
                await self._send(listener, "still_seen", body)

    async def _tell_typing(self, seat: SeatId, which: ConsultationId) -> None:
        for consultation in await self._timelines.consultations([which]):
            body = TypingSeen(seat=seat)
            for listener, theirs in self._listeners(consultation):
                if theirs != seat:
                    await self._send(listener, "typing_seen", body)

    def _listeners(self, consultation: Consultation) -> list[tuple[Connection, SeatId]]:
        """Who of the consultation is connected here and may read; a doctor by the desk, also when the call is over."""
        found: list[tuple[Connection, SeatId]] = []
        for seat in consultation.present_seats():
            of = self._connections
            connection = of.of_seat(seat.id) if seat.practitioner is None else of.of_desk(seat.practitioner)
            if connection is None or not connection.open:
                continue
            with contextlib.suppress(UserError):
                access_timeline(consultation, seat.id, self._clock.now())
                found.append((connection, seat.id))
        return found


def _in_parts(which: Iterable[ConsultationId]) -> Iterator[tuple[ConsultationId, ...]]:
    rest = iter(which)
    while some := tuple(islice(rest, _AT_ONCE)):
        yield some


def typing_hint(node: str, who: SeatIdentity) -> Hint:
    """What the other processes are told of somebody who writes."""
    return Hint(node=node, kind="typing", id=who.seat, of=who.consultation)


def _told(listener: Connection, consultation: Consultation) -> int:
    known = listener.told.get(consultation.id)
    if known is not None:
        return known
    if len(listener.told) >= _TOLD_REMEMBERED:
        listener.told.clear()  # a desk after two hundred consultations: at worst something is told twice
    return max(0, consultation.last_entry - _FIRST_TOLD)
