"""What the recording's bench tells: packets are counted in the files, and a missed aim is called missed."""

import struct
from pathlib import Path

import pytest

from bench import recording_report as report
from bench.mjr import packets_in
from bench.recording import Span, cost
from bench.recording_report import Cost


def mjr(*packets: bytes) -> bytes:
    said = b'{"t":"a"}'
    body = b"".join(struct.pack("!4sIH", b"MEET", 20 * n, len(each)) + each for n, each in enumerate(packets))
    return struct.pack("!8sH", b"MJR00002", len(said)) + said + body


def test_whole_packets_of_janus_files_are_counted(tmp_path: Path) -> None:
    file = tmp_path / "call-audio.mjr"
    whole = mjr(b"one", b"", b"three")
    for data, count in ((whole, 3), (whole[:-1], 2), (mjr(), 0), (b"", 0)):
        file.write_bytes(data)
        assert packets_in(file) == count
    for data in (b"RIFF" + whole[4:], whole + struct.pack("!4sIH", b"MEAT", 0, 0)):
        file.write_bytes(data)
        with pytest.raises(ValueError, match="not a"):
            packets_in(file)


def test_what_recording_adds_is_the_difference_of_neighbours() -> None:
    plain = [Span([10.0, 1.0], 1000, 0.0), Span([20.0, 1.0], 1000, 0.2)]
    recorded = [Span([11.0, 2.0], 1000, 0.0), Span([23.0, 2.0], 1000, 0.0)]
    found = cost("consilium", 5, plain, recorded, 99.96, 1500.0)
    assert (found.added_pct, found.added_us, found.error_us) == (3.0, 30.0, 10.0)
    assert (found.unrecorded_pct, found.recorded_pct, found.recorder_pct) == (16.0, 19.0, 2.0)
    assert (found.share_pct, found.late_pct, found.is_late) == (100.0, 0.2, False)


def run(relay: str, added_us: float) -> Cost:
    return Cost(relay, 5, 1800, 10.0, 12.0, 1.0, 2.0, added_us, 0.5, 100.0, 640, 0.0)


@pytest.mark.parametrize(("ours", "word"), [(4.0, "below it: yes"), (6.0, "below it: **no**")])
def test_the_aim_is_called_what_it_is(ours: float, word: str) -> None:
    assert word in report.ratios([run("consilium", ours), run("janus", 5.0)])
    assert report.ratios([run("consilium", ours)]) == ""


def test_table_and_chart_show_every_run() -> None:
    found = [run("consilium", 4.0), run("janus", 5.0)]
    assert report.table(found).count("\n") == 3
    assert report.chart(found).count("<rect") == 1 + 2 * len(found)
