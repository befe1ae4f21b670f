"""What died with a recorder is told: of each track, by what is left of it."""

from recording.core.losses import LEFT_MS, losses
from recording.core.manifest import Gap, Kind, Segment

ONE, TWO = "s_" + "a" * 16, "s_" + "b" * 16


def line(number: int, seat: str, kind: Kind, start_ms: int, end_ms: int) -> Segment:
    return Segment(
        number, seat, kind, "opus", "webm", start_ms, end_ms - start_ms, 1, 0, 0, 1, ("00" * 32,), "00" * 32
    )  # fmt: skip


def test_from_the_end_of_what_is_there_everything_is_lost() -> None:
    assert losses([line(1, ONE, "audio", 0, 5000)], [], 5000) == [Gap("", "", 5000, None, "recorder_lost")]


def test_a_track_whose_open_segment_was_longer_lost_more() -> None:
    lines = [line(1, ONE, "audio", 0, 5000), line(2, ONE, "video", 0, 5000), line(3, ONE, "audio", 5000, 10_000)]
    assert losses(lines, [], 10_000) == [
        Gap(ONE, "video", 5000, 10_000, "recorder_lost"),
        Gap("", "", 10_000, None, "recorder_lost"),
    ]


def test_a_hole_that_only_the_dead_knew_of_is_told_and_one_that_is_told_is_not_told_again() -> None:
    lines = [line(1, ONE, "video", 0, 3000), line(2, ONE, "video", 5500, 9000), line(3, TWO, "video", 0, 3000)]
    lines += [line(4, TWO, "video", 5500, 9000)]
    known = Gap(TWO, "video", 3000, 5500, "network")
    assert losses(lines, [known], 9000) == [
        Gap(ONE, "video", 3000, 5500, "recorder_lost"),
        Gap("", "", 9000, None, "recorder_lost"),
    ]
    paused = Gap("", "", 3000, 5400, "late_joiner")
    assert losses(lines, [paused], 9000) == [Gap("", "", 9000, None, "recorder_lost")]


def test_whoever_had_left_lost_nothing() -> None:
    end_ms = 5000 + LEFT_MS + 1
    lines = [line(1, ONE, "audio", 0, 5000), line(2, TWO, "audio", 0, end_ms)]
    assert losses(lines, [], end_ms) == [Gap("", "", end_ms, None, "recorder_lost")]
