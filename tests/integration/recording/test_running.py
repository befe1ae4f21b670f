"""One recording without a call: copies by hand, clocks that are set, drops that are told, connections that nobody ordered."""

import asyncio
import socket
import struct
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import pytest

from common.ids import new_id
from recording.core import manifest as manifests
from recording.folder import MANIFEST
from recording.intake import Intake
from recording.messages import Order, OrderedTrack
from recording.running import Means, Running
from recording.sink import COPY
from tests.integration.recording.folders import House
from tests.opened import open_recording

SILENCE = b"\xf8\xff\xfe"


class Tap:
    """The plane's end of one stream of sound."""

    def __init__(self, path: str, stream: int) -> None:
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self._socket.connect(path)
        self._stream = stream
        self.sequence = 0

    def send(self, at_us: int, *, dropped: int = 0, form: int = 0x11) -> None:
        rtp = struct.pack("!BBHII", 0x80, 111, self.sequence % (1 << 16), 960 * self.sequence % (1 << 32), 7)
        self._socket.send(COPY.pack(0xC7, form, dropped, self._stream, at_us) + rtp + SILENCE)
        self.sequence += 1

    def close(self) -> None:
        self._socket.close()


@contextmanager
def means(house: House, tmp_path: Path, failures: list[str]) -> Iterator[Means]:
    intake, pool = Intake(tmp_path / "taps"), ThreadPoolExecutor(1)
    root = house.data / "recordings"
    try:
        yield Means(root, house.master, house.signer, intake, pool, lambda _which, code: failures.append(code))
    finally:
        intake.close()
        pool.shutdown()


@pytest.fixture
def house(tmp_path: Path) -> House:
    return House(tmp_path / "data")


def _order(recording: str, seat: str, state: str = "on", reason: str = "") -> Order:
    tracks = [OrderedTrack(seat=seat, kind="audio")] if state == "on" else []
    return Order(recording=recording, hospital=new_id("h"), state=state, reason=reason, tracks=tracks)  # type: ignore[arg-type]


async def _tapped(running: Running, order: Order) -> Tap:
    """What is ordered, and the plane's end of its only stream."""
    placed = await running.carry_out(order)
    return Tap(placed.socket, placed.streams[0].stream)


def _talk(running: Running, intake: Intake, tap: Tap, begin_us: int, count: int) -> int:
    """So many packets of 20 ms; returns when the last one came."""
    for n in range(count):
        tap.send(begin_us + 20_000 * n)
        if n % 40 == 39:
            intake.read()
            running.tick(begin_us + 20_000 * n)
    intake.read()
    return begin_us + 20_000 * count


async def test_a_clock_that_is_set_by_an_hour_moves_nothing(
    house: House, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    recording, seat, true_time = new_id("rc"), new_id("s"), time.time
    with means(house, tmp_path, []) as shared:
        running = await Running.open(shared, new_id("c"), _order(recording, seat))
        tap = await _tapped(running, _order(recording, seat))
        begin_us = time.monotonic_ns() // 1000
        end_us = _talk(running, shared.intake, tap, begin_us, 300)
        monkeypatch.setattr("time.time", lambda: true_time() - 3600)
        await running.close()
        again = await Running.open(shared, new_id("c"), _order(recording, seat))  # as after a crash, an hour earlier by the wall
        other = await _tapped(again, _order(recording, seat))
        _talk(again, shared.intake, other, end_us + 2_000_000, 300)
        await again.carry_out(_order(recording, seat, "over"))
        await again.close()
        tap.close()
        other.close()
    opened = open_recording(house.data, recording)
    starts = [line.start_ms for line in opened.manifest.segments]
    assert starts == sorted(starts)
    assert opened.manifest.segments[-1].end_ms < 60_000
    assert abs(opened.manifest.started_at_ms / 1000 - true_time()) < 120


async def test_what_was_on_its_way_when_it_went_on_is_not_placed_into_the_gap(house: House, tmp_path: Path) -> None:
    """The first packets come 90 ms late, as the next ones show: by their clock they were sent before the order."""
    recording, seat = new_id("rc"), new_id("s")
    with means(house, tmp_path, []) as shared:
        running = await Running.open(shared, new_id("c"), _order(recording, seat))
        tap = await _tapped(running, _order(recording, seat))
        _talk(running, shared.intake, tap, time.monotonic_ns() // 1000, 100)
        await running.carry_out(_order(recording, seat, "paused", "withdrawn"))
        other = await _tapped(running, _order(recording, seat))
        begin_us = time.monotonic_ns() // 1000
        for _ in range(5):
            other.send(begin_us)
        _talk(running, shared.intake, other, begin_us + 10_000, 100)
        await running.carry_out(_order(recording, seat, "over"))
        await running.close()
        tap.close()
        other.close()
    opened = open_recording(house.data, recording)
    (gap,) = [gap for gap in opened.manifest.gaps if gap.reason == "withdrawn"]
    last = opened.manifest.segments[-1]
    assert gap.to_ms is not None and gap.to_ms <= last.start_ms < gap.to_ms + 100


async def test_what_the_plane_dropped_is_a_gap_with_its_reason(house: House, tmp_path: Path) -> None:
    recording, seat = new_id("rc"), new_id("s")
    with means(house, tmp_path, []) as shared:
        running = await Running.open(shared, new_id("c"), _order(recording, seat))
        tap = await _tapped(running, _order(recording, seat))
        end_us = _talk(running, shared.intake, tap, time.monotonic_ns() // 1000, 100)
        tap.sequence += 40
        tap.send(end_us + 800_000, dropped=40)
        _talk(running, shared.intake, tap, end_us + 820_000, 100)
        assert shared.intake.dropped == 40
        await running.carry_out(_order(recording, seat, "over"))
        await running.close()
        tap.close()
    told = open_recording(house.data, recording).manifest
    (gap,) = [gap for gap in told.gaps if gap.reason == "slow_recorder"]
    assert 700 <= (gap.to_ms or 0) - gap.from_ms <= 900
    assert told.quality[0].lost == 40


@pytest.mark.parametrize(("stream", "form"), [(9999, 0x11), (None, 0x1F), (None, 0x21)])
async def test_copies_that_nobody_ordered_are_refused(house: House, tmp_path: Path, stream: int | None, form: int) -> None:
    recording, seat = new_id("rc"), new_id("s")
    with means(house, tmp_path, []) as shared:
        running = await Running.open(shared, new_id("c"), _order(recording, seat))
        placed = await running.carry_out(_order(recording, seat))
        tap = Tap(placed.socket, placed.streams[0].stream if stream is None else stream)
        tap.send(time.monotonic_ns() // 1000, form=form)
        shared.intake.read()
        with pytest.raises(BrokenPipeError):
            tap.send(time.monotonic_ns() // 1000, form=form)
        await running.carry_out(_order(recording, seat, "paused", "withdrawn"))
        late = Tap(placed.socket, placed.streams[0].stream)
        late.send(time.monotonic_ns() // 1000)
        shared.intake.read()
        assert shared.intake.packets == 0
        await running.close()
        tap.close()
        late.close()
    told = manifests.decode((house.data / "recordings" / recording / MANIFEST).read_bytes())
    assert told.segments == ()
    assert told.gaps[-1].reason == "withdrawn"


async def test_noise_on_the_socket_ends_nothing(house: House, tmp_path: Path) -> None:
    recording, seat = new_id("rc"), new_id("s")
    with means(house, tmp_path, []) as shared:
        running = await Running.open(shared, new_id("c"), _order(recording, seat))
        placed = await running.carry_out(_order(recording, seat))
        stream = placed.streams[0].stream
        for noise in (
            b"",
            b"\xc7",
            b"x" * 40,
            COPY.pack(0xC7, 0x11, 0, stream, 5),
            COPY.pack(0xC7, 0x11, 0, stream, 5) + b"\x9f" * 30,
        ):
            tap = Tap(placed.socket, stream)
            tap._socket.send(noise or b"\0")
            shared.intake.read()
            tap.close()
        tap = Tap(placed.socket, stream)
        _talk(running, shared.intake, tap, time.monotonic_ns() // 1000, 60)
        await running.carry_out(_order(recording, seat, "over"))
        await running.close()
        tap.close()
        await asyncio.sleep(0)
    assert sum(line.frames for line in open_recording(house.data, recording).manifest.segments) == 60
