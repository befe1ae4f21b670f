"""Where rooms and media meet: each order of the domain is carried out here, in the order given, after the truth is stored."""

import asyncio
from collections.abc import Callable, Coroutine
from typing import assert_never

import structlog

from common.ids import ConsultationId
from rooms import effects as orders
from signaling.hints import Hint, Hints
from signaling.metrics import Metrics
from signaling.placement import Placements

log = structlog.get_logger()


class Effects:
    """Carries out effects. What must talk to a worker runs as a task of its own, so that nobody waits for media."""

    def __init__(self, node: str, hints: Hints, metrics: Metrics) -> None:
        self._node = node
        self._hints = hints
        self._metrics = metrics
        self._tasks: set[asyncio.Task[None]] = set()
        self.placements: Placements | None = None  # set once by app.py: the two need each other
        self.deliver: Callable[[], None] = lambda: None  # set once by app.py: wakes the outbox
        self.record: Callable[[ConsultationId], None] = lambda _: None  # set once by app.py: the recordings' reconciler
        self.erase: Callable[[ConsultationId], None] = lambda _: None  # set once by app.py: the archive's

    def carry_out(self, effects: list[orders.Effect]) -> None:
        """Carry out what a service call returned. An effect that is lost is found again by the reconciler."""
        for effect in effects:
            self._metrics.told(effect)
            self._carry_out(effect)

    async def stop(self) -> None:
        """Give running orders a moment, then drop them."""
        if self._tasks:
            await asyncio.wait(self._tasks, timeout=2)
        for task in self._tasks:
            task.cancel()

    def _carry_out(self, effect: orders.Effect) -> None:
        assert self.placements is not None
        match effect:
            case orders.QueueChanged(hospital=hospital):
                self._hints.send(Hint(node=self._node, kind="hospital", id=hospital))
            case orders.ConsultationChanged(consultation=consultation):
                self._hints.send(Hint(node=self._node, kind="consultation", id=consultation))
            case orders.TimelineGrew(consultation=consultation):
                self._hints.send(Hint(node=self._node, kind="timeline", id=consultation))
            case orders.OpenRoom(consultation=consultation):
                self._spawn(self.placements.open(consultation))
            case orders.CloseRoom(consultation=consultation, placement=placement):
                if placement is not None:
                    self._spawn(self.placements.close(consultation, placement))
            case orders.ReleaseSeat(consultation=consultation, seat=seat):
                self._spawn(self.placements.release(consultation, seat))
            case (
                orders.OfferConsultation(practitioner=doctor)
                | orders.WithdrawOffer(practitioner=doctor)
                | orders.DoctorPutOffDuty(practitioner=doctor)
            ):
                self._hints.send(Hint(node=self._node, kind="offer", id=doctor))  # the desk's whole state tells
            case orders.MoveSeat(consultation=consultation, seat=seat):
                self._hints.send(Hint(node=self._node, kind="moved", id=seat))
                self._spawn(self.placements.release(consultation, seat))
            case orders.ConsultationMoved():
                pass  # counted above; the changes that come with it are pushed
            case orders.RecordingChanged(consultation=consultation):
                self.record(consultation)
            case orders.EraseRecorded(consultation=consultation):
                self.erase(consultation)
            case orders.DeliverLetters():
                self.deliver()
            case _:
                assert_never(effect)

    def _spawn(self, work: Coroutine[None, None, None]) -> None:
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._done)

    def _done(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        if not task.cancelled() and (fault := task.exception()) is not None:
            log.error("effect failed", exc_info=fault)
