"""Copies as the plane's tap would make them, without a call."""

import struct
from collections.abc import Iterator

from recording.sink import COPY
from tests.peers.talker import FPS, PACKET_BYTES, Camera
from tests.unit.recording.packets import h264_payloads, vp8_payloads


def copied(camera: Camera, count: int, sizes: dict[int, tuple[int, int]]) -> Iterator[tuple[bytes, int, int]]:
    """(copy, dropped, arrival in µs) of so many frames; `sizes` changes the camera's at these."""
    sequence = 65_530
    for index in range(count):
        camera.size = sizes.get(index, camera.size)
        data, _ = camera.frame(index, index / FPS, key=index in sizes or index == 0)
        if camera.codec == "vp8":
            payloads = vp8_payloads(data, index, PACKET_BYTES)
        else:
            payloads = h264_payloads(
                [unit for unit in data.replace(b"\0\0\0\1", b"\0\0\1").split(b"\0\0\1") if unit], PACKET_BYTES
            )
        for place, payload in enumerate(payloads):
            at_us = index * 1_000_000 // FPS + place * 100
            head = COPY.pack(0xC7, 0x12, 0, 1, at_us)
            marker = 0x80 if place == len(payloads) - 1 else 0
            rtp = struct.pack("!BBHII", 0x80, marker | 96, sequence % (1 << 16), index * 90_000 // FPS, 7)
            yield head + rtp + payload, 0, at_us
            sequence += 1
