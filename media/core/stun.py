"""Reads just enough of a STUN message (RFC 8489) to decide whose it is and whether it is genuine.

It decides authenticity only; answering is ICE's affair. Every length is checked against the datagram.
"""

import hashlib
import hmac
import struct
from dataclasses import dataclass
from enum import IntEnum

COOKIE = 0x2112A442
HEADER_BYTES = 20
_USERNAME, _INTEGRITY = 0x0006, 0x0008
_INTEGRITY_BYTES = 20
_MAX_ATTRIBUTES = 32  # browsers send about eight


class StunClass(IntEnum):
    REQUEST = 0x0001
    INDICATION = 0x0011
    SUCCESS = 0x0101
    ERROR = 0x0111


_CLASSES = frozenset(StunClass)


@dataclass(frozen=True, slots=True)
class StunMessage:
    """A well-formed binding message. `signed_bytes` is how much of it MESSAGE-INTEGRITY covers, none where it is absent."""

    message_class: StunClass
    transaction: bytes
    username: bytes
    integrity: bytes
    signed_bytes: int | None


def read(datagram: bytes) -> StunMessage | None:
    """The binding message in `datagram`, or none when it is not exactly one."""
    size = len(datagram)
    if size < HEADER_BYTES or size % 4:
        return None
    kind, length, cookie = struct.unpack_from("!HHI", datagram)
    if cookie != COOKIE or length != size - HEADER_BYTES or kind not in _CLASSES:
        return None
    username, integrity, signed = b"", b"", None
    at = HEADER_BYTES
    for _ in range(_MAX_ATTRIBUTES):
        if at == size:
            return StunMessage(StunClass(kind), datagram[8:20], username, integrity, signed)
        if at + 4 > size:
            return None
        attribute, value_bytes = struct.unpack_from("!HH", datagram, at)
        value_at = at + 4
        if value_at + value_bytes > size:
            return None
        if signed is None and attribute == _USERNAME:
            username = datagram[value_at : value_at + value_bytes]
        elif signed is None and attribute == _INTEGRITY:
            if value_bytes != _INTEGRITY_BYTES:
                return None
            integrity, signed = datagram[value_at : value_at + value_bytes], at
        at = value_at + value_bytes + (-value_bytes % 4)
    return None


def is_signed_with(datagram: bytes, message: StunMessage, password: bytes) -> bool:
    """Whether MESSAGE-INTEGRITY was made with `password` (RFC 8489, 14.5); the length field counts up to that attribute."""
    if message.signed_bytes is None:
        return False
    length = message.signed_bytes - HEADER_BYTES + 4 + _INTEGRITY_BYTES
    covered = datagram[:2] + length.to_bytes(2, "big") + datagram[4 : message.signed_bytes]
    return hmac.compare_digest(hmac.new(password, covered, hashlib.sha1).digest(), message.integrity)


def local_fragment(message: StunMessage) -> str | None:
    """The part of USERNAME before the colon: the receiver's own ufrag (RFC 8445, 7.2.2)."""
    local, colon, _ = message.username.partition(b":")
    if not colon or not local.isascii():
        return None
    return local.decode("ascii")
