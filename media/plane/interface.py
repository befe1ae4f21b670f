"""What a plane is asked to do, whichever loop carries it out. It knows peers, sources, sinks and routes; never people."""

from collections.abc import Container
from dataclasses import dataclass
from typing import NamedTuple, Protocol

from media.core.kinds import Codec
from media.core.path import Address
from media.core.routes import SinkKey, SourceKey
from media.core.rtp import ExtensionIds


@dataclass(frozen=True, slots=True, repr=False)
class SrtpKeys:
    """Key and salt joined, as libsrtp takes them; `profile` is libsrtp's number. No repr: keys must not reach a log."""

    profile: int
    receive: bytes
    send: bytes


@dataclass(frozen=True, slots=True)
class Repair:
    """A stream of retransmissions beside another (RFC 4588); of a source `ssrc` may not be known yet."""

    payload_type: int
    ssrc: int | None


@dataclass(frozen=True, slots=True)
class Source:
    """A stream that `key.peer` sends on `key.ssrc`."""

    key: SourceKey
    codec: Codec
    payload_type: int
    extensions: ExtensionIds
    repair: Repair | None = None


@dataclass(frozen=True, slots=True)
class Sink:
    """A stream that `key.peer` is sent under `key.ssrc`; `cname` binds sound and picture of one sender (RFC 7022).

    Without `repair` what is asked for again is sent again as it was. Every packet bears `mid`, of at most 16 characters, where
    its extension was negotiated (RFC 8843, 9.2): packets may overtake the answer that tells of their SSRC.
    """

    key: SinkKey
    codec: Codec
    payload_type: int
    extensions: ExtensionIds
    cname: str
    repair: Repair | None = None
    mid: str = ""


class SourceCounters(NamedTuple):
    key: SourceKey
    packets: int
    octets: int
    lost: int
    jitter_ms: float
    congested: bool
    """Its receivers' estimates have fallen below its rate."""
    uplink_bps: int
    """What its own way here carries while a queue stands on it; 0: there is none."""
    uplink_late_s: float
    """How much later than the quickest every packet of the last moment came."""
    came_bps: int = 0
    """How fast what follows a picture's first packet came: its own way here carries at least that."""
    sent_bps: int = 0
    """How fast that was sent."""
    bursts_at: float = 0.0
    """When that was so (the loop's clock; 0: never)."""
    pictures: int = 0
    """That came to their end."""


class SinkCounters(NamedTuple):
    """`receiver_bps` is what the receiver can take of everything, 0 while it has not said; `lost` its share of packets.

    What it said is as old as `reported_at` and `estimate_at` say (the loop's clock; 0: never).
    """

    key: SinkKey
    packets: int
    octets: int
    retransmitted: int
    receiver_bps: int = 0
    lost: float = 0.0
    round_trip_ms: float = 0.0
    reported_at: float = 0.0
    estimate_bps: int = 0
    """This source's part of what the receiver can take."""
    estimate_at: float = 0.0
    downlink_bps: int = 0
    """What the way to the receiver carries of this picture while a queue stands on it; 0: there is none."""
    downlink_late_s: float = 0.0
    """How much longer than the path's own trip packets are under way."""
    downlink_at: float = 0.0
    room_bps: int = 0
    """What the way to the receiver carries at least of everything, by checks that follow a picture; 0: not known."""
    room_at: float = 0.0
    """When that was so (the loop's clock)."""


@dataclass(frozen=True, slots=True)
class Tap:
    """Where copies of a source go: the Unix SOCK_SEQPACKET socket at `path`, as `stream`. `codec` is one of `TAP_CODECS`."""

    path: str
    stream: int
    codec: str


TAP_CODECS = {"opus": 1, "vp8": 2, "h264": 3}
"""Codecs by their number in a copy's head."""


@dataclass(frozen=True, slots=True)
class TapCounters:
    """Copies made and dropped of one source under one stream."""

    key: SourceKey
    stream: int
    copied: int
    dropped: int


@dataclass(frozen=True, slots=True)
class Totals:
    """Datagrams since the start; `packets_dropped` came in and were refused."""

    packets_in: int
    packets_out: int
    packets_dropped: int


class Plane(Protocol):
    """Peers are small numbers given by the caller. Orders about what is unknown are ignored: the loop may be ahead."""

    def peer_add(self, peer: int, names: ExtensionIds) -> None:
        """A peer that sources and sinks may be set for; nothing flows before its keys and address.

        By mid, rid and repaired rid of `names` packets of unknown SSRCs say what they are (RFC 8843, 9.2; RFC 8852).
        """

    def peer_keys_set(self, peer: int, keys: SrtpKeys) -> None:
        """Once per peer. From here on nothing else may encrypt with these keys (nonce reuse)."""

    def peer_address_add(self, peer: int, address: Address) -> None:
        """Accepts packets from `address` as this peer's; an address belongs to one peer, the last."""

    def peer_address_set(self, peer: int, address: Address) -> None:
        """The same, and sends to it from the next packet on."""

    def peer_answered(self, peer: int, trip_s: float) -> None:
        """A connectivity check at the address in use was answered after `trip_s`: what is longer under way stands in a queue."""

    def peer_check_add(self, peer: int, request: bytes) -> None:
        """One of at most eight connectivity checks, signed, of a transaction each, to be sent while a picture flows to the peer:
        how soon they are answered tells of queues. Their answers are not handed up."""

    def peer_address_remove(self, peer: int, address: Address) -> None:
        """Accepts no more packets from `address` as this peer's."""

    def peer_remove(self, peer: int) -> None:
        """Forgets the peer, its addresses, sources, sinks and routes."""

    def source_set(self, source: Source) -> None: ...

    def source_clear(self, key: SourceKey) -> None: ...

    def sink_set(self, sink: Sink) -> None:
        """A sink keeps its numbering while it exists, whatever feeds it."""

    def sink_clear(self, key: SinkKey) -> None: ...

    def route_set(self, sink: SinkKey, source: SourceKey) -> None:
        """Feeds the sink from the source, for video from its next key frame on; their codecs must be the same."""

    def route_change(self, sink: SinkKey, source: SourceKey) -> None:
        """The same, but what feeds the sink now goes on doing so until that key frame."""

    def route_clear(self, sink: SinkKey) -> None: ...

    def keyframe_request(self, source: SourceKey) -> None:
        """Asks the sender, at a bounded pace."""

    def source_cap_set(self, source: SourceKey, cap_bps: int) -> None:
        """The sender was told by other means to send no more than this; 0: nothing was told.

        While it keeps to it, estimates limit it only when the receivers suddenly take less; that they did while it had none
        counts no more.
        """

    def tap_set(self, source: SourceKey, tap: Tap | None) -> bool:
        """Copies the source's decrypted packets to the recorder from now on; none ends it before it returns.

        Copies are dropped, never waited for. The same again mends a connection that the recorder's end has closed. False when
        nobody listens there, or there is no such source.
        """

    def peer_heard_at(self, peer: int) -> float:
        """When the last authentic packet of the peer came, on the loop's clock; 0 before the first."""

    def peers_heard(self, since: float) -> set[int]:
        """Of whom an authentic packet came after `since`."""

    def peers_troubled(self, now: float) -> set[int]:
        """Whose packets, or packets to whom, are lost or wait in a queue."""

    def peer_heard_from(self, peer: int) -> Address | None:
        """From where the last authentic packet of the peer came."""

    def source_counters(self, of: Container[int] | None = None) -> list[SourceCounters]:
        """Of these peers; of all by default."""

    def sink_counters(self, of: Container[int] | None = None) -> list[SinkCounters]:
        """Of these peers; of all by default."""

    def tap_counters(self) -> list[TapCounters]: ...

    def totals(self) -> Totals: ...


@dataclass(frozen=True, slots=True)
class Unknown:
    """An SSRC not set, and what its packet says of itself: m-line, layer, layer whose retransmissions these are; else empty."""

    ssrc: int
    payload_type: int
    mid: str
    rid: str = ""
    repaired_rid: str = ""


class Upward(Protocol):
    """What the plane hands up."""

    def datagram_received(self, data: bytes, address: Address, at: float) -> None:
        """STUN and DTLS from anyone (1 to 1,500 bytes), unchecked; it came at `at`, on the loop's clock."""

    def peer_moved(self, peer: int, address: Address) -> None:
        """A packet that only the peer can have made came from an address that nobody owns (a NAT gave it another one)."""

    def peer_flooded(self, peer: int) -> None:
        """The line to `peer` carries far less than it is sent, and one of its pictures has layers: that one has stopped."""

    def source_unknown(self, peer: int, unknown: Unknown) -> None:
        """An authentic packet of `peer` on an SSRC not set."""

    def peer_faulted(self, peer: int, fault: Exception) -> None:
        """Handling a packet of `peer` raised: a bug, confined to that peer's session."""
