"""The file of a sealed segment: taken apart as it was put together, and only typed errors for anything else."""

import contextlib
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from recording.core import segments
from recording.core.canonical import Malformed
from recording.core.manifest import BLOCK_BYTES
from recording.core.segments import SegmentHead

HEAD = SegmentHead(
    "consilium-segment/1", "r_" + "b" * 16, 7, "s_" + "a" * 16, "audio", "opus", "webm", 5, 5000, 250, 0, 0, "00" * 32, "11" * 12
)


def test_it_is_taken_apart_as_it_was_put_together() -> None:
    data = segments.bind(HEAD) + b"c" * 100 + b"s" * 64
    parts = segments.take_apart(data)
    assert (parts.head, parts.bound, parts.ciphertext, parts.signature) == (HEAD, segments.bind(HEAD), b"c" * 100, b"s" * 64)


def test_blocks_cover_all_but_the_signature() -> None:
    data = bytes(range(256)) * 600 + b"s" * 64
    blocks = segments.block_digests(segments.covered(data))
    assert len(blocks) == 3
    assert segments.block_digests(segments.covered(data[:-1] + b"t")) == blocks
    for at in (0, 65_535, 65_536, len(data) - 65):
        changed = segments.block_digests(segments.covered(data[:at] + b"\xee" + data[at + 1 :]))
        assert [a != b for a, b in zip(blocks, changed, strict=True)].index(True) == at // BLOCK_BYTES


def test_a_line_of_the_manifest_agrees_with_its_head() -> None:
    line = segments.entry(HEAD, 200, ("22" * 32,), "33" * 32)
    assert segments.agrees(HEAD, line)
    assert not segments.agrees(replace(HEAD, start_ms=6), line)


@given(st.binary(max_size=400), st.integers(0, 400), st.booleans())
def test_only_typed_errors_escape(data: bytes, at: int, cut: bool) -> None:
    whole = segments.bind(HEAD) + b"c" * 20 + b"s" * 64
    mixed = whole[:at] if cut else whole[:at] + data + whole[at + len(data) :]
    for each in (data, mixed):
        with contextlib.suppress(Malformed):
            segments.take_apart(each)
        segments.block_digests(segments.covered(each))


@pytest.mark.parametrize("size", [0, 1, 11, 12, 200])
def test_cut_short(size: int) -> None:
    with pytest.raises(Malformed):
        segments.take_apart(segments.bind(HEAD)[:size])
