"""The ladder's words on their way: from a call's worker to its browsers and the timeline, and from a browser to the worker.

The worker decides (ADR 27); here nothing is decided but who hears it: those whose media the worker has, and nobody who left.
"""

import asyncio
from collections import OrderedDict
from collections.abc import Awaitable, Callable
from typing import TypeVar

import structlog

from common.clock import Clock
from common.errors import ConsiliumError
from common.ids import ConsultationId, SeatId
from common.wire import Wire
from media.control import messages as control
from rooms.effects import Effect
from rooms.model import Clarity, SeatIdentity
from rooms.timelines import Timelines
from signaling.flights import FlightRecorder
from signaling.limits import Limiter, Rate
from signaling.placement import Placements
from signaling.socket.connections import Connection, Connections
from signaling.socket.messages.quality import QualitySeen, SeatQuality

log = structlog.get_logger()
_T = TypeVar("_T")

REPORTS = Rate(per_s=2, burst=6)  # one in two seconds, and one for each change of the limit
_IN_CALL_S = 6.0  # the worker speaks of everybody in a call every two seconds
_REMEMBERED = 10_000
_SENDS_AT_ONCE = 500  # pushes under way; what comes while browsers are that far behind is said again in two seconds


class QualityPost:
    """Made once for a process; `send` as the gateway's."""

    def __init__(
        self,
        placements: Placements,
        timelines: Timelines,
        connections: Connections,
        clock: Clock,
        recorder: FlightRecorder,
        *,
        send: Callable[[Connection, str, Wire], Awaitable[None]],
        carry_out: Callable[[list[Effect]], None],
    ) -> None:
        self._placements = placements
        self._timelines = timelines
        self._connections = connections
        self._clock = clock
        self._recorder = recorder
        self._send = send
        self._carry_out = carry_out
        self._limiter = Limiter(REPORTS)
        self._spoken_of: OrderedDict[SeatId, float] = OrderedDict()
        """When the worker last spoke of each seat: who is in a call."""
        self._stored: OrderedDict[SeatId, str] = OrderedDict()
        """What the timeline knows of each seat, as far as this process told it."""
        self._telling: dict[SeatId, tuple[ConsultationId, control.QualityChanged]] = {}
        self._tasks: set[asyncio.Task[None]] = set()

    async def report(self, speaker: SeatIdentity, body: SeatQuality) -> None:
        """A browser's report, to its call's worker. One too many, or without a call, is dropped: the next one says the same."""
        if not self._limiter.take(speaker.seat, self._clock.now()):
            return
        self._recorder.report(speaker, body)
        pictures = [control.PictureSeen(label=one.seat, frozen_ms=one.frozen_ms) for one in body.pictures]
        report = control.PeerReport(label=speaker.seat, limit_bps=body.limit_bps, path=body.path, pictures=pictures)
        await self._placements.report(speaker.consultation, report)

    def hear(self, consultation: ConsultationId, notice: control.QualityChanged) -> None:
        """A worker's word on one seat: pushed to the browsers here, and to the timeline where it lasts."""
        seat, now = SeatId(notice.label), self._clock.now()
        _note(self._spoken_of, seat, now)
        self._recorder.hear(consultation, notice)
        if len(self._tasks) < _SENDS_AT_ONCE:
            body = _seen(notice)
            for listener in self._connections.of_consultation(consultation):
                if listener.open and listener.seat is not None and now - self._spoken_of.get(listener.seat, 0.0) <= _IN_CALL_S:
                    self._spawn(self._push(listener, body))
        if self._stored.get(seat) != notice.told_rung:
            busy = seat in self._telling
            self._telling[seat] = (consultation, notice)
            if not busy:
                self._spawn(self._store(seat))

    @property
    def idle(self) -> bool:
        """Whether all that was heard so far is stored or given up."""
        return not self._telling

    async def stop(self) -> None:
        """Drop what is under way: it is all said again by whoever comes next."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _push(self, listener: Connection, body: Wire) -> None:
        try:
            await self._send(listener, "quality_seen", body)
        except ConnectionError:
            log.debug("quality not told")

    async def _store(self, seat: SeatId) -> None:
        """The latest of a seat; one writer for each."""
        try:
            while (latest := self._telling[seat])[1].told_rung != self._stored.get(seat):
                consultation, notice = latest
                rung, reason = Clarity(notice.told_rung), notice.told_reason
                self._carry_out(await self._timelines.take_clarity(consultation, seat, rung, reason))
                _note(self._stored, seat, notice.told_rung)
        except ConsiliumError as error:
            log.warning("quality not stored", code=error.code)  # said again in two seconds
        finally:
            del self._telling[seat]

    def _spawn(self, work: Awaitable[None]) -> None:
        task = asyncio.ensure_future(work)
        self._tasks.add(task)
        task.add_done_callback(self._done)

    def _done(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        if not task.cancelled() and (fault := task.exception()) is not None:
            log.error("quality notice failed", exc_info=fault)


def _note(kept: OrderedDict[SeatId, _T], seat: SeatId, value: _T) -> None:
    kept[seat] = value
    kept.move_to_end(seat)
    if len(kept) > _REMEMBERED:
        kept.popitem(last=False)


def _seen(notice: control.QualityChanged) -> QualitySeen:
    return QualitySeen(
        seat=notice.label,
        clarity=notice.rung,
        reason=notice.reason,
        limit_bps=notice.limit_bps,
        estimate_bps=notice.estimate_bps,
        loss_up=round(notice.loss_up, 3),
        loss_down=round(notice.loss_down, 3),
        round_trip_ms=None if notice.round_trip_ms is None else round(notice.round_trip_ms),
    )
