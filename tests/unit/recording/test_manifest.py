"""The manifest's text: one for each value, and anything else is refused with a typed error."""

import contextlib
import json
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from common.ids import new_id
from recording.core import manifest as form
from recording.core.canonical import Malformed
from recording.core.manifest import Clock, Consent, Gap, Manifest, Person, Quality, Segment

SEAT = "s_" + "a" * 16
SEGMENT = Segment(1, SEAT, "video", "vp8", "webm", 0, 5000, 150, 640, 480, 90_000, ("ab" * 32, "cd" * 32), "ef" * 32)
WHOLE = Manifest(
    format=form.FORMAT,
    recording="r_" + "b" * 16,
    consultation="c_" + "c" * 16,
    hospital="h_" + "d" * 16,
    state="sealed",
    started_at_ms=1_790_000_000_000,
    duration_ms=5000,
    clock=Clock("0e1f-22", 12),
    people=(Person(SEAT, "patient"),),
    segments=(SEGMENT,),
    gaps=(Gap("", "", 5000, None, "withdrawn"),),
    consents=(Consent(SEAT, "audio_video", True, 1_790_000_000_000),),
    quality=(Quality(SEAT, "video", 1000, 2, 150, 1),),
    key="12" * 8,
    chain=SEGMENT.chain,
)


def test_it_comes_back_as_it_was() -> None:
    text = form.encode(WHOLE)
    assert form.decode(text) == WHOLE
    assert text == form.encode(form.decode(text))
    assert b" " not in text


def test_segments_whose_texts_are_there_already_make_the_same_text() -> None:
    more = replace(SEGMENT, number=2, chain="cd" * 32)
    for segments in ((), (SEGMENT,), (SEGMENT, more)):
        whole = replace(WHOLE, segments=segments, chain=segments[-1].chain if segments else WHOLE.chain)
        assert form.encode(whole, [form.line(segment) for segment in segments]) == form.encode(whole)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (b'"state":"sealed"', b'"state":"secret"'),
        (b'"number":1', b'"number":2'),
        (b'"number":1', b'"number":true'),
        (b'"number":1', b'"number":1.0'),
        (b'"number":1', b'"number":1,"number":1'),
        (b'"number":1', b'"number": 1'),
        (b'"number":1', b'"more":0,"number":1'),
        (b'"start_ms":0,', b""),
        (b'"start_ms":0', b'"start_ms":-1'),
        (b'"reason":"withdrawn"', b'"reason":"With Drawn"'),
        (b'"reason":"withdrawn"', b'"reason":"\\ud800"'),
        (b'"seat":"s_aaaaaaaaaaaaaaaa"', b'"seat":"Wang Fang"'),
        (b'"to_ms":null', b'"to_ms":4999'),
        (b'"chain":"ef', b'"chain":"EF'),
        (b'{"chain"', b'[{"chain"'),
    ],
)
def test_another_text_is_refused(old: bytes, new: bytes) -> None:
    text = form.encode(WHOLE)
    assert old in text
    with pytest.raises(Malformed):
        form.decode(text.replace(old, new, 1))


def test_segments_are_numbered_without_a_hole() -> None:
    with pytest.raises(Malformed):
        replace(WHOLE, segments=(replace(SEGMENT, number=2),))


@given(st.binary(max_size=300) | st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(list(Manifest.__slots__)), inner, max_size=16),
).map(lambda value: json.dumps(value).encode()))  # fmt: skip
def test_only_typed_errors_escape(text: bytes) -> None:
    with pytest.raises(Malformed):
        form.decode(text)


@given(st.integers(0, 2000), st.binary(min_size=1, max_size=3))
def test_a_changed_text_is_another_manifest_or_none(at: int, octets: bytes) -> None:
    text = form.encode(WHOLE)
    changed = text[:at] + octets + text[at + len(octets) :]
    with contextlib.suppress(Malformed):
        assert form.encode(form.decode(changed)) == changed


def test_ids_are_those_of_the_house() -> None:
    replace(WHOLE, recording=new_id("rec"))
