"""RTCP of the Python packet loop: what a peer reports, asked in terms of its own streams, becomes words for the others.

Translates numbers and carries out the cores' pace; decides nothing about routes.
"""

from collections.abc import Callable

from media.core.kinds import Kind, kind_of
from tests.reference.bandwidth import BELIEVED_BPS, FREE_BPS, shares
from tests.reference.rtcp import (
    CanonicalName,
    Nack,
    Packet,
    PictureLoss,
    ReceiverReport,
    Remb,
    ReportBlock,
    SenderReport,
)
from tests.reference.streams import PlanePeer, SinkStream, SourceStream

CNAME = "relay"
REPORTS_KEPT = 4
MAX_NACKS = 128
"""Sequence numbers taken from one NACK: as many as the history holds."""
_MASK = 0xFFFFFFFF

SendRtcp = Callable[[PlanePeer, list[Packet]], None]
SendAgain = Callable[[SinkStream, bytes], None]


class Feedback:
    """`send_rtcp` encrypts and sends a compound to a peer; `send_again` sends a kept ciphertext."""

    def __init__(self, send_rtcp: SendRtcp, send_again: SendAgain) -> None:
        self._send_rtcp = send_rtcp
        self._send_again = send_again

    def received(self, peer: PlanePeer, packets: list[Packet], now: float) -> None:
        """Acts on an authentic compound of `peer`; what names streams that are not its own is ignored."""
        for packet in packets:
            match packet:
                case SenderReport():
                    self._sender_report(peer, packet, now)
                    self._round_trips(peer, packet.blocks, now)
                case ReceiverReport():
                    self._round_trips(peer, packet.blocks, now)
                case Nack():
                    self._nack(peer, packet, now)
                case PictureLoss():
                    sink = peer.sinks.get(packet.media)
                    if sink is not None and sink.feed is not None:
                        self.request_keyframe(sink.feed, now)
                case Remb():
                    self._remb(peer, packet, now)
                case _:
                    pass

    def request_keyframe(self, stream: SourceStream, now: float, *, waiting: bool = False, ordered: bool = False) -> None:
        """Sends a PLI unless one went a moment ago; `waiting` marks a repetition, `ordered` what no receiver asked for."""
        if stream.peer.send is None or kind_of(stream.source.codec) is not Kind.VIDEO:
            return
        pace, limit = stream.keyframes, stream.estimate.told_bps
        asks = pace.ordered if ordered else pace.still_waiting if waiting else pace.needed
        if asks(now, limit):
            self._ask_for_keyframe(stream)

    def _ask_for_keyframe(self, stream: SourceStream) -> None:
        own = stream.peer.ssrc
        self._send_rtcp(stream.peer, [ReceiverReport(own), PictureLoss(own, stream.source.key.ssrc)])

    def arrived(self, stream: SourceStream, octets: int, now: float) -> None:
        """A stamped packet of a video source: its way here may have become too narrow, or be free again."""
        before = stream.uplink.bps
        if not stream.uplink.arrived(octets, stream.peer.clock.late_s, now):
            return
        if before == 0 and stream.uplink.bps:
            stream.lost_before = stream.reception.lost
        if stream.uplink.bps or before:
            self._tell_limit(stream, now)
        if before and stream.uplink.bps == 0 and stream.reception.lost > stream.lost_before:
            self.request_keyframe(stream, now)  # receivers would wait three seconds for what is lost

    def checked(self, peer: PlanePeer, before: bool, now: float) -> None:
        """Its checks told something of the way to it; `before`: there was a queue so far."""
        for sink in peer.sinks.values():
            if sink.checked(now) and (before or peer.checks.bps) and sink.feed is not None:
                self._tell_limit(sink.feed, now)

    def report(self, peer: PlanePeer, now: float) -> None:
        """Tells `peer` how its own streams arrive (RFC 3550, 6.4.2), and notices its silence; to be called each second."""
        for stream in peer.sources.values():
            stream.measure(now)
            stream.uplink.aged(now)
            told = stream.estimate.cap_bps or stream.is_layered
            if kind_of(stream.source.codec) is Kind.VIDEO and told and stream.sinks:
                self._tell_limit(stream, now)
        for sink in peer.sinks.values():
            if sink.silent(now) and sink.feed is not None:
                self._tell_limit(sink.feed, now)
        blocks = tuple(self._block(stream, now) for stream in peer.sources.values() if stream.reception.packets)
        if blocks and peer.send is not None:
            self._send_rtcp(peer, [ReceiverReport(peer.ssrc, blocks), CanonicalName(peer.ssrc, CNAME)])

    def _block(self, stream: SourceStream, now: float) -> ReportBlock:
        figures = stream.reception.report()
        stream.lost_fraction = figures.fraction_lost
        delay = round((now - stream.last_report_at) * 65536) & _MASK if stream.last_report_at else 0
        return ReportBlock(
            stream.source.key.ssrc,
            figures.fraction_lost,
            figures.lost,
            figures.highest,
            figures.jitter & _MASK,
            stream.last_report,
            delay,
        )

    def _sender_report(self, peer: PlanePeer, packet: SenderReport, now: float) -> None:
        stream = peer.sources.get(packet.ssrc)
        if stream is None:
            return
        stream.last_report = packet.ntp >> 16 & _MASK
        stream.last_report_at = now
        for sink in [fed for fed in stream.sinks if fed.feed is stream]:
            timestamp = sink.forward.map_timestamp(packet.timestamp)
            if timestamp is None:
                continue
            ssrc = sink.sink.key.ssrc
            translated = SenderReport(ssrc, packet.ntp, timestamp, sink.packets & _MASK, sink.octets & _MASK)
            self._send_rtcp(sink.peer, [translated, CanonicalName(ssrc, sink.sink.cname)])
            sink.reports = [*sink.reports, (stream.last_report, now)][-REPORTS_KEPT:]

    def _round_trips(self, peer: PlanePeer, blocks: tuple[ReportBlock, ...], now: float) -> None:
        """RFC 3550, 6.4.1: now - when the report was passed on - how long the receiver kept it."""
        for block in blocks:
            sink = peer.sinks.get(block.ssrc)
            if sink is not None:
                if sink.counts_losses(block.highest):
                    sink.losses.reported(block.highest, block.lost, now)
                sink.reported_at = now
                if sink.reported(block.highest, block.lost, now) and sink.feed is not None:
                    self._tell_limit(sink.feed, now)
            for last_report, at in sink.reports if sink is not None and block.last_report else ():
                trip = now - at - block.delay / 65536
                if sink is not None and last_report == block.last_report and 0 <= trip < 60:
                    sink.round_trip = trip

    def _nack(self, peer: PlanePeer, packet: Nack, now: float) -> None:
        sink = peer.sinks.get(packet.media)
        if sink is None or sink.history is None:
            return
        named = [(each, sink.forward.since_key_frame(each)) for each in packet.sequences[:MAX_NACKS]]
        if sink.forward.open and sink.flooded([number for _, number in named if number is not None], now):
            return
        upstream, void = [], False
        for sequence, number in named:
            if number is None:
                continue  # void: sent again, it would fill the line that a smaller layer was chosen for
            if sink.is_stale(sequence, now):
                void = True
            elif sink.history.has(sequence):
                void = void or (sink.is_given_up(sequence, now) and not sink.downlink.bps(now))
                data = sink.resend(sequence, now)
                if data is not None:
                    sink.retransmitted += 1
                    self._send_again(sink, data)
            else:
                lost = sink.forward.source_sequence(sequence)
                if lost is not None:
                    upstream.append(lost)
        stream = sink.feed
        if stream is None:
            return
        if stream.uplink.is_deep:
            upstream, void = [], False  # through a full link nothing is sent again: a key frame follows
        asked, lacks = stream.missing(upstream, now)
        young = stream.is_layered and sink.flood.is_young(now)
        wanted = (lacks or void) and not young and stream.peer.send is not None
        if wanted and stream.keyframes.given_up(now, stream.rate_bps, stream.estimate.told_bps):
            self._ask_for_keyframe(stream)
        for sequence in asked:
            stream.arrivals.forget(sequence)
        if asked:
            own = stream.peer.ssrc
            self._send_rtcp(stream.peer, [ReceiverReport(own), Nack(own, stream.source.key.ssrc, asked)])

    def _remb(self, peer: PlanePeer, packet: Remb, now: float) -> None:
        """The estimate is for all that the peer receives: its videos share what its sounds leave."""
        named = [peer.sinks[ssrc] for ssrc in dict.fromkeys(packet.ssrcs) if ssrc in peer.sinks]
        if not named:
            return
        videos = [sink.feed for sink in peer.sinks.values() if sink.history is not None and sink.feed is not None]
        sounds = sum(sink.feed.rate_bps for sink in peer.sinks.values() if sink.history is None and sink.feed is not None)
        parts = shares(max(1, packet.bps - sounds), [stream.rate_bps for stream in videos])
        for stream, part in zip(videos, parts, strict=True):
            believed = part
            for sink in stream.sinks:
                if sink.peer is peer and sink.feed is stream:
                    sink.drain(part, now)
                    seen = stream.estimate.cap_bps and peer.checks.sees(now)  # whatever a busy browser says
                    believed = part if sink.is_full(now) else max(part, FREE_BPS if seen else BELIEVED_BPS)
                    sink.estimate_bps, sink.estimate_at, sink.receiver_bps = believed, now, packet.bps
            stream.estimate.report(peer.number, believed, stream.rate_bps, now)
            self._tell_limit(stream, now)

    def _tell_limit(self, stream: SourceStream, now: float) -> None:
        limit = self._limit(stream, now)
        if limit is not None:
            own = stream.peer.ssrc
            self._send_rtcp(stream.peer, [ReceiverReport(own), Remb(own, limit, (stream.source.key.ssrc,))])

    def _limit(self, stream: SourceStream, now: float) -> int | None:
        """What to tell the sender now: for the stream, or for all layers of a picture together."""
        if not stream.is_layered:
            return stream.estimate.due(stream.rate_bps, now, stream.narrowest(now))
        layers = [each for each in stream.layers if each.rate_bps]
        free = any(sink.feed is each and not sink.is_full(now) for each in layers for sink in each.sinks)
        return stream.peer.layered.due([(each.rate_bps, each.estimate.limits(now)) for each in layers], now, free=free)
