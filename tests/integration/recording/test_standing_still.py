"""A recorder that stands still (SIGSTOP) costs a call nothing: the same call, timed packet by packet, before and meanwhile."""

import asyncio
import contextlib
import itertools
import os
import signal
import statistics
import time
from pathlib import Path

import pytest

from media.core import rtp
from tests.integration.recording.test_recorder import Desk, recorded_call
from tests.peers.browser import FakeBrowser
from tests.peers.talker import Talker
from tests.peers.waiting import until

SECONDS = 6.0


class Ears:
    """Notes when each packet came to a browser, by its SSRC and number."""

    def __init__(self, browser: FakeBrowser) -> None:
        self.came: list[tuple[int, int, float]] = []
        original = browser.rtp_received

        def received(data: bytes) -> None:
            header = rtp.parse(data)
            if header is not None:
                self.came.append((header.ssrc, header.sequence, time.monotonic()))
            original(data)

        browser.rtp_received = received  # type: ignore[method-assign]


async def _listen(ears: Ears, talker: Talker) -> tuple[float, float, float]:
    """Over some seconds: share lost in %, and the gaps between sound's packets in ms: median and the largest 1 %."""
    ears.came.clear()
    await asyncio.sleep(SECONDS)
    heard = list(ears.came)
    lost = expected = 0
    gaps: list[float] = []
    for ssrc in {ssrc for ssrc, _, _ in heard}:
        numbers = [number for each, number, _ in heard if each == ssrc]
        span = (numbers[-1] - numbers[0]) % (1 << 16) + 1
        expected, lost = expected + span, lost + span - len(set(numbers))
        times = [at for each, _, at in heard if each == ssrc]
        if len(times) > 200:  # the sound's
            gaps = sorted(after - before for before, after in itertools.pairwise(times))
    return 100 * lost / max(1, expected), 1000 * statistics.median(gaps), 1000 * gaps[int(len(gaps) * 0.99)]


async def _stopped(desk: Desk) -> int:
    process = desk.recorders[-1].process_id
    assert process is not None
    os.kill(process, signal.SIGSTOP)
    return process


async def test_a_call_does_not_notice_a_recorder_that_stands_still(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    async with recorded_call(tmp_path) as (desk, one, two):
        await desk.order("on", one.browser, two.browser)
        ears = Ears(two.browser)
        await asyncio.sleep(1)
        well = await _listen(ears, one)
        process = await _stopped(desk)
        try:
            ill = await _listen(ears, one)
        finally:
            with contextlib.suppress(ProcessLookupError):
                os.kill(process, signal.SIGCONT)
        await until(lambda: len(desk.recorders) == 2, "the supervisor has put another in its place", 30)
        await desk.order("on", one.browser, two.browser)
        await asyncio.sleep(3)
        await desk.order("over")
    with capsys.disabled():
        print(f"\nlost %, median and p99 gap of sound in ms: recorder well {well}, standing still {ill}")
    assert ill[0] <= well[0] + 0.5
    assert ill[1] <= well[1] + 3
    assert ill[2] <= max(2 * well[2], well[2] + 40)
    opened = desk.opened()
    assert opened.manifest.state == "sealed"
    assert any(gap.reason == "recorder_lost" for gap in opened.manifest.gaps)
