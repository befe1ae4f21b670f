"""What is sealed into a recording at its end: the texts and pictures of its consultation, beside sound and picture (R8).

It decides the form, as frozen dataclasses and canonical JSON (docs/ARCHIVE.md): a signed list of the parts, which names the
manifest that it belongs to by its hash; the timeline itself is one of the parts, and so is each picture. Times named `at_ms` are
on the recording's line and may lie before its beginning or after its end: people write before they are recorded, and after.
"""

import re
from dataclasses import dataclass
from typing import Final, Literal

from recording.core import canonical
from recording.core.canonical import Malformed
from recording.core.manifest import require_hex, require_id

FORMAT: Final = "consilium-supplement/1"
TIMELINE_FORMAT: Final = "consilium-timeline/1"
SIGNED_FOR = "recording-supplement"
"""The purpose that the signature in supplement.sig names."""
SUPPLEMENT, SUPPLEMENT_SIGNATURE, TIMELINE = "supplement.json", "supplement.sig", "timeline.sealed"
MAX_SUPPLEMENT_BYTES = 4 << 20
MAX_TIMELINE_BYTES = 64 << 20
MAGIC = b"CONSUP\x00\x01"
NONCE_BYTES = 12
_NAME = re.compile(r"timeline\.sealed|picture-\d{6}\.sealed")
_CODE = re.compile(r"[a-z][a-z0-9_]{0,47}|")


def _require(holds: bool, where: str, what: str) -> None:
    if not holds:
        raise Malformed(where, what)


def picture_name(number: int) -> str:
    """The file of the picture of the entry of this number."""
    return f"picture-{number:06d}.sealed"


@dataclass(frozen=True, slots=True)
class Line:
    """One entry: a text, a picture (`picture` names its part), or an event (`code`, `reason`). `seat` is whose, or empty."""

    number: int
    at_ms: int
    kind: Literal["text", "picture", "event"]
    seat: str
    text: str
    picture: str
    width: int
    height: int
    code: str
    reason: str

    def __post_init__(self) -> None:
        if self.seat:
            require_id(self.seat, "line.seat")
        _require(self.number >= 1, "line.number", "out of range")
        _require(not self.picture or _NAME.fullmatch(self.picture) is not None, "line.picture", "not a part's name")
        _require(_CODE.fullmatch(self.code) is not None, "line.code", "not a code")
        _require(_CODE.fullmatch(self.reason) is not None, "line.reason", "not a code")


@dataclass(frozen=True, slots=True)
class Timeline:
    """All entries, in order."""

    format: Literal["consilium-timeline/1"]
    recording: str
    lines: tuple[Line, ...]

    def __post_init__(self) -> None:
        require_id(self.recording, "recording")
        numbers = [line.number for line in self.lines]
        _require(numbers == sorted(set(numbers)), "lines", "not in order")


@dataclass(frozen=True, slots=True)
class Part:
    """A sealed file: its size and the SHA-256 of all of it."""

    name: str
    octets: int
    digest: str

    def __post_init__(self) -> None:
        _require(_NAME.fullmatch(self.name) is not None, "part.name", "not a part's name")
        _require(self.octets >= 1, "part.octets", "out of range")
        require_hex(self.digest, 32, "part.digest")


@dataclass(frozen=True, slots=True)
class Supplement:
    """The signed list. `manifest` is the SHA-256 of manifest.json, `key` the id of the public key that signs."""

    format: Literal["consilium-supplement/1"]
    recording: str
    manifest: str
    sealed_at_ms: int
    parts: tuple[Part, ...]
    key: str

    def __post_init__(self) -> None:
        require_id(self.recording, "recording")
        require_hex(self.manifest, 32, "manifest")
        require_hex(self.key, 8, "key")
        names = [part.name for part in self.parts]
        _require(len(names) == len(set(names)), "parts", "one is named twice")


def bound(recording: str, name: str) -> bytes:
    """The associated data of a part: it opens as no other part, and in no other recording."""
    return FORMAT.encode() + b"\x00" + recording.encode() + b"\x00" + name.encode()


def encode(value: Supplement | Timeline) -> bytes:
    """The one text of it."""
    return canonical.encode(value)


def decode_supplement(text: bytes) -> Supplement:
    """Raises `Malformed`, and nothing else."""
    return canonical.decode(Supplement, text, most_bytes=MAX_SUPPLEMENT_BYTES)


def decode_timeline(text: bytes) -> Timeline:
    """Raises `Malformed`, and nothing else."""
    return canonical.decode(Timeline, text, most_bytes=MAX_TIMELINE_BYTES)
