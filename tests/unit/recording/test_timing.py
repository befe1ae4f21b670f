"""RTP clocks on the machine's clock: what is a jam, what a pause, and where frames go."""

import itertools

from recording.core.timing import RtpLine

MS = 1000
START = 5_000_000_000


def _steady(line: RtpLine, count: int, *, first: int = 0, at_us: int = START, base: int = 0, jitter: int = 0) -> list[int | None]:
    """20 ms packets of a 48 kHz clock, every other one `jitter` late."""
    return [
        line.place((base + 960 * n) % (1 << 32), at_us + 20 * MS * (n - first) + (jitter if n % 2 else 0))
        for n in range(first, first + count)
    ]


def test_frames_lie_as_the_clock_says_whatever_the_jitter() -> None:
    line = RtpLine(48_000)
    placed = [at for at in _steady(line, 500, jitter=15 * MS) if at is not None]
    assert len(placed) > 480
    assert {b - a for a, b in itertools.pairwise(placed)} == {20 * MS}
    assert line.at(960 * 3) == START + 60 * MS


def test_a_timestamp_that_wraps_goes_on() -> None:
    line = RtpLine(48_000)
    placed = [at for at in _steady(line, 100, base=(1 << 32) - 960 * 50) if at is not None]
    assert {b - a for a, b in itertools.pairwise(placed)} == {20 * MS}


def test_after_a_pause_in_which_the_clock_stood_still_frames_lie_where_they_came() -> None:
    line = RtpLine(48_000)
    _steady(line, 100)
    resumed = START + 12_000 * MS
    first = _steady(line, 1, first=100, at_us=resumed)
    assert first == [None]
    rest = _steady(line, 100, first=101, at_us=resumed + 20 * MS)
    assert not line.held
    assert line.at(960 * 100) == resumed
    assert rest[-1] == resumed + 20 * MS * 100
    assert line.beginnings == 2


def test_a_clock_that_ran_on_through_a_pause_needs_no_other_beginning() -> None:
    line = RtpLine(48_000)
    _steady(line, 100)
    assert line.place(960 * 600, START + 20 * MS * 600) == START + 20 * MS * 600
    assert line.beginnings == 1


def test_a_jam_moves_nothing() -> None:
    line = RtpLine(48_000)
    _steady(line, 100)
    jam = START + 20 * MS * 100 + 800 * MS
    placed = [line.place(960 * n, jam + n) for n in range(100, 141)]
    assert placed[0] is None
    assert placed[-1] == START + 20 * MS * 140
    assert line.beginnings == 1
    assert line.at(960 * 100) == START + 20 * MS * 100


def test_a_clock_that_jumps_is_followed_at_its_arrival() -> None:
    line = RtpLine(90_000)
    for n in range(60):
        line.place(3000 * n, START + 33_333 * n)
    for n in range(60, 90):
        line.place(1_000_000_000 + 3000 * n, START + 33_333 * n)
    assert line.beginnings == 2
    assert abs(line.at(1_000_000_000 + 3000 * 89) - (START + 33_333 * 89)) < 1000


def test_a_crooked_clock_stays_within_the_bound_for_hours() -> None:
    line, speed, worst = RtpLine(48_000), 1 + 200e-6, 0
    for n in range(0, 50 * 3600 * 2, 5):
        arrived = START + int(20 * MS * n * speed)
        at = line.place((960 * n) % (1 << 32), arrived)
        if at is not None:
            worst = max(worst, abs(arrived - at))
    assert line.beginnings == 1
    assert worst < 20 * MS


def test_a_quicker_packet_soon_after_the_beginning_corrects_it() -> None:
    line = RtpLine(48_000)
    for n in range(30):
        line.place(960 * n, START + 20 * MS * n + 100 * MS)
    assert line.place(960 * 30, START + 20 * MS * 30) == START + 20 * MS * 30


def test_a_queue_that_fills_and_empties_slowly_moves_nothing() -> None:
    line = RtpLine(48_000)
    placed = []
    for n in range(1000):
        queue = min(n, 1000 - n) * 2 * MS  # a second at its fullest
        placed.append(line.place(960 * n, START + 20 * MS * n + queue))
    known = [at for at in placed if at is not None]
    assert line.beginnings == 1
    assert max(abs(at - (START + 20 * MS * n)) for n, at in enumerate(placed) if at is not None) < 30 * MS
    assert known == sorted(known)


def test_a_jam_that_drains_slowly_is_forgotten_when_it_has() -> None:
    line = RtpLine(48_000)
    _steady(line, 100)
    for n in range(100, 600):
        line.place(960 * n, START + 20 * MS * n + max(0, 900 * MS - (n - 100) * 3 * MS))
    assert abs(line.at(960 * 599) - (START + 20 * MS * 599)) < 10 * MS


def test_a_jam_that_drains_in_a_second_moves_nothing_at_all() -> None:
    line = RtpLine(48_000)
    _steady(line, 100)
    placed = [line.place(960 * n, START + 20 * MS * n + max(0, 900 * MS - (n - 100) * 10 * MS)) for n in range(100, 250)]
    assert line.beginnings == 1
    assert {at - START - 20 * MS * n for n, at in enumerate(placed, start=100) if at is not None} == {0}
    assert line.at(960 * 101) == START + 20 * MS * 101


def test_a_packet_that_was_sent_again_moves_nothing() -> None:
    line = RtpLine(90_000)
    for n in range(300):
        late = 450 * MS if n % 50 == 49 else 0
        at = line.place(3000 * n, START + 33_333 * n + late)
        assert late or n < 20 or (at is not None and abs(at - (START + 33_333 * n)) < 2 * MS)
    assert line.beginnings == 1
