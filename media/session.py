"""One session (a consultation's media): carries out what the routes decide, on the plane and on the peers.

It keeps the peers' connections and nothing of what flows. A fault inside ends this session alone.
"""

import asyncio
from collections.abc import Callable, Coroutine, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import structlog

from common.errors import ProtocolError, UserError
from common.ids import ConsultationId
from media.caps import Capped, Caps
from media.control.messages import (
    PeerOffer,
    PeerReport,
    PeerState,
    QualityChanged,
    RecordingSet,
    RecordingTaps,
    SinkStats,
    SourceStats,
)
from media.core.kinds import Codec, Kind
from media.core.path import Address
from media.core.routes import ClearRoute, ClosePeer, Effect, RequestKeyframe, Routes, Sent, SetRoute, SinkKey, SourceKey, Wanted
from media.core.rtp import ExtensionIds
from media.core.signals import Heard, Observation
from media.ladders import Ladders, Seen, Turn, heard_by, observed
from media.layering import MOST, ROOM_OF_TWO, Layering, SeenPicture, SentPicture
from media.plane.interface import Repair, Sink, SinkCounters, Source, SourceCounters, Unknown
from media.rtc.negotiate import AgreedSink, AgreedSource, Agreement, Negotiation
from media.rtc.offer import Offer, parse_offer
from media.rtc.peer import Endpoint, PeerStatus, RelayPeer
from media.taps import Tappable, Taps

MAX_PEERS = 16
MAX_REMEMBERED = 256
"""Ids of closed peers, so that a late offer of one cannot push out its successor; the oldest are forgotten."""

_log = structlog.get_logger(__name__)
_VIDEO = (Codec.VP8, Codec.H264)
PROBE_BPS = 2_000_000
"""What whoever probes sends at most (web/src/check/echo.ts). Under a cap they are told of limits as in a call (ADR 28); the
browser's own estimate, once something stood still, stays at the 300 kbit/s of its beginning for all of a test."""


@dataclass(frozen=True, slots=True)
class _Stream:
    """What a peer sends on one SSRC; `rid` is empty where its line has one layer only."""

    line: AgreedSource
    rid: str
    repair_ssrc: int | None


@dataclass(slots=True, eq=False)
class _Member:
    id: str
    label: str
    peer: RelayPeer
    negotiation: Negotiation
    sources: dict[SourceKey, _Stream]
    sinks: dict[SinkKey, tuple[str, str]]
    """Sink → (mid, label)."""
    agreement: Agreement
    offer: Offer
    sizes: dict[str, str]
    """How large the picture of an m-line is shown, by mid."""
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
        notify: Callable[[PeerState | QualityChanged, ConsultationId], None],
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
        self._layering = Layering(self._routes)
        self._taps = Taps(endpoint.plane)
        self._members: dict[int, _Member] = {}
        self._by_id: dict[str, _Member] = {}
        self._closed_ids: dict[str, None] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self._closing = False
        self._ladders = Ladders(lambda notice: self._notify(notice, self.id), hash(session))
        self._caps = Caps(endpoint.plane.source_cap_set)
        self.has_layers = False
        """Whether anybody sends a picture in several layers: then `choose_layers` is to be called four times a second."""

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
        agreement = member.negotiation.answer(offer, wanted, self._video_codec(offer, member.label))
        member.offer, member.sizes = offer, _sizes(body)
        self._agree(member, agreement)
        return agreement.sdp

    def _wanted(self, body: PeerOffer, offer: Offer) -> dict[str, str]:
        if self._echo:
            filled = [line.mid for line in offer.lines if line.receives and line.formats]
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

    def source_unknown(self, number: int, unknown: Unknown) -> None:
        """A packet named an m-line whose SSRC the offer had not told: of the picture, or of its retransmissions."""
        member = self._members.get(number)
        lines = member.agreement.sources if member is not None else ()
        line = next((source for source in lines if source.mid == unknown.mid and source.ssrc is None), None)
        if member is None or line is None:
            return
        if unknown.payload_type == line.format.repair:
            self._repair_learnt(member, line, unknown)
        elif unknown.payload_type == line.format.payload_type and unknown.rid in (line.rids or (unknown.rid,)):
            self._source_learnt(member, line, unknown)

    def _source_learnt(self, member: _Member, line: AgreedSource, unknown: Unknown) -> None:
        key, rid = SourceKey(member.peer.number, unknown.ssrc), unknown.rid if line.rids else ""
        former = [
            known for known, stream in member.sources.items() if (stream.line.mid, stream.rid) == (line.mid, rid) and known != key
        ]
        self._source_set(member, key, _Stream(line, rid, None))
        self._apply(self._routes.source_learnt(key.peer, line.mid, key.ssrc, rid))
        for known in former:
            del member.sources[known]
            self._endpoint.plane.source_clear(known)
        self._taps.settle(self._tappable())

    def choose_layers(
        self, sources: list[SourceCounters], sinks: list[SinkCounters], now: float, flooded: int | None = None
    ) -> None:
        """Gives each receiver the layers that its line carries now, `flooded` without waiting; the counters are the worker's."""
        effects = self._layering.look(self._sent_pictures(), self._seen_pictures(), (sources, sinks), now, flooded)
        self._apply(effects)
        self._taps.settle(self._tappable())  # what is copied follows what flows

    def _sent_pictures(self) -> list[SentPicture]:
        pictures = []
        for number, member in self._members.items():
            for line in member.agreement.sources:
                known = {stream.rid: key.ssrc for key, stream in member.sources.items() if stream.line.mid == line.mid}
                if line.kind is Kind.VIDEO:
                    pictures.append(SentPicture(number, line.mid, line.rids or ("",), known))
        return pictures

    def _seen_pictures(self) -> list[SeenPicture]:
        return [
            SeenPicture(SinkKey(number, sink.ssrc), MOST[member.sizes.get(sink.mid, "large")])
            for number, member in self._members.items()
            for sink in member.agreement.sinks
            if sink.kind is Kind.VIDEO
        ]

    def record(self, order: RecordingSet) -> RecordingTaps:
        """Copies what the order names, and nothing else, from before this returns."""
        return self._taps.order(order, self._tappable())

    def keyframes(self, streams: list[int]) -> None:
        """Asks for key frames of streams that are copied."""
        self._taps.keyframes(streams)

    def _repair_learnt(self, member: _Member, line: AgreedSource, unknown: Unknown) -> None:
        rid = unknown.repaired_rid if line.rids else ""
        for key, stream in list(member.sources.items()):
            if stream.line.mid == line.mid and stream.rid == rid:
                self._source_set(member, key, replace(stream, repair_ssrc=unknown.ssrc))

    def sources(self, counters: list[SourceCounters]) -> list[SourceStats]:
        """The lines of the worker's table that belong here."""
        lines = []
        for counter in counters:
            member = self._members.get(counter.key.peer)
            stream = member.sources.get(counter.key) if member is not None else None
            if member is not None and stream is not None:
                lines.append(
                    SourceStats(
                        peer=member.id,
                        label=member.label,
                        kind=stream.line.kind.value,
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

    # --- quality ---

    def reported(self, report: PeerReport, now: float) -> None:
        """What a browser says of itself."""
        self._ladders.reported(report, self._labels(), now)

    @property
    def next_turn(self) -> int:
        """In which turn `is_due` is to be asked at the latest."""
        return self._ladders.next_turn

    def is_due(self, turn: Turn) -> bool:
        """Whether it is to have a round."""
        return not self._echo and not self._closing and self._ladders.is_due(turn, self._members)

    def round(
        self, sources: Mapping[int, Sequence[SourceCounters]], sinks: Mapping[int, Sequence[SinkCounters]], now: float
    ) -> None:
        """A step of everybody's ladder, by the plane's counters of each peer."""
        heard: dict[tuple[str, Kind], list[Heard]] = {}
        for member in self._members.values():
            agreed = {sink.ssrc: sink for sink in member.agreement.sinks}
            for counter in sinks.get(member.peer.number, ()):
                line = agreed.get(counter.key.ssrc)
                if line is not None:
                    heard.setdefault((line.label, line.kind), []).append(heard_by(counter))
        seen = [
            Seen(member.id, member.label, self._observation(member, sources.get(member.peer.number, ()), heard))
            for member in self._members.values()
            if (member.label, Kind.AUDIO) in heard or (member.label, Kind.VIDEO) in heard
        ]
        self._ladders.forget(self._labels())
        self._caps.hold(len(self._members), self._capped(), self._ladders.round(seen, now), now)
        rungs = self._ladders.rungs() if self.has_layers and len(self._members) > ROOM_OF_TWO else {}
        if self._layering.told({number: rungs[each.label] for number, each in self._members.items() if each.label in rungs}):
            self._apply(self._layering.make_way(self._sent_pictures(), self._seen_pictures(), now))

    def _observation(
        self, member: _Member, counters: Sequence[SourceCounters], heard: Mapping[tuple[str, Kind], Sequence[Heard]]
    ) -> Observation:
        mine = [(member.sources[counter.key].line.kind, counter) for counter in counters if counter.key in member.sources]
        sound, picture = ([each for kind, each in mine if kind is wanted] for wanted in (Kind.AUDIO, Kind.VIDEO))
        hears = heard.get((member.label, Kind.AUDIO), ()), heard.get((member.label, Kind.VIDEO), ())
        is_tcp = self._ladders.is_tcp(member.label)
        of_two = len(self._members) <= ROOM_OF_TWO and self._caps.are_for_two
        return observed(sound, picture, hears, of_two=of_two, relayed_tcp=is_tcp)

    def _capped(self) -> list[Capped]:
        return [
            Capped(key, member.label, stream.line.mid, len(stream.line.rids))
            for member in self._members.values()
            for key, stream in member.sources.items()
            if stream.line.kind is Kind.VIDEO
        ]

    def _labels(self) -> list[str]:
        return [member.label for member in self._members.values()]

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
            agreement = negotiation.answer(offer, wanted, self._video_codec(offer, body.label))
        except ProtocolError:
            self._own(peer.discard())
            raise
        member = _Member(body.peer, body.label, peer, negotiation, {}, {}, agreement, offer, _sizes(body))
        self._members[number] = self._by_id[body.peer] = member
        self._endpoint.plane.peer_add(number, _names(offer))
        self._agree(member, agreement)
        member.task = self._own(peer.run())
        return agreement.sdp

    def _agree(self, member: _Member, agreement: Agreement) -> None:
        """Puts an agreement into force: new streams first, then routes, then what is gone."""
        plane, number = self._endpoint.plane, member.peer.number
        member.agreement = agreement
        self._ladders.unsettle()
        self.has_layers = self._send_layers()
        present = {
            SourceKey(number, line.ssrc): _Stream(line, "", line.repair_ssrc)
            for line in agreement.sources
            if line.ssrc is not None
        }
        learning = {line.mid: line for line in agreement.sources if line.ssrc is None}
        for key, stream in member.sources.items():
            line = learning.get(stream.line.mid)
            if line is not None and key not in present and stream.rid in (line.rids or ("",)):
                present[key] = replace(stream, line=line)
        for key, stream in present.items():
            self._source_set(member, key, stream)
        for sink in agreement.sinks:
            plane.sink_set(_as_sink(number, sink))
        sent = tuple(Sent(line.mid, line.kind, line.format.codec, line.ssrc, line.rids) for line in agreement.sources)
        wanted = tuple(Wanted(sink.mid, sink.kind, sink.format.codec, sink.label, sink.ssrc) for sink in agreement.sinks)
        self._apply(self._routes.peer_offered(number, member.label, sent, wanted))
        for key in member.sources.keys() - present.keys():
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
            Tappable(member.label, stream.line.kind.value, stream.line.format.codec.value, key)
            for _, member in sorted(self._members.items())
            for key, stream in sorted(member.sources.items(), key=self._weight)
        ]

    def _weight(self, source: tuple[SourceKey, _Stream]) -> tuple[bool, int]:
        """Layers that flow after those that do not, the largest last."""
        key, stream = source
        rids = stream.line.rids
        return self._routes.is_flowing(key.peer, stream.line.mid, stream.rid), rids.index(stream.rid) if rids else 0

    def _source_set(self, member: _Member, key: SourceKey, stream: _Stream) -> None:
        member.sources[key] = stream
        form = stream.line.format
        repair = Repair(form.repair, stream.repair_ssrc) if form.repair is not None else None
        self._endpoint.plane.source_set(Source(key, form.codec, form.payload_type, stream.line.extensions, repair))
        if self._echo and stream.line.kind is Kind.VIDEO:
            self._endpoint.plane.source_cap_set(key, PROBE_BPS)

    def _send_layers(self) -> bool:
        return any(line.rids for member in self._members.values() for line in member.agreement.sources)

    def _video_codec(self, offer: Offer, label: str) -> Codec:
        """One codec for the room: VP8, or H.264 when somebody lacks VP8 and nobody lacks H.264."""
        offers = [offer, *(known.offer for known in self._members.values() if known.label != label)]
        return next((codec for codec in _VIDEO if all(_can(each, codec) for each in offers)), Codec.VP8)

    def _dismiss(self, member: _Member) -> None:
        """Lets the peer's own task close it."""
        self._forget(member)
        if member.task is not None:
            member.task.cancel()

    def _forget(self, member: _Member) -> None:
        if self._members.pop(member.peer.number, None) is None:
            return
        self._by_id.pop(member.id, None)
        self.has_layers = self._send_layers()
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
                case SetRoute(sink, source, gently):
                    (plane.route_change if gently else plane.route_set)(sink, source)
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


def _can(offer: Offer, codec: Codec) -> bool:
    """Whether every live video line of the offer has the codec."""
    return all(any(each.codec is codec for each in line.formats) for line in offer.lines if line.live and line.kind is Kind.VIDEO)


def _names(offer: Offer) -> ExtensionIds:
    """The numbers by which packets say what they are; in a bundle they are the same on every line (RFC 8843, 9.2)."""
    lines = [line.extensions for line in offer.lines]
    mid, rid, repaired = (
        next((number for number in numbers if number is not None), None)
        for numbers in ([ids.mid for ids in lines], [ids.rid for ids in lines], [ids.repaired_rid for ids in lines])
    )
    return ExtensionIds(mid=mid, rid=rid, repaired_rid=repaired)


def _as_sink(number: int, sink: AgreedSink) -> Sink:
    form = sink.format
    repair = Repair(form.repair, sink.repair_ssrc) if form.repair is not None else None
    return Sink(SinkKey(number, sink.ssrc), form.codec, form.payload_type, sink.extensions, sink.label, repair, sink.mid)


def _sizes(body: PeerOffer) -> dict[str, str]:
    return {want.mid: want.size for want in body.wanted}
