"""Senders for tests: frames cut into RTP payloads as RFC 7741 and RFC 6184 say, and a network that spoils them."""

import random
from collections.abc import Iterator
from dataclasses import dataclass

from recording.core.depayload import Depayload, Frame
from recording.core.reorder import Packet, Reorder


@dataclass(frozen=True, slots=True)
class Sent:
    """One packet on its way: the sequence number as sent, without wrap."""

    number: int
    packet: Packet


def vp8_frame(index: int, *, key: bool, size: int) -> bytes:
    """What a decoder would be given; its content tells which frame it is."""
    head = b"\x10\x00\x00\x9d\x01\x2a\x40\x01\xf0\x00" if key else b"\x11\x00\x00"
    return head + index.to_bytes(4, "big") * (1 + size // 4)


def vp8_payloads(frame: bytes, picture: int | None, most: int = 300) -> list[bytes]:
    """RFC 7741: S on the first part, a 15-bit PictureID where given."""
    chunks = [frame[at : at + most] for at in range(0, len(frame), most)]
    payloads = []
    for place, chunk in enumerate(chunks):
        first = 0x10 if place == 0 else 0
        if picture is None:
            payloads.append(bytes((first,)) + chunk)
        else:
            payloads.append(bytes((0x80 | first, 0x80, 0x80 | picture >> 8 & 0x7F, picture & 255)) + chunk)
    return payloads


SPS, PPS = b"\x67\x42\x00\x1f" + b"s" * 8, b"\x68\xce\x3c\x80"


def h264_units(index: int, *, key: bool, size: int) -> list[bytes]:
    body = index.to_bytes(4, "big") * (1 + size // 4)
    return [SPS, PPS, b"\x65" + body] if key else [b"\x41" + body]


def h264_payloads(units: list[bytes], most: int = 300) -> list[bytes]:
    """RFC 6184: small units together in a STAP-A, large ones in FU-As."""
    small = [unit for unit in units if len(unit) <= most // 3]
    payloads = []
    if len(small) > 1:
        payloads.append(b"\x78" + b"".join(len(unit).to_bytes(2, "big") + unit for unit in small))
    else:
        payloads += small
    for unit in units:
        if len(unit) <= most // 3:
            continue
        if len(unit) <= most:
            payloads.append(unit)
            continue
        step = most - 2  # a unit that is too large by one octet still makes two fragments
        rest = [unit[at : at + step] for at in range(1, len(unit), step)]
        for place, chunk in enumerate(rest):
            flags = (0x80 if place == 0 else 0) | (0x40 if place == len(rest) - 1 else 0)
            payloads.append(bytes((unit[0] & 0xE0 | 28, flags | unit[0] & 31)) + chunk)
    return payloads


def numbered(frames: list[list[bytes]], first: int, timestamp: int) -> list[Sent]:
    """The packets of frames a thirtieth of a second apart, the last of each with the marker."""
    packets, number = [], first
    for index, payloads in enumerate(frames):
        at = (timestamp + 3000 * index) % (1 << 32)
        for place, payload in enumerate(payloads):
            packets.append(Sent(number, Packet(at, place == len(payloads) - 1, payload, index)))
            number += 1
    return packets


def spoiled(packets: list[Sent], chance: random.Random, *, loss: float, shuffle: int, double: float) -> Iterator[Sent]:
    """Some lost, some twice, each at most `shuffle` places late."""
    there = [each for each in packets for _ in range(1 + (chance.random() < double)) if chance.random() >= loss]
    places = [(place + chance.randint(0, shuffle), place) for place in range(len(there))]
    return (there[place] for _, place in sorted(places))


def received(packets: Iterator[Sent] | list[Sent], depayload: Depayload) -> list[Frame]:
    """What comes out at the other end; a packet each millisecond."""
    reorder, frames = Reorder(), []
    ready = []
    for now, sent in enumerate(packets):
        ready += reorder.push(sent.number % (1 << 16), sent.packet, now * 1000)
    ready += reorder.flush()
    for missing, packet in ready:
        frame = depayload.push(missing, packet)
        if frame is not None:
            frames.append(frame)
    return frames
