"""The form of a sealed segment's file, octet by octet (docs/ARCHIVE.md), and what its links in the chain cover.

    magic 8 · length of head u32 · head (canonical JSON) · ciphertext with its tag · signature 64

The head is read without a key and proven with it: it is the associated data of the encryption. So a folder whose manifest was
lost with the host can be read again from its segments alone. It encrypts and signs nothing itself (recording/sealing.py).
"""

import hashlib
import struct
from dataclasses import dataclass
from typing import Literal

from recording.core import canonical
from recording.core.canonical import Malformed
from recording.core.manifest import BLOCK_BYTES, Codec, Container, Kind, Segment, require_hex, require_id

MAGIC = b"CONSEG\x00\x01"
CHAIN_OF = "recording"
"""The purpose of the chain (common/evidence/chain.py); its subject is the recording's id."""
SIGNED_FOR = "recording-segment"
"""The purpose that a segment's own signature names; what it signs is the chain's digest after the segment."""
SIGNATURE_BYTES = 64
NONCE_BYTES = 12
TAG_BYTES = 16
MAX_HEAD_BYTES = 4096
MAX_SEGMENT_BYTES = 64 << 20
_LENGTH = struct.Struct("!I")
_FIXED = len(MAGIC) + _LENGTH.size


@dataclass(frozen=True, slots=True)
class SegmentHead:
    """What the file says of itself; as `Segment` of the manifest, and whose it is, what came before it, and its nonce."""

    format: Literal["consilium-segment/1"]
    recording: str
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
    before: str
    nonce: str

    def __post_init__(self) -> None:
        require_id(self.recording, "head.recording")
        require_hex(self.before, 32, "head.before")
        require_hex(self.nonce, NONCE_BYTES, "head.nonce")


@dataclass(frozen=True, slots=True)
class Parts:
    """A file taken apart: `head` parsed, `bound` its octets as they are bound to the ciphertext."""

    head: SegmentHead
    bound: bytes
    ciphertext: bytes
    signature: bytes


def bind(head: SegmentHead) -> bytes:
    """The file's beginning, up to the ciphertext, whose associated data it is."""
    text = canonical.encode(head)
    return MAGIC + _LENGTH.pack(len(text)) + text


def take_apart(data: bytes) -> Parts:
    """The parts of a segment's file. Raises `Malformed`, and nothing else."""
    head, bound = read_head(data)
    if len(data) < len(bound) + TAG_BYTES + SIGNATURE_BYTES:
        raise Malformed("segment", "cut short")
    return Parts(head, bound, data[len(bound) : -SIGNATURE_BYTES], data[-SIGNATURE_BYTES:])


def read_head(data: bytes) -> tuple[SegmentHead, bytes]:
    """The head, and the octets that hold it, from at least the beginning of a file. Raises `Malformed`, and nothing else."""
    if data[: len(MAGIC)] != MAGIC or len(data) < _FIXED:
        raise Malformed("segment", "does not begin like one")
    (length,) = _LENGTH.unpack_from(data, len(MAGIC))
    if length > MAX_HEAD_BYTES or len(data) < _FIXED + length:
        raise Malformed("segment", "its head is cut short")
    bound = data[: _FIXED + length]
    return canonical.decode(SegmentHead, bound[_FIXED:], most_bytes=MAX_HEAD_BYTES), bound


def covered(data: bytes) -> memoryview:
    """What of a file its blocks cover: all but its signature."""
    return memoryview(data)[: max(0, len(data) - SIGNATURE_BYTES)]


def block_digests(signed: bytes | memoryview) -> tuple[str, ...]:
    """SHA-256, in hexadecimal, of each 64 KiB of what is covered; the last block is what is left."""
    return tuple(hashlib.sha256(signed[at : at + BLOCK_BYTES]).hexdigest() for at in range(0, len(signed), BLOCK_BYTES))


def chained(blocks: tuple[str, ...]) -> bytes:
    """What a segment's link in the chain covers: its blocks' digests, one after the other."""
    return bytes.fromhex("".join(blocks))


def entry(head: SegmentHead, octets: int, blocks: tuple[str, ...], chain: str) -> Segment:
    """The manifest's line of a file of this head."""
    return Segment(
        number=head.number,
        seat=head.seat,
        kind=head.kind,
        codec=head.codec,
        container=head.container,
        start_ms=head.start_ms,
        duration_ms=head.duration_ms,
        frames=head.frames,
        width=head.width,
        height=head.height,
        octets=octets,
        blocks=blocks,
        chain=chain,
    )


def agrees(head: SegmentHead, line: Segment) -> bool:
    """Whether the file and the manifest tell the same of it."""
    return entry(head, line.octets, line.blocks, line.chain) == line
