"""Well-formed packets, and a whole call in the form that the plane's harness reads (plane_fuzz.c)."""

import struct

EXTENSIONS = bytes.fromhex("bede0002") + bytes([0x12, 1, 2, 3, 0x20, 0x7F, 0x40, 0x30])

AGGREGATE = b"\x18\x00\x04\x67abc\x00\x04\x68abc"
"""H.264's parameter sets in one packet (STAP-A)."""


def call() -> bytes:
    """A scripted call in the harness's own form: media both ways, then each kind of feedback, alone and in compounds."""
    script = b""
    for number in range(12):
        script += datagram(0, rtp(96, number, 3000 * number, 20, vp8(number)))
        script += datagram(1, rtp(111, number, 960 * number, 10, b"opus!"))
        script += datagram(0, rtp(97, number, 3000 * number, 30, struct.pack("!H", number + number % 3) + vp8(number)))
        script += datagram(0, rtp(102, number, 3000 * number, 22, AGGREGATE if number % 4 == 0 else b"\x61" + bytes(20)))
    for packet in rtcp_packets():
        script += datagram(1, packet) + datagram(0, packet)
    return script


def rtcp_packets() -> list[bytes]:
    """Each kind of feedback and report, and a compound."""
    nack = struct.pack("!BBHIIHH", 0x81, 205, 3, 1, 200, 65000, 0x00FF)
    pli = struct.pack("!BBHII", 0x81, 206, 2, 1, 200)
    fir = struct.pack("!BBHIIII", 0x84, 206, 4, 1, 0, 200, 1 << 24)
    remb = struct.pack("!BBHII4sBBHI", 0x8F, 206, 5, 1, 0, b"REMB", 1, 0x0C, 0x1234, 200)
    sender = struct.pack("!BBHIQIII", 0x80, 200, 6, 20, 1 << 40, 1234, 5, 6)
    receiver = struct.pack("!BBHIIIIIII", 0x81, 201, 7, 1, 200, 0x01000005, 10, 20, 30, 40)
    return [nack, pli, fir, remb, sender, receiver, sender + receiver + remb]


def datagram(peer: int, data: bytes) -> bytes:
    head = next(value for value in range(37, 256, 2) if value % 5 == peer)
    return bytes([head]) + struct.pack("!H", len(data)) + data


def rtp(payload_type: int, sequence: int, timestamp: int, ssrc: int, payload: bytes) -> bytes:
    return struct.pack("!BBHII", 0x90, payload_type, sequence, timestamp, ssrc) + EXTENSIONS + payload


def vp8(picture: int) -> bytes:
    return bytes([0x90, 0xC0, 0x80 | picture >> 8, picture & 255, picture & 255, 0x10 if picture == 0 else 0x11]) + bytes(30)
