"""The state of one peer, source and sink inside the Python packet loop. Holds, counts; sends nothing."""

import secrets
from collections import deque
from dataclasses import dataclass, field

from pylibsrtp import Error as SrtpError
from pylibsrtp import Policy, Session

from media.core import rtp
from media.core.kinds import CLOCK_RATE, Kind, kind_of
from media.core.path import Address
from media.core.rtp import ExtensionIds
from media.plane.interface import Sink, Source, SrtpKeys
from tests.reference.bandwidth import FALL, SEVERE, LayeredLimit, LeastEstimate
from tests.reference.bucket import Bucket
from tests.reference.bursts import Bursts
from tests.reference.checks import EMPTY_S, OVERLOAD, WATCHED_BPS, Checks
from tests.reference.downlink import DRAIN_S, LIFE_S, SILENCE_S, UNKNOWN_TRIP_S, Downlink, Losses
from tests.reference.flood import LEAST_DRAIN_S, LONGEST_ROOM_S, ROOM, Flood
from tests.reference.forward import Arrived, Forward, Origin
from tests.reference.history import HISTORY_PACKETS, History, Kept
from tests.reference.keyframes import Heeded, KeyframeRequests
from tests.reference.sendtime import SendClock
from tests.reference.sequence import MAX_MISORDER, Arrivals, Reception
from tests.reference.tap import Tap
from tests.reference.uplink import Uplink

RESEND_AFTER_S = 0.02
"""Several NACKs of one loss are answered once per this time."""
STALE_S = 1.0
"""Over the path's own trip, since it was last sent: its picture's time is over."""
RENACK_AFTER_S, LONGEST_TRIP_S = 0.05, 1.0
ASKED_TIMES, ASKED_LIFE_S, ASK_BYTES, ASK_LEAST_BYTES = 3, 5.0, 1200.0, 6000.0
"""For what the history lacks: more fill a full line with what comes too late. A receiver would wait three seconds for it, so it
gets a key frame."""
FIRST_REPEATS, REPEAT_PART = 8, 5
"""A fifth of what was sent again may be sent a second time."""
RESEND_SHARE, RESEND_LEAST_BYTES, UNKNOWN_BPS = 0.25, 4 * 1500.0, 1_500_000
DRAIN_ABOVE_BPS, DRAIN_PAUSE_S, LONGEST_DRAIN_S = 200_000, 5.0, 1.5
GROWN_S = 0.7
"""How long a queue has grown when a receiver tells of it."""
TROUBLE_LOST = 5
"""Of 256, in the last second."""
TRIP_GROWTH = 1.05
"""A check, of which there is one in five seconds: paths change."""
MAX_UNKNOWN_SSRCS = 16
"""Each SSRC that libsrtp tries costs it a stream; a browser uses about four."""
STRAYS_PER_S = 20
"""Packets from unowned addresses that are worth a try at decrypting for one peer: a second of sound is more than enough to be
found by, and whoever forges them costs no more than that."""
SRTP_WINDOW = 256
assert SRTP_WINDOW >= MAX_MISORDER


def srtp_session(keys: SrtpKeys, *, sending: bool) -> Session:
    """A session for any SSRC in one direction."""
    policy = Policy(
        key=keys.send if sending else keys.receive,
        ssrc_type=Policy.SSRC_ANY_OUTBOUND if sending else Policy.SSRC_ANY_INBOUND,
        srtp_profile=keys.profile,
    )
    policy.window_size = SRTP_WINDOW
    policy.allow_repeat_tx = False
    return Session(policy)


@dataclass(slots=True, eq=False)
class SourceStream:
    source: Source
    peer: "PlanePeer"
    sinks: "list[SinkStream]" = field(default_factory=list)
    keyframes: KeyframeRequests = field(init=False)
    estimate: LeastEstimate = field(default_factory=LeastEstimate)
    reception: Reception = field(init=False)
    arrivals: Arrivals = field(default_factory=Arrivals)
    """Of a source that is repaired."""
    last_report: int = 0
    """Middle 32 bits of the last sender report's NTP time (RFC 3550, 6.4.1)."""
    last_report_at: float = 0.0
    lost_fraction: int = 0
    """Of 256, of what came in the last second."""
    asks: Bucket = field(default_factory=lambda: Bucket(ASK_LEAST_BYTES))
    asked: deque[tuple[int, float]] = field(default_factory=lambda: deque(maxlen=HISTORY_PACKETS))
    tap: Tap | None = None
    uplink: Uplink = field(default_factory=Uplink)
    bursts: Bursts = field(default_factory=Bursts)
    pictures: int = 0
    """That came to their end."""
    lost_before: int = 0
    """When the queue on its way began."""
    rate_bps: int = 0
    """Of the last second."""
    measured_octets: int = 0
    measured_at: float = 0.0

    def __post_init__(self) -> None:
        self.reception = Reception(CLOCK_RATE[kind_of(self.source.codec)])
        self.keyframes = KeyframeRequests(self.peer.heeded)

    @property
    def origin(self) -> Origin:
        return Origin(self.source.codec, self.source.extensions, self.peer.clock)

    @property
    def is_troubled(self) -> bool:
        """What it sends is lost on its first hop, or waits there; or its receivers can take less."""
        return self.estimate.congested_at is not None or self.uplink.bps > 0 or self.lost_fraction > TROUBLE_LOST

    @property
    def layers(self) -> "list[SourceStream]":
        """All that its sender sends of pictures."""
        return [each for each in self.peer.sources.values() if kind_of(each.source.codec) is Kind.VIDEO]

    @property
    def is_layered(self) -> bool:
        """Whether it is one of several layers that flow. One that flows alone, though others are known and no cap keeps them
        back, has too small a limit for the next: by its receivers' estimates, half again what comes, that would never begin."""
        flowing = sum(each.rate_bps > 0 for each in self.layers)
        return flowing > 1 or (flowing == 1 and len(self.layers) > 1 and self.estimate.cap_bps == 0)

    def saw(self, header: rtp.RtpHeader, now: float, *, begins: bool) -> None:
        """A packet came; `begins`: with it a key frame."""
        self.pictures += kind_of(self.source.codec) is Kind.VIDEO and header.marker
        self.keyframes.saw(header.timestamp, now, begins=begins, ends=header.marker)

    def measure(self, now: float) -> None:
        """Takes the rate since the last call."""
        octets = self.reception.octets
        self.rate_bps = round((octets - self.measured_octets) * 8 / max(0.1, now - self.measured_at))
        self.measured_octets, self.measured_at = octets, now

    def narrowest(self, now: float) -> int:
        """What the ways to and from here leave it where queues stand on them; 0: there are none."""
        limits = [self.uplink.limit(), *(sink.downlink.limit(now) for sink in self.sinks if sink.feed is self)]
        return min((limit for limit in limits if limit), default=0)

    def _may_ask(self, now: float) -> bool:
        """A quarter of what comes may be asked for again: through a line on which a queue has been half a hundred packets would
        stand in the way of the key frame that makes them void."""
        return self.asks.take(self.rate_bps / 8 * RESEND_SHARE, ASK_BYTES, now)

    def missing(self, sequences: list[int], now: float) -> tuple[tuple[int, ...], bool]:
        """Those to ask the sender for, once per round trip whichever sinks miss them; and whether any was asked for in vain."""
        trip = min(LONGEST_TRIP_S, max((sink.round_trip for sink in self.peer.sinks.values()), default=0.0))
        fresh, lacks = [], False
        for sequence in dict.fromkeys(sequences):
            before = [at for asked, at in self.asked if asked == sequence and now - at < ASKED_LIFE_S]
            if any(now - at < max(RENACK_AFTER_S, trip) for at in before):
                continue
            if len(before) >= ASKED_TIMES or not self._may_ask(now):
                lacks = True
                continue
            fresh.append(sequence)
            self.asked.append((sequence, now))
        return tuple(fresh), lacks


@dataclass(slots=True, eq=False)
class SinkStream:
    sink: Sink
    peer: "PlanePeer"
    forward: Forward = field(init=False)
    history: History | None = field(init=False)
    feed: SourceStream | None = None
    following: SourceStream | None = None
    """Takes over with its key frame."""
    packets: int = 0
    octets: int = 0
    retransmitted: int = 0
    repeated: int = 0
    """Of those, the second and later times."""
    reports: list[tuple[int, float]] = field(default_factory=list)
    """Sender reports passed on: the middle of their NTP time, and when."""
    round_trip: float = 0.0
    receiver_bps: int = 0
    losses: Losses = field(default_factory=Losses)
    reported_at: float = 0.0
    estimate_bps: int | None = None
    estimate_at: float = 0.0
    drain_until: float = 0.0
    tell_at: float = 0.0
    """When another layer is to be chosen meanwhile; 0: there is none, or it was told."""
    downlink: Downlink = field(default_factory=Downlink)
    flood: Flood = field(default_factory=Flood)
    resends: Bucket = field(default_factory=lambda: Bucket(RESEND_LEAST_BYTES))
    repair_sequence: int = 0
    picture: int | None = None
    """The timestamp, at its source, of what was last passed on."""

    def goes_on(self, arrived: Arrived, now: float) -> None:
        """A packet is about to be passed on: it may be the first of a picture."""
        if self.history is not None and not arrived.again and arrived.header.timestamp != self.picture:
            self.picture = arrived.header.timestamp
            self.peer.checks.picture_begins(self.peer.octets, now)

    def wrap(self, plain: bytes) -> bytes:
        """The packet in the stream of retransmissions: own numbers, the first number before the payload (RFC 4588, 4)."""
        header = rtp.parse(plain)
        assert header is not None and self.sink.repair is not None and self.sink.repair.ssrc is not None
        again = rtp.write(
            marker=header.marker,
            payload_type=self.sink.repair.payload_type,
            sequence=self.repair_sequence,
            timestamp=header.timestamp,
            ssrc=self.sink.repair.ssrc,
            extensions=plain[12 : header.payload_start],
            payload=plain[2:4] + plain[header.payload_start :],
        )
        self.repair_sequence = (self.repair_sequence + 1) % (1 << 16)
        return again

    def is_stale(self, sequence: int, now: float) -> bool:
        """Whether so much time has passed over the path's own trip that its picture's is over."""
        kept = self.history.kept(sequence) if self.history is not None else None
        return kept is not None and now - kept.sent_at > STALE_S + self.peer.trip_s

    def resend(self, sequence: int, now: float) -> bytes | None:
        """The packet to send again, or none when it is not kept, was sent a round trip ago at most, or would be too much."""
        kept = self.history.kept(sequence) if self.history is not None else None
        if kept is None or self.is_under_way(kept, now) or self.is_given_up(sequence, now):
            return None
        if self.peer.address is None or not self.may_resend(len(kept.data), now):
            return None
        self.repeated += kept.again
        kept.sent_at, kept.again = now, True
        return kept.data

    def is_under_way(self, kept: Kept, now: float) -> bool:
        """Whether it was sent so lately that it may still come."""
        return now - kept.sent_at < max(RESEND_AFTER_S, min(1.0, self.round_trip))

    def is_given_up(self, sequence: int, now: float) -> bool:
        """Whether its repetition must have been lost as well, on a line on which too many are: more packets do not mend that."""
        kept = self.history.kept(sequence) if self.history is not None else None
        may_repeat = self.repeated < FIRST_REPEATS + (self.retransmitted - self.repeated) // REPEAT_PART
        return kept is not None and kept.again and not self.is_under_way(kept, now) and not may_repeat

    def may_resend(self, size: int, now: float) -> bool:
        """A quarter of what the receiver can take may go into packets sent again."""
        left = self.estimate_bps if self.estimate_bps is not None else UNKNOWN_BPS
        return self.resends.take(min(left, self.downlink.bps(now) or left) / 8 * RESEND_SHARE, size, now)

    def __post_init__(self) -> None:
        sink = self.sink
        self.forward = Forward(sink)
        self.history = History() if kind_of(sink.codec) is Kind.VIDEO else None
        self.repair_sequence = secrets.randbelow(1 << 15)

    def drain(self, part_bps: int, now: float) -> None:
        """The receiver suddenly takes far less than comes: a queue stands before it, and lets nothing else through.

        It gets nothing until that is gone, and goes on with a key frame.
        """
        assert self.feed is not None
        if self.peer.checks.sees(now):
            return  # they will tell of a queue, and a busy browser's estimate falls without one
        rate, former = self.feed.rate_bps, self.estimate_bps
        if former is None or part_bps >= FALL * former or part_bps >= SEVERE * rate or rate < DRAIN_ABOVE_BPS:
            return
        self._shut(GROWN_S * (rate - part_bps) / max(1, part_bps), now)

    def reported(self, highest: int, lost: int, now: float) -> bool:
        """Its receiver has so many packets; whether that tells of a queue, or of its end."""
        if self.history is None or self.history.is_empty or self.feed is None or now < self.drain_until:
            return False
        if self.peer.checks.sees(now):
            return False
        before, under_way = self.downlink.bps(now), self.history.under_way(highest % (1 << 16))
        late = max(0.0, under_way - (self.peer.trip_s or UNKNOWN_TRIP_S) - self.peer.clock.late(now))
        self.downlink.reported(highest, lost, late, (self.packets, self.octets), now)
        self._drain_queue(now)
        return bool(before or self.downlink.bps(now))

    def counts_losses(self, highest: int) -> bool:
        """Whether a report's do: after a change of layer from that on; and what a flood told stands until it was acted on."""
        return not self.tell_at and (self.losses.began or self.forward.since_key_frame(highest % (1 << 16)) is not None)

    def silent(self, now: float) -> bool:
        """To be asked each second: whether its receiver has not said a word for too long."""
        if self.history is None or self.history.is_empty or self.feed is None or not self.forward.open:
            return False
        if self.feed.rate_bps < DRAIN_ABOVE_BPS or self.peer.checks.sees(now):
            return False
        if not self.reported_at or now - max(self.reported_at, self.drain_until) <= SILENCE_S:
            return False
        self.downlink.silent(now - self.reported_at, self.feed.rate_bps, now)
        self._drain_queue(now)
        return True

    def is_troubled(self, now: float) -> bool:
        """What is sent to it is lost, or waits in a queue."""
        return self.downlink.is_troubled(self._share_lost(now), now)

    def is_full(self, now: float) -> bool:
        """Whether the relay sees any sign of a full link before this receiver."""
        return self.downlink.is_full(self._share_lost(now), now)

    def _share_lost(self, now: float) -> float:
        return self.losses.share if now - self.reported_at <= LIFE_S else 0.0

    def checked(self, now: float) -> bool:
        """The peer's checks tell of a queue; whether this is a picture that is sent through it."""
        if self.history is None or self.history.is_empty or self.feed is None:
            return False
        checks, rate = self.peer.checks, self.feed.rate_bps
        firm = self.peer.part_of(checks.firm_bps, self.feed)
        self.downlink.checked(self.peer.part_of(checks.bps, self.feed), firm, checks.late_s, now)
        bps = self.downlink.bps(now)
        if bps and rate >= DRAIN_ABOVE_BPS and (checks.late_s > DRAIN_S or rate > OVERLOAD * firm):
            self._shut(LONGEST_DRAIN_S, now)
        if not bps and checks.late_s < EMPTY_S and not self.tell_at and now < self.drain_until:
            self.drain_until = now
        return True

    def flooded(self, numbers: list[int], now: float) -> bool:
        """Its receiver asks for these. Where that is a flood, and the picture has layers, nothing more of this one is sent: the
        smaller one's key frame must get through."""
        assert self.feed is not None
        share = 0.0
        for number in numbers:
            share = self.flood.missed(number, now) or share
        if not share or not self.feed.is_layered or self.feed.rate_bps < DRAIN_ABOVE_BPS:
            return False
        if not self._shut(max(LEAST_DRAIN_S, self.downlink.late_s), now):
            return False
        self.losses.share, self.reported_at = share, now
        return True

    def _shut(self, seconds: float, now: float) -> bool:
        """Whether it may, so soon after the last time; of several layers whoever chooses is to do so anew."""
        if not self.forward.open or now - self.drain_until < DRAIN_PAUSE_S:
            return False
        self.drain_until = now + min(LONGEST_DRAIN_S, seconds)
        self.forward.switch()
        layered = self.feed is not None and self.feed.is_layered
        self.tell_at = now + min(LONGEST_ROOM_S, ROOM * seconds) if layered else 0.0
        return True

    def holds_back(self, stream: SourceStream, now: float) -> bool:
        """Whether of this source nothing passes for now, and nothing is asked for: a queue drains, and it is not the layer that
        was chosen for it; or its layer flooded the line, and the gate waits for what follows alone. Floods that are due are told
        first."""
        self.peer.tell_floods(now)
        drains = now < self.drain_until and (self.following is not stream or self.tell_at > 0)
        is_left = not self.forward.open and self.drain_until > 0 and self.following is not None
        return drains or (is_left and self.feed is stream)

    def _drain_queue(self, now: float) -> None:
        if self.downlink.must_drain(now):
            self._shut(self.downlink.late_s, now)

    def detach(self) -> None:
        """Takes the sink off its source; its numbering stays."""
        self.stop_waiting()
        if self.feed is not None:
            self.feed.sinks.remove(self)
            self.feed.estimate.forget(self.peer.number)
            self.estimate_bps = None
            self.drain_until = self.tell_at = 0.0
            self.feed = None

    def stop_waiting(self) -> None:
        if self.following is not None:
            self.following.sinks.remove(self)
            self.following = None

    def change(self) -> None:
        """The source that the sink waited for takes over."""
        following, self.following = self.following, None
        estimate = self.estimate_bps
        if following is not None and self.feed is not None:
            following.estimate.adopt(self.peer.number, self.feed.estimate)
        self.detach()
        self.feed, self.estimate_bps = following, estimate
        self.losses = Losses()
        self.forward.switch()


@dataclass(slots=True, eq=False)
class PlanePeer:
    number: int
    ssrc: int
    """Names the relay itself in reports and requests to this peer."""
    names: ExtensionIds = field(default_factory=ExtensionIds)
    address: Address | None = None
    addresses: set[Address] = field(default_factory=set)
    receive: Session | None = None
    send: Session | None = None
    sources: dict[int, SourceStream] = field(default_factory=dict)
    sinks: dict[int, SinkStream] = field(default_factory=dict)
    tried: set[int] = field(default_factory=set)
    heard_at: float = 0.0
    heard_from: Address | None = None
    strays: int = 0
    strays_since: float = 0.0
    clock: SendClock = field(default_factory=SendClock)
    trip_s: float = 0.0
    """Of a connectivity check to this address and its answer, the least of late; 0: not known."""
    layered: LayeredLimit = field(default_factory=LayeredLimit)
    heeded: Heeded = field(default_factory=Heeded)
    checks: Checks = field(default_factory=Checks)
    octets: int = 0
    """Sent to it."""
    is_flooded: bool = False
    """Which nobody was told yet."""

    def tell_floods(self, now: float) -> None:
        """Whoever chooses among layers is to do so anew once there is room for a key frame."""
        for sink in self.sinks.values():
            if sink.tell_at and now >= sink.tell_at:
                sink.tell_at, self.is_flooded = 0.0, True

    def answered_after(self, seconds: float) -> None:
        """A connectivity check was; later ones may have stood in queues."""
        self.trip_s = min(seconds, self.trip_s * TRIP_GROWTH) if self.trip_s else seconds

    def is_troubled(self, now: float) -> bool:
        """What it sends, or what is sent to it, is lost or waits in a queue."""
        return any(stream.is_troubled for stream in self.sources.values()) or any(
            sink.is_troubled(now) for sink in self.sinks.values()
        )

    def late_of(self, seconds: float, now: float) -> float:
        """What of them is neither the path's own nor waited behind what this peer sends."""
        return max(0.0, seconds - (self.trip_s or UNKNOWN_TRIP_S) - self.clock.late(now))

    def is_watched(self, now: float) -> bool:
        """Whether checks are to be sent to it."""
        fed = [sink.feed for sink in self.sinks.values() if sink.history is not None and sink.feed is not None]
        return self.checks.is_watched(any(feed.rate_bps >= WATCHED_BPS for feed in fed), now)

    def check_due(self, now: float, *, follows: bool = False) -> bytes | None:
        """The check to send now; `follows`: behind a picture."""
        if follows and not self.checks.is_time(now):
            return None
        return self.checks.due(self.octets, now, follows=follows) if self.is_watched(now) else None

    def path_changed(self) -> None:
        """Nothing that was seen of the former one counts."""
        self.trip_s, self.clock = 0.0, SendClock()
        self.checks.forget()
        for stream in self.sources.values():
            stream.uplink, stream.bursts = Uplink(), Bursts()

    def part_of(self, every: int, feed: SourceStream) -> int:
        """What a line that carries so much of everything leaves to one of its pictures; 0: there is no queue."""
        if not every:
            return 0
        fed = [(sink.history is not None, sink.feed.rate_bps) for sink in self.sinks.values() if sink.feed is not None]
        sounds, pictures = (sum(rate for seen, rate in fed if seen is wanted) for wanted in (False, True))
        rest = max(every - sounds, every // 4)
        return max(1, rest * feed.rate_bps // pictures if pictures else rest)

    def repaired(self, ssrc: int) -> SourceStream | None:
        """The source whose retransmissions come under `ssrc`."""
        streams = (stream for stream in self.sources.values() if stream.source.repair is not None)
        return next((stream for stream in streams if stream.source.repair and stream.source.repair.ssrc == ssrc), None)

    def may_stray(self, now: float) -> bool:
        """Whether one more packet from an unowned address may be tried for this peer."""
        if now - self.strays_since >= 1.0:
            self.strays, self.strays_since = 0, now
        self.strays += 1
        return self.strays <= STRAYS_PER_S

    def may_try(self, ssrc: int) -> bool:
        """Whether an SSRC nobody announced may cost a stream in libsrtp."""
        if ssrc in self.tried:
            return True
        if len(self.tried) >= MAX_UNKNOWN_SSRCS:
            return False
        self.tried.add(ssrc)
        return True


__all__ = ["PlanePeer", "SinkStream", "SourceStream", "SrtpError", "srtp_session"]
