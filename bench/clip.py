"""Two seconds of real VP8 as RTP payloads, so that a relay that decodes has something to decode."""

import functools
from collections.abc import Iterable
from fractions import Fraction

import av
import numpy as np
from aiortc.codecs.vpx import VpxPayloadDescriptor

FRAMES = 60
PACKET_BYTES = 1042
WIDTH, HEIGHT, BITS_PER_S = 640, 360, 900_000
CLIP_NS = 2_000_000_000
PACED_NS = 5_000_000
"""Between two packets at least, as browsers spread a large frame: 1.7 Mbit/s."""


@functools.cache
def payloads() -> list[tuple[bytes, bool]]:
    """(payload, last of its frame), a key frame first; descriptors hold a 15-bit PictureID at octet 2."""
    encoder = av.CodecContext.create("libvpx", "w")
    encoder.width, encoder.height, encoder.pix_fmt = WIDTH, HEIGHT, "yuv420p"
    encoder.bit_rate, encoder.gop_size, encoder.framerate = BITS_PER_S, FRAMES, Fraction(30)
    encoder.options = {"deadline": "realtime", "cpu-used": "8", "lag-in-frames": "0", "error-resilient": "1"}
    noise = np.random.default_rng(1)
    found: list[tuple[bytes, bool]] = []
    for number in range(FRAMES):
        picture = noise.integers(0, 60, (HEIGHT, WIDTH, 3), dtype=np.uint8)
        picture[:, (number * 9) % WIDTH :][:, :80] = 220
        frame = av.VideoFrame.from_ndarray(picture, format="rgb24").reformat(format="yuv420p")
        frame.pts = number
        for packet in encoder.encode(frame):
            found += _packetize(bytes(packet))
    return found


def schedule_ns(lasts: Iterable[bool]) -> list[int]:
    """When each packet is sent, in nanoseconds since the clip began; `lasts` says of each whether it ends its frame.

    A frame's packets wait for its time and for those before them: a key frame of a hundred packets takes half a second, and what
    comes behind it catches up. A pace that a clip does not fit into is a ValueError.
    """
    found: list[int] = []
    frame, free = 0, 0
    for last in lasts:
        found.append(max(free, frame * CLIP_NS // FRAMES))
        free = found[-1] + PACED_NS
        frame += last
    if free > CLIP_NS:
        raise ValueError("the clip has more packets than its pace lets through")
    return found


def _packetize(frame: bytes) -> list[tuple[bytes, bool]]:
    parts = [frame[at : at + PACKET_BYTES] for at in range(0, len(frame), PACKET_BYTES)]
    return [
        (
            bytes(VpxPayloadDescriptor(partition_start=1 if index == 0 else 0, partition_id=0, picture_id=0x4000)) + part,
            part is parts[-1],
        )
        for index, part in enumerate(parts)
    ]
