"""What a recording consists of: the manifest, as frozen dataclasses and as canonical JSON.

It decides which fields there are and what they may hold; docs/ARCHIVE.md says the same to whoever has only the files.
Times named `_ms` are milliseconds on the recording's own line, which begins at 0 and never jumps, whatever happened to the
machine's clock; `started_at_ms` alone says when 0 was, in milliseconds since 1970-01-01 UTC. People are opaque ids.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final, Literal

from recording.core import canonical
from recording.core.canonical import Malformed

FORMAT: Final = "consilium-recording/1"
SIGNED_FOR = "recording-manifest"
"""The purpose that the signature in manifest.sig names."""
MAX_MANIFEST_BYTES = 64 << 20
"""Two people for eight hours need some 15 MiB; more than this is no manifest of ours."""
BLOCK_BYTES = 64 << 10
"""Of a sealed segment, hashed one by one, so that damage is named to within this many bytes."""

MOST_SEGMENTS = 999_999
"""By the name of its files; two people fill them in a month."""

Kind = Literal["audio", "video"]
Codec = Literal["opus", "vp8", "h264"]
Container = Literal["webm", "mp4"]
State = Literal["open", "sealed"]

_ID = re.compile(r"[a-z]{1,4}_[a-z2-7]{16}")
_CODE = re.compile(r"[a-z][a-z0-9_]{0,47}|")
_HEX = re.compile(r"(?:[0-9a-f]{2})+")
_BOOT = re.compile(r"[0-9a-f-]{0,40}")
_MOST_MS = 10**14


def _require(holds: bool, where: str, what: str) -> None:
    if not holds:
        raise Malformed(where, what)


def require_id(text: str, where: str) -> None:
    """Raises `Malformed` for what is no opaque id of ours (common/ids.py)."""
    _require(_ID.fullmatch(text) is not None, where, "not an id")


def require_hex(text: str, octets: int, where: str) -> None:
    """Raises `Malformed` for what is not so many octets in lower-case hexadecimal."""
    _require(len(text) == 2 * octets and _HEX.fullmatch(text) is not None, where, f"not {octets} octets in hexadecimal")


def _require_time(value: int, where: str) -> None:
    _require(0 <= value <= _MOST_MS, where, "out of range")


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody who was recorded. `role` is a code (patient, practitioner, companion, interpreter) or empty."""

    seat: str
    role: str

    def __post_init__(self) -> None:
        require_id(self.seat, "person.seat")
        _require(_CODE.fullmatch(self.role) is not None, "person.role", "not a code")


@dataclass(frozen=True, slots=True)
class Clock:
    """How the recording's line hangs on the machine: `zero_us` of CLOCK_MONOTONIC in the boot of this id was 0 ms."""

    boot: str
    zero_us: int

    def __post_init__(self) -> None:
        _require(_BOOT.fullmatch(self.boot) is not None, "clock.boot", "not a boot id")


@dataclass(frozen=True, slots=True)
class Segment:
    """One sealed file, `NNNNNN.seg`: one kind of media of one person, playable by itself, in its original codec.

    `start_ms` + `duration_ms` is where it ends; its frames bear times of the recording's line inside the container too.
    `octets` is the size of the sealed file, `blocks` are the SHA-256 of each 64 KiB of it without its last 64 octets (its own
    signature), `chain` is the chain's digest after it. `width` and `height` are of the first frame, 0 for sound.
    """

    number: int
    seat: str
    kind: Kind
    codec: Codec
    container: Container
    start_ms: int
    duration_ms: int
    frames: int
    width: int
    height: int
    octets: int
    blocks: tuple[str, ...]
    chain: str

    def __post_init__(self) -> None:
        require_id(self.seat, "segment.seat")
        _require(1 <= self.number <= MOST_SEGMENTS, "segment.number", "out of range")
        _require_time(self.start_ms, "segment.start_ms")
        _require_time(self.duration_ms, "segment.duration_ms")
        _require(self.frames >= 1, "segment.frames", "out of range")
        _require(0 <= self.width < 1 << 16 and 0 <= self.height < 1 << 16, "segment.width", "out of range")
        _require(self.octets >= 1, "segment.octets", "out of range")
        for block in self.blocks:
            require_hex(block, 32, "segment.blocks")
        require_hex(self.chain, 32, "segment.chain")

    @property
    def end_ms(self) -> int:
        return self.start_ms + self.duration_ms


@dataclass(frozen=True, slots=True)
class Gap:
    """Where something is missing and why. `seat` and `kind` are empty where it is everybody's or both kinds'.

    `reason` is a code: of consent, as it was ordered (`withdrawn`, `late_joiner`, …), or of the machine: `recorder_lost`,
    `slow_recorder`, `network`, `muted`, `no_keyframe`, `disk`. `to_ms` is none while it lasts.
    """

    seat: str
    kind: Literal["audio", "video", ""]
    from_ms: int
    to_ms: int | None
    reason: str

    def __post_init__(self) -> None:
        if self.seat:
            require_id(self.seat, "gap.seat")
        _require_time(self.from_ms, "gap.from_ms")
        if self.to_ms is not None:
            _require_time(self.to_ms, "gap.to_ms")
            _require(self.to_ms >= self.from_ms, "gap.to_ms", "before its beginning")
        _require(bool(self.reason) and _CODE.fullmatch(self.reason) is not None, "gap.reason", "not a code")


@dataclass(frozen=True, slots=True)
class Consent:
    """What a person said to a purpose (`audio_video`, `audio_only`, `teaching`), and when (milliseconds since 1970 UTC)."""

    seat: str
    purpose: str
    given: bool
    at_ms: int

    def __post_init__(self) -> None:
        require_id(self.seat, "consent.seat")
        _require(bool(self.purpose) and _CODE.fullmatch(self.purpose) is not None, "consent.purpose", "not a code")
        _require_time(self.at_ms, "consent.at_ms")


@dataclass(frozen=True, slots=True)
class Quality:
    """What came of one person's sound or picture.

    `packets` came in, `lost` never did, `frames` were written, `frames_broken` were left out because a part of them, or of a
    frame that they build on, was lost.
    """

    seat: str
    kind: Kind
    packets: int
    lost: int
    frames: int
    frames_broken: int

    def __post_init__(self) -> None:
        require_id(self.seat, "quality.seat")
        _require(min(self.packets, self.lost, self.frames, self.frames_broken) >= 0, "quality", "out of range")


@dataclass(frozen=True, slots=True)
class Manifest:
    """The whole of a recording. `key` is the id of the public key that signs it, `chain` the digest after the last segment."""

    format: Literal["consilium-recording/1"]
    recording: str
    consultation: str
    hospital: str
    state: State
    started_at_ms: int
    duration_ms: int
    clock: Clock
    people: tuple[Person, ...]
    segments: tuple[Segment, ...]
    gaps: tuple[Gap, ...]
    consents: tuple[Consent, ...]
    quality: tuple[Quality, ...]
    key: str
    chain: str

    def __post_init__(self) -> None:
        for name in ("recording", "consultation", "hospital"):
            require_id(getattr(self, name), name)
        _require_time(self.started_at_ms, "started_at_ms")
        _require_time(self.duration_ms, "duration_ms")
        require_hex(self.key, 8, "key")
        require_hex(self.chain, 32, "chain")
        for position, segment in enumerate(self.segments, start=1):
            _require(segment.number == position, "segments", "not numbered from 1 without a hole")
        if self.segments:
            _require(self.segments[-1].chain == self.chain, "chain", "not the last segment's")


def encode(manifest: Manifest, lines: Sequence[bytes] | None = None) -> bytes:
    """The manifest's one text: what is signed, and what manifest.json holds.

    `lines` are the texts of its segments (`line`), where they are there already: of an hour there are thousands, and the manifest
    is written every few seconds.
    """
    if lines is None:
        return canonical.encode(manifest)
    around = canonical.encode(replace(manifest, segments=()))
    before, after = around.split(b'"segments":[]')  # a word that no id, code or number has
    return before + b'"segments":[' + b",".join(lines) + b"]" + after


def line(segment: Segment) -> bytes:
    """The text of a segment in the manifest."""
    return canonical.encode(segment)


def decode(text: bytes) -> Manifest:
    """The manifest of this text. Raises `Malformed`, and nothing else."""
    return canonical.decode(Manifest, text, most_bytes=MAX_MANIFEST_BYTES)


def segment_name(number: int) -> str:
    """The file of a segment."""
    return f"{number:06d}.seg"
