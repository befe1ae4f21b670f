"""Random packets through the real packet loop, encrypted and decrypted by real SRTP: what a receiver may never see."""

import itertools
import secrets
from dataclasses import dataclass, field
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st
from pylibsrtp import Error as SrtpError
from pylibsrtp import Policy, Session
from pylibsrtp._binding import ffi, lib

from media.core import rtp
from media.core.kinds import Codec
from media.core.path import Address
from media.core.routes import SinkKey, SourceKey
from media.core.rtp import ExtensionIds
from media.plane.interface import Sink, Source, SrtpKeys, Unknown
from media.plane.native import MAX_PLAIN_BYTES, NativePlane
from tests.peers.browser import vp8_payload
from tests.reference import rtcp, vp8
from tests.reference.keyframes import MIN_INTERVAL_S

PROFILE = Policy.SRTP_PROFILE_AEAD_AES_128_GCM
SINK_SSRC = 77
VP8 = 96


def session(key: bytes, *, sending: bool) -> Session:
    policy = Policy(key, Policy.SSRC_ANY_OUTBOUND if sending else Policy.SSRC_ANY_INBOUND, 0, PROFILE)
    policy.window_size = 1024
    policy.allow_repeat_tx = True
    return Session(policy)


def protect_long(by: Session, data: bytes) -> bytes:
    """What the Python binding does, also for packets longer than it takes."""
    return _process(lib.srtp_protect, by, data)


def unprotect_long(by: Session, data: bytes) -> bytes:
    """The other way round."""
    return _process(lib.srtp_unprotect, by, data)


def _process(call: Any, by: Session, data: bytes) -> bytes:
    packet, size = ffi.new("char[2048]"), ffi.new("int *", len(data))
    ffi.memmove(packet, data, len(data))
    assert call(by._srtp[0], packet, size) == 0
    return bytes(ffi.buffer(packet, size[0]))


@dataclass
class Sender:
    """A peer that sends one video source."""

    number: int
    ssrc: int
    sequence: int
    timestamp: int
    picture: int
    keys: SrtpKeys = field(default_factory=lambda: SrtpKeys(PROFILE, secrets.token_bytes(28), secrets.token_bytes(28)))

    def __post_init__(self) -> None:
        self.send = session(self.keys.receive, sending=True)
        self.receive = session(self.keys.send, sending=False)

    @property
    def address(self) -> Address:
        return ("192.0.2.1", self.number)

    def packet(self, *, key: bool, padding: bool, new_frame: bool = True) -> bytes:
        """The next packet, encrypted; each is a frame of its own."""
        payload = b"" if padding else vp8_payload(self.picture, key=key, size=20)
        plain = rtp.write(
            marker=True,
            payload_type=VP8,
            sequence=self.sequence,
            timestamp=self.timestamp,
            ssrc=self.ssrc,
            extensions=b"",
            payload=payload,
        )
        if padding:
            plain = bytes((plain[0] | 0x20,)) + plain[1:] + bytes(3) + b"\x04"
        self.sequence = (self.sequence + 1) % (1 << 16)
        if not padding:
            self.picture = (self.picture + 1) % (1 << 15)
            self.timestamp = (self.timestamp + 3000) % (1 << 32)
        return self.send.protect(plain)


class Stage:
    """A receiver, and senders that take turns behind its one sink; another receiver of another room watches for leaks."""

    def __init__(self, senders: list[Sender]) -> None:
        self.now = 1000.0
        self.sent: list[tuple[bytes, Address]] = []
        self.relay = NativePlane(-1, self)
        self.senders = senders
        self.receiver = Sender(50, 1, 0, 0, 0)
        self.stranger = Sender(60, 2, 0, 0, 0)
        for peer in (*senders, self.receiver, self.stranger):
            self.relay.peer_add(peer.number, ExtensionIds())
            self.relay.peer_keys_set(peer.number, peer.keys)
            self.relay.peer_address_set(peer.number, peer.address)
        for sender in senders:
            self.relay.source_set(Source(SourceKey(sender.number, sender.ssrc), Codec.VP8, VP8, ExtensionIds()))
        for peer in (self.receiver, self.stranger):
            self.relay.sink_set(Sink(SinkKey(peer.number, SINK_SSRC), Codec.VP8, 120, ExtensionIds(), "label"))

    def route(self, sender: Sender) -> None:
        self.relay.route_set(SinkKey(self.receiver.number, SINK_SSRC), SourceKey(sender.number, sender.ssrc))

    def arrive(self, data: bytes, sender: Sender) -> None:
        self.relay.datagram(data, sender.address, self.now)
        self.relay.take_up()
        self.sent += self.relay.sent()

    def received(self) -> list[bytes]:
        """Decrypted RTP that reached the receiver since the last call."""
        packets: list[bytes] = []
        for data, address in self.sent:
            assert address != self.stranger.address, "nothing leaves the room"
            if address == self.receiver.address and not 192 <= data[1] < 224:
                packets.append(unprotect_long(self.receiver.receive, data))
        self.sent = [(data, address) for data, address in self.sent if address != self.receiver.address]
        return packets

    def asked(self, sender: Sender) -> list[rtcp.Packet]:
        """Decrypted RTCP that reached a sender since the last call."""
        packets: list[rtcp.Packet] = []
        for data, address in self.sent:
            if address == sender.address:
                packets += rtcp.parse(sender.receive.unprotect_rtcp(data)) or []
        self.sent = [(data, address) for data, address in self.sent if address != sender.address]
        return packets

    # what the loop hands up
    def datagram_received(self, data: bytes, address: Address, at: float) -> None:
        raise AssertionError("no STUN or DTLS was sent")

    def peer_moved(self, peer: int, address: Address) -> None:
        raise AssertionError("everybody stays where they are")

    def peer_flooded(self, peer: int) -> None:
        raise AssertionError("no line is too thin")

    def source_unknown(self, peer: int, unknown: Unknown) -> None: ...

    def peer_faulted(self, peer: int, fault: Exception) -> None:
        raise fault


senders = st.builds(
    Sender,
    number=st.just(0),
    ssrc=st.just(0),
    sequence=st.one_of(st.integers(65_500, 65_535), st.integers(0, 65_535)),
    timestamp=st.one_of(st.integers((1 << 32) - 9000, (1 << 32) - 1), st.integers(0, (1 << 32) - 1)),
    picture=st.integers(0, (1 << 15) - 1),
)


@dataclass(frozen=True)
class Step:
    """What happens next: `what` of the sender in front."""

    what: str
    after_s: float


WEIGHTS = {"frame": 5, "key": 4, "padding": 3, "lost": 1, "switch": 2, "late": 3}
steps = st.lists(
    st.builds(Step, st.sampled_from([what for what, weight in WEIGHTS.items() for _ in range(weight)]), st.floats(0.001, 0.5)),
    min_size=15,
    max_size=60,
)


@given(pair=st.tuples(senders, senders), script=steps)
@settings(max_examples=150, deadline=None)
def test_one_continuous_stream_whatever_feeds_it(pair: tuple[Sender, Sender], script: list[Step]) -> None:
    for index, sender in enumerate(pair):
        sender.number, sender.ssrc = index + 1, 500 + index
    stage = Stage(list(pair))
    for sender in pair:
        # SRTP's rollover counter starts right only when the first packet arrives, or begins below 2^15 (RFC 3711, 3.3.1).
        stage.arrive(sender.packet(key=True, padding=False), sender)
    front = 0
    stage.route(pair[front])
    held: bytes | None = None
    lost = 0
    gate_open = False
    keyed = False
    out: list[bytes] = []
    for step in script:
        stage.now += step.after_s
        sender = pair[front]
        match step.what:
            case "switch":
                front = 1 - front
                stage.route(pair[front])
                held, gate_open = None, False
            case "lost":
                sender.packet(key=False, padding=False)
                lost += gate_open
            case "late":
                if held is None:
                    held = sender.packet(key=False, padding=False)
                    lost += gate_open
                    keyed = gate_open
                else:
                    stage.arrive(held, sender)
                    held = None
                    came = stage.received()
                    assert len(came) <= keyed
                    lost -= len(came)
                    out += came
            case what:
                stage.arrive(sender.packet(key=what == "key", padding=what == "padding"), sender)
                came = stage.received()
                gate_open = gate_open or what == "key"
                assert len(came) == (gate_open and what != "padding"), "nothing before the key frame, everything after it"
                out += came
    check_continuity(out, lost)


LAYER_ACTS = ["small", "large", "small", "large", "small key", "large key", "to small", "to large", "small padding"]
layer_steps = st.lists(st.tuples(st.sampled_from(LAYER_ACTS), st.floats(0.001, 0.3)), min_size=15, max_size=80)


@given(pair=st.tuples(senders, senders), script=layer_steps)
@settings(max_examples=150, deadline=None)
def test_a_change_of_layer_is_one_picture_to_the_receiver(pair: tuple[Sender, Sender], script: list[tuple[str, float]]) -> None:
    """Both layers arrive all the time: the sink gets the one it had until the other's key frame, and from then on the other."""
    for index, sender in enumerate(pair):
        sender.number, sender.ssrc = index + 1, 500 + index
    stage = Stage(list(pair))
    for sender in pair:
        stage.arrive(sender.packet(key=True, padding=False), sender)
    stage.route(pair[0])
    feed, following, is_open = 0, -1, False
    out: list[bytes] = []
    for what, after_s in script:
        stage.now += after_s
        layer = 0 if "small" in what else 1
        if what.startswith("to "):
            stage.relay.route_change(SinkKey(stage.receiver.number, SINK_SSRC), SourceKey(layer + 1, 500 + layer))
            following = layer if layer != feed else -1
            continue
        key, padding = what.endswith("key"), what.endswith("padding")
        stage.arrive(pair[layer].packet(key=key, padding=padding), pair[layer])
        came = stage.received()
        if layer == following and key:
            feed, following, is_open = layer, -1, True
        is_open = is_open or (layer == feed and key)
        assert len(came) == (layer == feed and is_open and not padding)
        out += came
    check_continuity(out, 0)


def check_continuity(out: list[bytes], lost: int) -> None:
    """Numbers contiguous but for losses, timestamps and pictures rising with them, padding never seen."""
    headers = [header for header in (rtp.parse(packet) for packet in out) if header is not None]
    if not headers:
        return
    first = headers[0].sequence
    numbered = sorted(
        ((header.sequence - first) % (1 << 16), header, packet) for header, packet in zip(headers, out, strict=True)
    )
    numbers = [number for number, _, _ in numbered]
    assert len(set(numbers)) == len(numbers)
    assert numbers[-1] - len(numbers) + 1 <= lost, "only what was lost is missing"
    for (_, earlier, one), (_, later, two) in itertools.pairwise(numbered):
        assert 0 < (later.timestamp - earlier.timestamp) % (1 << 32) < 1 << 31, "time never runs back"
        assert earlier.ssrc == SINK_SSRC and earlier.payload_type == 120 and earlier.payload_start < earlier.payload_end
        pictures = [vp8.parse(packet[h.payload_start :]) for packet, h in ((one, earlier), (two, later))]
        assert pictures[0] is not None and pictures[1] is not None
        assert 0 < (pictures[1].picture_id - pictures[0].picture_id) % (1 << 15) < 1 << 14


@given(gaps=st.lists(st.floats(0.0, 0.4), min_size=1, max_size=80), frames=st.lists(st.booleans(), min_size=80, max_size=80))
@settings(max_examples=60, deadline=None)
def test_key_frames_are_asked_for_at_a_bounded_pace(gaps: list[float], frames: list[bool]) -> None:
    sender = Sender(1, 500, 0, 0, 0)
    stage = Stage([sender])
    stage.route(sender)
    asked_at: list[float] = []
    for gap, frame in zip(gaps, frames, strict=False):
        stage.now += gap
        if frame:
            stage.arrive(sender.packet(key=False, padding=False), sender)
        else:
            stage.arrive(stage.receiver.send.protect_rtcp(rtcp.build([rtcp.PictureLoss(1, SINK_SSRC)])), stage.receiver)
        asked_at += [stage.now for packet in stage.asked(sender) if isinstance(packet, rtcp.PictureLoss)]
    assert asked_at, "the first is never held back"
    assert all(later - earlier >= MIN_INTERVAL_S for earlier, later in itertools.pairwise(asked_at))


@given(st.binary(max_size=1600), st.booleans())
@settings(max_examples=300, deadline=None)
def test_arbitrary_bytes_never_break_the_loop(data: bytes, encrypted: bool) -> None:
    sender = Sender(1, 500, 0, 0, 0)
    stage = Stage([sender])
    stage.route(sender)
    if encrypted:
        control = len(data) > 1 and 192 <= data[1] < 224
        body = bytes((0x80 | data[0] & 0x3F,)) + data[1:4] + (500).to_bytes(4, "big") + data[4:1300] if data else b"\x80" * 12
        if not control:
            body = body[:4].ljust(4, b"\0") + bytes(4) + (500).to_bytes(4, "big") + body[8:]
        try:
            data = sender.send.protect_rtcp(body) if control else sender.send.protect(body)
        except SrtpError:
            return
    if len(data) < 2 or 128 <= data[0] < 192:
        before = stage.relay.totals().packets_in
        stage.arrive(data, sender)
        assert stage.relay.totals().packets_in == before + 1


def test_a_peer_that_left_takes_everything_along() -> None:
    sender = Sender(1, 500, 0, 0, 0)
    stage = Stage([sender])
    stage.route(sender)
    stage.arrive(sender.packet(key=True, padding=False), sender)
    assert len(stage.received()) == 1
    for peer in (sender, stage.receiver, stage.stranger):
        stage.relay.peer_remove(peer.number)
    stage.arrive(sender.packet(key=True, padding=False), sender)
    assert stage.received() == []
    assert stage.relay.source_counters() == [] and stage.relay.sink_counters() == []


def test_a_route_cleared_and_set_again_waits_for_a_key_frame() -> None:
    sender = Sender(1, 500, 0, 0, 0)
    stage = Stage([sender])
    stage.route(sender)
    stage.arrive(sender.packet(key=True, padding=False), sender)
    stage.relay.route_clear(SinkKey(stage.receiver.number, SINK_SSRC))
    stage.arrive(sender.packet(key=True, padding=False), sender)
    stage.route(sender)
    stage.arrive(sender.packet(key=False, padding=False), sender)
    assert len(stage.received()) == 1
    stage.arrive(sender.packet(key=True, padding=False), sender)
    assert len(stage.received()) == 1


def test_a_packet_too_large_for_libsrtp_is_dropped_and_counted() -> None:
    """A sink whose extension number needs the two-byte form gets four bytes more than the source sent."""
    sender = Sender(1, 500, 0, 0, 0)
    stage = Stage([sender])
    stage.relay.source_set(Source(SourceKey(1, 500), Codec.VP8, VP8, ExtensionIds(abs_send_time=2)))
    wide = Sink(SinkKey(stage.receiver.number, 78), Codec.VP8, 120, ExtensionIds(abs_send_time=20), "label")
    stage.relay.sink_set(wide)
    stage.route(sender)
    stage.relay.route_set(wide.key, SourceKey(1, 500))
    extensions = rtp.write_extensions([(2, b"abc")])
    payload = vp8_payload(1, key=True, size=MAX_PLAIN_BYTES - 12 - len(extensions) - 6)
    plain = rtp.write(marker=True, payload_type=VP8, sequence=0, timestamp=0, ssrc=500, extensions=extensions, payload=payload)
    assert len(plain) == MAX_PLAIN_BYTES
    stage.arrive(protect_long(sender.send, plain), sender)
    assert [int.from_bytes(packet[8:12], "big") for packet in stage.received()] == [SINK_SSRC]
    assert stage.relay.totals().packets_dropped == 1


@given(rounds=st.integers(1, 30), packets=st.integers(1, 120), gap_s=st.floats(0.03, 0.4))
@settings(max_examples=40, deadline=None)
def test_packets_are_sent_again_within_a_budget_however_often_they_are_asked_for(rounds: int, packets: int, gap_s: float) -> None:
    """Once each, and a fifth of that a second time: a link that loses the repetitions too is not mended by more of them."""
    sender = Sender(1, 11, 500, 9000, 7)
    stage = Stage([sender])
    stage.route(sender)
    for turn in range(packets):
        stage.arrive(sender.packet(key=turn == 0, padding=False), sender)
    sequences = [int.from_bytes(packet[2:4], "big") for packet in stage.received()]
    assert len(sequences) == packets
    sent_again = 0
    for _ in range(rounds):
        stage.now += gap_s
        for start in range(0, packets, 100):
            asked = rtcp.Nack(stage.receiver.ssrc, SINK_SSRC, tuple(sequences[start : start + 100]))
            compound = rtcp.build([rtcp.ReceiverReport(stage.receiver.ssrc), asked])
            stage.arrive(stage.receiver.send.protect_rtcp(compound), stage.receiver)
        sent_again += sum(address == stage.receiver.address for _, address in stage.sent)
        stage.sent.clear()
    assert packets <= sent_again <= packets * 1.2 + 8
    assert sent_again > packets or rounds == 1
