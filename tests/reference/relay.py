"""The Python packet loop without its socket: datagrams and orders in, datagrams out. It decides nothing.

A native loop takes its place behind the same interface; this one shows what that one must do, packet by packet.
"""

import secrets
from collections.abc import Callable, Container

from media.core import rtp
from media.core.demux import MAX_DATAGRAM_BYTES, Protocol, classify
from media.core.kinds import Kind, kind_of
from media.core.path import Address
from media.core.routes import SinkKey, SourceKey
from media.core.rtp import ExtensionIds
from media.plane import interface
from media.plane.interface import Sink, SinkCounters, Source, SourceCounters, SrtpKeys, Totals, Unknown, Upward
from tests.reference import forward, rtcp
from tests.reference.feedback import Feedback
from tests.reference.streams import PlanePeer, SinkStream, SourceStream, SrtpError, srtp_session
from tests.reference.tap import Tap

MAX_NAME_BYTES = 16
"""Of a mid or a rid in a packet."""
MAX_PLAIN_BYTES = 1356
"""libsrtp's Python binding refuses longer plain packets."""

Send = Callable[[bytes, Address], None]


class PacketRelay:
    """`send` puts a datagram on the wire and may drop it; `clock` is monotonic seconds."""

    def __init__(self, send: Send, upward: Upward, clock: Callable[[], float]) -> None:
        self._send = send
        self._upward = upward
        self._clock = clock
        self._peers: dict[int, PlanePeer] = {}
        self._by_address: dict[Address, PlanePeer] = {}
        self._by_ssrc: dict[int, PlanePeer] = {}
        self._feedback = Feedback(self._send_rtcp, self._send_again)
        self._in = self._out = self._dropped = 0

    # --- orders ---

    def peer_add(self, peer: int, names: ExtensionIds) -> None:
        own_ssrc = secrets.randbelow((1 << 32) - 1) + 1
        self._peers.setdefault(peer, PlanePeer(peer, own_ssrc, names))

    def peer_keys_set(self, peer: int, keys: SrtpKeys) -> None:
        known = self._peers.get(peer)
        if known is not None and known.send is None:
            known.receive = srtp_session(keys, sending=False)
            known.send = srtp_session(keys, sending=True)

    def peer_address_add(self, peer: int, address: Address) -> None:
        known = self._peers.get(peer)
        if known is None:
            return
        former = self._by_address.get(address)
        if former is not None:
            former.addresses.discard(address)
        self._by_address[address] = known
        known.addresses.add(address)

    def peer_address_set(self, peer: int, address: Address) -> None:
        self.peer_address_add(peer, address)
        known = self._peers.get(peer)
        if known is not None:
            if known.address not in (None, address):
                known.path_changed()
            known.address = address

    def peer_answered(self, peer: int, trip_s: float) -> None:
        if peer in self._peers:
            self._peers[peer].answered_after(trip_s)

    def peer_check_add(self, peer: int, request: bytes) -> None:
        if peer in self._peers:
            self._peers[peer].checks.add(request)

    def peer_address_remove(self, peer: int, address: Address) -> None:
        known = self._peers.get(peer)
        if known is not None and address in known.addresses:
            known.addresses.discard(address)
            del self._by_address[address]

    def peer_remove(self, peer: int) -> None:
        known = self._peers.pop(peer, None)
        if known is None:
            return
        for address in known.addresses:
            del self._by_address[address]
        for key in [stream.source.key for stream in known.sources.values()]:
            self._source_drop(known, key.ssrc)
        for sink in known.sinks.values():
            sink.detach()

    def source_set(self, source: Source) -> None:
        known = self._peers.get(source.key.peer)
        if known is None:
            return
        present = known.sources.get(source.key.ssrc)
        if present is None:
            known.sources[source.key.ssrc] = SourceStream(source, known)
            self._by_ssrc[source.key.ssrc] = known
        elif kind_of(present.source.codec) is kind_of(source.codec):
            if present.source.codec is not source.codec:
                self._abandon(present)  # nobody is sent what they did not agree to
            present.source = source

    def source_clear(self, key: SourceKey) -> None:
        known = self._peers.get(key.peer)
        if known is not None:
            self._source_drop(known, key.ssrc)

    def sink_set(self, sink: Sink) -> None:
        known = self._peers.get(sink.key.peer)
        if known is not None and sink.key.ssrc not in known.sinks:
            known.sinks[sink.key.ssrc] = SinkStream(sink, known)

    def sink_clear(self, key: SinkKey) -> None:
        known = self._peers.get(key.peer)
        sink = known.sinks.pop(key.ssrc, None) if known is not None else None
        if sink is not None:
            sink.detach()

    def route_set(self, sink: SinkKey, source: SourceKey) -> None:
        to, feed = self._sink(sink), self._source(source)
        if to is None or feed is None or to.sink.codec is not feed.source.codec or (to.feed is feed and to.following is None):
            return
        to.detach()
        to.forward.switch()
        to.feed = feed
        feed.sinks.append(to)

    def route_change(self, sink: SinkKey, source: SourceKey) -> None:
        to, feed = self._sink(sink), self._source(source)
        if to is None or feed is None or to.sink.codec is not feed.source.codec or to.following is feed:
            return
        to.stop_waiting()
        if to.feed is not feed:
            to.following = feed
            feed.sinks.append(to)
        if to.feed is None:
            to.change()

    def route_clear(self, sink: SinkKey) -> None:
        to = self._sink(sink)
        if to is not None:
            to.detach()
            to.forward.switch()

    def keyframe_request(self, source: SourceKey) -> None:
        stream = self._source(source)
        if stream is not None:
            self._feedback.request_keyframe(stream, self._clock(), ordered=True)

    def source_cap_set(self, source: SourceKey, cap_bps: int) -> None:
        stream = self._source(source)
        if stream is not None:
            stream.estimate.capped(cap_bps)

    def tap_set(self, source: SourceKey, tap: interface.Tap | None) -> bool:
        stream = self._source(source)
        if stream is None:
            return False
        if stream.tap is not None and tap is not None and stream.tap.serves(tap):
            return True
        if stream.tap is not None:
            stream.tap.close()
        stream.tap = Tap.open(tap) if tap is not None else None
        return stream.tap is not None

    # --- figures ---

    def peer_heard_at(self, peer: int) -> float:
        known = self._peers.get(peer)
        return known.heard_at if known is not None else 0.0

    def peers_heard(self, since: float) -> set[int]:
        return {number for number, peer in self._peers.items() if peer.heard_at > since}

    def peers_troubled(self, now: float) -> set[int]:
        return {number for number, peer in self._peers.items() if peer.is_troubled(now)}

    def peer_heard_from(self, peer: int) -> Address | None:
        known = self._peers.get(peer)
        return known.heard_from if known is not None else None

    def source_counters(self, of: Container[int] | None = None) -> list[SourceCounters]:
        return [
            SourceCounters(
                stream.source.key,
                stream.reception.packets,
                stream.reception.octets,
                max(0, stream.reception.lost),
                stream.reception.jitter_ms,
                stream.estimate.congested_at is not None,
                stream.uplink.bps,
                stream.uplink.late_s,
                *stream.bursts.counted,
                stream.pictures,
            )
            for number, peer in self._peers.items()
            if of is None or number in of
            for stream in peer.sources.values()
        ]

    def sink_counters(self, of: Container[int] | None = None) -> list[SinkCounters]:
        return [
            SinkCounters(
                sink.sink.key,
                sink.packets,
                sink.octets,
                sink.retransmitted,
                sink.receiver_bps,
                sink.losses.share,
                sink.round_trip * 1000,
                sink.reported_at,
                sink.estimate_bps or 0,
                sink.estimate_at,
                *sink.downlink.counted,
                *peer.checks.room,
            )
            for number, peer in self._peers.items()
            if of is None or number in of
            for sink in peer.sinks.values()
        ]

    def tap_counters(self) -> list[interface.TapCounters]:
        return [
            interface.TapCounters(stream.source.key, stream.tap.to.stream, stream.tap.copied, stream.tap.dropped)
            for peer in self._peers.values()
            for stream in peer.sources.values()
            if stream.tap is not None
        ]

    def totals(self) -> Totals:
        return Totals(self._in, self._out, self._dropped)

    # --- packets ---

    def datagram(self, data: bytes, address: Address) -> None:
        """One datagram as the socket gave it, of any length and from anyone."""
        self._taken(data, address)
        self._tell_floods()

    def _tell_floods(self) -> None:
        for peer in self._peers.values():
            if peer.is_flooded:
                peer.is_flooded = False
                self._upward.peer_flooded(peer.number)

    def _taken(self, data: bytes, address: Address) -> None:
        self._in += 1
        if not 0 < len(data) <= MAX_DATAGRAM_BYTES:
            self._dropped += 1
            return
        match classify(data):
            case Protocol.STUN if self._checked(data, address):
                pass
            case Protocol.STUN | Protocol.DTLS:
                self._upward.datagram_received(data, address, self._clock())
            case Protocol.RTP | Protocol.RTCP as kind:
                owner = self._by_address.get(address)
                peer = owner or self._stray(data, kind)
                if peer is None or peer.receive is None:
                    self._dropped += 1
                    return
                try:
                    accepted = (self._rtp if kind is Protocol.RTP else self._rtcp)(peer, data)
                    if accepted:
                        self._heard_from(peer, address, owned=owner is not None)
                except Exception as fault:  # a bug must cost one session, not the worker
                    self._upward.peer_faulted(peer.number, fault)
                    accepted = False
                self._dropped += not accepted
            case _:
                self._dropped += 1

    def _checked(self, data: bytes, address: Address) -> bool:
        """Whether it answers one of the checks that this loop sends by itself."""
        peer, now = self._by_address.get(address), self._clock()
        if peer is None or len(data) < 20 or data[:2] != b"\x01\x01":
            return False
        before, answered = peer.checks.bps > 0, peer.checks.answered(data[8:20], now)
        if answered is None:
            return False
        peer.trip_s = min(peer.trip_s, answered.trip_s)
        if peer.trip_s:
            peer.checks.took_room(answered, answered.trip_s - peer.trip_s, now)
        peer.checks.took(answered.octets, peer.late_of(answered.trip_s, now), min(peer.clock.late(now), answered.trip_s), now)
        self._feedback.checked(peer, before, now)
        return True

    def _check(self, peer: PlanePeer, now: float) -> None:
        """To be called each tenth of a second."""
        if peer.address is None or peer.checks.is_idle(peer.octets, now):
            return
        before, since = peer.checks.bps > 0, peer.checks.waits_since
        if peer.checks.judge(peer.late_of(now - since, now) if since else 0.0, peer.clock.late(now), now) or before:
            self._feedback.checked(peer, before, now)
        self._put(peer, peer.check_due(now))

    def _put(self, peer: PlanePeer, data: bytes | None) -> None:
        if peer.address is not None and data is not None:
            self._out += 1
            peer.octets += len(data)
            self._send(data, peer.address)

    def _stray(self, data: bytes, kind: Protocol) -> PlanePeer | None:
        """The peer that an unowned address's packet may be of, by the SSRC it names; decrypting it will prove or disprove it."""
        at = 8 if kind is Protocol.RTP else 4
        peer = self._by_ssrc.get(int.from_bytes(data[at : at + 4], "big"))
        return peer if peer is not None and peer.may_stray(self._clock()) else None

    def _heard_from(self, peer: PlanePeer, address: Address, *, owned: bool) -> None:
        if peer.heard_from != address or not owned:
            peer.heard_from = address
            if not owned:
                self._upward.peer_moved(peer.number, address)

    def report(self) -> None:
        """To be called each second: receiver reports to every sender."""
        now = self._clock()
        for peer in list(self._peers.values()):
            self._feedback.report(peer, now)
            self._check(peer, now)
        self._tell_floods()

    def close(self) -> None:
        for peer in list(self._peers):
            self.peer_remove(peer)

    def _rtp(self, peer: PlanePeer, data: bytes) -> bool:
        if len(data) < 12 or peer.receive is None:
            return False
        ssrc = int.from_bytes(data[8:12], "big")
        stream = peer.sources.get(ssrc)
        repaired = peer.repaired(ssrc) if stream is None else None
        if stream is None and repaired is None and not peer.may_try(ssrc):
            return False
        try:
            plain = peer.receive.unprotect(data)
        except SrtpError:
            return False
        header = rtp.parse(plain)
        if header is None:
            return False
        now = peer.heard_at = self._clock()
        if repaired is not None:
            return self._repair(repaired, plain, header, now)
        if stream is None:
            stream = self._learn(peer, plain, header)
        if stream is None or header.payload_type != stream.source.payload_type:
            return False
        stream.reception.received(header.sequence, header.timestamp, len(data), now)
        if stream.source.repair is not None:
            stream.arrivals.note(header.sequence)
        self._deliver(stream, plain, header, now)
        return True

    def _repair(self, stream: SourceStream, plain: bytes, header: rtp.RtpHeader, now: float) -> bool:
        """A packet sent again becomes what it was (RFC 4588, 4), if that did not come; what else is no news ends here."""
        repair = stream.source.repair
        if repair is None or header.payload_type != repair.payload_type:
            return False
        if header.payload_end - header.payload_start < 2:
            return True
        at = header.payload_start
        sequence = int.from_bytes(plain[at : at + 2], "big")
        if not stream.arrivals.lacks(sequence):
            return True
        stream.arrivals.note(sequence)
        kind = plain[1] & 0x80 | stream.source.payload_type
        ssrc = stream.source.key.ssrc.to_bytes(4, "big")
        packet = plain[:1] + bytes((kind,)) + plain[at : at + 2] + plain[4:8] + ssrc + plain[12:at] + plain[at + 2 :]
        first = rtp.parse(packet)
        if first is not None:
            self._deliver(stream, packet, first, now, again=True)
        return True

    def _deliver(self, stream: SourceStream, plain: bytes, header: rtp.RtpHeader, now: float, *, again: bool = False) -> None:
        """A decrypted packet of a source, passed on; `again`: one that was missing."""
        if stream.tap is not None:
            stream.tap.copy(plain, now)
        arrived = forward.take_apart(plain, header, stream.origin, now, again=again)
        is_video = kind_of(stream.source.codec) is Kind.VIDEO
        stream.saw(header, now, begins=arrived.key_start)
        if arrived.abs_send_time is not None and is_video:
            if not again:
                stream.bursts.arrived(len(plain), header.timestamp, stream.peer.clock.late_s, now)
            self._feedback.arrived(stream, len(plain), now)
        for sink in list(stream.sinks):
            self._pass_on(stream, sink, arrived, now)

    def _learn(self, peer: PlanePeer, plain: bytes, header: rtp.RtpHeader) -> SourceStream | None:
        ids = peer.names
        mid, *others = (rtp.extension(plain, header, number) for number in (ids.mid, ids.rid, ids.repaired_rid))
        said = [mid or b"", *(other or b"" for other in others)]
        if mid is not None and all(name.isascii() and len(name) <= MAX_NAME_BYTES for name in said):
            names = [name.decode("ascii") for name in said]
            self._upward.source_unknown(peer.number, Unknown(header.ssrc, header.payload_type, *names))
        return peer.sources.get(header.ssrc)

    def _pass_on(self, stream: SourceStream, sink: SinkStream, arrived: forward.Arrived, now: float) -> None:
        to = sink.peer
        if to.send is None or to.address is None:
            return
        takes_over = sink.following is stream and arrived.key_start
        if not takes_over and sink.holds_back(stream, now):
            return
        if sink.feed is not stream and arrived.payload and (arrived.key_start or sink.forward.kind is Kind.AUDIO):
            sink.change()
        if sink.feed is not stream:
            self._feedback.request_keyframe(stream, now, waiting=True)
            return
        outgoing = sink.forward.pass_on(arrived, now)
        if outgoing is None:
            if not sink.forward.open:
                self._feedback.request_keyframe(stream, now, waiting=True)
            return
        if len(outgoing.data) > MAX_PLAIN_BYTES:
            self._dropped += 1
            return
        if sink.history is not None and sink.sink.repair is not None:
            sink.history.keep(outgoing.sequence, outgoing.data, now)
        try:
            sealed = to.send.protect(outgoing.data)
        except SrtpError:  # older than the window: the receiver has given it up long ago
            self._dropped += 1
            return
        if sink.history is not None and sink.sink.repair is None:
            sink.history.keep(outgoing.sequence, sealed, now)
        sink.packets += 1
        sink.octets += len(arrived.payload)
        sink.goes_on(arrived, now)
        self._put(to, sealed)
        if sink.history is not None and arrived.header.marker and not arrived.again:
            self._put(to, to.check_due(now, follows=True))

    def _rtcp(self, peer: PlanePeer, data: bytes) -> bool:
        if len(data) < 8 or peer.receive is None:
            return False
        ssrc = int.from_bytes(data[4:8], "big")
        if ssrc not in peer.sources and not peer.may_try(ssrc):
            return False
        try:
            plain = peer.receive.unprotect_rtcp(data)
        except SrtpError:
            return False
        peer.heard_at = self._clock()
        packets = rtcp.parse(plain)
        if packets is None:
            return False
        self._feedback.received(peer, packets, peer.heard_at)
        return True

    def _send_rtcp(self, to: PlanePeer, packets: list[rtcp.Packet]) -> None:
        if to.send is None or to.address is None:
            return
        self._put(to, to.send.protect_rtcp(rtcp.build(packets)))

    def _send_again(self, sink: SinkStream, data: bytes) -> None:
        if sink.peer.address is not None and sink.peer.send is not None:
            if sink.sink.repair is not None:
                data = sink.peer.send.protect(sink.wrap(data))
            self._put(sink.peer, data)

    # --- tables ---

    def _source(self, key: SourceKey) -> SourceStream | None:
        known = self._peers.get(key.peer)
        return known.sources.get(key.ssrc) if known is not None else None

    def _sink(self, key: SinkKey) -> SinkStream | None:
        known = self._peers.get(key.peer)
        return known.sinks.get(key.ssrc) if known is not None else None

    @staticmethod
    def _abandon(stream: SourceStream) -> None:
        """Nobody is fed any more, or waits; who waits for another source in place of this one gets it at once."""
        for sink in list(stream.sinks):
            if sink.following is stream:
                sink.stop_waiting()
            elif sink.following is not None:
                sink.change()
            else:
                sink.detach()
                sink.forward.switch()

    def _source_drop(self, peer: PlanePeer, ssrc: int) -> None:
        stream = peer.sources.pop(ssrc, None)
        if stream is None:
            return
        if self._by_ssrc.get(ssrc) is peer:
            del self._by_ssrc[ssrc]
        self._abandon(stream)
        if stream.tap is not None:
            stream.tap.close()
