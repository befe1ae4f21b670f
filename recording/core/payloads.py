"""What an RTP payload says of itself: Opus (RFC 7587, RFC 6716), VP8 (RFC 7741), H.264 (RFC 6184). Pure, bounds checked.

Each function takes one payload and gives its parts, or raises `BadPayload` and nothing else. Putting parts together to frames is
depayload.py's.
"""

import struct
from dataclasses import dataclass
from typing import NamedTuple

OPUS_RATE = 48_000
VIDEO_RATE = 90_000
MAX_OPUS_SAMPLES = 5760
"""120 ms (RFC 6716, 3.2.5)."""
_OPUS_SAMPLES = (
    *(480, 960, 1920, 2880) * 3,  # SILK
    *(480, 960) * 2,  # hybrid
    *(120, 240, 480, 960) * 4,  # CELT
)
SPS, PPS, IDR = 7, 8, 5
_STAP_A, _FU_A = 24, 28


class BadPayload(ValueError):
    """The payload is not of the form that its codec's RFC gives."""


class Vp8Part(NamedTuple):
    """`picture` is the PictureID and its modulus, none where not sent; `size` is the picture's, of a key frame's first part."""

    first: bool
    key: bool
    picture: tuple[int, int] | None
    size: tuple[int, int] | None
    data: bytes


def opus_samples(payload: bytes) -> int:
    """How long one Opus packet lasts, in samples of 48 kHz."""
    if not payload:
        raise BadPayload("empty")
    code = payload[0] & 3
    if code == 3:
        if len(payload) < 2:
            raise BadPayload("cut short")
        frames = payload[1] & 63
    else:
        frames = 1 if code == 0 else 2
    samples = frames * _OPUS_SAMPLES[payload[0] >> 3]
    if not 0 < samples <= MAX_OPUS_SAMPLES:
        raise BadPayload("a length that Opus does not have")
    return samples


def vp8_part(payload: bytes) -> Vp8Part:
    """A piece of a VP8 frame, without its descriptor (RFC 7741, 4.2)."""
    at, picture = _vp8_descriptor(payload)
    data = payload[at:]
    if not data:
        raise BadPayload("no data")
    if payload[0] & 0x17 != 0x10:  # S, and partition 0
        return Vp8Part(False, False, picture, None, data)
    key = not data[0] & 1  # RFC 6386, 9.1: inverse key frame flag
    size = None
    if key:
        if len(data) < 10 or data[3:6] != b"\x9d\x01\x2a":
            raise BadPayload("a key frame without its start code")
        width, height = struct.unpack_from("<HH", data, 6)
        size = (width & 0x3FFF, height & 0x3FFF)
        if 0 in size:
            raise BadPayload("a picture without a size")
    return Vp8Part(True, key, picture, size, data)


def _vp8_descriptor(payload: bytes) -> tuple[int, tuple[int, int] | None]:
    """Where the data begins, and the PictureID."""
    try:
        at, picture = 1, None
        if payload[0] & 0x80:
            flags, at = payload[1], 2
            if flags & 0x80:
                long = payload[2] & 0x80
                picture = (((payload[2] & 0x7F) << 8 | payload[3]), 1 << 15) if long else (payload[2], 1 << 7)
                at += 2 if long else 1
            at += bool(flags & 0x40) + bool(flags & 0x30)
        return at, picture
    except IndexError:
        raise BadPayload("cut short") from None


@dataclass(frozen=True, slots=True)
class Fragment:
    """A piece of a NAL unit (RFC 6184, 5.8); `data` begins with the unit's header where it is the `first`."""

    first: bool
    last: bool
    data: bytes


def h264_units(payload: bytes) -> list[bytes] | Fragment:
    """The whole NAL units of a payload, or the piece of one."""
    if not payload:
        raise BadPayload("empty")
    kind = payload[0] & 31
    if 1 <= kind <= 23:
        return [payload]
    if kind == _STAP_A:
        return _aggregated(payload)
    if kind == _FU_A:
        return _fragment(payload)
    raise BadPayload("a packetization that nobody negotiated")


def _aggregated(payload: bytes) -> list[bytes]:
    units, at = [], 1
    while at < len(payload):
        if at + 2 > len(payload):
            raise BadPayload("cut short")
        (size,) = struct.unpack_from("!H", payload, at)
        unit = payload[at + 2 : at + 2 + size]
        if size == 0 or len(unit) < size or not 1 <= unit[0] & 31 <= 23:
            raise BadPayload("cut short")
        units.append(unit)
        at += 2 + size
    if not units:
        raise BadPayload("empty")
    return units


def _fragment(payload: bytes) -> Fragment:
    if len(payload) < 3:
        raise BadPayload("cut short")
    first, last = bool(payload[1] & 0x80), bool(payload[1] & 0x40)
    if (first and last) or not 1 <= payload[1] & 31 <= 23:
        raise BadPayload("a fragment that is none")
    head = bytes((payload[0] & 0xE0 | payload[1] & 31,)) if first else b""
    return Fragment(first, last, head + payload[2:])
