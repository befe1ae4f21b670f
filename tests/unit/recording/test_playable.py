"""Holes in what was sent are filled with packets that hold nothing; what has none is left as it is."""

import io
import itertools
from typing import Any

import av
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from common.errors import Unavailable
from recording.container import Muxer
from recording.core.depayload import Frame
from recording.core.manifest import Segment
from recording.core.payloads import opus_samples
from recording.playable import SEAM_US, Sound, filled, playable

START_MS = 4_000
FRAME_MS = 20


def tone(count: int) -> list[bytes]:
    """Opus packets of 20 ms of a tone."""
    encoder: Any = av.CodecContext.create("libopus", "w")
    encoder.sample_rate, encoder.layout, encoder.format, encoder.bit_rate = 48_000, "mono", "s16", 32_000
    packets: list[bytes] = []
    wave = (np.sin(np.arange(960 * count) * 2 * np.pi * 440 / 48_000) * 12_000).astype(np.int16)
    for index in range(count):
        frame = av.AudioFrame.from_ndarray(wave[960 * index : 960 * (index + 1)].reshape(1, -1), format="s16", layout="mono")
        frame.sample_rate, frame.pts = 48_000, 960 * index
        packets += map(bytes, encoder.encode(frame))
    return packets[:count]


def segment(sent_ms: list[int], duration_ms: int) -> tuple[bytes, Segment]:
    """A file with a packet at each of these moments, and its line in a manifest."""
    packets = tone(len(sent_ms) + 2)
    frames = [Frame(0, (START_MS + at) * 1000, True, data, samples=960) for at, data in zip(sent_ms, packets, strict=False)]
    muxer = Muxer("opus", frames[0])
    for frame in frames:
        assert frame.at_us is not None
        muxer.add(frame, frame.at_us, FRAME_MS * 1000)
    line = Segment(
        1, "s_" + "a" * 16, "audio", "opus", "webm", START_MS, duration_ms, len(frames), 0, 0, 1, ("00" * 32,), "00" * 32
    )
    return muxer.close(), line


def heard(file: bytes) -> list[tuple[float, int]]:
    """(when, how many samples) of every decoded frame."""
    with av.open(io.BytesIO(file), "r") as container:
        container.streams.audio[0].codec_context.options = {"err_detect": "explode"}
        return [(float(frame.time or 0), frame.samples) for frame in container.decode(audio=0)]


def test_a_silence_that_was_not_sent_is_there_in_what_is_handed_out() -> None:
    """Speech, a packet each 400 ms, speech: 4 s without a hole, each sent packet where it was."""
    sent_ms = [*range(0, 1000, FRAME_MS), 1400, 1800, *range(2200, 3000, FRAME_MS)]
    file, line = segment(sent_ms, 4000)
    frames = heard(playable(file, line))
    assert len(frames) == 4000 // FRAME_MS
    assert frames[0][0] * 1000 == START_MS
    for (before, samples), (after, _) in itertools.pairwise(frames):
        assert abs(after - before - samples / 48_000) <= 0.002
    assert {START_MS + at for at in sent_ms} <= {round(at * 1000) for at, _ in frames}


def test_what_has_no_hole_is_handed_out_as_it_was_sent() -> None:
    file, line = segment(list(range(0, 2000, FRAME_MS)), 2000)
    assert playable(file, line) is file


def test_what_is_no_file_is_damaged() -> None:
    _, line = segment([0, 20], 40)
    with pytest.raises(Unavailable, match="cannot read") as told:
        playable(b"no file at all", line)
    assert told.value.code == "segment_damaged"


@given(st.lists(st.integers(0, 31).map(lambda config: bytes((config << 3, 1, 2))), min_size=1), st.data())
def test_no_hole_is_longer_than_a_packet(packets: list[bytes], data: st.DataObject) -> None:
    """Of every length of packet, and packets that come before their time."""
    steps = data.draw(st.lists(st.integers(0, 999_000), min_size=len(packets), max_size=len(packets)))
    times = list(itertools.accumulate(steps))
    sent = [Sound(at, packet) for at, packet in zip(times, packets, strict=True)]
    whole = list(filled(sent, times[-1] + 700_000))
    assert [each for each in whole if len(each.data) > 1] == sent
    for before, after in itertools.pairwise(whole):
        held_us, empty_us = (opus_samples(data) * 1_000_000 // 48_000 for data in (before.data, bytes((before.data[0] & 0xFC,))))
        assert after.at_us - before.at_us - held_us < max(SEAM_US, empty_us)
