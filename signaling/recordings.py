"""Makes media workers and the recorder conform to what rooms order: states, not events, so it may come late or twice.

Order of things, so that the light every browser shows is true. On: the recorder is ready → the light is lit → the worker copies.
Off: the worker copies nothing any more → the light goes out → the recorder seals. What cannot be done is told (`trouble`) and
tried again.
"""

import asyncio
import random
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path
from typing import cast

import structlog

from common.clock import Clock
from common.errors import ConsiliumError, Unavailable
from common.ids import ConsultationId, RecordingId
from common.wire import Wire
from media.control import messages as control
from media.control.client import WorkerClient
from recording import messages as recorder
from recording.client import ORDER_TIMEOUT_S
from recording.folder import MANIFEST
from rooms.consent import RecordedTrack, RecordingOrder, Standing
from rooms.effects import Effect
from rooms.model import Placement
from rooms.service import Rooms
from signaling.placement import Placements

log = structlog.get_logger()

POLL_S = 2.0
"""A lost effect costs this; one that is heard costs nothing."""
SWEEP_S = 60.0
"""Between looks for folders that nobody sealed: their order was lost with a process."""
MOST_AT_ONCE = 16
JITTER = 0.2
_OPEN = b'"state":"open"'


@dataclass(slots=True)
class _Done:
    """What was last carried out of a consultation's order, by which worker and recorder."""

    order: RecordingOrder
    placed: Placement | None
    epoch: str
    streams: list[control.RecordedStream]
    socket: str = ""


class RecordingKeeper:
    """The loop of one signaling process. `hear` may be called from anywhere in the event loop."""

    def __init__(
        self,
        *,
        rooms: Rooms,
        placements: Placements,
        clock: Clock,
        carry_out: Callable[[list[Effect]], None],
        changed: Callable[[ConsultationId], None],
        want_recorder: Callable[[], None],
        root: Path,
    ) -> None:
        self._rooms = rooms
        self._workers = placements
        self._clock = clock
        self._carry_out = carry_out
        self._changed = changed
        self.want_recorder = want_recorder
        self._root = root
        self._recorder: WorkerClient | None = None
        self._done: dict[ConsultationId, _Done] = {}
        self._unsealed: set[ConsultationId] = set()
        self._due: set[ConsultationId] = set()
        self._busy: set[ConsultationId] = set()
        self._awake = asyncio.Event()
        self._tasks: set[asyncio.Task[None]] = set()
        self._troubles: dict[ConsultationId, str] = {}
        self._held: dict[ConsultationId, RecordingId] = {}
        """Recordings whose folders this process's recorder may have open: nobody else's can write there."""

    def trouble(self, consultation: ConsultationId) -> str | None:
        """Why this consultation is not recorded though it should be: a code, for the doctor; none when all is well."""
        return self._troubles.get(consultation)

    @property
    def failing(self) -> int:
        """How many recordings should run and do not."""
        return len(self._troubles)

    def met(self, client: WorkerClient) -> None:
        """A recorder is there, also after another one died: it is given every order anew."""
        self._recorder = client
        self._held.clear()
        client.on_notice = self._heard
        client.on_died = self._lost
        self.hear(*self._done, *self._unsealed)

    def hear(self, *which: ConsultationId) -> None:
        """The order of these may have changed."""
        self._due.update(which)
        self._awake.set()

    async def run(self) -> None:
        """Carries out until cancelled."""
        try:
            async with asyncio.TaskGroup() as loops:
                loops.create_task(self._carry())
                loops.create_task(self._every(POLL_S, self._poll))
                loops.create_task(self._every(SWEEP_S, self._sweep))
        finally:
            for task in self._tasks:
                task.cancel()

    # --- what is due ---

    async def _poll(self) -> None:
        self.hear(*await self._rooms.recordings.under_way(), *self._unsealed, *self._held)

    async def _sweep(self) -> None:
        """Folders that were left open by a process that is gone."""
        known = {done.order.recording for done in self._done.values()}
        for name in await asyncio.to_thread(_left_open, self._root):
            if name not in known and (found := await self._rooms.recordings.consultation_of(RecordingId(name))) is not None:
                self._unsealed.add(found.id)
                self.hear(found.id)

    async def _carry(self) -> None:
        while True:
            await self._awake.wait()
            self._awake.clear()
            for which in [each for each in self._due if each not in self._busy][: MOST_AT_ONCE - len(self._busy)]:
                self._due.discard(which)
                self._busy.add(which)
                self._spawn(self._conform(which), which)

    async def _every(self, seconds: float, work: Callable[[], Awaitable[None]]) -> None:
        while True:
            try:
                await work()
            except ConsiliumError as error:
                log.warning("recordings not looked at", code=error.code)
            except Exception:
                log.exception("looking at recordings failed")
            await asyncio.sleep(seconds * (1 + JITTER * (random.random() - 0.5)))  # noqa: S311  (jitter, not a secret)

    def _spawn(self, work: Awaitable[None], which: ConsultationId | None = None) -> None:
        async def guarded() -> None:
            try:
                await work
            except ConsiliumError as error:
                log.warning("recording order not carried out", consultation=which, code=error.code)
            except Exception:
                log.exception("carrying out a recording order failed", consultation=which)
            finally:
                if which is not None:
                    self._busy.discard(which)
                    self._awake.set()

        task = asyncio.create_task(guarded())
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    # --- carrying out one order ---

    async def _conform(self, which: ConsultationId) -> None:
        order = await self._rooms.recording_order(which)
        placed = await self._rooms.placement(which)
        if order is None:
            return
        if order.state != "on":
            await self._stop(which, order, placed)
        elif placed is None:
            await self._unplaced(which)
        elif self._workers.owns(placed):
            await self._start(which, order, placed)
        elif which in self._held:
            await self._release(which)

    async def _unplaced(self, which: ConsultationId) -> None:
        """The call has no media worker now: nothing is copied, and everybody is told so. With the next worker it goes on."""
        if self._done.pop(which, None) is not None:
            self._carry_out(await self._rooms.recording_confirmed(which, False, self._clock.now()))

    async def _release(self, which: ConsultationId) -> None:
        """The call lives on another process's worker now, and its recorder goes on in the folder that ours must let go."""
        if self._done.pop(which, None) is not None:
            self._carry_out(await self._rooms.recording_confirmed(which, False, self._clock.now()))
        if self._recorder is not None and self._recorder.alive:
            body = recorder.Release(recording=self._held[which])
            await self._recorder.request("recording_release", which, body, timeout_s=ORDER_TIMEOUT_S)
        self._held.pop(which, None)
        if self._troubles.pop(which, None) is not None:
            self._changed(which)

    async def _start(self, which: ConsultationId, order: RecordingOrder, placed: Placement) -> None:
        done = self._done.get(which)
        epoch = self._recorder.epoch if self._recorder is not None else ""
        same = done is not None and (done.order, done.placed, done.epoch) == (order, placed, epoch)
        try:
            worker = await self._workers.reach(placed)
            if done is not None and same and which not in self._troubles:
                await self._tap(worker, done)  # mends what broke meanwhile; else it changes nothing
                return
            ready = await self._order(which, order)
            named = [control.RecordedStream(label=each.seat, kind=each.kind, stream=each.stream) for each in ready.streams]
            done = self._done[which] = _Done(order, placed, epoch, named, ready.socket)
            self._carry_out(await self._rooms.recording_confirmed(which, True, self._clock.now()))
            await self._tap(worker, done)
        except ConsiliumError as error:
            await self._fail(which, error.code)
            return
        if self._troubles.pop(which, None) is not None:
            self._changed(which)

    async def _stop(self, which: ConsultationId, order: RecordingOrder, placed: Placement | None) -> None:
        done = self._done.get(which)
        if done is not None and (done.order, done.placed) == (order, placed) and which not in self._unsealed:
            return
        at = self._clock.now()
        if placed is not None:
            worker = await self._workers.reach(placed)
            body = control.RecordingSet(
                recording=order.recording, socket=done.socket if done and done.socket else "-", streams=[]
            )
            try:
                await worker.request("recording_set", which, body)
            except ConsiliumError as error:
                if error.code != "session_unknown":  # no session copies nothing
                    raise
        self._carry_out(await self._rooms.recording_confirmed(which, False, at))
        if self._troubles.pop(which, None) is not None:
            self._changed(which)
        self._unsealed.add(which)
        await self._order(which, order)
        self._unsealed.discard(which)
        if order.state == "over":
            self._done.pop(which, None)
            log.info("recording sealed", consultation=which, recording=order.recording)
        else:
            self._done[which] = _Done(order, placed, "", [])

    async def _order(self, which: ConsultationId, order: RecordingOrder) -> recorder.Placed:
        """Tells the recorder. Unavailable: recorder_absent, and what it answers."""
        if self._recorder is None or not self._recorder.alive:
            self.want_recorder()
            raise Unavailable("recorder_absent", "no recorder runs now")
        told = self._recorder
        consultation = await self._rooms.recordings.consultation_of(order.recording)
        roles = {seat.id: seat.role.value for seat in consultation.seats} if consultation is not None else {}
        body = recorder.Order(
            recording=order.recording,
            hospital=order.hospital,
            state=order.state,
            reason=order.reason,
            tracks=[recorder.OrderedTrack(seat=each.seat, kind=each.kind) for each in sorted(order.tracks, key=_place)],
            people=[
                recorder.OrderedPerson(seat=seat, role=roles.get(seat, "")) for seat in sorted({t.seat for t in order.tracks})
            ],
            consents=[
                recorder.GivenConsent(
                    seat=each.seat, purpose=each.purpose.value, given=each.standing is Standing.GIVEN, at_ms=int(each.at * 1000)
                )
                for each in order.consents
            ],
        )
        self._held[which] = order.recording
        placed = cast(recorder.Placed, await told.request("recording_order", which, body, timeout_s=ORDER_TIMEOUT_S))
        if placed.sealed:
            self._held.pop(which, None)
        return placed

    async def _tap(self, worker: WorkerClient, done: _Done) -> None:
        body = control.RecordingSet(recording=done.order.recording, socket=done.socket, streams=done.streams)
        await worker.request("recording_set", done.order.consultation, body)

    # --- trouble ---

    async def _fail(self, which: ConsultationId, code: str) -> None:
        """Nothing is recorded: everybody is told, the doctor why; the next look tries again."""
        if self._troubles.get(which) != code:
            log.error("recording failed", consultation=which, code=code)
            self._troubles[which] = code
            self._changed(which)
        done = self._done.pop(which, None)
        self._carry_out(await self._rooms.recording_confirmed(which, False, self._clock.now()))
        if done is not None and done.placed is not None:
            done.streams = []
            await self._tap(await self._workers.reach(done.placed), done)

    def _lost(self) -> None:
        """The recorder died: its taps are dead with it."""
        self._recorder = None
        for which, done in list(self._done.items()):
            if done.streams:
                self._spawn(self._fail(which, "recorder_lost"))

    def _heard(self, notice: Wire, consultation: ConsultationId | None) -> None:
        if consultation is None:
            return
        match notice:
            case recorder.KeyframeWanted(streams=streams):
                self._spawn(self._ask_keyframe(consultation, streams))
            case recorder.RecordingFailed(reason=code):
                if consultation in self._done and self._done[consultation].streams:
                    self._spawn(self._fail(consultation, code))
            case _:
                return

    async def _ask_keyframe(self, which: ConsultationId, streams: list[int]) -> None:
        done = self._done.get(which)
        if done is not None and done.placed is not None:
            worker = await self._workers.reach(done.placed)
            await worker.request("recording_keyframe", which, control.RecordingKeyframe(streams=streams))


def _place(track: RecordedTrack) -> tuple[str, str]:
    return track.seat, track.kind


def _left_open(root: Path) -> list[str]:
    """The recordings whose manifest says that they run."""
    return [file.parent.name for file in root.glob(f"*/{MANIFEST}") if _OPEN in file.read_bytes()]
