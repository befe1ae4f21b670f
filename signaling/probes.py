"""The echo sessions of seats that test their link: one for each seat at the worker with the most room, closed when it is over.

The worker bounds how many there are and how long they live (media/relay.py); here they only end earlier: with the test, with the
seat's connection, and when the seat's call begins.
"""

import asyncio
import base64
import hashlib
from collections import OrderedDict
from dataclasses import dataclass

import structlog

from common.clock import Clock
from common.errors import ConsiliumError, Unavailable
from common.ids import ConsultationId, SeatId, new_id
from media.control import messages as control
from media.control.client import WorkerClient
from signaling.limits import Limiter, Rate
from signaling.placement import Placements

log = structlog.get_logger()

OFFERS = Rate(per_s=0.2, burst=12)  # a test makes four; three at once, then one every twenty seconds
LIFE_S = 60.0  # the worker's PROBE_LIFE_S: an older session is gone there
_REMEMBERED = 2_000
_HEADROOM = 0.15  # the worker asks the same; here it only saves the way


@dataclass(frozen=True, slots=True)
class _Probe:
    session: ConsultationId
    worker: WorkerClient
    since: float


class Probes:
    """Probes by seat. A seat's probe is opened with its first offer."""

    def __init__(self, placements: Placements, clock: Clock) -> None:
        self._placements = placements
        self._clock = clock
        self._limiter = Limiter(OFFERS)
        self._probes: OrderedDict[SeatId, _Probe] = OrderedDict()
        self._opening: dict[SeatId, asyncio.Task[_Probe]] = {}
        self._tasks: set[asyncio.Task[None]] = set()

    async def offer(self, seat: SeatId, path: str, peer: str, sdp: str) -> str:
        """Negotiate one path of a seat's test; the answer sends back what comes in.

        Raises:
            Unavailable: check_slow_down (too many tests of this seat), no_media, probes_full. ProtocolError: the SDP was refused.
        """
        if not self._limiter.take(seat, self._clock.now()):
            raise Unavailable("check_slow_down", "This seat tests its link too often.")
        probe = await self._open(seat)
        body = control.PeerOffer(peer=peer, label=_label(seat, path), sdp=sdp, wanted=[])
        answer = await probe.worker.request("peer_offer", probe.session, body)
        if not isinstance(answer, control.PeerAnswer):
            raise Unavailable("media_fault", "The media worker answered something else.")
        return answer.sdp

    def close(self, seat: SeatId) -> None:
        """The seat's test is over, if there was one; never waits."""
        probe = self._probes.pop(seat, None)
        if probe is not None and probe.worker.alive:
            task = asyncio.create_task(_close(probe))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)

    async def _open(self, seat: SeatId) -> _Probe:
        """The seat's probe; the offers of one test come together, and open one."""
        known = self._probes.get(seat)
        if known is not None and known.worker.alive and self._clock.now() - known.since < LIFE_S:
            return known
        opening = self._opening.get(seat)
        if opening is None:
            opening = self._opening[seat] = asyncio.create_task(self._open_one(seat))
            opening.add_done_callback(lambda done: self._opened(seat, done))
        return await asyncio.shield(opening)  # whoever began it may go: the others wait for it still

    def _opened(self, seat: SeatId, done: "asyncio.Task[_Probe]") -> None:
        self._opening.pop(seat, None)
        if not done.cancelled() and done.exception() is not None:
            log.debug("probe not opened")  # whoever waits for it is told why; perhaps nobody does any more

    async def _open_one(self, seat: SeatId) -> _Probe:
        worker = await self._placements.choose(_HEADROOM)
        probe = _Probe(ConsultationId(new_id("q")), worker, self._clock.now())
        await worker.request("session_open", probe.session, control.SessionOpen(purpose="probe"))
        self._probes[seat] = probe
        if len(self._probes) > _REMEMBERED:
            self._probes.popitem(last=False)
        return probe


def _label(seat: SeatId, path: str) -> str:
    """An id of its own for each path of a seat: a second offer of a path replaces its first."""
    digest = hashlib.sha256(f"{seat}/{path}".encode()).digest()
    return "q_" + base64.b32encode(digest).decode().lower()[:16]


async def _close(probe: _Probe) -> None:
    try:
        await probe.worker.request("session_close", probe.session, control.SessionClose())
    except ConsiliumError as error:
        log.debug("probe not closed", code=error.code)  # it ends by itself
