"""Reads just enough of a STUN message (RFC 8489) to decide whose it is and whether it is genuine, and writes the two that keep a
path alive: a check of ours and the answer to a check.

It decides authenticity only. Every length is checked against the datagram. A general STUN library costs ten times as much, and a
worker's idle connections do little else.
"""

import binascii
import hashlib
import hmac
import struct
from enum import IntEnum
from functools import lru_cache
from ipaddress import ip_address
from typing import NamedTuple

try:  # the interpreter's own: it takes a third less than OpenSSL's when a core comes to it from something else
    from _sha1 import sha1 as _sha1  # type: ignore[import-not-found]
except ImportError:
    _sha1 = hashlib.sha1

COOKIE = 0x2112A442
HEADER_BYTES = 20
_USERNAME, _INTEGRITY, _XOR_MAPPED, _PRIORITY, _USE_CANDIDATE = 0x0006, 0x0008, 0x0020, 0x0024, 0x0025
_CONTROLLED, _FINGERPRINT = 0x8029, 0x8028
_FINGERPRINT_MASK = 0x5354554E
_IPV4, _IPV6 = 1, 2
_INTEGRITY_BYTES = 20
_BLOCK_BYTES = 64
_SIGNATURE_BYTES = 4 + _INTEGRITY_BYTES + 8
"""Of MESSAGE-INTEGRITY and FINGERPRINT, which stand last."""
_NO_TRANSACTION, _NO_INTEGRITY, _NO_FINGERPRINT = bytes(12), bytes(_INTEGRITY_BYTES), bytes(4)
_INNER, _OUTER = (bytes(octet ^ pad for octet in range(256)) for pad in (0x36, 0x5C))
_MAX_ATTRIBUTES = 32  # browsers send about eight


class StunClass(IntEnum):
    REQUEST = 0x0001
    INDICATION = 0x0011
    SUCCESS = 0x0101
    ERROR = 0x0111


_CLASSES = frozenset(StunClass)


class StunMessage(NamedTuple):
    """A well-formed binding message. `signed_bytes` is how much of it MESSAGE-INTEGRITY covers, none where it is absent."""

    message_class: StunClass
    transaction: bytes
    username: bytes
    integrity: bytes
    signed_bytes: int | None
    nominates: bool = False
    """Whether USE-CANDIDATE stands under the signature."""


def read(datagram: bytes) -> StunMessage | None:
    """The binding message in `datagram`, or none when it is not exactly one.

    A path's checks differ in nothing but transaction and signature, so that what is between is taken apart once.
    """
    head, transaction, attributes, integrity = datagram[:8], datagram[8:20], datagram[20:-28], datagram[-28:-8]
    alike = _read(b"".join((head, _NO_TRANSACTION, attributes, _NO_INTEGRITY, datagram[-8:-4], _NO_FINGERPRINT)))
    if alike is not None and alike.signed_bytes == len(datagram) - _SIGNATURE_BYTES:
        kind, _, username, _, signed, nominates = alike
        return StunMessage(kind, transaction, username, integrity, signed, nominates)
    return _read.__wrapped__(datagram)


@lru_cache(maxsize=2048)
def _read(datagram: bytes) -> StunMessage | None:
    size = len(datagram)
    if size < HEADER_BYTES or size % 4:
        return None
    kind, length, cookie = struct.unpack_from("!HHI", datagram)
    if cookie != COOKIE or length != size - HEADER_BYTES or kind not in _CLASSES:
        return None
    username, integrity, signed, nominates = b"", b"", None, False
    at = HEADER_BYTES
    for _ in range(_MAX_ATTRIBUTES):
        if at == size:
            return StunMessage(StunClass(kind), datagram[8:20], username, integrity, signed, nominates)
        if at + 4 > size:
            return None
        attribute, value_bytes = struct.unpack_from("!HH", datagram, at)
        value_at = at + 4
        if value_at + value_bytes > size:
            return None
        if signed is None and attribute == _USERNAME:
            username = datagram[value_at : value_at + value_bytes]
        elif signed is None and attribute == _USE_CANDIDATE:
            nominates = True
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
    return hmac.compare_digest(_hmac_sha1(password, covered), message.integrity)


def local_fragment(message: StunMessage) -> str | None:
    """The part of USERNAME before the colon: the receiver's own ufrag (RFC 8445, 7.2.2)."""
    local, colon, _ = message.username.partition(b":")
    if not colon or not local.isascii():
        return None
    return local.decode("ascii")


def binding_request(transaction: bytes, username: str, password: str, *, priority: int, tie_breaker: int) -> bytes:
    """A connectivity check of the controlled side (RFC 8445, 7.1), signed and with a fingerprint."""
    return _signed(StunClass.REQUEST, transaction, _asking(username, priority, tie_breaker), password)


def binding_success(transaction: bytes, address: tuple[str, int], password: str) -> bytes:
    """The answer to a check that came from `address` (RFC 8489, 14.2), signed and with a fingerprint."""
    # An IPv4 address is masked by the cookie alone: the same address is written the same way each time.
    attributes = _mapped(address, transaction if ":" in address[0] else _NO_TRANSACTION)
    return _signed(StunClass.SUCCESS, transaction, attributes, password)


@lru_cache(maxsize=2048)
def _asking(username: str, priority: int, tie_breaker: int) -> bytes:
    return (
        _attribute(_USERNAME, username.encode())
        + struct.pack("!HHI", _PRIORITY, 4, priority)
        + struct.pack("!HHQ", _CONTROLLED, 8, tie_breaker)
    )


@lru_cache(maxsize=2048)
def _mapped(address: tuple[str, int], transaction: bytes) -> bytes:
    ip = ip_address(address[0])
    mask = struct.pack("!I", COOKIE) + transaction
    masked = bytes(octet ^ masking for octet, masking in zip(ip.packed, mask, strict=False))
    family = _IPV4 if ip.version == 4 else _IPV6
    return _attribute(_XOR_MAPPED, struct.pack("!HH", family, address[1] ^ (COOKIE >> 16)) + masked)


def _hmac_sha1(key: bytes, data: bytes) -> bytes:
    inner, outer = (begun.copy() for begun in _begun(key))
    inner.update(data)
    outer.update(inner.digest())
    return outer.digest()


@lru_cache(maxsize=4096)
def _begun(key: bytes) -> tuple["hashlib._Hash", "hashlib._Hash"]:
    """HMAC's two hashes once they know the key (RFC 2104). OpenSSL's own costs 80 µs on a core that did something else meanwhile,
    as it does with every check of an idle connection; to go on from here costs 20."""
    block = (_sha1(key).digest() if len(key) > _BLOCK_BYTES else key).ljust(_BLOCK_BYTES, b"\0")
    return _sha1(block.translate(_INNER)), _sha1(block.translate(_OUTER))


def _attribute(kind: int, value: bytes) -> bytes:
    return struct.pack("!HH", kind, len(value)) + value + bytes(-len(value) % 4)


def _signed(message_class: StunClass, transaction: bytes, attributes: bytes, password: str) -> bytes:
    length = len(attributes) + 4 + _INTEGRITY_BYTES
    body = struct.pack("!HHI", message_class, length, COOKIE) + transaction + attributes
    integrity = _hmac_sha1(password.encode(), body)
    whole = body[:2] + (length + 8).to_bytes(2, "big") + body[4:] + struct.pack("!HH", _INTEGRITY, _INTEGRITY_BYTES) + integrity
    return whole + struct.pack("!HHI", _FINGERPRINT, 4, binascii.crc32(whole) ^ _FINGERPRINT_MASK)
