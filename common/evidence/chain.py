"""A hash chain: the digest of each link covers its content and, by the digest before it, everything that came before. Pure.

Decides what a digest covers; never where links are kept. A bare chain shows an edit, a deletion and a changed order; whoever
may write everything can also rebuild all of it, so heads of a chain are signed (signing.py) and kept elsewhere.
"""

import hashlib
import json
from collections.abc import Iterable, Iterator

DIGEST_BYTES = 32
"""SHA-256 (FIPS 180-4)."""


def canonical(value: object) -> bytes:
    """One JSON text for one value (dicts by string, lists, strings, integers, finite floats, booleans, None), in UTF-8.

    Keys are sorted and nothing is spaced; floats are written as Python's shortest form. Raises ValueError and TypeError for
    whatever has no such text.
    """
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False).encode()


def start_of(purpose: str, subject: str) -> bytes:
    """The digest before the first link (32 octets). It binds the chain to what it is of: no link of one fits into another."""
    return hashlib.sha256(b"consilium-chain-1\x00" + purpose.encode() + b"\x00" + subject.encode()).digest()


def extend(before: bytes, content: bytes) -> bytes:
    """The digest (32 octets) of a link with this content after the link, or the start, of digest `before`."""
    return hashlib.sha256(b"\x01" + before + hashlib.sha256(content).digest()).digest()


class Chain:
    """A chain that is being written: only its head is held."""

    def __init__(self, head: bytes, length: int = 0) -> None:
        self.head = head
        self.length = length

    def append(self, content: bytes) -> bytes:
        """Adds a link and returns its digest, which is the new head."""
        self.head = extend(self.head, content)
        self.length += 1
        return self.head


def digests(start: bytes, contents: Iterable[bytes]) -> Iterator[bytes]:
    """The digests that links of these contents have, in order."""
    for content in contents:
        start = extend(start, content)
        yield start


def first_bad(start: bytes, links: Iterable[tuple[bytes, bytes]]) -> int | None:
    """The position, from 0, of the first link (content, digest) that does not follow from those before it; None when all do.

    Of a link taken out, the one that came after it is the first that does not follow; one taken from the end shows only
    beside a head that was kept elsewhere.
    """
    for position, (content, digest) in enumerate(links):
        start = extend(start, content)
        if start != digest:
            return position
    return None
