"""A segment as a browser can play it: sound that was not sent, or was lost, is there as packets that hold nothing.

Of silence a browser sends a packet now and then (Opus DTX), so a segment of speech has holes, and a player that feeds a browser's
buffer stands still at the first. What was sealed stays as it was sent; what is handed out is filled as RFC 7845, 4.1 has it: with
packets of the one before and no frame in it, at which a decoder goes on by itself (RFC 6716, 3.2.1).
"""

import io
from collections.abc import Iterator
from typing import NamedTuple

import av

from common.errors import Unavailable
from recording.container import Muxer
from recording.core.depayload import Frame
from recording.core.manifest import Segment
from recording.core.payloads import OPUS_RATE, opus_samples

SEAM_US = 20_000
"""Holes up to this are none to a browser: the times in a file are rounded, and packets come as the clock of the sender has it."""


class Sound(NamedTuple):
    """One Opus packet of the recording's line."""

    at_us: int
    data: bytes


def playable(file: bytes, line: Segment) -> bytes:
    """The same without holes up to where the segment ends; pictures, and what has none, as they are.

    Unavailable: segment_damaged, when libav cannot read it.
    """
    if line.codec != "opus":
        return file
    try:
        sent = list(_packets(file))
        whole = list(filled(sent, (line.start_ms + line.duration_ms) * 1000))
    except (OSError, ValueError) as fault:
        raise Unavailable("segment_damaged", "libav cannot read the segment") from fault
    if len(whole) == len(sent):
        return file
    muxer = Muxer(line.codec, _frame(whole[0]))
    for sound in whole:
        frame = _frame(sound)
        muxer.add(frame, sound.at_us, frame.samples * 1_000_000 // OPUS_RATE)
    return muxer.close()


def filled(sent: list[Sound], end_us: int) -> Iterator[Sound]:
    """The packets in order, and between them and up to `end_us` as many empty ones as there is room for. Raises `BadPayload`."""
    for index, sound in enumerate(sent):
        yield sound
        until_us = sent[index + 1].at_us if index + 1 < len(sent) else end_us
        empty = sound.data[:1] and bytes((sound.data[0] & 0xFC,))
        length_us = opus_samples(empty) * 1_000_000 // OPUS_RATE
        at_us = sound.at_us + opus_samples(sound.data) * 1_000_000 // OPUS_RATE
        while until_us - at_us >= max(length_us, SEAM_US):
            yield Sound(at_us, empty)
            at_us += length_us


def _packets(file: bytes) -> Iterator[Sound]:
    with av.open(io.BytesIO(file), "r") as container:
        for packet in container.demux(audio=0):
            if packet.pts is not None and packet.size:
                assert packet.time_base is not None
                yield Sound(int(packet.pts * packet.time_base * 1_000_000), bytes(packet))


def _frame(sound: Sound) -> Frame:
    return Frame(0, sound.at_us, True, sound.data, samples=opus_samples(sound.data))
