"""From packets in order to frames, for one source: Opus, VP8, H.264. Pure; a bad payload breaks a frame, never the recording.

It decides which frames are whole and can be decoded: after a picture was lost nothing is kept until the next key frame, since a
frozen picture shows less than there was and a broken one shows what never was.
"""

from dataclasses import dataclass, field
from typing import NamedTuple, Protocol

from recording.core.payloads import (
    IDR,
    OPUS_RATE,
    PPS,
    SPS,
    VIDEO_RATE,
    BadPayload,
    Fragment,
    h264_units,
    opus_samples,
    vp8_part,
)
from recording.core.reorder import Packet

MAX_FRAME_BYTES = 4 << 20
"""A key frame of 4K at the best quality has less."""
_START = b"\x00\x00\x00\x01"


class Frame(NamedTuple):
    """An Opus packet, a VP8 frame, or an H.264 access unit (Annex B; a key frame's with its parameter sets).

    `at_us` is the first packet's; `samples` is how long sound lasts, at 48 kHz; `size` is a VP8 key frame's picture, `setup` an
    H.264 key frame's parameter sets: where one of the two changes, a decoder must be set up anew. A tuple, as `Packet` is.
    """

    timestamp: int
    at_us: int | None
    key: bool
    data: bytes
    samples: int = 0
    size: tuple[int, int] | None = None
    setup: bytes = b""


class Depayload(Protocol):
    """`broken` counts frames left out; `starved` is true while only a key frame helps."""

    rate: int
    broken: int

    @property
    def starved(self) -> bool: ...

    def push(self, missing: int, packet: Packet) -> Frame | None:
        """The next packet in order, `missing` ones before it being lost for good; returns the frame that it completes."""


class OpusDepayload:
    """Each packet is a frame (RFC 7587, 4.2)."""

    rate = OPUS_RATE
    starved = False

    def __init__(self) -> None:
        self.broken = 0

    def push(self, missing: int, packet: Packet) -> Frame | None:
        if not packet.payload:
            return None
        try:
            samples = opus_samples(packet.payload)
        except BadPayload:
            self.broken += 1
            return None
        return Frame(packet.timestamp, packet.at_us, True, packet.payload, samples=samples)


@dataclass(slots=True)
class _Open:
    """A frame that is being put together."""

    timestamp: int
    at_us: int | None
    whole: bool
    parts: list[bytes] = field(default_factory=list)
    octets: int = 0

    def add(self, data: bytes) -> None:
        self.octets += len(data)
        if self.octets > MAX_FRAME_BYTES:
            self.whole = False
        else:
            self.parts.append(data)


class _Pictures:
    """What is common to both kinds of pictures: frames by timestamp and marker, and what depends on what."""

    rate = VIDEO_RATE

    def __init__(self) -> None:
        self.broken = 0
        self._open: _Open | None = None
        self._follows = False
        """Whether all that the next frame may build on was kept."""
        self._ended: int | None = None

    @property
    def starved(self) -> bool:
        return not self._follows

    def push(self, missing: int, packet: Packet) -> Frame | None:
        done = None
        if self._open is not None and packet.timestamp != self._open.timestamp:
            done = self._close(missing == 0)  # an end without a marker
        elif self._open is not None and missing:
            self._open.whole = False
        elif missing:
            self._missed()
        if not packet.payload:  # padding to measure the path with
            return done
        if self._open is None:
            if packet.timestamp == self._ended:  # what belongs to a frame that is closed: it was not whole
                self._follows = False
                return done
            self._open = _Open(packet.timestamp, packet.at_us, missing == 0 or self._begins(packet.payload))
        try:
            self._add(self._open, packet.payload)
        except BadPayload:
            self._open.whole = False
        # Two at once cannot be: a frame of one packet behind one without a marker waits for the next packet.
        return self._close(True) if packet.marker and done is None else done

    def _close(self, whole: bool) -> Frame | None:
        """The frame that was open, when it can be decoded."""
        frame, self._open = self._open, None
        assert frame is not None
        self._ended = frame.timestamp
        made = self._made(frame) if whole and frame.whole and frame.parts else None
        if made is None or not (made.key or self._follows):
            self._follows = False
            self.broken += 1
            return None
        self._follows = True
        return made

    def _missed(self) -> None:
        """Packets between two frames are lost."""
        self._follows = False

    def _begins(self, payload: bytes) -> bool:
        """Whether a frame begins with this payload."""
        raise NotImplementedError

    def _add(self, frame: _Open, payload: bytes) -> None:
        raise NotImplementedError

    def _made(self, frame: _Open) -> Frame | None:
        raise NotImplementedError


class Vp8Depayload(_Pictures):
    """RFC 7741. By the PictureID it knows whether packets lost between two frames were any picture's."""

    def __init__(self) -> None:
        super().__init__()
        self._key = False
        self._size: tuple[int, int] | None = None
        self._picture: tuple[int, int] | None = None
        self._doubtful = False

    def _missed(self) -> None:
        self._doubtful = True  # the next PictureID tells

    def _begins(self, payload: bytes) -> bool:
        try:
            return vp8_part(payload).first
        except BadPayload:
            return False

    def _add(self, frame: _Open, payload: bytes) -> None:
        part = vp8_part(payload)
        if not frame.parts:
            if not part.first:
                raise BadPayload("its beginning is missing")
            self._key, self._size = part.key, part.size
            self._look(part.picture)
        frame.add(part.data)

    def _look(self, picture: tuple[int, int] | None) -> None:
        """Loses what follows from the former picture when this is not the next."""
        before, self._picture = self._picture, picture
        known = before is not None and picture is not None and before[1] == picture[1]
        if known and before is not None and picture is not None:
            if (before[0] + 1) % picture[1] != picture[0]:
                self._follows = False
        elif self._doubtful:
            self._follows = False
        self._doubtful = False

    def _made(self, frame: _Open) -> Frame:
        return Frame(frame.timestamp, frame.at_us, self._key, b"".join(frame.parts), size=self._size if self._key else None)


class H264Depayload(_Pictures):
    """RFC 6184: single NAL units, STAP-A, FU-A. Parameter sets are kept and put before each key frame that lacks them."""

    def __init__(self) -> None:
        super().__init__()
        self._fragments: list[bytes] = []
        self._sets: dict[int, bytes] = {}

    def _begins(self, payload: bytes) -> bool:
        """A frame's first packet cannot be told from a later slice; what came after a loss is not trusted, but a key frame is."""
        try:
            units = h264_units(payload)
        except BadPayload:
            return False
        return not isinstance(units, Fragment) and units[0][0] & 31 == SPS

    def _add(self, frame: _Open, payload: bytes) -> None:
        units = h264_units(payload)
        if not isinstance(units, Fragment):
            if self._fragments:
                self._fragments = []
                raise BadPayload("the end of a fragmented unit is missing")
            for unit in units:
                frame.add(unit)
            return
        if units.first == bool(self._fragments):
            self._fragments = []
            raise BadPayload("a fragment is missing")
        self._fragments.append(units.data)
        frame.octets += len(units.data)
        if frame.octets > MAX_FRAME_BYTES:
            self._fragments = []
            raise BadPayload("too large")
        if units.last:
            frame.parts.append(b"".join(self._fragments))
            self._fragments = []

    def _made(self, frame: _Open) -> Frame | None:
        whole, self._fragments = not self._fragments, []
        if not whole:
            return None
        for unit in frame.parts:
            if unit[0] & 31 in (SPS, PPS):
                self._sets[unit[0] & 31] = unit
        pictures = [unit for unit in frame.parts if unit[0] & 31 not in (SPS, PPS)]
        key = any(unit[0] & 31 == IDR for unit in pictures)
        if not any(1 <= unit[0] & 31 <= IDR for unit in pictures):
            return None
        if key and self._sets.keys() != {SPS, PPS}:
            return None  # nobody could decode it
        setup = _annex_b([self._sets[SPS], self._sets[PPS]]) if key else b""
        return Frame(frame.timestamp, frame.at_us, key, setup + _annex_b(pictures), setup=setup)


def _annex_b(units: list[bytes]) -> bytes:
    return b"".join(_START + unit for unit in units)


def depayload_for(codec: str) -> Depayload:
    """A new one for `opus`, `vp8` or `h264`."""
    kinds: dict[str, type[OpusDepayload | Vp8Depayload | H264Depayload]] = {
        "opus": OpusDepayload,
        "vp8": Vp8Depayload,
        "h264": H264Depayload,
    }
    return kinds[codec]()
