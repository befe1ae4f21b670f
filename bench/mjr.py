"""Janus' recordings (.mjr), read only to count what is in them.

The file's form is that of Janus' record.c: "MJR00002", a length and JSON; then for each packet "MEET", when it came (ms,
u32), its length (u16) and the packet as it came.
"""

import struct
from pathlib import Path

_BEGIN = struct.Struct("!8sH")
_PACKET = struct.Struct("!4sIH")


def packets_in(file: Path) -> int:
    """How many whole packets are in the file. ValueError: it is no such file."""
    data = file.read_bytes()
    if len(data) < _BEGIN.size:
        return 0
    magic, length = _BEGIN.unpack_from(data)
    if magic != b"MJR00002":
        raise ValueError("not a recording of Janus")
    at, count = _BEGIN.size + length, 0
    while at + _PACKET.size <= len(data):
        magic, _, length = _PACKET.unpack_from(data, at)
        if magic != b"MEET":
            raise ValueError("not a packet")
        at += _PACKET.size + length
        count += at <= len(data)
    return count
