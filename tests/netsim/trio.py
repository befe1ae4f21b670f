"""A room of three on virtual time: the native packet loop, the choice of layers, and one receiver behind a link of its own.

The doctor sends a picture in three layers, the daughter a small one; the patient looks at both, asks again for what is missing
and decodes, as libwebrtc does. No browser, no socket, no clock: the same link gives the same freeze on any machine.
"""

import heapq
import itertools
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial

from pylibsrtp import Policy, Session

from media.core import rtp
from media.core.kinds import Codec, Kind
from media.core.path import Address
from media.core.routes import Effect, RequestKeyframe, Routes, Sent, SetRoute, SinkKey, SourceKey, Wanted
from media.core.rtp import ExtensionIds
from media.ladders import EVERY_S
from media.layering import Layering, SeenPicture, SentPicture
from media.plane.interface import Repair, Sink, Source, SrtpKeys, Unknown
from media.plane.native import NativePlane
from tests.netsim.link import PERFECT, Conditions, Link
from tests.reference import rtcp

DOCTOR, PATIENT, DAUGHTER = 1, 2, 3
RIDS = ("q", "h", "f")
LAYERS = {"q": 110, "h": 120, "f": 130}
RATES_BPS = {"q": 140_000, "h": 450_000, "f": 1_800_000}
SMALL_BPS = 40_000
"""The daughter's picture."""
VIDEO, AUDIO, AGAIN, OPUS = 96, 111, 97, 40_000
FRAME_S, PACKET_S, STEP_S, PART_BYTES = 0.04, 0.02, 0.002, 1100
KEY_FRAMES = 3
"""So many times as large as others are: of noise, which cannot be predicted, and some more."""
IDS = ExtensionIds(abs_send_time=2, audio_level=3)
AGAIN_AFTER_S, ASKED_TIMES, REPORT_S, IMPATIENT_S = 0.1, 10, 1.0, 3.0
"""How a browser asks for what is missing, and when for a key frame since nothing can be decoded."""


def session(key: bytes, *, sending: bool) -> Session:
    kind = Policy.SSRC_ANY_OUTBOUND if sending else Policy.SSRC_ANY_INBOUND
    policy = Policy(key, kind, 0, Policy.SRTP_PROFILE_AEAD_AES_128_GCM)
    policy.window_size, policy.allow_repeat_tx = 1024, True
    return Session(policy)


@dataclass
class Person:
    """One end of the relay."""

    number: int

    def __post_init__(self) -> None:
        key = bytes([self.number]) * 28
        self.keys = SrtpKeys(Policy.SRTP_PROFILE_AEAD_AES_128_GCM, key, key)
        self.send, self.receive = session(key, sending=True), session(key, sending=False)

    @property
    def address(self) -> Address:
        return ("192.0.2.1", 1000 + self.number)


@dataclass
class Stream:
    """A picture as an encoder makes it."""

    ssrc: int
    bps: int
    next_at: float
    sequence: int = 100
    timestamp: int = 5
    picture: int = 0
    key: bool = True

    def frame(self) -> list[bytes]:
        """The next one's packets, plain."""
        octets = round(self.bps / 8 * FRAME_S) * (KEY_FRAMES if self.key else 1)
        parts = max(1, -(-octets // PART_BYTES))
        self.picture = (self.picture + 1) % (1 << 15)
        packets = []
        for part in range(parts):
            first = part == 0
            number = bytes((0x80 | self.picture >> 8, self.picture & 255, self.picture & 255))
            head = bytes((0x90 if first else 0x80, 0xC0)) + number + bytes((0x10 if self.key and first else 0x11,))
            packets.append(
                rtp.write(
                    marker=part == parts - 1, payload_type=VIDEO, sequence=self.sequence, timestamp=self.timestamp,
                    ssrc=self.ssrc, extensions=b"", payload=head + bytes(octets // parts),
                )
            )  # fmt: skip
            self.sequence = (self.sequence + 1) % (1 << 16)
        self.timestamp = (self.timestamp + round(FRAME_S * 90_000)) % (1 << 32)
        self.key = False
        return packets


@dataclass
class Seen:
    """One picture at the patient's: what has come of it, and when frames could be decoded."""

    ssrc: int
    shown: list[float] = field(default_factory=list)
    highest: int | None = None
    first: int = 0
    missing: dict[int, tuple[float, int]] = field(default_factory=dict)
    lost: int = 0
    _frames: dict[int, dict[int, tuple[bool, bool, bool]]] = field(default_factory=dict)
    """By timestamp the packets by number: whether it begins a key frame, begins any, ends it."""
    _next: int | None = None
    """The number that the next frame that can be decoded begins with; none before a key frame."""

    def take(self, plain: bytes, now: float, number: int | None = None) -> None:
        header = rtp.parse(plain)
        assert header is not None
        payload = plain[header.payload_start : header.payload_end]
        number = self._number(header.sequence if number is None else number)
        self.missing.pop(number, None)
        begins = payload[0] & 0x10 != 0
        part = (begins and payload[5] & 1 == 0, begins, header.marker)
        self._frames.setdefault(header.timestamp, {})[number] = part
        self._decode(now)

    def _number(self, sequence: int) -> int:
        if self.highest is None:
            self.highest = self.first = sequence
            return sequence
        number = self.highest + ((sequence - self.highest + 0x8000) & 0xFFFF) - 0x8000
        for gone in range(self.highest + 1, number):
            self.missing[gone] = (float("-inf"), 0)
            self.lost += 1
        self.highest = max(self.highest, number)
        return number

    def _decode(self, now: float) -> None:
        for timestamp, parts in sorted(self._frames.items(), key=lambda each: min(each[1])):
            first, last = min(parts), max(parts)
            whole = len(parts) == last - first + 1 and parts[first][1] and parts[last][2]
            if whole and (parts[first][0] or first == self._next):
                self._next = last + 1
                self.shown.append(now)
                self._frames = {at: other for at, other in self._frames.items() if min(other) > last}
                self.missing = {each: asked for each, asked in self.missing.items() if each > last}
                self._frames.pop(timestamp, None)

    def wanted(self, now: float) -> list[int]:
        """What to ask for again now; what was in vain is given up."""
        due = [number for number, (at, _) in self.missing.items() if now - at >= AGAIN_AFTER_S]
        for number in due:
            times = self.missing[number][1] + 1
            self.missing[number] = (now, times)
            if times > ASKED_TIMES:
                del self.missing[number]
        return [number for number in due if number in self.missing]


class Room:
    """`live` goes on; `link` is what the patient is behind. Must be closed."""

    def __init__(self, seed: int = 1) -> None:
        self.now = 100.0
        self.link = Link(seed, PERFECT)
        self._numbers = itertools.count()
        self._later: list[tuple[float, int, Callable[[], None]]] = []
        self.plane = NativePlane(-1, self)
        self.people = {number: Person(number) for number in (DOCTOR, PATIENT, DAUGHTER)}
        self.routes = Routes()
        self.layering = Layering(self.routes)
        streams = [Stream(LAYERS[rid], RATES_BPS[rid], self.now + index / 100) for index, rid in enumerate(RIDS)]
        self.streams = {DOCTOR: streams, DAUGHTER: [Stream(300, SMALL_BPS, self.now + 0.013)]}
        self.pictures = {5001: Seen(5001), 5003: Seen(5003)}
        self.asked: list[tuple[float, int]] = []
        """When a sender was asked for a key frame of which stream."""
        self.floods: list[float] = []
        """When the loop told that the patient's line carries far less than it is sent."""
        self._audio = itertools.count(7)
        self._looked_at = self._reported_at = self._turned_at = self._sounded_at = self.now
        self._answer_at: dict[int, float] = {}
        self._enter()

    def _enter(self) -> None:
        for number, person in self.people.items():
            self.plane.peer_add(number, ExtensionIds(mid=4))
            self.plane.peer_keys_set(number, person.keys)
            self.plane.peer_address_set(number, person.address)
            self.plane.peer_answered(number, 0.02)
            for which in range(8):
                self.plane.peer_check_add(number, b"\x00\x01" + bytes(6) + bytes((number, which)) * 6 + bytes(64))
        sent = {
            DOCTOR: (Sent("v", Kind.VIDEO, Codec.VP8, None, RIDS), Sent("a", Kind.AUDIO, Codec.OPUS, 101)),
            PATIENT: (),
            DAUGHTER: (Sent("v", Kind.VIDEO, Codec.VP8, 300), Sent("a", Kind.AUDIO, Codec.OPUS, 301)),
        }
        for number, lines in sent.items():
            wanted = []
            for other in (DOCTOR, DAUGHTER):
                if other != number and number != DOCTOR:
                    wanted.append(Wanted(f"v{other}", Kind.VIDEO, Codec.VP8, str(other), 5000 + other))
                    wanted.append(Wanted(f"a{other}", Kind.AUDIO, Codec.OPUS, str(other), 6000 + other))
            for each in wanted:
                payload_type, repair = (VIDEO, Repair(AGAIN, each.ssrc + 2000)) if each.kind is Kind.VIDEO else (AUDIO, None)
                self.plane.sink_set(Sink(SinkKey(number, each.ssrc), each.codec, payload_type, IDS, "seat", repair))
            for line in lines:
                for ssrc in LAYERS.values() if line.ssrc is None else (line.ssrc,):
                    video = line.kind is Kind.VIDEO
                    self.plane.source_set(Source(SourceKey(number, ssrc), line.codec, VIDEO if video else AUDIO, IDS))
            self._apply(self.routes.peer_offered(number, str(number), lines, tuple(wanted)))
            self._apply(self.routes.peer_connected(number))
        for rid, ssrc in LAYERS.items():
            self._apply(self.routes.source_learnt(DOCTOR, "v", ssrc, rid))

    def close(self) -> None:
        self.plane.close()

    def layer(self) -> str:
        """Which one the patient is sent, or about to be."""
        fed = self.routes.source_of(SinkKey(PATIENT, 5001))
        return next(rid for rid, ssrc in LAYERS.items() if fed is not None and ssrc == fed.ssrc)

    def become(self, conditions: Conditions) -> None:
        """The patient's line is like this from now on."""
        self.link.become(self.now, conditions)

    def live(self, seconds: float) -> None:
        until = self.now + seconds
        while self.now < until:
            self.now += STEP_S
            self._send()
            while self._later and self._later[0][0] <= self.now:
                heapq.heappop(self._later)[2]()
            for data, _ in self.link.deliver(self.now):
                self._patient_gets(data)
            self._patient_says()
            if self.now - self._turned_at >= 0.1:
                self._turned_at = self.now
                self.plane.report(self.now)
                self._carry()
            self.plane.take_up()
            if self.now - self._looked_at >= EVERY_S:
                self.look()

    def look(self, flooded: int | None = None) -> None:
        """The layers are chosen anew."""
        self._looked_at = self.now
        sent = [SentPicture(DOCTOR, "v", RIDS, LAYERS), SentPicture(DAUGHTER, "v", ("",), {"": 300})]
        sinks = [SinkKey(PATIENT, 5001), SinkKey(PATIENT, 5003), SinkKey(DAUGHTER, 5001)]
        counters = self.plane.source_counters(), self.plane.sink_counters()
        self._apply(self.layering.look(sent, [SeenPicture(sink, 2) for sink in sinks], counters, self.now, flooded))

    def _apply(self, effects: list[Effect]) -> None:
        for effect in effects:
            match effect:
                case SetRoute(sink, source, gently):
                    (self.plane.route_change if gently else self.plane.route_set)(sink, source)
                case RequestKeyframe(source):
                    self.plane.ask_keyframe(source, self.now)
                case _:
                    raise AssertionError(effect)
        self._carry()

    def _send(self) -> None:
        for number, streams in self.streams.items():
            for stream in streams:
                if self.now >= stream.next_at:
                    stream.next_at += FRAME_S
                    for plain in stream.frame():
                        self._arrive(number, self.people[number].send.protect(plain))
        if self.now - self._sounded_at >= PACKET_S:
            self._sounded_at += PACKET_S
            sequence = next(self._audio)
            for number in (DOCTOR, DAUGHTER):
                plain = rtp.write(
                    marker=False, payload_type=AUDIO, sequence=sequence % (1 << 16), timestamp=sequence * 960 % (1 << 32),
                    ssrc=number * 100 + 1, extensions=b"", payload=bytes(round(OPUS / 8 * PACKET_S)),
                )  # fmt: skip
                self._arrive(number, self.people[number].send.protect(plain))

    def _arrive(self, number: int, data: bytes) -> None:
        self.plane.datagram(data, self.people[number].address, self.now)
        self._carry()

    def _carry(self) -> None:
        """What the relay sent goes its way."""
        for data, address in self.plane.sent():
            number = address[1] - 1000
            if number == PATIENT:
                self.link.send(data, self.now)
            elif data[0] < 4:
                self._after(0.02, partial(self._arrive, number, b"\x01\x01" + data[2:]))
            elif 192 <= data[1] < 224:
                self._after(0.05, partial(self._sender_hears, number, data))

    def _after(self, seconds: float, act: Callable[[], None]) -> None:
        heapq.heappush(self._later, (self.now + seconds, next(self._numbers), act))

    def _sender_hears(self, number: int, data: bytes) -> None:
        for packet in rtcp.parse(self.people[number].receive.unprotect_rtcp(data)) or []:
            if isinstance(packet, rtcp.PictureLoss):
                self.asked.append((self.now, packet.media))
                for stream in self.streams.get(number, []):
                    stream.key = stream.key or stream.ssrc == packet.media

    def _patient_gets(self, data: bytes) -> None:
        if data[0] < 4:
            self._up(b"\x01\x01" + data[2:])
        elif not 192 <= data[1] < 224:
            ssrc = int.from_bytes(data[8:12], "big")
            plain = self.people[PATIENT].receive.unprotect(data)
            if ssrc in self.pictures:
                self.pictures[ssrc].take(plain, self.now)
            elif ssrc - 2000 in self.pictures:
                header = rtp.parse(plain)
                assert header is not None
                at = header.payload_start
                first = plain[:at] + plain[at + 2 :]
                self.pictures[ssrc - 2000].take(first, self.now, int.from_bytes(plain[at : at + 2], "big"))

    def _up(self, data: bytes) -> None:
        self._after(0.01, partial(self._arrive, PATIENT, data))

    def _patient_says(self) -> None:
        person = self.people[PATIENT]
        for ssrc, seen in self.pictures.items():
            packets: list[rtcp.Packet] = []
            wanted = seen.wanted(self.now)
            if wanted:
                packets.append(rtcp.Nack(201, ssrc, tuple(number % (1 << 16) for number in wanted)))
            if seen.shown and self.now - seen.shown[-1] > IMPATIENT_S and self.now - self._answer_at.get(ssrc, 0.0) > 1.0:
                self._answer_at[ssrc] = self.now
                packets.append(rtcp.PictureLoss(201, ssrc))
            if (packets or self.now - self._reported_at >= REPORT_S) and seen.highest is not None:
                block = rtcp.ReportBlock(ssrc, 0, seen.lost, seen.highest, 0, 0, 0)
                packets.insert(0, rtcp.ReceiverReport(201, (block,)))
                self._up(person.send.protect_rtcp(rtcp.build(packets)))
        if self.now - self._reported_at >= REPORT_S:
            self._reported_at = self.now

    def gap(self, ssrc: int, since: float) -> float:
        """The longest time without a new frame of a picture since a moment, the present one included."""
        shown = [at for at in self.pictures[ssrc].shown if at >= since - 0.2]
        return max((after - before for before, after in itertools.pairwise([*shown, self.now])), default=float("inf"))

    # what the loop hands up
    def datagram_received(self, data: bytes, address: Address, at: float) -> None: ...
    def source_unknown(self, peer: int, unknown: Unknown) -> None: ...
    def peer_moved(self, peer: int, address: Address) -> None: ...
    def peer_flooded(self, peer: int) -> None:
        self.floods.append(self.now)
        self.look(peer)

    def peer_faulted(self, peer: int, fault: Exception) -> None:
        raise fault
