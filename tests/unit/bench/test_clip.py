"""The bench's load is what it says it is: every packet of the clip has its time within the clip."""

import itertools

import pytest

from bench.clip import CLIP_NS, FRAMES, PACED_NS, payloads, schedule_ns

FRAME_NS = CLIP_NS // FRAMES


def frames(*sizes: int) -> list[bool]:
    """For each packet of frames of these sizes, whether it ends its frame."""
    return [index == size - 1 for size in sizes for index in range(size)]


def test_small_frames_are_sent_at_their_own_times() -> None:
    assert schedule_ns(frames(1, 1, 1)) == [0, FRAME_NS, 2 * CLIP_NS // FRAMES]


def test_a_key_frame_is_spread_and_what_follows_catches_up() -> None:
    at = schedule_ns(frames(100, *[2] * (FRAMES - 1)))
    assert at[99] == 99 * PACED_NS, "a hundred packets take half a second"
    assert all(later - earlier >= PACED_NS for earlier, later in itertools.pairwise(at))
    assert at[-2] == (FRAMES - 1) * CLIP_NS // FRAMES, "the last frame is in time again"


def test_the_real_clip_fits_into_its_time() -> None:
    at = schedule_ns(last for _, last in payloads())
    assert at[-1] + PACED_NS <= CLIP_NS
    assert sum(last for _, last in payloads()) == FRAMES


def test_a_clip_that_its_pace_cannot_carry_is_refused() -> None:
    with pytest.raises(ValueError, match="more packets than its pace"):
        schedule_ns([False] * (CLIP_NS // PACED_NS + 1))
