"""Where segments begin, and how seldom a key frame is asked for."""

import itertools

from recording.core.cutting import ASK_AGAIN_US, IDLE_US, MOST_OCTETS, SEGMENT_US, STARVED_AGAIN_US, Cut, Cutter

FRAME = 33_333


def _flow(cutter: Cutter, seconds: float, keys: set[int], answer: int | None) -> tuple[list[int], list[int]]:
    """Frames of 30 a second; key frames at these places, and `answer` frames after each request. Cuts and requests, by frame."""
    cuts, asked, due = [], [], set(keys)
    for n in range(int(seconds * 30)):
        key = n in due
        if cutter.frame(n * FRAME, 1000, key=key, setup=None) is Cut.BEGIN:
            assert key
            cuts.append(n)
        if cutter.wants_key(n * FRAME, starved=False):
            asked.append(n)
            if answer is not None:
                due.add(n + answer)
    return cuts, asked


def test_each_segment_of_a_picture_begins_with_a_key_frame_asked_for_once() -> None:
    cuts, asked = _flow(Cutter(picture=True), 60, {0}, answer=5)
    assert len(asked) == len(cuts) - 1
    assert all(4.9 <= (b - a) / 30 <= 5.5 for a, b in itertools.pairwise(cuts))


def test_key_frames_that_come_by_themselves_are_enough() -> None:
    cuts, asked = _flow(Cutter(picture=True), 60, set(range(0, 1800, 120)), answer=5)
    assert asked == []
    assert cuts == list(range(0, 1800, 120))


def test_a_sender_who_never_answers_is_asked_at_a_bounded_pace_and_nothing_is_lost() -> None:
    cuts, asked = _flow(Cutter(picture=True), 30, {0}, answer=None)
    assert cuts == [0]
    assert len(asked) <= 1 + (30_000_000 - SEGMENT_US) // ASK_AGAIN_US


def test_nothing_is_kept_before_a_key_frame_nor_beyond_the_bound() -> None:
    cutter = Cutter(picture=True)
    assert cutter.frame(0, 10, key=False, setup=None) is Cut.LEAVE_OUT
    assert cutter.wants_key(0, starved=True)
    assert not cutter.wants_key(1, starved=True)
    assert cutter.frame(1, 10, key=True, setup=None) is Cut.BEGIN
    assert cutter.frame(2, MOST_OCTETS, key=False, setup=None) is Cut.LEAVE_OUT


def test_who_waits_for_a_key_frame_asks_again_sooner() -> None:
    cutter = Cutter(picture=True)
    starved = [ms for ms in range(3000) if cutter.wants_key(ms * 1000, starved=False)]
    assert starved == list(range(0, 3000, STARVED_AGAIN_US // 1000)), "nothing is open"
    cutter.frame(3_000_000, 10, key=True, setup=None)
    starved = [ms for ms in range(3000, 6000) if cutter.wants_key(ms * 1000, starved=True)]
    assert starved == list(range(3000, 6000, STARVED_AGAIN_US // 1000)), "a frame was lost"


def test_another_setup_or_a_pause_is_a_cut_and_idleness_closes() -> None:
    cutter = Cutter(picture=True)
    cutter.frame(0, 10, key=True, setup=(640, 480))
    assert cutter.frame(FRAME, 10, key=True, setup=(640, 480)) is Cut.ADD
    assert cutter.frame(2 * FRAME, 10, key=True, setup=(320, 240)) is Cut.BEGIN
    assert not cutter.idle(2 * FRAME + IDLE_US - 1)
    assert cutter.idle(2 * FRAME + IDLE_US)
    assert cutter.frame(9 * IDLE_US, 10, key=False, setup=None) is Cut.LEAVE_OUT


def test_sound_is_cut_by_time_alone_and_asks_nobody() -> None:
    cutter = Cutter(picture=False)
    cuts = [n for n in range(3000) if cutter.frame(n * 20_000, 80, key=True, setup=None) is Cut.BEGIN]
    assert cuts == list(range(0, 3000, 250))
    assert not cutter.wants_key(60_000_000, starved=True)
