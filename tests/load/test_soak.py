"""A minute of what `make soak` does for two hours: people come, reload and leave, and nothing of them stays behind."""

from collections.abc import Iterator

import pytest

from tests.load.soak import HOST, growth, soak
from tests.signaling_process import Signaling

CALLS = 4
SECONDS = 50.0
TALKS_S = (3.0, 8.0)


@pytest.fixture
def server() -> Iterator[Signaling]:
    process = Signaling(workers=1, sample="false", log_level="warning", media_addresses=HOST)
    try:
        yield process
    finally:
        process.discard()


@pytest.mark.timeout(240)
async def test_people_come_and_go_and_nothing_of_them_stays(server: Signaling) -> None:
    course = await soak(server, CALLS, SECONDS, TALKS_S, every_s=1.0)
    found = [growth("signaling", course.signaling), growth("media worker", course.worker)]
    print(f"{course.calls} calls, {course.reloads} reloads; {found}")
    assert course.broken == []
    assert course.calls >= CALLS * 2 and course.reloads > 0
    for samples in (course.signaling, course.worker):
        before, after = samples[0], samples[-1]
        assert after.threads <= before.threads + 4  # of pools that are made at need
    worker_before, worker_after = course.worker[0], course.worker[-1]
    assert worker_after.descriptors <= worker_before.descriptors + 1
    assert server.greeting().count("Traceback") == 0
