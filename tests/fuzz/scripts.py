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
    sender = struct.pack("!BBHIQIII", 0x80, 200, 6, 20, 1 << 40, 1234, 5, 6)
    receiver = struct.pack("!BBHIIIIIII", 0x81, 201, 7, 1, 200, 0x01000005, 10, 20, 30, 40)
    estimate = remb(1_000_000)
    return [nack, pli, fir, estimate, sender, receiver, sender + receiver + estimate]


def queue() -> bytes:
    """A receiver whose reports fall behind what it is sent for a second and a half, and who then has everything."""
    script = b"".join(datagram(0, picture(number), 0.13) for number in range(14))
    for highest in (1, 2, 3, 4, 13, 13):
        script += datagram(1, report(FIRST_SENT + highest), 0.29)
    return script + datagram(0, picture(14), 0.01) + datagram(1, report(FIRST_SENT + 14), 0.29)


def silence() -> bytes:
    """A receiver that reports once, and then not a word for three seconds, while much is sent to it; then its estimate falls."""
    script = datagram(0, picture(0)) + datagram(1, report(FIRST_SENT))
    script += b"".join(datagram(2, b"\x80\xff", 0.27) for _ in range(11)) + REPORT
    script += b"".join(datagram(0, picture(number, 900), 0.01) for number in (1, 2, 3)) + REPORT
    return script + datagram(1, remb(16_000 << 6)) + datagram(1, remb(4_660 << 3)) + REPORT


def checks() -> bytes:
    """A receiver that answers the loop's own checks at once, then late or not at all, and at once again."""
    script = b""
    for turn in range(12):
        script += b"".join(datagram(0, picture(6 * turn + number, 300), 0.03) for number in range(6)) + REPORT
        for check in range(9) if turn % 8 < 3 or turn % 3 == 0 else ():
            script += datagram(1, b"\x01\x01" + bytes(6) + bytes((check,)) + bytes(11))
    return script


FIRST_SENT = 65_000
"""The number of the first packet of a picture's sink in the harness."""
REPORT = bytes([32])
"""What the loop does each second."""


def picture(number: int, octets: int = 30) -> bytes:
    return rtp(96, number, 3000 * number, 20, vp8(number) + bytes(octets))


def report(highest: int) -> bytes:
    return struct.pack("!BBHIIIIIII", 0x81, 201, 7, 1, 200, 0, highest, 20, 0, 0)


def remb(bps: int) -> bytes:
    exponent = max(0, bps.bit_length() - 18)
    mantissa = bps >> exponent
    return struct.pack("!BBHII4sBBHI", 0x8F, 206, 5, 1, 0, b"REMB", 1, exponent << 2 | mantissa >> 16, mantissa & 0xFFFF, 200)


def datagram(peer: int, data: bytes, after_s: float = 0.1) -> bytes:
    """One of `peer`, about so long after what was before."""
    heads = [value for value in range(37, 256, 2) if value % 5 == peer]
    head = min(heads, key=lambda value: abs((value & 0x1F) - 100 * after_s))
    return bytes([head]) + struct.pack("!H", len(data)) + data


def rtp(payload_type: int, sequence: int, timestamp: int, ssrc: int, payload: bytes) -> bytes:
    return struct.pack("!BBHII", 0x90, payload_type, sequence, timestamp, ssrc) + EXTENSIONS + payload


def vp8(picture: int) -> bytes:
    return bytes([0x90, 0xC0, 0x80 | picture >> 8, picture & 255, picture & 255, 0x10 if picture == 0 else 0x11]) + bytes(30)
