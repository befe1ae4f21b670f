"""What a patient's device and network test means for the consultation to come. Pure: findings in, an expectation out.

It never measures; the browser did, through the real relay. A better finding never makes a worse expectation.
"""

from dataclasses import dataclass
from enum import StrEnum

CLEAR_BPS = 600_000
"""A face of 640 × 480 at 25 frames a second in VP8 looks clear from about here."""
SMALL_BPS = 200_000
"""320 × 240 at 15 frames a second."""
SOUND_BPS = 40_000
"""Opus at 24 kbit/s with headers and its share of retransmissions."""


class Expectation(StrEnum):
    """What to expect of somebody's link: a clear picture, a small one, sound with stills, or text and pictures."""

    CLEAR = "clear"
    SMALL = "small"
    SOUND = "sound"
    TEXT = "text"


class Device(StrEnum):
    """How asking for a microphone or a camera went."""

    READY = "ready"
    MISSING = "missing"
    REFUSED = "refused"
    INSECURE = "insecure"


class Speaker(StrEnum):
    """Whether the patient heard the chime."""

    HEARD = "heard"
    SILENT = "silent"
    UNTESTED = "untested"


class PathKind(StrEnum):
    """How packets reach the relay: straight, or through TURN over UDP, TCP or TLS."""

    UDP = "udp"
    TURN_UDP = "turn_udp"
    TURN_TCP = "turn_tcp"
    TURN_TLS = "turn_tls"


@dataclass(frozen=True, slots=True)
class PathFinding:
    """Whether packets came through, and the round trip in ms where it was seen."""

    path: PathKind
    works: bool
    round_trip_ms: int | None


@dataclass(frozen=True, slots=True)
class Findings:
    """What a browser found. Rates are of the best path, none where they could not be measured."""

    webrtc: bool
    microphone: Device
    camera: Device
    speaker: Speaker
    paths: tuple[PathFinding, ...]
    up_bps: int | None
    down_bps: int | None


@dataclass(frozen=True, slots=True)
class Check:
    """The latest findings of a seat, and when they came in (seconds since 1970 UTC)."""

    at: float
    findings: Findings

    @property
    def expect(self) -> Expectation:
        return expectation(self.findings)


def expectation(found: Findings) -> Expectation:
    """The best that can be promised. A rate that was not measured promises sound: the path works, and more is not known."""
    if not found.webrtc or found.microphone is not Device.READY or not any(path.works for path in found.paths):
        return Expectation.TEXT
    if found.up_bps is None or found.down_bps is None:
        return Expectation.SOUND
    least = min(found.up_bps, found.down_bps)
    if least < SOUND_BPS:
        return Expectation.TEXT
    if found.camera is not Device.READY or least < SMALL_BPS:
        return Expectation.SOUND
    return Expectation.CLEAR if least >= CLEAR_BPS else Expectation.SMALL
