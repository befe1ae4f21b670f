"""Tests of the network open beside one another: a worker that does not answer holds up nobody else's."""

import asyncio
from typing import Any, cast

import pytest

from common.clock import SystemClock
from common.errors import Unavailable
from common.ids import SeatId
from media.control import messages as control
from signaling.placement import Placements
from signaling.probes import Probes

PATH = ("udp", "p_aaaaaaaaaaaaaaaa", "v=0")


class Worker:
    """Answers each order, those to open once it is let."""

    alive = True

    def __init__(self) -> None:
        self.opened: list[str] = []
        self.lets = asyncio.Event()

    async def request(self, name: str, session: str | None, _body: Any, **_options: Any) -> Any:
        if name == "session_open":
            await self.lets.wait()
            self.opened.append(str(session))
            return control.Done()
        return control.PeerAnswer(sdp="v=0 answer")


class OneAfterTheOther:
    """Placements whose every choice is the next worker; none after the last."""

    def __init__(self, *workers: Worker) -> None:
        self.workers = list(workers)

    async def choose(self, _least_headroom: float) -> Worker:
        if not self.workers:
            raise Unavailable("no_media", "No media worker has room for another call now.")
        return self.workers.pop(0)


def probes(*workers: Worker) -> Probes:
    return Probes(cast(Placements, OneAfterTheOther(*workers)), SystemClock())


async def test_one_that_hangs_holds_up_nobody_else() -> None:
    hangs, answers = Worker(), Worker()
    answers.lets.set()
    tests = probes(hangs, answers)
    waiting = asyncio.create_task(tests.offer(SeatId("s_one"), *PATH))
    await asyncio.sleep(0)
    async with asyncio.timeout(5):
        assert await tests.offer(SeatId("s_two"), *PATH) == "v=0 answer"
    assert not waiting.done()
    hangs.lets.set()
    assert await waiting == "v=0 answer"


async def test_the_offers_of_one_test_open_one_probe_whoever_of_them_goes() -> None:
    worker = Worker()
    tests = probes(worker)
    offers = [asyncio.create_task(tests.offer(SeatId("s_one"), *PATH)) for _ in range(3)]
    await asyncio.sleep(0)
    offers[0].cancel()
    worker.lets.set()
    assert await asyncio.gather(*offers[1:]) == ["v=0 answer"] * 2
    assert len(worker.opened) == 1


async def test_where_none_opens_everybody_is_told_and_the_next_tries_again() -> None:
    tests = probes()
    for _ in range(2):
        with pytest.raises(Unavailable, match="No media worker"):
            await tests.offer(SeatId("s_one"), *PATH)
