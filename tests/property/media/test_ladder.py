"""The ladder on a seeded link in virtual time, and on whatever signals there may be."""

from dataclasses import replace
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from media.core.ladder import (
    AFTERMATH_S,
    FIRST_STEP,
    FULL,
    HOLD_S,
    LONGEST_PAUSE_S,
    LONGEST_RETRY_S,
    MOST_BPS,
    PATIENCE_S,
    PAUSED_AGAIN_S,
    UP_HOLD_S,
    Decision,
    Ladder,
    Reason,
    Rung,
    Signals,
    ceiling_by_limit,
    ceiling_by_loss,
)
from media.core.room import SHARE, Room
from tests.netsim.link import Conditions
from tests.virtual_link import World, through

EVERY_S = 0.25


def link(bps: int, loss: float = 0.0) -> Conditions:
    return Conditions(rate_bps=bps, queue_bytes=64_000, delay_s=0.02, loss=loss)


def rung_at(world: World, at: float) -> Rung:
    return next(moment.decision.rung for moment in world.moments if moment.at >= at)


# --- whatever the signals are ---

signals = st.builds(
    Signals,
    rate_bps=st.integers(0, 3_000_000),
    estimate_bps=st.none() | st.integers(0, 5_000_000),
    congested=st.booleans(),
    loss=st.floats(0, 1),
    sound_loss=st.floats(0, 1),
    queue_s=st.floats(0, 5),
    queue_known=st.booleans(),
    round_trip_s=st.none() | st.floats(0, 10),
    frozen_s=st.floats(0, 2),
    relayed_tcp=st.booleans(),
)


def run(ladder: Ladder, given: list[Signals], since: float = 0.0) -> list[tuple[float, Decision]]:
    return [(since + index * EVERY_S, ladder.step(one, since + index * EVERY_S)) for index, one in enumerate(given)]


@given(st.lists(signals, min_size=1, max_size=120))
def test_a_rung_is_held_and_its_limit_is_sane(script: list[Signals]) -> None:
    changed_at = float("-inf")
    before = Rung.SD
    for at, decision in run(Ladder(0.0), script):
        if decision.rung is not before:
            assert at - changed_at >= HOLD_S
            changed_at, before = at, decision.rung
        assert decision.limit_bps == 0 or decision.rung.moves
        assert decision.limit_bps <= MOST_BPS


@given(st.lists(signals, min_size=1, max_size=120))
def test_a_picture_waits_for_a_queue_to_empty_for_a_moment_and_seldom(script: list[Signals]) -> None:
    decisions = run(Ladder(0.0), script)
    waits = [at for at, decision in decisions if decision.rung.moves and decision.limit_bps == 0]
    began = [at for at, before in zip(waits, [float("-inf"), *waits], strict=False) if at - before > 1.5 * EVERY_S]
    assert all(later - before >= PAUSED_AGAIN_S for before, later in pairwise(began))
    assert all(any(0 <= at - since <= LONGEST_PAUSE_S for since in began) for at in waits)


def test_a_sudden_fall_stops_the_picture_until_the_queue_is_gone_and_a_small_one_does_not() -> None:
    """An encoder follows a limit in 0.7 s; in half of that the queue of a line which fell to a fifth is full."""
    good = Signals(rate_bps=1_400_000, estimate_bps=1_500_000, round_trip_s=0.03)
    top = Ladder(0.0)
    fill = [replace(good, rate_bps=2_000_000)] * 60
    assert run(top, fill)[-1][1] == Decision(Rung.HD, Reason.BETTER, MOST_BPS)
    full = replace(good, rate_bps=280_000, estimate_bps=240_000, congested=True)
    fell = run(top, [full] * 4, since=15.0)
    assert {decision.limit_bps for _, decision in fell} == {0}
    assert {decision.rung for _, decision in fell} == {Rung.LOW}
    gone = run(top, [replace(full, rate_bps=0, congested=False)], since=16.0)[-1][1]
    assert 200_000 < gone.limit_bps < 240_000
    other = Ladder(0.0)
    run(other, fill)
    small = replace(good, rate_bps=1_100_000, estimate_bps=1_000_000, congested=True)
    assert run(other, [small] * 8, since=15.0)[-1][1].limit_bps == round(0.95 * 1_000_000)


@given(st.integers(120_000, 700_000), st.sampled_from([0.6, 0.85, 1.0]))
def test_up_to_what_a_line_did_not_carry_steps_are_small_and_large_once_that_has_come(carried: int, told: float) -> None:
    """`told` is the share of it that is sure to be carried."""
    ladder, at = Ladder(0.0), 2.0
    full = Signals(
        rate_bps=carried, estimate_bps=round(told * carried), carried_bps=carried, congested=True, round_trip_s=0.03, queue_s=0.3
    )
    limits = [run(ladder, [full] * 4)[-1][1].limit_bps]
    assert limits[0] <= told * carried
    for turn in range(120):
        arrives = Signals(rate_bps=limits[-1], round_trip_s=0.03)
        limits.append(run(ladder, [arrives], since=at + turn * EVERY_S)[-1][1].limit_bps)
    for before, after in pairwise(limits):
        assert after <= FIRST_STEP * before + 1 or before > carried, "it may be the same line still"
    another = [limit for limit in limits if limit > FIRST_STEP * FULL * carried]
    assert min(another) >= min(MOST_BPS, 1.9 * carried), "and once that was carried, it is another"
    assert limits[-1] == MOST_BPS


def test_past_what_a_line_carried_steps_are_small_until_that_has_come() -> None:
    """An encoder makes less than it may: nothing is known of more."""
    ladder = Ladder(0.0)
    full = Signals(rate_bps=250_000, estimate_bps=212_000, carried_bps=250_000, congested=True, round_trip_s=0.03)
    limits = [run(ladder, [full] * 4)[-1][1].limit_bps]
    for turn in range(60):
        less = Signals(rate_bps=min(240_000, limits[-1]), round_trip_s=0.03)
        limits.append(run(ladder, [less], since=1.0 + turn * EVERY_S)[-1][1].limit_bps)
    assert limits[-1] > FULL * 250_000
    assert all(after <= FIRST_STEP * before + 1 for before, after in pairwise(limits))


def fallen(own_way: bool | None = None, since: float = 0.0) -> tuple[Ladder, int]:
    """Of a line that carries 250 kbit/s; by what waits on the sender's own way, on a receiver's, or on one of them."""
    ladder = Ladder(since)
    return ladder, fall(ladder, since, own_way)


def fall(ladder: Ladder, since: float, own_way: bool | None) -> int:
    full = Signals(rate_bps=250_000, estimate_bps=212_000, carried_bps=250_000, congested=True, round_trip_s=0.03)
    return run(ladder, [replace(full, is_own_way=own_way)] * 4, since)[-1][1].limit_bps


def steps_of(ladder: Ladder, limit: int, seconds: float, since: float = 1.0, **seen: Any) -> list[int]:
    """The limits that follow, where encoders make three quarters of what they may, and all of that arrives."""
    limits = [limit]
    for turn in range(round(seconds / EVERY_S)):
        well = Signals(rate_bps=round(0.76 * limits[-1]), round_trip_s=0.03, **seen)
        limits.append(run(ladder, [well], since=since + turn * EVERY_S)[-1][1].limit_bps)
    return limits


def first_at(bps: int, limits: list[int]) -> float:
    """After how many seconds one is as large as that."""
    return next(turn for turn, each in enumerate(limits) if each >= bps) * EVERY_S


WAYS = [(True, Room(up_bps=2_000_000), Room(down_bps=2_000_000)), (False, Room(down_bps=2_000_000), Room(up_bps=2_000_000))]


@pytest.mark.parametrize(("own_way", "room", "other"), WAYS)
def test_a_line_that_lets_much_more_through_at_once_is_another(own_way: bool, room: Room, other: Room) -> None:
    seen = first_at(800_000, steps_of(*fallen(own_way), 20.0, room=room))
    assert seen <= 5.5
    by_steps = steps_of(*fallen(own_way), 20.0)
    assert first_at(800_000, by_steps) > seen
    assert steps_of(*fallen(own_way), 20.0, room=other) == by_steps, "the other way says nothing"


def test_where_it_is_not_known_which_way_was_full_both_must_let_more_through() -> None:
    both = Room(2_000_000, down_bps=2_000_000)
    assert steps_of(*fallen(None), 20.0, room=both) == steps_of(*fallen(True), 20.0, room=both)
    assert steps_of(*fallen(None), 20.0, room=Room(up_bps=2_000_000)) == steps_of(*fallen(None), 20.0)


def test_what_a_full_way_lets_through_while_its_queue_goes_does_not_make_it_another_way() -> None:
    ladder, limit = fallen(True)
    tail = Signals(rate_bps=150_000, estimate_bps=190_000, congested=True, round_trip_s=0.03, is_own_way=True, uplink_late_s=0.08)
    run(ladder, [tail], since=1.0)
    held = Room(260_000, is_up_all=True, down_bps=2_000_000)
    assert max(steps_of(ladder, limit, 10.0, since=1.25, room=held)) <= SHARE * 260_000 + 1


@given(st.integers(240_000, 2_000_000))
def test_after_a_fall_no_limit_is_raised_above_what_the_senders_own_way_lets_through(up_bps: int) -> None:
    ladder, limit = fallen(True)
    room = Room(up_bps, is_up_all=True)
    limits = steps_of(ladder, limit, 12.0, room=room)
    assert max(limits) <= max(SHARE * up_bps + 1, limits[0])
    assert limits[-1] >= min(0.9 * SHARE * up_bps, MOST_BPS), "and up to that it is"
    limits = steps_of(ladder, limits[-1], 40.0, since=13.0, room=room)
    assert limits[-1] > min(SHARE * up_bps, MOST_BPS - 1), "a step is tried now and then all the same"
    assert max(after / before for before, after in pairwise(limits)) <= FIRST_STEP + 0.01


def test_a_way_that_seems_to_widen_by_and_by_keeps_no_limit_from_its_try() -> None:
    """Of a radio it is never the same twice; each small rise is no try of a quarter."""
    ladder, limit = fallen(True)
    limits = [limit]
    for turn in range(120):
        room = Room(round(limit / SHARE * 1.0005**turn), is_up_all=True)
        limits.append(steps_of(ladder, limits[-1], EVERY_S, since=1.0 + turn * EVERY_S, room=room)[-1])
    assert max(after / before for before, after in pairwise(limits)) == pytest.approx(FIRST_STEP, abs=0.01)


def test_where_no_line_was_full_pictures_that_come_slowly_keep_no_limit_down() -> None:
    """Packets of one picture wait for a radio, too."""
    assert steps_of(Ladder(0.0), 350_000, 20.0, room=Room(300_000, is_up_all=True))[-1] == MOST_BPS


def test_what_was_let_through_before_a_fall_says_nothing_after_it() -> None:
    room = Room(up_bps=2_000_000)
    assert steps_of(*fallen(True), 1.0, room=room) == steps_of(*fallen(True), 1.0)


def test_a_fall_of_the_other_way_says_nothing_of_the_proof() -> None:
    room = Room(2_000_000, down_bps=2_000_000)
    ladder, limit = fallen(True)
    limits = steps_of(ladder, limit, 4.0, room=room)
    assert limits[-1] > 1.5 * limit, "it was taken for another line"
    limit = fall(ladder, 5.0, False)
    assert first_at(800_000, steps_of(ladder, limit, 20.0, since=6.0, room=room)) <= 6.5


def test_while_a_proof_is_doubted_no_limit_is_raised_above_what_the_senders_own_way_lets_through() -> None:
    ladder, limit = fallen(True)
    limit = steps_of(ladder, limit, 4.0, room=Room(2_000_000))[-1]
    fall(ladder, 5.0, True)
    limits = steps_of(ladder, fall(ladder, 5.0, True), 12.0, since=6.0, room=Room(300_000, is_up_all=True))
    assert max(limits) <= SHARE * 300_000 + 1


def test_a_line_that_lets_only_a_moment_through_at_full_speed_is_believed_more_and_more_seldom() -> None:
    """A token bucket: each picture passes at once, but all of them together do not."""
    room, (ladder, limit), now, proofs = Room(up_bps=5_000_000), fallen(True), 1.0, []
    while now < 300.0:
        limits = steps_of(ladder, limit, EVERY_S, since=now, room=room)
        proofs += [now] if limits[-1] > 1.3 * limit else []
        limit, now = limits[-1], now + EVERY_S
        if limit > 400_000:
            limit, now = fall(ladder, now, True), now + 1.0
    assert len(proofs) <= 5
    assert all(later - before > 20.0 for before, later in pairwise(proofs)), proofs


@pytest.mark.parametrize(
    ("many", "most"), [(3.0, 850_000), (10.0, 850_000), (15.0, 1_050_000), (30.0, MOST_BPS), (None, MOST_BPS)]
)
def test_few_pictures_get_no_more_than_is_worth_anything(many: float | None, most: int) -> None:
    """Each of them would fill a line that falls for half a second."""
    assert steps_of(Ladder(0.0), 350_000, 30.0, pictures_per_s=many)[-1] == most


def test_next_to_nothing_in_the_aftermath_of_a_fall_is_believed_when_it_is_told_for_a_while() -> None:
    ladder = Ladder(0.0)
    full = Signals(rate_bps=340_000, estimate_bps=240_000, congested=True, round_trip_s=0.03)
    fell = run(ladder, [full])[-1][1].limit_bps
    odd = replace(full, rate_bps=200_000, estimate_bps=12_000)
    assert run(ladder, [odd, odd], since=1.0)[-1][1].limit_bps == fell
    assert run(ladder, [full, odd, odd], since=1.5)[-1][1].limit_bps == fell, "at once"
    assert run(ladder, [odd], since=2.25)[-1][1].limit_bps < fell / 2


@given(st.lists(st.booleans(), min_size=80, max_size=80), st.floats(0.4, 0.95), st.booleans())
def test_no_line_keeps_the_smallest_picture_when_half_of_it_is_lost(words: list[bool], loss: float, slow: bool) -> None:
    """Of a line for sound alone the relay may say now and then that it is full, or never: the picture goes."""
    ladder, left = Ladder(0.0), None
    for turn, full in enumerate(words):
        trip = 1.6 + turn // 4 / 100 if slow else 0.3
        narrow = Signals(
            rate_bps=50_000, estimate_bps=12_000 if full else None, congested=full, loss=loss, sound_loss=0.3, round_trip_s=trip
        )
        decision = ladder.step(narrow, turn * EVERY_S)
        left = turn * EVERY_S if left is None and not decision.rung.moves else left
    assert left is not None
    assert left <= AFTERMATH_S + 2 * PATIENCE_S + HOLD_S


good = Signals(rate_bps=1_400_000, estimate_bps=None, queue_known=True, round_trip_s=0.03)


def at_the_top() -> Ladder:
    ladder = Ladder(0.0)
    assert run(ladder, [replace(good, rate_bps=2_000_000)] * 60)[-1][1] == Decision(Rung.HD, Reason.BETTER, MOST_BPS)
    return ladder


def test_a_fall_of_which_the_first_word_was_too_much_stops_the_picture_as_well() -> None:
    ladder = at_the_top()
    first = replace(good, rate_bps=1_000_000, estimate_bps=820_000, carried_bps=960_000, congested=True, is_own_way=True)
    assert run(ladder, [first], since=15.0)[-1][1].limit_bps > 700_000
    then = replace(first, rate_bps=300_000, estimate_bps=255_000, carried_bps=300_000)
    assert run(ladder, [then] * 3, since=15.25)[-1][1].limit_bps == 0
    gone = replace(then, rate_bps=0, congested=False)
    assert 200_000 < run(ladder, [gone] * 3, since=16.0)[-1][1].limit_bps < 300_000


def test_a_receivers_sudden_fall_stops_the_picture_until_its_own_way_is_free() -> None:
    """A line falls both ways at once; the words about one way stand in the other's queue."""
    ladder = at_the_top()
    fell = replace(good, receiver_fell_bps=230_000, queue_known=False)
    assert {each.limit_bps for _, each in run(ladder, [fell] * 5, since=15.0)} == {0}
    full = replace(fell, rate_bps=0, receiver_fell_bps=0, congested=True, estimate_bps=20_000, queue_s=0.9, queue_known=True)
    assert run(ladder, [full] * 2, since=16.25)[-1][1].limit_bps == 0
    free = replace(good, rate_bps=0)
    assert run(ladder, [free], since=16.75)[-1][1] == Decision(Rung.LOW, Reason.BANDWIDTH, round(0.95 * 230_000))


def test_a_late_word_of_how_a_receivers_queue_began_does_not_tell_what_the_line_carries() -> None:
    """Seen: 862 kbit/s of a line of 300, after 1.8 s in the other way's queue; sent into it, they stopped the picture again."""
    ladder = at_the_top()
    fell = replace(good, receiver_fell_bps=236_000, queue_known=False)
    run(ladder, [fell] * 6, since=15.0)
    began = replace(fell, rate_bps=0, congested=True, estimate_bps=862_000, queue_s=0.22, queue_known=True)
    free = replace(good, rate_bps=0)
    assert run(ladder, [began, free, free], since=16.75)[-1][1].limit_bps == round(0.95 * 236_000)


def test_where_nothing_gets_known_of_the_way_to_a_receiver_it_is_taken_to_carry_what_the_other_way_does() -> None:
    ladder = at_the_top()
    fell = replace(good, receiver_fell_bps=230_000, queue_known=False)
    assert run(ladder, [fell] * 10, since=15.0)[-1][1].limit_bps == round(0.95 * 230_000)


def test_a_receivers_way_here_that_is_narrow_stops_no_picture_that_fits_it() -> None:
    ladder = Ladder(0.0)
    slow = Signals(rate_bps=340_000, receiver_fell_bps=230_000, round_trip_s=0.03)
    assert {each.limit_bps for _, each in run(ladder, [slow] * 8)} == {350_000}


@given(st.floats(0, 1), st.floats(0, 1))
def test_more_loss_never_allows_a_higher_rung(one: float, other: float) -> None:
    less, more = sorted((one, other))
    assert ceiling_by_loss(more).height <= ceiling_by_loss(less).height


@given(st.integers(0, 3_000_000), st.integers(0, 3_000_000))
def test_less_bandwidth_never_allows_a_higher_rung(one: int, other: int) -> None:
    less, more = sorted((one, other))
    assert ceiling_by_limit(less).height <= ceiling_by_limit(more).height


@given(st.lists(signals, max_size=60), signals, st.floats(0, 1))
def test_of_two_ladders_alike_the_one_that_hears_of_more_loss_is_not_above_the_other(
    past: list[Signals], now: Signals, more: float
) -> None:
    one, other = Ladder(0.0), Ladder(0.0)
    run(one, past)
    run(other, past)
    at = len(past) * EVERY_S
    worse = replace(now, loss=max(now.loss, more), sound_loss=max(now.sound_loss, more))
    assert other.step(worse, at).rung.height <= one.step(now, at).rung.height


@given(st.lists(st.floats(0, 0.9), min_size=2, max_size=2))
def test_steady_loss_settles_no_higher_than_less_of_it(losses: list[float]) -> None:
    less, more = sorted(losses)

    def settled(loss: float) -> int:
        steady = Signals(rate_bps=1_400_000, estimate_bps=1_600_000, loss=loss, sound_loss=loss, round_trip_s=0.05)
        return max(decision.rung.height for _, decision in run(Ladder(0.0), [steady] * 400)[200:])

    assert settled(more) <= settled(less)


@given(st.lists(signals, max_size=120))
def test_from_anywhere_a_good_link_leads_to_the_top_in_bounded_time(past: list[Signals]) -> None:
    ladder = Ladder(0.0)
    run(ladder, past)
    at, limit, seconds = len(past) * EVERY_S, 0, 0.0
    bound = LONGEST_RETRY_S + 6 * UP_HOLD_S + 30
    while seconds < bound:
        good = Signals(rate_bps=limit, estimate_bps=2_000_000 if limit else None, round_trip_s=0.03)
        decision = ladder.step(good, at + seconds)
        limit = decision.limit_bps
        if decision.rung is Rung.HD and limit == MOST_BPS:
            return
        seconds += EVERY_S
    pytest.fail(f"still at {decision} after {bound} s")


@given(st.lists(signals, max_size=60))
def test_the_same_signals_lead_to_the_same_decisions(script: list[Signals]) -> None:
    assert run(Ladder(0.0), script) == run(Ladder(0.0), script)


# --- on a link ---


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_a_good_link_is_at_the_top_soon(seed: int) -> None:
    world = through((0, link(2_500_000)), seed=seed)
    world.run(12)
    assert rung_at(world, 8) is Rung.HD
    assert world.moments[-1].picture_bps > 1_200_000


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_down_fast_and_up_again(seed: int) -> None:
    """bench-adapt's schedule."""
    world = through((0, link(2_000_000)), (20, link(300_000)), (40, link(2_000_000)), seed=seed)
    world.run(60)
    assert rung_at(world, 15) is Rung.HD
    assert rung_at(world, 25) is Rung.LOW
    low = [moment.decision.rung for moment in world.moments if 25 <= moment.at < 40]
    assert sum(rung is Rung.LOW for rung in low) >= 0.9 * len(low), "and it stays there"
    back = next(moment.at for moment in world.moments if moment.at > 40 and moment.picture_bps >= 800_000)
    assert back - 40 <= 8
    assert rung_at(world, 52) is Rung.HD
    assert world.sound_came >= 0.95 * world.sound_sent


def test_a_link_for_sound_alone_carries_sound() -> None:
    """40 kbit/s: whatever is tried above, at least 95 of 100 packets of sound come."""
    world = through((0, link(2_000_000)), (10, link(40_000)), (70, link(2_000_000)))
    world.run(10)
    assert world.sound_came == world.sound_sent or world.sound_came >= world.sound_sent - 5
    world = through((0, link(40_000)))
    world.run(90)
    settled = [moment.decision.rung for moment in world.moments if moment.at > 20]
    assert all(not rung.moves for rung in settled[-40:]) or sum(rung.moves for rung in settled) <= 0.35 * len(settled)
    assert world.sound_came >= 0.95 * world.sound_sent


def test_after_an_outage_everything_comes_back() -> None:
    world = through((0, link(1_500_000)), (15, Conditions(cut=True)), (25, link(1_500_000)))
    world.run(90)
    assert rung_at(world, 85) is Rung.HD


def test_heavy_loss_leaves_sound_and_little_loss_costs_nothing() -> None:
    world = through((0, link(2_000_000, loss=0.03)))
    world.run(30)
    assert rung_at(world, 25) is Rung.HD
    world = through((0, link(2_000_000, loss=0.4)))
    world.run(30)
    assert rung_at(world, 25) is Rung.STILLS
    assert world.moments[-1].decision.reason in (Reason.LOSS, Reason.BETTER)


def test_a_picture_that_stands_still_gets_smaller_and_thinner_but_is_not_given_up_for_that() -> None:
    """Where the line is to blame, what waits before it or is lost says so."""
    ladder, before = Ladder(0.0), 350_000
    still = [Signals(rate_bps=340_000, estimate_bps=500_000, round_trip_s=0.05, frozen_s=0.25)] * 40
    decisions = [decision for _, decision in run(ladder, still)]
    assert {decision.rung for decision in decisions} == {Rung.SD, Rung.LOW}
    first = next(decision for decision in decisions if decision.rung is Rung.LOW)
    assert (first.reason, first.limit_bps <= before * 0.9) == (Reason.FREEZES, True)


def test_with_a_queue_before_a_receiver_nothing_is_raised_and_a_long_one_lowers_at_once() -> None:
    waiting = Signals(rate_bps=340_000, estimate_bps=900_000, round_trip_s=0.05, queue_s=0.3)
    assert {decision.limit_bps for _, decision in run(Ladder(0.0), [waiting] * 20)} == {350_000}
    full = replace(waiting, estimate_bps=150_000, congested=True, queue_s=0.9)
    assert run(Ladder(0.0), [full] * 8)[-1][1].rung is Rung.LOW


def test_an_old_round_trip_holds_nothing_up_where_the_queue_itself_is_seen() -> None:
    good = Signals(rate_bps=1_500_000, round_trip_s=0.03)
    old = replace(good, round_trip_s=0.4, queue_s=0.0)
    for known, risen in ((False, False), (True, True)):
        ladder = Ladder(0.0)
        run(ladder, [good])
        limits = [decision.limit_bps for _, decision in run(ladder, [replace(old, queue_known=known)] * 24, since=EVERY_S)]
        assert (max(limits) == MOST_BPS) is risen


def test_a_quiet_picture_gets_large_as_well() -> None:
    """Nobody moves before the camera: a fifth of the limit is used at most, and nothing speaks against more."""
    ladder, limit, seconds = Ladder(0.0), 350_000, 0.0
    while seconds < 30:
        decision = ladder.step(Signals(rate_bps=limit // 5, estimate_bps=400_000, round_trip_s=0.03), seconds)
        limit, seconds = decision.limit_bps, seconds + EVERY_S
        assert seconds > 5 or limit == 350_000
    assert decision.rung is Rung.HD
    camera_off = Ladder(0.0)
    assert {each.limit_bps for _, each in run(camera_off, [Signals(round_trip_s=0.03)] * 200)} == {350_000}


def test_one_word_of_a_full_line_takes_no_picture_away_and_many_do() -> None:
    """A machine that stood still for a second looks like a line that carries nothing."""
    calm = Signals(rate_bps=300_000, estimate_bps=900_000, round_trip_s=0.03)
    full = replace(calm, estimate_bps=5_000, congested=True, queue_s=0.9)
    assert all(decision.rung.moves for _, decision in run(Ladder(0.0), [calm] * 8 + [full] * 6 + [calm] * 60))
    assert not run(Ladder(0.0), [calm] * 8 + [full] * 20)[-1][1].rung.moves


def test_one_slow_trip_takes_no_picture_away_for_as_long_as_there_is_no_newer_one_and_several_do() -> None:
    """A path so long that people interrupt each other carries sound alone."""
    slow = Signals(rate_bps=300_000, estimate_bps=900_000, round_trip_s=2.0)
    assert all(decision.rung.moves for _, decision in run(Ladder(0.0), [slow] * 16))
    often = [replace(slow, round_trip_s=2.0 + turn / 100) for turn in range(6) for _ in range(4)]
    assert not run(Ladder(0.0), often)[-1][1].rung.moves
