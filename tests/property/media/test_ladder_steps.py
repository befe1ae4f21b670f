"""How long a limit waits for its next step, and how far that goes."""

import random
from dataclasses import replace
from itertools import groupby, pairwise

import pytest

from media.core.ladder import WAIT_S, Ladder, Rung, Signals
from media.core.room import Room
from tests.property.media.test_ladder import EVERY_S, fall, fallen, good, run


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


@pytest.mark.parametrize("many", [10.0, 15.0, 30.0])
def test_where_a_line_is_seen_to_let_much_more_through_a_small_picture_becomes_whole_at_once(many: float) -> None:
    """One of half the size in between costs an encoder two seconds."""
    ladder, limit = fallen(True)
    rungs = []
    for turn in range(40):
        well = Signals(round(0.76 * limit), round_trip_s=0.03, room=Room(2_000_000), pictures_per_s=many)
        decision = ladder.step(well, 1.0 + turn * EVERY_S)
        limit = decision.limit_bps
        rungs.append(decision.rung)
    assert [rung for rung, _ in groupby(rungs)][-2:] == [Rung.LOW, Rung.HD]


def test_no_step_goes_past_what_a_line_is_seen_to_let_through() -> None:
    ladder, limit = fallen(True)
    limits = [limit]
    for turn in range(24):
        well = Signals(round(0.76 * limits[-1]), round_trip_s=0.03, room=Room(600_000))
        limits.append(ladder.step(well, 1.0 + turn * EVERY_S).limit_bps)
    assert next(bps for bps in limits if bps > 300_000) == max(limits[:12]) == 0.85 * 600_000


@pytest.mark.parametrize(("misled", "believed"), [(400_000, True), (3_000_000, False)])
def test_what_misled_by_a_little_is_no_reason_to_doubt_what_is_let_through_of_much_more(misled: int, believed: bool) -> None:
    ladder, limit = fallen(True)
    for turn in range(20):
        limit = ladder.step(Signals(round(0.76 * limit), round_trip_s=0.03, room=Room(misled)), 1.0 + turn * EVERY_S).limit_bps
    assert limit > 300_000, "it was taken for another line"
    limit = fall(ladder, 6.0, True)
    limits = [limit]
    for turn in range(16):
        well = Signals(round(0.76 * limits[-1]), round_trip_s=0.03, room=Room(3_000_000))
        limits.append(ladder.step(well, 7.0 + turn * EVERY_S).limit_bps)
    assert (limits[-1] > 600_000) is believed


def test_what_a_line_lets_through_is_no_answer_to_pictures_that_stand_still() -> None:
    ladder, limits = Ladder(0.0), [350_000]
    for turn in range(60):
        frozen = 0.4 if 20 <= turn < 32 else 0.0
        well = Signals(round(0.9 * limits[-1]), round_trip_s=0.03, room=Room(2_000_000, down_bps=2_000_000), pictures_per_s=10.0)
        limits.append(ladder.step(replace(well, frozen_s=frozen), turn * EVERY_S).limit_bps)
    least = min(limits[21:])
    assert least == max(limits[:21]) / 2
    assert limits.count(least) >= WAIT_S / EVERY_S, "it waits as after any fall"


def test_of_a_line_of_which_nothing_is_seen_any_more_no_step_is_larger_than_others() -> None:
    ladder, limit = fallen(True)
    limits = [limit]
    for turn in range(40):
        room = Room(600_000 if turn < 14 else 0)
        limits.append(ladder.step(Signals(round(0.9 * limits[-1]), round_trip_s=0.03, room=room), 1.0 + turn * EVERY_S).limit_bps)
    assert max(limits[:14]) == 0.85 * 600_000
    assert max(after / before for before, after in pairwise(limits[14:])) <= 2.2


@pytest.mark.parametrize("seed", range(5))
def test_a_line_that_seems_wider_each_time_it_misleads_is_doubted_all_the_same(seed: int) -> None:
    """A token bucket, read by larger and larger pictures."""
    chance, (ladder, limit), now, proofs = random.Random(seed), fallen(True), 1.0, []
    while now < 300.0:
        room = Room(round(chance.uniform(1e6, 2e7)))
        after = ladder.step(Signals(round(0.76 * limit), round_trip_s=0.03, room=room), now).limit_bps
        proofs += [now] if after > 1.3 * limit else []
        limit, now = after, now + EVERY_S
        if limit > 400_000:
            limit, now = fall(ladder, now, True), now + 1.0
    assert len(proofs) <= 5
    assert all(later - before > 20.0 for before, later in pairwise(proofs)), proofs
