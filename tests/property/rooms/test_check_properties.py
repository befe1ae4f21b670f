"""What a test of device and network promises: never less for a better finding, and what was kept is what was found."""

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from rooms.checks import CLEAR_BPS, SMALL_BPS, SOUND_BPS, Check, Device, Expectation, Findings, PathFinding, PathKind, Speaker
from rooms.checks import expectation as expect
from rooms.store.checks import read_check, write_check

ORDER = [Expectation.TEXT, Expectation.SOUND, Expectation.SMALL, Expectation.CLEAR]
near = st.sampled_from([SOUND_BPS, SMALL_BPS, CLEAR_BPS]).flatmap(lambda edge: st.integers(edge - 2, edge + 2))
rates = st.integers(0, 1_000_000_000) | near
paths = st.lists(st.builds(PathFinding, st.sampled_from(PathKind), st.booleans(), st.none() | st.integers(0, 60_000)), max_size=4)
findings = st.builds(
    Findings,
    webrtc=st.booleans(),
    microphone=st.sampled_from(Device),
    camera=st.sampled_from(Device),
    speaker=st.sampled_from(Speaker),
    paths=paths.map(tuple),
    up_bps=rates,
    down_bps=rates,
)


def rank(found: Findings) -> int:
    return ORDER.index(expect(found))


@given(findings, rates, rates, st.sampled_from(PathKind))
def test_a_better_finding_never_makes_a_worse_promise(found: Findings, up: int, down: int, path: PathKind) -> None:
    assert found.up_bps is not None and found.down_bps is not None
    for better in (
        replace(found, up_bps=max(found.up_bps, up)),
        replace(found, down_bps=max(found.down_bps, down)),
        replace(found, webrtc=True),
        replace(found, microphone=Device.READY),
        replace(found, camera=Device.READY),
        replace(found, paths=(*found.paths, PathFinding(path, True, None))),
    ):
        assert rank(better) >= rank(found)


@given(findings)
def test_without_a_way_in_or_a_voice_it_is_text(found: Findings) -> None:
    dead = tuple(replace(path, works=False) for path in found.paths)
    for without in (replace(found, webrtc=False), replace(found, paths=dead), replace(found, microphone=Device.REFUSED)):
        assert expect(without) is Expectation.TEXT


GOOD = Findings(
    True, Device.READY, Device.READY, Speaker.HEARD, (PathFinding(PathKind.UDP, True, 20),), 2 * CLEAR_BPS, 2 * CLEAR_BPS
)


def test_the_slower_direction_decides() -> None:
    for slow, promised in (
        (CLEAR_BPS, Expectation.CLEAR),
        (CLEAR_BPS - 1, Expectation.SMALL),
        (SMALL_BPS - 1, Expectation.SOUND),
        (SOUND_BPS - 1, Expectation.TEXT),
    ):
        assert expect(replace(GOOD, up_bps=slow)) is expect(replace(GOOD, down_bps=slow)) is promised


def test_without_a_camera_or_a_measured_rate_it_is_sound() -> None:
    assert expect(replace(GOOD, camera=Device.MISSING)) is Expectation.SOUND
    assert expect(replace(GOOD, up_bps=None)) is expect(replace(GOOD, down_bps=None)) is Expectation.SOUND


@given(findings, st.floats(0, 4e9))
def test_what_is_stored_comes_back(found: Findings, at: float) -> None:
    for check in (None, Check(at, found), Check(at, replace(found, up_bps=None, down_bps=None))):
        assert read_check(write_check(check)) == check
