"""What a network does to packets, and what may come out: whole frames in order, nothing that cannot be decoded, typed errors."""

import contextlib
import random
from pathlib import Path

import pytest
from aiortc.codecs.h264 import H264PayloadDescriptor
from aiortc.codecs.vpx import VpxPayloadDescriptor
from hypothesis import given, settings
from hypothesis import strategies as st

from recording.core.depayload import depayload_for
from recording.core.payloads import BadPayload, Fragment, h264_units, opus_samples, vp8_part
from recording.core.reorder import Packet, Reorder
from tests.unit.recording import packets as network

CORPUS = Path(__file__).parents[2] / "corpora" / "depayload"
KINDS = ("vp8", "vp8 without pictures", "h264")


def _sent(kind: str, keys: list[bool], sizes: list[int], first: int, timestamp: int) -> tuple[list[network.Sent], list[bytes]]:
    """The packets of a picture's frames, and what a decoder is to be given for each."""
    payloads, whole = [], []
    for index, (key, size) in enumerate(zip(keys, sizes, strict=True)):
        if kind == "h264":
            units = network.h264_units(index, key=key, size=size)
            payloads.append(network.h264_payloads(units))
            whole.append(b"".join(b"\x00\x00\x00\x01" + unit for unit in units))
        else:
            frame = network.vp8_frame(index, key=key, size=size)
            payloads.append(network.vp8_payloads(frame, None if "without" in kind else (first + index) % (1 << 15)))
            whole.append(frame)
    return network.numbered(payloads, first, timestamp), whole


FRAMES = st.lists(st.tuples(st.booleans(), st.integers(0, 1500)), min_size=1, max_size=40)


@given(
    kind=st.sampled_from(KINDS),
    frames=FRAMES,
    seed=st.integers(0, 1 << 32),
    first=st.sampled_from([0, 65_530, 32_760]),
    timestamp=st.sampled_from([0, (1 << 32) - 9000]),
    shuffle=st.integers(0, 30),
)
def test_without_loss_every_frame_comes_out_as_it_went_in(
    kind: str, frames: list[tuple[bool, int]], seed: int, first: int, timestamp: int, shuffle: int
) -> None:
    keys, sizes = [True, *(key for key, _ in frames[1:])], [size for _, size in frames]
    packets, whole = _sent(kind, keys, sizes, first, timestamp)
    late = network.spoiled(packets[1:], random.Random(seed), loss=0, shuffle=shuffle, double=0.1)
    out = network.received([packets[0], *late], depayload_for(kind.split(maxsplit=1)[0]))
    assert [frame.data for frame in out] == whole
    assert [frame.key for frame in out] == keys
    assert [frame.at_us for frame in out] == list(range(len(whole)))


@given(kind=st.sampled_from(KINDS), frames=FRAMES, seed=st.integers(0, 1 << 32), loss=st.floats(0.01, 0.6))
def test_what_comes_out_of_loss_is_whole_in_order_and_can_be_decoded(
    kind: str, frames: list[tuple[bool, int]], seed: int, loss: float
) -> None:
    keys, sizes = [key for key, _ in frames], [size for _, size in frames]
    packets, whole = _sent(kind, keys, sizes, 65_000, 77)
    depayload = depayload_for(kind.split(maxsplit=1)[0])
    out = network.received(network.spoiled(packets, random.Random(seed), loss=loss, shuffle=5, double=0.1), depayload)
    indices = [frame.at_us for frame in out]
    for position, (frame, index) in enumerate(zip(out, indices, strict=True)):
        assert index is not None
        assert frame.data == whole[index]
        assert frame.key == keys[index]
        if not frame.key:  # nothing that it builds on is missing
            assert position > 0
            assert indices[position - 1] == index - 1
    assert indices == sorted({index for index in indices if index is not None})


@given(st.lists(st.tuples(st.integers(0, 65_535), st.integers(0, 2_000_000)), max_size=200))
def test_reordering_is_bounded_and_gives_each_packet_once(arrivals: list[tuple[int, int]]) -> None:
    reorder, given_out, now = Reorder(), 0, 0
    for number, pause in arrivals:
        now += pause
        ready = reorder.push(number, Packet(0, False, b"", None), now)
        assert all(missing >= 0 for missing, _ in ready)
        given_out += len(ready)
    given_out += len(reorder.flush())
    assert given_out + reorder.late == len(arrivals)


@settings(max_examples=500)
@given(st.binary(max_size=80))
def test_only_typed_errors_escape_and_aiortc_agrees(payload: bytes) -> None:
    try_all(payload)


def test_every_file_of_the_corpus() -> None:
    files = sorted(CORPUS.glob("*.bin"))
    assert files
    for file in files:
        try_all(file.read_bytes())


def test_mutants_of_what_browsers_send() -> None:
    """A file is kept for whatever fails here."""
    chance, seeds = random.Random(5), [file.read_bytes() for file in sorted(CORPUS.glob("*.bin"))]
    for _ in range(20_000):
        payload = bytearray(chance.choice(seeds))
        for _ in range(chance.randint(1, 4)):
            if payload:
                payload[min(int(chance.expovariate(0.3)), len(payload) - 1)] = chance.choice(
                    (0, 1, 0x7F, 0x80, 0xFF, chance.getrandbits(8))
                )
        mutant = bytes(payload[: chance.randint(0, len(payload))] if chance.random() < 0.3 else payload)
        try:
            try_all(mutant)
        except Exception:
            (CORPUS / f"crash_{hash(mutant) & 0xFFFFFFFF:08x}.bin").write_bytes(mutant)
            raise


def try_all(payload: bytes) -> None:
    """Each parser gives parts or `BadPayload`; each depayloader gives frames or none; aiortc reads the same where it reads."""
    with contextlib.suppress(BadPayload):
        assert 0 < opus_samples(payload) <= 5760
    with contextlib.suppress(BadPayload):
        part = vp8_part(payload)
        theirs, rest = VpxPayloadDescriptor.parse(payload)
        assert rest == part.data
        assert part.first == (theirs.partition_start == 1 and theirs.partition_id & 7 == 0)  # aiortc takes the reserved bit in
        assert (part.picture[0] if part.picture else None) == theirs.picture_id
    with contextlib.suppress(BadPayload):
        units = h264_units(payload)
        if len(payload) > 1:
            _, output = H264PayloadDescriptor.parse(payload)
            ours = (b"\x00\x00\x00\x01" if units.first else b"") + units.data if isinstance(units, Fragment) else b"".join(
                b"\x00\x00\x00\x01" + unit for unit in units
            )  # fmt: skip
            assert output == ours
    for codec in ("opus", "vp8", "h264"):
        depayload = depayload_for(codec)
        for missing, marker in ((0, False), (0, True), (3, True)):
            depayload.push(missing, Packet(7, marker, payload, 0))


@pytest.mark.parametrize("codec", ["vp8", "h264"])
def test_a_frame_without_end_takes_no_memory(codec: str) -> None:
    depayload = depayload_for(codec)
    payload = b"\x10\x11" + bytes(1200) if codec == "vp8" else b"\x7c\x81" + bytes(1200)
    for turn in range(6000):
        depayload.push(
            0, Packet(7, False, payload if turn == 0 else (b"\x00" if codec == "vp8" else b"\x7c\x01") + bytes(1200), 0)
        )
    assert depayload.push(0, Packet(7, True, payload, 0)) is None
    assert depayload.broken == 1
