"""RTCP (RFC 3550, 4585, 5104; REMB: draft-alvestrand-rmcat-remb): compound packets to values and back, all lengths checked.

It knows what the relay translates and skips the rest; it decides nothing about them.
"""

import struct
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

_SR, _RR, _SDES, _BYE, _RTPFB, _PSFB = 200, 201, 202, 203, 205, 206
_NACK, _PLI, _FIR, _REMB = 1, 1, 4, 15
_BLOCK = struct.Struct("!IBBHIIII")
_MAX_BLOCKS = 31
_MAX_REMB_BPS = 1 << 40


@dataclass(frozen=True, slots=True)
class ReportBlock:
    """RFC 3550, 6.4.1: `lost` is signed, `last_report` and `delay` are in 1/65536 s."""

    ssrc: int
    fraction_lost: int
    lost: int
    highest: int
    jitter: int
    last_report: int
    delay: int


@dataclass(frozen=True, slots=True)
class SenderReport:
    ssrc: int
    ntp: int
    timestamp: int
    packets: int
    octets: int
    blocks: tuple[ReportBlock, ...] = ()


@dataclass(frozen=True, slots=True)
class ReceiverReport:
    ssrc: int
    blocks: tuple[ReportBlock, ...] = ()


@dataclass(frozen=True, slots=True)
class CanonicalName:
    """SDES with one CNAME; other items are skipped in reading."""

    ssrc: int
    name: str


@dataclass(frozen=True, slots=True)
class Bye:
    ssrcs: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Nack:
    """`sequences` in the order named, at most what fits a datagram."""

    sender: int
    media: int
    sequences: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class PictureLoss:
    """PLI, and on reading also each entry of a FIR: both ask for a key frame."""

    sender: int
    media: int


@dataclass(frozen=True, slots=True)
class Remb:
    sender: int
    bps: int
    ssrcs: tuple[int, ...]


Packet = SenderReport | ReceiverReport | CanonicalName | Bye | Nack | PictureLoss | Remb


def parse(data: bytes) -> list[Packet] | None:
    """The packets of a decrypted compound that the relay knows, or none when a length in it is wrong."""
    packets: list[Packet] = []
    at, size = 0, len(data)
    while at < size:
        if at + 4 > size or data[at] >> 6 != 2:
            return None
        words = int.from_bytes(data[at + 2 : at + 4], "big")
        end = at + 4 + 4 * words
        if end > size:
            return None
        body_end = end
        if data[at] & 0x20:
            padding = data[end - 1]
            if padding == 0 or padding > end - at - 4:
                return None
            body_end -= padding
        try:
            packets.extend(_read(data[at + 1], data[at] & 0x1F, data[at + 4 : body_end]))
        except (struct.error, IndexError):
            return None
        at = end
    return packets


def _read(kind: int, count: int, body: bytes) -> Iterator[Packet]:
    match kind:
        case 200:
            ssrc, ntp, timestamp, packets, octets = struct.unpack_from("!IQIII", body)
            yield SenderReport(ssrc, ntp, timestamp, packets, octets, _read_blocks(body, 24, count))
        case 201:
            (ssrc,) = struct.unpack_from("!I", body)
            yield ReceiverReport(ssrc, _read_blocks(body, 4, count))
        case 203:
            yield Bye(struct.unpack_from(f"!{count}I", body))
        case 205 if count == _NACK:
            sender, media = struct.unpack_from("!II", body)
            yield Nack(sender, media, tuple(_read_lost(body)))
        case 206 if count == _PLI:
            yield PictureLoss(*struct.unpack_from("!II", body))
        case 206 if count == _FIR:
            sender, _ = struct.unpack_from("!II", body)
            for at in range(8, len(body) - 7, 8):
                yield PictureLoss(sender, struct.unpack_from("!I", body, at)[0])
        case 206 if count == _REMB and body[8:12] == b"REMB":
            yield _read_remb(body)


def _read_blocks(body: bytes, at: int, count: int) -> tuple[ReportBlock, ...]:
    blocks = []
    for index in range(count):
        ssrc, fraction, lost_high, lost_low, highest, jitter, last, delay = _BLOCK.unpack_from(body, at + 24 * index)
        lost = lost_high << 16 | lost_low
        blocks.append(ReportBlock(ssrc, fraction, lost - (lost >> 23 << 24), highest, jitter, last, delay))
    return tuple(blocks)


def _read_lost(body: bytes) -> Iterator[int]:
    for at in range(8, len(body) - 3, 4):
        first, following = struct.unpack_from("!HH", body, at)
        yield first
        for bit in range(16):
            if following >> bit & 1:
                yield (first + bit + 1) & 0xFFFF


def _read_remb(body: bytes) -> Remb:
    sender, _, _, count, high, low = struct.unpack_from("!IIIBBH", body)
    exponent, mantissa = high >> 2, (high & 3) << 16 | low
    ssrcs = struct.unpack_from(f"!{count}I", body, 16)
    return Remb(sender, min(mantissa << exponent, _MAX_REMB_BPS), ssrcs)


def build(packets: Iterable[Packet]) -> bytes:
    """A compound in the order given; RFC 3550 wants a report first unless reduced size was agreed."""
    return b"".join(_write(packet) for packet in packets)


def _write(packet: Packet) -> bytes:
    match packet:
        case SenderReport():
            head = struct.pack("!IQIII", packet.ssrc, packet.ntp, packet.timestamp, packet.packets, packet.octets)
            return _frame(_SR, len(packet.blocks), head + _write_blocks(packet.blocks))
        case ReceiverReport():
            return _frame(_RR, len(packet.blocks), struct.pack("!I", packet.ssrc) + _write_blocks(packet.blocks))
        case CanonicalName():
            name = packet.name.encode()
            chunk = struct.pack("!IBB", packet.ssrc, 1, len(name)) + name
            return _frame(_SDES, 1, chunk + bytes(4 - len(chunk) % 4))  # one to four zeros end the chunk
        case Bye():
            return _frame(_BYE, len(packet.ssrcs), struct.pack(f"!{len(packet.ssrcs)}I", *packet.ssrcs))
        case Nack():
            return _frame(_RTPFB, _NACK, struct.pack("!II", packet.sender, packet.media) + _write_lost(packet.sequences))
        case PictureLoss():
            return _frame(_PSFB, _PLI, struct.pack("!II", packet.sender, packet.media))
        case Remb():
            return _frame(_PSFB, _REMB, _write_remb(packet))


def _frame(kind: int, count: int, body: bytes) -> bytes:
    return struct.pack("!BBH", 0x80 | count, kind, len(body) // 4) + body


def _write_blocks(blocks: tuple[ReportBlock, ...]) -> bytes:
    return b"".join(
        _BLOCK.pack(
            block.ssrc,
            block.fraction_lost,
            block.lost >> 16 & 0xFF,
            block.lost & 0xFFFF,
            block.highest,
            block.jitter,
            block.last_report,
            block.delay,
        )
        for block in blocks[:_MAX_BLOCKS]
    )


def _write_lost(sequences: tuple[int, ...]) -> bytes:
    entries: list[list[int]] = []
    for sequence in sequences:
        distance = (sequence - entries[-1][0]) & 0xFFFF if entries else 0
        if 1 <= distance <= 16:
            entries[-1][1] |= 1 << (distance - 1)
        else:
            entries.append([sequence, 0])
    return b"".join(struct.pack("!HH", first, following) for first, following in entries)


def _write_remb(packet: Remb) -> bytes:
    exponent = max(0, packet.bps.bit_length() - 18)
    mantissa = packet.bps >> exponent
    head = struct.pack(
        "!II4sBBH", packet.sender, 0, b"REMB", len(packet.ssrcs), exponent << 2 | mantissa >> 16, mantissa & 0xFFFF
    )
    return head + struct.pack(f"!{len(packet.ssrcs)}I", *packet.ssrcs)
