"""Frames into files that a browser plays, never transcoded: WebM for Opus and VP8, fragmented MP4 for H.264.

It decides the container's options; where a segment begins and ends is recording/core/cutting.py's. A file is made in memory only:
its plaintext must never be on a disk. Each holds one track, with the times of the recording's line, so that a browser's
SourceBuffer (Media Source Extensions) takes one after the other as they are (docs/adr/0030).
"""

import io
import struct
from fractions import Fraction
from functools import lru_cache
from typing import Any

import av

from common.errors import Unavailable
from recording.core.depayload import Frame
from recording.core.manifest import Codec, Container

CONTAINER_OF: dict[Codec, Container] = {"opus": "webm", "vp8": "webm", "h264": "mp4"}
_US = Fraction(1, 1_000_000)
_OPTIONS: dict[Container, dict[str, str]] = {
    "webm": {"cluster_time_limit": "1000"},
    # One fragment per file, and its time told as it is (frag_discont), not from zero.
    "mp4": {"movflags": "frag_custom+empty_moov+default_base_moof+frag_discont", "avoid_negative_ts": "disabled"},
}


class Muxer:
    """One segment's file. Raises `Unavailable` (`not_muxed`) when libav refuses a frame; then the segment is lost, not more."""

    def __init__(self, codec: Codec, first: Frame) -> None:
        self.codec = codec
        self.container = CONTAINER_OF[codec]
        self.frames = 0
        self.width, self.height = first.size or (0, 0)
        self._file = io.BytesIO()
        try:
            self._out: Any = av.open(self._file, "w", format=self.container, options=_OPTIONS[self.container])
            self._stream = self._add_stream(codec, first)
        except (OSError, ValueError) as fault:
            raise Unavailable("not_muxed", "libav takes no such stream") from fault

    def _add_stream(self, codec: Codec, first: Frame) -> Any:
        if codec == "vp8":
            return self._out.add_mux_stream("vp8", width=self.width, height=self.height)
        if codec == "opus":
            return self._out.add_stream_from_template(_opus())
        with av.open(io.BytesIO(first.data), format="h264") as probe:
            template: Any = probe.streams.video[0]
            self.width, self.height = template.codec_context.width, template.codec_context.height
            return self._out.add_stream_from_template(template)

    def add(self, frame: Frame, at_us: int, duration_us: int) -> None:
        """The next frame; `at_us` is above the one before."""
        packet = av.Packet(frame.data)
        packet.stream = self._stream
        packet.time_base = _US
        packet.pts = packet.dts = at_us
        packet.duration = duration_us
        packet.is_keyframe = frame.key
        try:
            self._out.mux_one(packet)
        except (OSError, ValueError) as fault:
            raise Unavailable("not_muxed", "libav takes no such frame") from fault
        self.frames += 1

    def close(self) -> bytes:
        """The whole file."""
        try:
            self._out.close()
        except (OSError, ValueError) as fault:
            raise Unavailable("not_muxed", "libav cannot end the file") from fault
        return self._file.getvalue()


@lru_cache(maxsize=1)
def _opus() -> Any:
    """An Opus stream without pre-skip, to be made like.

    PyAV has no other way to give one its OpusHead (RFC 7845, 5.1), so here is a WebM file of one packet, by hand (RFC 9559).
    """
    opus_head = b"OpusHead" + struct.pack("<BBHIhB", 1, 2, 0, 48_000, 0, 0)
    audio = _element(0xB5, struct.pack(">f", 48_000)) + _element(0x9F, b"\x02")
    track = (
        _element(0xD7, b"\x01")  # TrackNumber
        + _element(0x73C5, b"\x01")  # TrackUID
        + _element(0x83, b"\x02")  # TrackType: audio
        + _element(0x86, b"A_OPUS")
        + _element(0x63A2, opus_head)  # CodecPrivate
        + _element(0xE1, audio)
    )
    tracks = _element(0x1654AE6B, _element(0xAE, track))
    cluster = _element(0x1F43B675, _element(0xE7, b"\0") + _element(0xA3, b"\x81\0\0\x80\xf8\xff\xfe"))
    file = _element(0x1A45DFA3, _element(0x4282, b"webm")) + _element(0x18538067, tracks + cluster)
    return av.open(io.BytesIO(file)).streams.audio[0]


def _element(number: int, content: bytes) -> bytes:
    """An EBML element of less than 16 KiB (RFC 8794)."""
    return number.to_bytes((number.bit_length() + 7) // 8, "big") + (0x4000 | len(content)).to_bytes(2, "big") + content
