"""On which media worker a consultation lives, and the orders to it. Chooses by headroom; opens, offers, closes.

The database holds the winner (first writer wins), so that two signaling processes put one consultation into one worker.
A worker that another process of this machine started is reached by the socket path that it registered: so a call outlives
the signaling process that placed it, and whoever comes after finds the worker again and keeps it alive by being connected.
"""

import asyncio
import contextlib
import os
import signal
from collections.abc import Awaitable, Callable

import structlog

from common.clock import Clock
from common.errors import ConsiliumError, Unavailable, UserError
from common.ids import ConsultationId, SeatId, WorkerId
from common.wire import Wire
from media.control import messages as control
from media.control.client import WorkerClient
from rooms.effects import Effect
from rooms.model import Placement, SeatIdentity
from rooms.service import Rooms

log = structlog.get_logger()

_PEERS_REMEMBERED = 10_000
_DEAD_REMEMBERED = 1_000
_RETRY_S = 0.5
_SILENT_AFTER_S = 10.0  # three heartbeats; before that a worker that cannot be reached from here may be well
_WATCH_S, _WATCHED_FOR_S, _SILENT_PINGS = 0.5, 2.0, 2  # twice, since the silence may be our own
_PING_TIMEOUT_S = 1.0  # a worker that takes longer has no room, and the call must not wait for it
_MIN_HEADROOM = 0.05  # below this a new call would spoil those under way


Connect = Callable[[str], Awaitable[WorkerClient]]
"""Connects to the worker behind a socket path; raises `Unavailable`."""
CarryOut = Callable[[list[Effect]], None]


class Placements:
    """The workers this process can reach, and the calls on them."""

    def __init__(self, rooms: Rooms, clock: Clock, carry_out: CarryOut, connect: Connect) -> None:
        self._rooms = rooms
        self._clock = clock
        self._carry_out = carry_out
        self._connect = connect
        self._workers: dict[tuple[WorkerId, str], WorkerClient] = {}
        self._paths_of: dict[tuple[WorkerId, str], str] = {}
        self._dead: dict[tuple[WorkerId, str], None] = {}
        """Workers that were seen to end: a heartbeat under way may enter one again, and nobody waits for it to fall silent."""
        self._moving: set[tuple[WorkerId, str]] = set()
        self._connecting = asyncio.Lock()
        self._stopping = False
        self._tasks: set[asyncio.Task[None]] = set()
        self._peers: dict[SeatId, str] = {}
        """The latest peer of each seat heard of: what a replaced one says of its end is no news."""
        self._paths: dict[SeatId, bool] = {}
        """Whether a seat's media path is up, where the store has not been told yet."""
        self._telling: set[SeatId] = set()
        self.hear_quality: Callable[[ConsultationId, control.QualityChanged], None] = lambda _which, _what: None
        """Set once by app.py."""

    @property
    def reachable(self) -> int:
        """How many workers answer this process."""
        return len(self._workers)

    def adopted(self) -> list[tuple[str, str, str]]:
        """(name, epoch, socket path) of the workers that another process started and this one reaches."""
        return [(name, epoch, path) for (name, epoch), path in self._paths_of.items()]

    def add(self, worker: WorkerClient, path: str | None = None) -> None:
        """A worker is there: listen to it. `path` is given for one that another process started."""
        key = (worker.worker, worker.epoch)
        self._workers[key] = worker
        if path is not None:
            self._paths_of[key] = path
            self._spawn(self._watch(worker))
        worker.on_notice = self._hear
        worker.on_died = lambda: self._lost(key)
        self._spawn(self._place_waiting())

    async def open(self, consultation: ConsultationId, *, anywhere: bool = False) -> None:
        """Place a call and open its session; a call that finds no worker stays unplaced and is tried again later.

        `anywhere` is for one that was under way already: a full worker is better than none.
        """
        try:
            placed = await self._rooms.placement(consultation)
            if placed is None:
                worker = await self.choose(0.0 if anywhere else _MIN_HEADROOM)
                placed, effects = await self._rooms.place_session(consultation, worker.worker, worker.epoch)
                self._carry_out(effects)
                log.info("call placed", consultation=consultation, worker=placed.worker)
            await (await self._reach(placed)).request("session_open", consultation, control.SessionOpen())
        except UserError:
            return  # it ended meanwhile
        except ConsiliumError as error:
            log.warning("call not placed", consultation=consultation, code=error.code)

    async def offer(self, speaker: SeatIdentity, peer: str, sdp: str, wanted: list[control.WantedTrack]) -> str:
        """Hand a browser's offer to the worker of its call and return the answer.

        Raises:
            UserError: not_in_call. ProtocolError: the SDP was refused. Unavailable: no worker now; the call is being moved.
        """
        placed = await self._rooms.placement(speaker.consultation)
        if placed is None:
            raise UserError("not_in_call", "There is no call in this consultation now.")
        worker = await self._reach(placed)
        body = control.PeerOffer(peer=peer, label=speaker.seat, sdp=sdp, wanted=wanted)
        try:
            answer = await worker.request("peer_offer", speaker.consultation, body)
        except ConsiliumError as error:
            if error.code not in ("session_unknown", "session_missing"):
                raise
            # Placed, but the order to open was lost with the process that gave it.
            await worker.request("session_open", speaker.consultation, control.SessionOpen())
            answer = await worker.request("peer_offer", speaker.consultation, body)
        if not isinstance(answer, control.PeerAnswer):
            raise Unavailable("media_fault", "The media worker answered something else.")
        return answer.sdp

    async def report(self, consultation: ConsultationId, body: control.PeerReport) -> None:
        """Hand a browser's report to the worker of its call; dropped where there is none now."""
        placed = await self._rooms.placement(consultation)
        if placed is not None:
            await self._tell(consultation, placed, "peer_report", body)

    async def sweep(self) -> None:
        """Close sessions that no call has: the order to close them was lost with a process or a connection.

        A call is placed before its session is opened, so a session listed before the placements are read is a call's or nobody's.
        """
        for (name, epoch), worker in list(self._workers.items()):
            listed = await worker.request("session_list", None, control.SessionList())
            if not isinstance(listed, control.SessionsOpen):
                continue
            orphans = {ConsultationId(session) for session in listed.sessions} - set(await self._rooms.placements(name, epoch))
            for orphan in orphans:
                log.warning("orphaned session closed", consultation=orphan, worker=name)
                await worker.request("session_close", orphan, control.SessionClose())

    async def close(self, consultation: ConsultationId, placed: Placement) -> None:
        """Close a call's session where it was."""
        log.info("call closed", consultation=consultation, worker=placed.worker)
        await self._tell(consultation, placed, "session_close", control.SessionClose())

    async def release(self, consultation: ConsultationId, seat: SeatId) -> None:
        """Close the peer of a seat that was left."""
        placed = await self._rooms.placement(consultation)
        if placed is not None:
            await self._tell(consultation, placed, "peer_close", control.PeerClose(label=seat))

    def let_go(self) -> None:
        """This process stops: the end of its own workers is no loss to be mended here."""
        self._stopping = True

    async def stop(self) -> None:
        """Close every connection to a worker."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        for worker in list(self._workers.values()):
            await worker.close()
        self._workers.clear()

    async def _tell(self, consultation: ConsultationId, placed: Placement, name: str, body: Wire) -> None:
        try:
            await (await self._reach(placed)).request(name, consultation, body)
        except ConsiliumError as error:
            log.warning("worker not told", order=name, consultation=consultation, code=error.code)

    async def choose(self, least_headroom: float) -> WorkerClient:
        """The worker with the most room. Unavailable: no_media."""
        if not self._workers:
            await self.discover()
        workers = list(self._workers.values())
        answers = await asyncio.gather(
            *(worker.request("worker_ping", None, control.WorkerPing(), timeout_s=_PING_TIMEOUT_S) for worker in workers),
            return_exceptions=True,
        )
        rated = [
            (answer.headroom, -index, worker)
            for index, (worker, answer) in enumerate(zip(workers, answers, strict=True))
            if isinstance(answer, control.WorkerStatus) and answer.headroom >= least_headroom
        ]
        if not rated:
            raise Unavailable("no_media", "No media worker has room for another call now.")
        return max(rated)[2]

    def owns(self, placed: Placement) -> bool:
        """Whether this process started the worker, and it answers."""
        key = (WorkerId(placed.worker), placed.epoch)
        return key in self._workers and key not in self._paths_of

    async def reach(self, placed: Placement) -> WorkerClient:
        """The worker of a call. Unavailable: media_lost."""
        return await self._reach(placed)

    async def _reach(self, placed: Placement) -> WorkerClient:
        key = (WorkerId(placed.worker), placed.epoch)
        if key not in self._workers:
            await self.discover()
        if key not in self._workers:
            if key in self._dead or all((known.name, known.epoch) != key for known in await self._rooms.workers()):
                self._give_up(key)  # or nobody knows that worker any more
            raise Unavailable("media_lost", "The call's media worker is gone; the call is being moved.")
        return self._workers[key]

    async def discover(self) -> None:
        """Connect to every registered worker that this process does not know yet; move the calls of those that are gone."""
        async with self._connecting:
            for known in await self._rooms.workers():
                key = (WorkerId(known.name), known.epoch)
                if key in self._workers:
                    continue
                if key in self._dead:
                    self._give_up(key)
                    continue
                try:
                    worker = await self._connect(known.socket_path)
                except ConsiliumError:
                    if self._clock.now() - known.heartbeat > _SILENT_AFTER_S:
                        self._give_up(key)
                    continue
                if (worker.worker, worker.epoch) == key:
                    self.add(worker, known.socket_path)
                else:
                    await worker.close()
                    self._give_up(key)

    def _hear(self, notice: control.Notice, session: ConsultationId | None) -> None:
        match notice:
            case control.PeerState():
                self._hear_peer(notice)
            case control.QualityChanged() if session is not None:
                self.hear_quality(session, notice)
            case control.SessionLost() if session is not None:
                self._spawn(self._session_lost(session))
            case _:
                return

    def _hear_peer(self, notice: control.PeerState) -> None:
        seat = SeatId(notice.label)
        if notice.state in ("connecting", "connected"):
            self._peers[seat] = notice.peer
        elif self._peers.get(seat, notice.peer) != notice.peer:
            return
        if len(self._peers) > _PEERS_REMEMBERED:
            self._peers.pop(next(iter(self._peers)))
        if notice.state in ("failed", "closed"):
            self._peers.pop(seat, None)
        if notice.state != "connecting":
            log.debug("media path", seat=seat, state=notice.state)
            self._paths[seat] = notice.state == "connected"
            if seat not in self._telling:
                self._telling.add(seat)
                self._spawn(self._tell_path(seat))

    async def _tell_path(self, seat: SeatId) -> None:
        """Store the latest state of a seat's path; one writer for a seat, so that states are stored in their order."""
        try:
            while (up := self._paths.pop(seat, None)) is not None:
                try:
                    self._carry_out(await self._rooms.seat_in_call(seat, up))
                except Unavailable:  # untold, two people would sit in a call without asking for each other
                    self._paths.setdefault(seat, up)
                    await asyncio.sleep(_RETRY_S)
        finally:
            self._telling.discard(seat)

    async def _session_lost(self, consultation: ConsultationId) -> None:
        placed = await self._rooms.placement(consultation)
        if placed is not None:
            self._carry_out(await self._rooms.displace_session(consultation, placed.worker, placed.epoch))
        await self.open(consultation, anywhere=True)

    def _lost(self, key: tuple[WorkerId, str]) -> None:
        self._paths_of.pop(key, None)
        if self._workers.pop(key, None) is not None and not self._stopping:
            if len(self._dead) >= _DEAD_REMEMBERED:
                self._dead.pop(next(iter(self._dead)))
            self._dead[key] = None
            self._give_up(key)

    def _give_up(self, key: tuple[WorkerId, str]) -> None:
        if key not in self._moving:
            self._moving.add(key)
            self._spawn(self._move_calls(key))

    async def _move_calls(self, key: tuple[WorkerId, str]) -> None:
        """The calls of a dead worker get another one; their browsers come back to the same seats."""
        try:
            moved, effects = await self._displaced(key)
        finally:
            self._moving.discard(key)  # before they are placed again: whoever was placed there meanwhile is moved in turn
        log.warning("media worker lost", worker=key[0], calls=len(moved))
        for consultation in moved:
            await self.open(consultation, anywhere=True)
        self._carry_out(effects)

    async def _displaced(self, key: tuple[WorkerId, str]) -> tuple[list[ConsultationId], list[Effect]]:
        """Stores that the worker is gone; as often as it takes, for until then its calls go nowhere."""
        while True:
            try:
                moved, effects = await self._rooms.displace(*key)
                await self._rooms.worker_gone(*key)
                return moved, effects
            except Unavailable as error:
                log.warning("loss of a media worker not stored yet", worker=key[0], code=error.code)
                await asyncio.sleep(_RETRY_S)

    async def _watch(self, worker: WorkerClient) -> None:
        """Ends a worker of another process that stays silent: while that process lives it has done so before us."""
        silent = 0
        while worker.alive and silent < _SILENT_PINGS:
            await asyncio.sleep(_WATCH_S)
            try:
                await worker.request("worker_ping", None, control.WorkerPing(), timeout_s=_WATCHED_FOR_S)
                silent = 0
            except Unavailable:
                silent += 1
        process = worker.process_id if worker.alive else None
        if process is not None:
            log.error("media worker is silent", worker=worker.worker)
            with contextlib.suppress(OSError):
                os.kill(process, signal.SIGKILL)  # its connection ends with it, which is how its calls are moved

    async def _place_waiting(self) -> None:
        """Calls that found no worker go to one that has just come."""
        for consultation in await self._rooms.unplaced():
            await self.open(consultation, anywhere=True)

    def _spawn(self, work: Awaitable[None]) -> None:
        async def guarded() -> None:
            try:
                await work
            except ConsiliumError as error:
                log.warning("media notice not stored", code=error.code)
            except Exception:
                log.exception("media notice failed")

        task = asyncio.create_task(guarded())
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
