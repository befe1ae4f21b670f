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
from media.core.kinds import Kind
from media.core.path import Address
from media.core.routes import SinkKey, SourceKey
from media.core.rtp import ExtensionIds
from media.plane import native
from media.plane.interface import Sink, Source, SrtpKeys
from media.plane.native import NativePlane
from tests.reference import forward, relay, rtcp
from tests.reference.relay import PacketRelay

PROFILE = Policy.SRTP_PROFILE_AEAD_AES_128_GCM
PEERS = (1, 2, 3)
AUDIO, VIDEO = 10, 20  # SSRCs of what each peer sends, plus a hundred times its number
OPUS, VP8 = 111, 96
IDS = ExtensionIds(abs_send_time=2, audio_level=3)
FIRST = 7
"""Instead of each random number: both loops begin alike."""


@pytest.fixture(autouse=True, scope="module")
def same_beginnings() -> Any:
    chosen = SimpleNamespace(randbelow=lambda _below: FIRST, randbits=lambda _bits: FIRST)
    with pytest.MonkeyPatch.context() as patched:
        for module in (native, forward, relay):
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
    sequence: dict[int, int] = field(default_factory=lambda: {AUDIO: 65_530, VIDEO: 100})
    timestamp: dict[int, int] = field(default_factory=lambda: {AUDIO: (1 << 32) - 2000, VIDEO: 5})
    picture: int = 32_760
    held: list[bytes] = field(default_factory=list)

    def __post_init__(self) -> None:
        key = bytes([self.number]) * 28
        self.keys = SrtpKeys(PROFILE, key, key[::-1] + b"")
        self.send = session(key, sending=True)

    @property
    def address(self) -> Address:
        return ("192.0.2.1", 1000 + self.number)

    def packet(self, kind: int, *, key: bool = False, padding: bool = False, stamp: int = 0) -> bytes:
        """The next packet on a stream, encrypted."""
        number, at = self.sequence[kind], self.timestamp[kind]
        self.sequence[kind] = (number + 1) % (1 << 16)
        self.timestamp[kind] = (at + (960 if kind == AUDIO else 3000)) % (1 << 32)
        payload = b"opus" * 5
        if kind == VIDEO:
            self.picture = (self.picture + 1) % (1 << 15)
            head = bytes((0x90, 0xC0, 0x80 | self.picture >> 8, self.picture & 255, self.picture & 255, 0x10 if key else 0x11))
            payload = head + bytes(40)
        values = [(2, stamp.to_bytes(3, "big")), (3, b"\x7f")]
        plain = rtp.write(
            marker=kind == VIDEO, payload_type=OPUS if kind == AUDIO else VP8, sequence=number, timestamp=at,
            ssrc=self.number * 100 + kind, extensions=rtp.write_extensions(values), payload=b"" if padding else payload,
        )  # fmt: skip
        if padding:
            plain = bytes((plain[0] | 0x20,)) + plain[1:] + bytes(3) + b"\x04"
        return self.send.protect(plain)


class Pair:
    """Both loops side by side."""

    def __init__(self) -> None:
        self.now = 1000.0
        self.sent: list[tuple[bytes, Address]] = []
        self.reference = PacketRelay(lambda data, address: self.sent.append((data, address)), self, lambda: self.now)
        self.native = NativePlane(-1, self)
        self.peers = {number: Peer(number) for number in PEERS}
        self.ears = {
            number: {each: session(peer.keys.send, sending=False) for each in ("reference", "native")}
            for number, peer in self.peers.items()
        }
        for peer in self.peers.values():
            self.both("peer_add", peer.number, 4)
            self.both("peer_keys_set", peer.number, peer.keys)
            self.both("peer_address_set", peer.number, peer.address)
            for kind, stream, payload_type in ((Kind.AUDIO, AUDIO, OPUS), (Kind.VIDEO, VIDEO, VP8)):
                key = SourceKey(peer.number, peer.number * 100 + stream)
                self.both("source_set", Source(key, kind, payload_type, IDS))
                for other in PEERS:
                    ids = ExtensionIds(abs_send_time=20 if other == 2 else 5, audio_level=6)
                    self.both("sink_set", Sink(SinkKey(peer.number, 5000 + stream + other), kind, 120, ids, "seat"))
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
        for stream in (AUDIO, VIDEO):
            self.both("route_set", SinkKey(to, 5000 + stream + sink), SourceKey(of, of * 100 + stream))

    def clear(self, to: int, sink: int) -> None:
        self.feeds.pop((to, sink), None)
        for stream in (AUDIO, VIDEO):
            self.both("route_clear", SinkKey(to, 5000 + stream + sink))

    def arrive(self, data: bytes, address: Address) -> None:
        self.reference.datagram(data, address)
        self.native.datagram(data, address, self.now)
        self.agree()

    def report(self) -> None:
        self.reference.report()
        self.native.report(self.now)
        self.agree()

    def agree(self) -> None:
        """What each sent, decrypted, in order for each receiver and stream."""
        first, self.sent = self._heard(self.sent, "reference"), []
        second = self._heard(self.native.sent(), "native")
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

    # what the loops hand up
    def datagram_received(self, data: bytes, address: Address) -> None: ...
    def source_unknown(self, peer: int, mid: str, ssrc: int) -> None: ...
    def peer_moved(self, peer: int, address: Address) -> None: ...
    def peer_faulted(self, peer: int, fault: Exception) -> None:
        raise fault


ACTS = ("audio", "frame", "frame", "key", "padding", "lost", "hold", "release", "nack", "pli", "remb", "sender", "receiver",
        "route", "clear", "report", "noise")  # fmt: skip
steps = st.lists(
    st.tuples(
        st.sampled_from(ACTS), st.sampled_from(PEERS), st.sampled_from(PEERS), st.floats(0.0, 0.6), st.integers(1, 1 << 23)
    ),
    min_size=20,
    max_size=90,
)


@given(steps)
@settings(max_examples=100)
def test_the_same_goes_in_and_the_same_comes_out(script: list[tuple[str, int, int, float, int]]) -> None:
    pair = Pair()
    for act, who, other, after_s, number in script:
        pair.now += after_s
        perform(pair, act, pair.peers[who], other, number)
    assert counted(pair.reference) == counted(pair.native)
    pair.native.close()


def counted(plane: PacketRelay | NativePlane) -> list[tuple[int, ...]]:
    """The figures of every source."""
    lines = plane.source_counters()
    return sorted((line.key.peer, line.key.ssrc, line.packets, line.octets, line.lost) for line in lines)


def perform(pair: Pair, act: str, peer: Peer, other: int, number: int) -> None:
    """One step of the script, to both."""
    sink = 5000 + VIDEO + other
    match act:
        case "audio":
            pair.arrive(peer.packet(AUDIO, stamp=number), peer.address)
        case "frame" | "key" | "padding":
            pair.arrive(peer.packet(VIDEO, key=act == "key", padding=act == "padding", stamp=number), peer.address)
        case "lost":
            peer.packet(VIDEO)
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
            return [rtcp.ReceiverReport(own, (rtcp.ReportBlock(sink, 3, 5, 100, 7, number & 0xFFFFFFFF, number % 30_000),))]
