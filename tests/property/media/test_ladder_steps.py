"""How long a limit waits for its next step."""

from dataclasses import replace

import pytest

from media.core.ladder import Ladder
from tests.property.media.test_ladder import EVERY_S, good, run


@pytest.mark.parametrize(("used", "pause_s"), [(0.8, 2.5), (1.0, 1.25)])
def test_past_what_a_line_carried_the_next_step_waits_until_the_first_is_seen_to_pass(used: float, pause_s: float) -> None:
    ladder = Ladder(0.0)
    run(ladder, [replace(good, rate_bps=340_000, estimate_bps=240_000, carried_bps=282_000, congested=True)])
    steps, limit, now = [(0.0, 228_000)], 228_000, 1.0
    while len(steps) < 5:
        now += EVERY_S
        limit = ladder.step(replace(good, rate_bps=round(used * limit)), now).limit_bps
        if limit != steps[-1][1]:
            steps.append((now, limit))
    past = next(index for index, (_, bps) in enumerate(steps) if bps >= 1.2 * 282_000)
    assert steps[past + 1][0] - steps[past][0] == pause_s
    assert steps[past][0] - steps[past - 1][0] == 1.25
