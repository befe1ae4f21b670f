"""One session (a consultation's media): carries out what the routes decide, on the plane and on the peers.

It keeps the peers' connections and nothing of what flows. A fault inside ends this session alone.
"""

import asyncio
from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from typing import Any

import structlog

from common.errors import ProtocolError, UserError
from common.ids import ConsultationId
from media.control.messages import PeerOffer, PeerState, RecordingSet, RecordingTaps, SinkStats, SourceStats
from media.core.kinds import Kind
from media.core.path import Address
from media.core.routes import ClearRoute, ClosePeer, Effect, RequestKeyframe, Routes, Sent, SetRoute, SinkKey, SourceKey, Wanted
from media.plane.interface import Sink, SinkCounters, Source, SourceCounters
from media.rtc.negotiate import AgreedSource, Agreement, Negotiation
from media.rtc.offer import Offer, parse_offer
from media.rtc.peer import Endpoint, PeerStatus, RelayPeer
from media.taps import Tappable, Taps

MAX_PEERS = 16
MAX_REMEMBERED = 256
"""Ids of closed peers, so that a late offer of one cannot push out its successor; the oldest are forgotten."""

_log = structlog.get_logger(__name__)


@dataclass(slots=True, eq=False)
class _Member:
    id: str
    label: str
    peer: RelayPeer
    negotiation: Negotiation
    sources: dict[SourceKey, AgreedSource]
    sinks: dict[SinkKey, tuple[str, str]]
    """Sink → (mid, label)."""
    agreement: Agreement
    task: asyncio.Task[None] | None = None


class Session:
    """`notify` tells a peer's new state; `faulted` is called at most once, when something in here broke.

    With `echo` each peer is sent what it sends itself, on every line of its offer that receives: a probe of its link.
    """

    def __init__(
        self,
        session: ConsultationId,
        endpoint: Endpoint,
        number: Callable[[], int],
        notify: Callable[[PeerState, ConsultationId], None],
        faulted: Callable[[ConsultationId], None],
        *,
        echo: bool = False,
    ) -> None:
        self.id = session
        self._echo = echo
        self._endpoint = endpoint
        self._number = number
        self._notify = notify
        self._faulted = faulted
        self._routes = Routes()
        self._taps = Taps(endpoint.plane)
        self._members: dict[int, _Member] = {}
        self._by_id: dict[str, _Member] = {}
        self._closed_ids: dict[str, None] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self._closing = False

    @property
    def numbers(self) -> list[int]:
        """The plane's numbers of the peers in here."""
        return list(self._members)

    def offer(self, body: PeerOffer) -> str:
        """Answers an offer of a new or a known peer. Raises `ProtocolError` or `UserError`; then nothing has changed."""
        offer = parse_offer(body.sdp)
        wanted = self._wanted(body, offer)
        member = self._by_id.get(body.peer)
        if member is None:
            return self._join(body, offer, wanted)
        if member.label != body.label:
            raise ProtocolError("peer_label", "a peer keeps its label")
        agreement = member.negotiation.answer(offer, wanted)
        self._agree(member, agreement)
        return agreement.sdp

    def _wanted(self, body: PeerOffer, offer: Offer) -> dict[str, str]:
        if self._echo:
            filled = [line.mid for line in offer.lines if line.receives and line.payload_type is not None]
            return {mid: body.label for mid in filled if mid is not None}
        wanted = {want.mid: want.label for want in body.wanted}
        if len(wanted) != len(body.wanted):
            raise ProtocolError("wanted_mid", "a mid is wanted twice")
        return wanted

    def close_label(self, label: str) -> None:
        """Closes the peer that bears `label`, or does nothing when there is none."""
        for member in [known for known in self._members.values() if known.label == label]:
            self._apply(self._routes.peer_closed(member.peer.number))
            self._dismiss(member)

    async def close(self) -> None:
        """Closes every peer and waits for it."""
        self._closing = True
        for member in list(self._members.values()):
            self._dismiss(member)
        if self._tasks:
            await asyncio.wait(self._tasks, timeout=5.0)

    def peer_moved(self, number: int, address: Address) -> None:
        """A packet of the peer came from an address that nobody owns."""
        member = self._members.get(number)
        if member is not None:
            member.peer.moved(address)

    def source_unknown(self, number: int, mid: str, ssrc: int) -> None:
        """A packet named an m-line whose SSRC the offer had not told."""
        member = self._members.get(number)
        if member is None or self._routes.is_expected(number, mid) is None:
            return
        agreed = next(source for source in member.agreement.sources if source.mid == mid)
        key = SourceKey(number, ssrc)
        former = [known for known, source in member.sources.items() if source.mid == mid and known != key]
        self._source_set(member, key, agreed)
        self._apply(self._routes.source_learnt(number, mid, ssrc))
        for known in former:
            del member.sources[known]
            self._endpoint.plane.source_clear(known)
        self._taps.settle(self._tappable())

    def record(self, order: RecordingSet) -> RecordingTaps:
        """Copies what the order names, and nothing else, from before this returns."""
        return self._taps.order(order, self._tappable())

    def keyframes(self, streams: list[int]) -> None:
        """Asks for key frames of streams that are copied."""
        self._taps.keyframes(streams)

    def sources(self, counters: list[SourceCounters]) -> list[SourceStats]:
        """The lines of the worker's table that belong here."""
        lines = []
        for counter in counters:
            member = self._members.get(counter.key.peer)
            agreed = member.sources.get(counter.key) if member is not None else None
            if member is not None and agreed is not None:
                lines.append(
                    SourceStats(
                        peer=member.id,
                        label=member.label,
                        kind=agreed.kind.value,
                        packets=counter.packets,
                        octets=counter.octets,
                        lost=counter.lost,
                        jitter_ms=counter.jitter_ms,
                    )
                )
        return lines

    def sinks(self, counters: list[SinkCounters]) -> list[SinkStats]:
        """The lines of the worker's table that belong here."""
        lines = []
        for counter in counters:
            member = self._members.get(counter.key.peer)
            agreed = None if member is None else next((s for s in member.agreement.sinks if s.ssrc == counter.key.ssrc), None)
            if member is not None and agreed is not None:
                lines.append(
                    SinkStats(
                        peer=member.id,
                        mid=agreed.mid,
                        label=agreed.label,
                        kind=agreed.kind.value,
                        packets=counter.packets,
                        retransmitted=counter.retransmitted,
                    )
                )
        return lines

    # --- joining and leaving ---

    def _join(self, body: PeerOffer, offer: Offer, wanted: dict[str, str]) -> str:
        if body.peer in self._closed_ids or self._closing:
            raise ProtocolError("peer_closed", "this peer was closed; a new connection needs a new peer id")
        labels = {member.label for member in self._members.values()}
        if len(labels | {body.label}) > MAX_PEERS:
            raise UserError("room_full", "nobody else can join this consultation")
        number = self._number()
        peer = RelayPeer(self._endpoint, number, offer.credentials, lambda status: self._changed(number, status))
        negotiation = Negotiation(offer, peer.transport)
        try:
            agreement = negotiation.answer(offer, wanted)
        except ProtocolError:
            self._own(peer.discard())
            raise
        member = _Member(body.peer, body.label, peer, negotiation, {}, {}, agreement)
        self._members[number] = self._by_id[body.peer] = member
        mid_extension = next((line.extensions.mid for line in offer.lines if line.extensions.mid is not None), None)
        self._endpoint.plane.peer_add(number, mid_extension)
        self._agree(member, agreement)
        member.task = self._own(peer.run())
        return agreement.sdp

    def _agree(self, member: _Member, agreement: Agreement) -> None:
        """Puts an agreement into force: new streams first, then routes, then what is gone."""
        plane, number = self._endpoint.plane, member.peer.number
        member.agreement = agreement
        declared = {SourceKey(number, line.ssrc): line for line in agreement.sources if line.ssrc is not None}
        learning = {line.mid for line in agreement.sources if line.ssrc is None}
        for key, line in declared.items():
            self._source_set(member, key, line)
        for sink in agreement.sinks:
            plane.sink_set(Sink(SinkKey(number, sink.ssrc), sink.kind, sink.payload_type, sink.extensions, sink.label))
        sent = tuple(Sent(line.mid, line.kind, line.ssrc) for line in agreement.sources)
        wanted = tuple(Wanted(sink.mid, sink.kind, sink.label, sink.ssrc) for sink in agreement.sinks)
        self._apply(self._routes.peer_offered(number, member.label, sent, wanted))
        for key, line in list(member.sources.items()):
            if key not in declared and line.mid not in learning:
                del member.sources[key]
                plane.source_clear(key)
        sinks = {SinkKey(number, sink.ssrc): (sink.mid, sink.label) for sink in agreement.sinks}
        for sink_key in member.sinks.keys() - sinks.keys():
            plane.sink_clear(sink_key)
        member.sinks = sinks
        self._taps.settle(self._tappable())

    def _tappable(self) -> list[Tappable]:
        """What could be copied. A label's newest peer comes last: it is the one that counts."""
        return [
            Tappable(member.label, line.kind.value, "opus" if line.kind is Kind.AUDIO else "vp8", key)
            for _, member in sorted(self._members.items())
            for key, line in member.sources.items()
        ]

    def _source_set(self, member: _Member, key: SourceKey, line: AgreedSource) -> None:
        member.sources[key] = line
        self._endpoint.plane.source_set(Source(key, line.kind, line.payload_type, line.extensions))

    def _dismiss(self, member: _Member) -> None:
        """Lets the peer's own task close it."""
        self._forget(member)
        if member.task is not None:
            member.task.cancel()

    def _forget(self, member: _Member) -> None:
        if self._members.pop(member.peer.number, None) is None:
            return
        self._by_id.pop(member.id, None)
        self._taps.settle(self._tappable())
        self._closed_ids[member.id] = None
        if len(self._closed_ids) > MAX_REMEMBERED:
            del self._closed_ids[next(iter(self._closed_ids))]
        self._tell(member, PeerStatus.CLOSED)

    # --- what happens ---

    def _changed(self, number: int, status: PeerStatus) -> None:
        member = self._members.get(number)
        if member is None:
            return
        match status:
            case PeerStatus.CONNECTED:
                self._apply(self._routes.peer_connected(number))
                self._tell(member, status)
            case PeerStatus.FAILED | PeerStatus.CLOSED:
                self._apply(self._routes.peer_closed(number))
                if status is PeerStatus.FAILED:
                    self._tell(member, status)
                self._forget(member)
            case PeerStatus.CONNECTING | PeerStatus.DISCONNECTED:
                self._tell(member, status)

    def _tell(self, member: _Member, status: PeerStatus) -> None:
        if not self._closing:
            self._notify(PeerState(peer=member.id, label=member.label, state=status.value), self.id)

    def _apply(self, effects: list[Effect]) -> None:
        plane = self._endpoint.plane
        for effect in effects:
            match effect:
                case SetRoute(sink, source):
                    plane.route_set(sink, source)
                case ClearRoute(sink):
                    plane.route_clear(sink)
                case RequestKeyframe(source):
                    plane.keyframe_request(source)
                case ClosePeer(peer):
                    member = self._members.get(peer)
                    if member is not None:
                        self._dismiss(member)

    def _own(self, work: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._done)
        return task

    def _done(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        if not task.cancelled() and task.exception() is not None:
            self.fault(task.exception())

    def fault(self, fault: BaseException | None) -> None:
        """Something in here broke: reported once, the session is to be closed."""
        if not self._closing:
            _log.error("session faulted", session=self.id, exc_info=fault)
            self._closing = True
            self._faulted(self.id)
