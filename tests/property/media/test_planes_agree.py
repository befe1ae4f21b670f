"""The native packet loop and its specification in Python are given the same packets at the same times: the same goes out."""

from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pylibsrtp import Error as SrtpError
from pylibsrtp import Policy, Session

from media.core import rtp
from media.core.kinds import Codec
from media.core.path import Address
from media.core.routes import SinkKey, SourceKey
from media.core.rtp import ExtensionIds
from media.plane import native
from media.plane.interface import Repair, Sink, Source, SrtpKeys, Unknown
from media.plane.native import NativePlane
from tests.reference import forward, relay, rtcp, streams
from tests.reference.relay import PacketRelay

PROFILE = Policy.SRTP_PROFILE_AEAD_AES_128_GCM
PEERS = (1, 2, 3)
AUDIO, VIDEO, LOW, AGAIN, H264 = 10, 20, 21, 30, 40  # SSRCs of what each peer sends, plus a hundred times its number
OPUS, VP8, RTX, AVC = 111, 96, 97, 102
STREAMS = {AUDIO: (Codec.OPUS, OPUS), VIDEO: (Codec.VP8, VP8), LOW: (Codec.VP8, VP8), H264: (Codec.H264, AVC)}
IDS = ExtensionIds(abs_send_time=2, audio_level=3)
MIDS = {1: "4", 2: "sixteen-letters.", 3: "5"}
FIRST = 7
"""Instead of each random number: both loops begin alike."""


@pytest.fixture(autouse=True, scope="module")
def same_beginnings() -> Any:
    chosen = SimpleNamespace(randbelow=lambda _below: FIRST, randbits=lambda _bits: FIRST)
    with pytest.MonkeyPatch.context() as patched:
        for module in (native, forward, relay, streams):
            patched.setattr(module, "secrets", chosen)
        yield


def session(key: bytes, *, sending: bool) -> Session:
    policy = Policy(key, Policy.SSRC_ANY_OUTBOUND if sending else Policy.SSRC_ANY_INBOUND, 0, PROFILE)
    policy.window_size, policy.allow_repeat_tx = 1024, True
    return Session(policy)


@dataclass
class Peer:
    """Somebody who sends both kinds and is sent both by the two others."""

    number: int
    sequence: dict[int, int] = field(default_factory=lambda: {AUDIO: 65_530, VIDEO: 100, LOW: 9, H264: 65_500})
    timestamp: dict[int, int] = field(default_factory=lambda: {AUDIO: (1 << 32) - 2000, VIDEO: 5, LOW: 77, H264: 1 << 31})
    picture: int = 32_760
    held: list[bytes] = field(default_factory=list)
    made: list[bytes] = field(default_factory=list)
    """The last packets of the video, plain, lost ones too."""
    again: int = 65_533

    def __post_init__(self) -> None:
        key = bytes([self.number]) * 28
        self.keys = SrtpKeys(PROFILE, key, key[::-1] + b"")
        self.send = session(key, sending=True)

    @property
    def address(self) -> Address:
        return ("192.0.2.1", 1000 + self.number)

    def packet(self, kind: int, *, key: bool = False, padding: bool = False, ends: bool = True, stamp: int = 0) -> bytes:
        """The next packet on a stream, encrypted; `ends`: with it its picture does."""
        number, at = self.sequence[kind], self.timestamp[kind]
        self.sequence[kind] = (number + 1) % (1 << 16)
        if ends:
            self.timestamp[kind] = (at + (960 if kind == AUDIO else 3000)) % (1 << 32)
        payload = b"opus" * 5
        if kind in (VIDEO, LOW):
            self.picture = (self.picture + 1) % (1 << 15)
            head = bytes((0x90, 0xC0, 0x80 | self.picture >> 8, self.picture & 255, self.picture & 255, 0x10 if key else 0x11))
            payload = head + bytes(40)
        if kind == H264:
            payload = avc(number, key=key)
        values = [(2, stamp.to_bytes(3, "big")), (3, b"\x7f")]
        plain = rtp.write(
            marker=kind == VIDEO and ends, payload_type=STREAMS[kind][1], sequence=number, timestamp=at,
            ssrc=self.number * 100 + kind, extensions=rtp.write_extensions(values), payload=b"" if padding else payload,
        )  # fmt: skip
        if kind == VIDEO:
            self.made = [*self.made, plain][-30:]
        if padding:
            plain = bytes((plain[0] | 0x20,)) + plain[1:] + bytes(3) + b"\x04"
        return self.send.protect(plain)

    def sent_again(self, number: int) -> bytes:
        """One of the last packets as the stream of retransmissions has it; now and then padding, or one that is too short."""
        plain = self.made[number % len(self.made)]
        header = rtp.parse(plain)
        assert header is not None
        self.again = (self.again + 1) % (1 << 16)
        payload = plain[2:4] + plain[header.payload_start :]
        return self.send.protect(
            rtp.write(
                marker=header.marker, payload_type=RTX if number % 17 else VP8, sequence=self.again, timestamp=header.timestamp,
                ssrc=self.number * 100 + AGAIN, extensions=plain[12 : header.payload_start],
                payload=payload[: number % 3] if number % 13 == 0 else payload,
            )
        )  # fmt: skip


def avc(number: int, *, key: bool) -> bytes:
    """An H.264 packet of any form: with parameter sets where `key`, in odd places where not."""
    if key:
        return (b"\x67\x42\xe0" + bytes(9), b"\x18\x00\x04\x67abc\x00\x04\x68abc", b"\x7c\x87" + bytes(9))[number % 3]
    forms = (b"\x61" + bytes(20), b"\x18\x00\x02\x61a\x00\x09\x67", b"\x7c\x07a", b"\x65ab", b"\x18\x00\x00\x67", b"\x67")
    return forms[number % len(forms)]


MOST_PASSED = 1000


class Told:
    """What a loop hands up."""

    def __init__(self) -> None:
        self.flooded: list[int] = []

    def peer_flooded(self, peer: int) -> None:
        self.flooded.append(peer)

    def datagram_received(self, data: bytes, address: Address, at: float) -> None: ...
    def source_unknown(self, peer: int, unknown: Unknown) -> None: ...
    def peer_moved(self, peer: int, address: Address) -> None: ...
    def peer_faulted(self, peer: int, fault: Exception) -> None:
        raise fault


class Pair:
    """Both loops side by side."""

    def __init__(self) -> None:
        self.now = 1000.0
        self.sent: list[tuple[bytes, Address]] = []
        self.passed: list[tuple[bytes, Address]] = []
        """The same, for whoever wants it afterwards: as the native one sent it."""
        self.told = Told(), Told()
        self.reference = PacketRelay(lambda data, address: self.sent.append((data, address)), self.told[0], lambda: self.now)
        self.native = NativePlane(-1, self.told[1])
        self.peers = {number: Peer(number) for number in PEERS}
        self.ears = {
            number: {each: session(peer.keys.send, sending=False) for each in ("reference", "native")}
            for number, peer in self.peers.items()
        }
        for peer in self.peers.values():
            self.both("peer_add", peer.number, ExtensionIds(mid=4))
            self.both("peer_keys_set", peer.number, peer.keys)
            self.both("peer_address_set", peer.number, peer.address)
            for stream, (codec, payload_type) in STREAMS.items():
                key = SourceKey(peer.number, peer.number * 100 + stream)
                repair = Repair(RTX, peer.number * 100 + AGAIN) if stream == VIDEO and peer.number != 3 else None
                self.both("source_set", Source(key, codec, payload_type, IDS, repair))
                for other in PEERS if stream != LOW else ():
                    ids = ExtensionIds(abs_send_time=20 if other == 2 else 5, audio_level=6, mid=None if other == 3 else 7)
                    again = Repair(121, 6000 + other) if stream == VIDEO and peer.number != 2 else None
                    named = SinkKey(peer.number, 5000 + stream + other)
                    self.both("sink_set", Sink(named, codec, 120, ids, "seat", again, MIDS[other]))
        self.feeds: dict[tuple[int, int], int] = {}
        for to in PEERS:
            for of in PEERS:
                self.route(to, of, of)

    def both(self, order: str, *arguments: Any) -> None:
        getattr(self.reference, order)(*arguments)
        getattr(self.native, order)(*arguments)

    def route(self, to: int, sink: int, of: int) -> None:
        if to == of:
            return
        for before in [key for key, fed in self.feeds.items() if key[0] == to and fed == of and key[1] != sink]:
            self.clear(*before)  # nobody is sent the same twice
        self.feeds[to, sink] = of
        for stream in (AUDIO, VIDEO, H264):
            self.both("route_set", SinkKey(to, 5000 + stream + sink), SourceKey(of, of * 100 + stream))

    def change(self, to: int, sink: int, layer: int) -> None:
        """To another layer of whoever feeds the sink, or to a stream that it cannot take."""
        of = self.feeds.get((to, sink))
        if of is not None:
            self.both("route_change", SinkKey(to, 5000 + VIDEO + sink), SourceKey(of, of * 100 + layer))

    def drop(self, of: int, layer: int) -> None:
        """A layer goes and is there again, under other numbers."""
        key, (codec, payload_type) = SourceKey(of, of * 100 + layer), STREAMS[layer]
        self.both("source_clear", key)
        repair = Repair(RTX, of * 100 + AGAIN) if layer == VIDEO and of != 3 else None
        self.both("source_set", Source(key, codec, payload_type, IDS, repair))

    def clear(self, to: int, sink: int) -> None:
        self.feeds.pop((to, sink), None)
        for stream in (AUDIO, VIDEO, H264):
            self.both("route_clear", SinkKey(to, 5000 + stream + sink))

    def arrive(self, data: bytes, address: Address) -> None:
        self.reference.datagram(data, address)
        self.native.datagram(data, address, self.now)
        self.agree()

    def order(self, source: SourceKey) -> None:
        """A key frame for a copy of it."""
        self.reference.keyframe_request(source)
        self.native.ask_keyframe(source, self.now)
        self.agree()

    def report(self) -> None:
        self.reference.report()
        self.native.report(self.now)
        self.agree()

    def agree(self) -> None:
        """What each sent, decrypted, in order for each receiver and stream."""
        first, self.sent = self._heard(self.sent, "reference"), []
        own = self.native.sent()
        self.native.take_up()
        assert sorted(self.told[0].flooded) == sorted(self.told[1].flooded)  # what one packet makes due is in no order
        self.passed = [*self.passed, *own][-MOST_PASSED:]
        second = self._heard(own, "native")
        assert first == second

    def _heard(self, sent: list[tuple[bytes, Address]], by: str) -> dict[tuple[int, int], list[bytes]]:
        heard: dict[tuple[int, int], list[bytes]] = {}
        for data, address in sent:
            number = address[1] - 1000
            control = 192 <= data[1] < 224
            try:
                ear = self.ears[number][by]
                plain = ear.unprotect_rtcp(data) if control else ear.unprotect(data)
            except SrtpError:  # sent again: the same ciphertext, which the window refuses
                plain = b"again" + data
            stream = 0 if control else int.from_bytes(data[8:12], "big")
            heard.setdefault((number, stream), []).append(plain)
        return heard


ACTS = ("audio", "frame", "frame", "key", "low", "low", "low key", "avc", "avc key", "change", "drop", "padding",
        "lost", "again", "hold", "release", "nack", "pli", "remb", "sender", "receiver",
        "route", "clear", "report", "noise", "cap", "answered", "check", "check answered", "order")  # fmt: skip
steps = st.lists(
    st.tuples(
        st.sampled_from(ACTS), st.sampled_from(PEERS), st.sampled_from(PEERS), st.floats(0.0, 0.6), st.integers(1, 1 << 23)
    ),
    min_size=20,
    max_size=120,
)


@given(steps)
@settings(max_examples=100)
def test_the_same_goes_in_and_the_same_comes_out(script: list[tuple[str, int, int, float, int]]) -> None:
    pair = Pair()
    for act, who, other, after_s, number in script:
        pair.now += after_s
        perform(pair, act, pair.peers[who], other, number)
    assert counted(pair.reference) == counted(pair.native)
    assert told(pair.reference) == told(pair.native)
    for since in (0.0, pair.now / 2, pair.now):
        heard = pair.reference.peers_heard(since)
        assert heard == pair.native.peers_heard(since)
        assert pair.reference.peers_troubled(since) == pair.native.peers_troubled(since)
        assert [line for line in pair.native.source_counters() if line.key.peer in heard] == pair.native.source_counters(heard)
        assert [line for line in pair.native.sink_counters() if line.key.peer in heard] == pair.native.sink_counters(heard)
    pair.native.close()


def counted(plane: PacketRelay | NativePlane) -> list[tuple[float, ...]]:
    """The figures of every source."""
    lines = plane.source_counters()
    return sorted(
        (line.key.peer, line.key.ssrc, *line[1:4], line.congested, *line[6:])  # of jitter each has its own rounding
        for line in lines
    )


def told(plane: PacketRelay | NativePlane) -> list[tuple[float, ...]]:
    """The figures of every sink, what its receiver said among them."""
    lines = plane.sink_counters()
    sent = [(line.key.peer, line.key.ssrc, line.packets, line.retransmitted) for line in lines]
    heard = [(line.lost, round(line.round_trip_ms, 3), line.reported_at, line.estimate_bps, line.estimate_at) for line in lines]
    waiting = [
        (line.downlink_bps, round(line.downlink_late_s, 6), line.downlink_at, line.room_bps, line.room_at) for line in lines
    ]
    return sorted((*one, *other, *more) for one, other, more in zip(sent, heard, waiting, strict=True))


def perform(pair: Pair, act: str, peer: Peer, other: int, number: int) -> None:
    """One step of the script, to both."""
    sink = 5000 + VIDEO + other
    match act:
        case "audio":
            pair.arrive(peer.packet(AUDIO, stamp=number), peer.address)
        case "frame" | "key" | "padding":
            data = peer.packet(VIDEO, key=act == "key", padding=act == "padding", ends=number % 3 > 0, stamp=number)
            pair.arrive(data, peer.address)
        case "low" | "low key":
            pair.arrive(peer.packet(LOW, key=act == "low key", stamp=number), peer.address)
        case "avc" | "avc key":
            pair.arrive(peer.packet(H264, key=act == "avc key", stamp=number), peer.address)
        case "change":
            pair.change(peer.number, other, (LOW, VIDEO, LOW, VIDEO, H264)[number % 5])
        case "drop":
            pair.drop(peer.number, (LOW, VIDEO)[number % 2])
        case "lost":
            peer.packet(VIDEO)
        case "again":
            if peer.made:
                pair.arrive(peer.sent_again(number), peer.address)
        case "hold":
            peer.held.append(peer.packet(VIDEO, stamp=number))
        case "release":
            if peer.held:
                pair.arrive(peer.held.pop(0), peer.address)
        case "route":
            pair.route(peer.number, other, 1 + number % len(PEERS))
        case "clear":
            pair.clear(peer.number, other)
        case "report":
            pair.report()
        case "cap":
            pair.both("source_cap_set", SourceKey(peer.number, peer.number * 100 + VIDEO), number % 2 and number >> 2)
        case "order":
            pair.order(SourceKey(peer.number, peer.number * 100 + VIDEO))
        case "answered":
            pair.both("peer_answered", peer.number, number % 1000 / 1000)
        case "check" | "check answered":
            data = b"\x00\x01" + bytes(6) + bytes((peer.number, number % 8)) * 6
            if act == "check":
                pair.both("peer_check_add", peer.number, data)
            else:
                pair.arrive(b"\x01\x01" + data[2:], peer.address)
        case "noise":
            pair.arrive(number.to_bytes(4, "big") * 5, peer.address)
        case _:
            pair.arrive(peer.send.protect_rtcp(rtcp.build(feedback(act, peer, sink, number))), peer.address)


def feedback(act: str, peer: Peer, sink: int, number: int) -> list[rtcp.Packet]:
    """What a browser would say."""
    own = peer.number * 100 + VIDEO
    match act:
        case "nack":
            return [rtcp.Nack(own, sink, tuple((FIRST + number + step) % 64 for step in range(number % 20)))]
        case "pli":
            return [rtcp.ReceiverReport(own), rtcp.PictureLoss(own, sink)]
        case "remb":
            return [rtcp.Remb(own, number, (sink,))]
        case "sender":
            return [rtcp.SenderReport(own, number << 16, number, 1, 2), rtcp.CanonicalName(own, "browser")]
        case _:
            lost, highest, delay = number % 7, FIRST + number % 80, number % 30_000
            return [rtcp.ReceiverReport(own, (rtcp.ReportBlock(sink, 3, lost, highest, 7, number & 0xFFFFFFFF, delay),))]
