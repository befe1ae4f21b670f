"""The two kinds of media, their RTP clocks, and the codecs that the relay passes on."""

from enum import StrEnum


class Kind(StrEnum):
    AUDIO = "audio"
    VIDEO = "video"


class Codec(StrEnum):
    OPUS = "opus"
    VP8 = "vp8"
    H264 = "h264"


def kind_of(codec: Codec) -> Kind:
    return Kind.AUDIO if codec is Codec.OPUS else Kind.VIDEO


CLOCK_RATE = {Kind.AUDIO: 48_000, Kind.VIDEO: 90_000}
"""Opus (RFC 7587, 4.1), VP8 (RFC 7741, 4.1) and H.264 (RFC 6184, 5.1)."""
