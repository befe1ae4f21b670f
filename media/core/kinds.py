"""The two kinds of media, and their RTP clocks."""

from enum import StrEnum


class Kind(StrEnum):
    AUDIO = "audio"
    VIDEO = "video"


CLOCK_RATE = {Kind.AUDIO: 48_000, Kind.VIDEO: 90_000}
"""Opus (RFC 7587, 4.1) and VP8 (RFC 7741, 4.1)."""
