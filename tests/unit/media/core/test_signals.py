"""Counters to signals, and which steps people are told."""

from dataclasses import replace

from media.core.ladder import Decision, Reason, Rung
from media.core.room import UNKNOWN, Room
from media.core.signals import Arrived, Heard, Observation, Senses
from media.core.steps import LASTS_S, PAUSE_S, Steps


def observed(packets: int, lost: int, *heard: Heard, congested: bool = False, uplink_bps: int = 0) -> Observation:
    arrived = Arrived(packets, packets * 1000, lost)
    return Observation(arrived, arrived, heard, heard, congested=congested, uplink_bps=uplink_bps)


def test_losses_of_both_hops_add_up_and_old_words_count_for_nothing() -> None:
    senses = Senses()
    fresh = Heard(0.1, 0.2, 101.0, 500_000, 101.0)
    old = Heard(0.9, 3.0, 80.0, 10_000, 80.0)
    senses.quality(observed(0, 0, fresh, old), 0.0, 100.0)
    found = senses.quality(observed(90, 10, fresh, old), 0.0, 101.0)
    assert round(found.loss_up, 3) == 0.1
    assert round(found.loss_down, 3) == 0.1
    assert round(found.signals.loss, 3) == 0.19
    assert found.signals.round_trip_s == 0.2
    assert found.signals.estimate_bps == 500_000
    assert found.signals.rate_bps == 720_000


def test_pictures_are_counted_over_two_seconds_and_what_lines_let_through_is_of_now() -> None:
    senses = Senses()
    room = Heard(0.0, 0.05, 10.0, 0, 0.0, room_bps=900_000, room_at=10.0)
    for turn in range(9):
        now = 10.0 + turn / 4
        came = Arrived(70 * turn, 80_000 * turn, 0, pictures=3 * turn)
        seen = Observation(came, came, (room,), (room,), congested=False, came_bps=500_000, sent_bps=2_000_000, bursts_at=10.0)
        found = senses.quality(seen, 0.0, now).signals
        assert found.pictures_per_s == (None if turn < 4 else 12.0)
        assert found.room == (Room(500_000, True, 900_000) if turn < 5 else UNKNOWN)


def test_a_new_connection_counts_from_nothing() -> None:
    senses = Senses()
    senses.quality(observed(5_000, 40), 0.0, 10.0)
    found = senses.quality(observed(50, 0), 0.0, 10.5)
    assert found.signals.loss == 0.0
    assert found.signals.rate_bps == 0


def test_congestion_needs_somebody_who_says_so_now() -> None:
    senses = Senses()
    stale = Heard(0.0, 0.05, 50.0, 100_000, 50.0)
    assert not senses.quality(observed(10, 0, stale, congested=True), 0.0, 60.0).signals.congested
    own = senses.quality(observed(12, 0, stale, uplink_bps=90_000), 0.0, 60.25).signals
    assert own.congested
    assert own.is_own_way
    assert own.estimate_bps == 90_000
    senses.quality(observed(20, 0, stale, uplink_bps=90_000), 0.0, 60.75)
    assert not senses.quality(observed(20, 0, stale, uplink_bps=90_000), 0.0, 61.25).signals.congested, "nothing comes"


def test_a_line_that_is_full_carries_at_least_what_just_came_through_it() -> None:
    """A large frame of a small picture is late by itself, and its moment's few packets tell of less than the line carries."""
    senses = Senses()
    for turn in range(4):
        senses.quality(observed(10 * turn, 0), 0.0, 10.0 + turn * 0.25)
    full = senses.quality(observed(40, 0, uplink_bps=90_000), 0.0, 11.0).signals
    assert full.estimate_bps == round(0.75 * 320_000)
    fell = senses.quality(observed(42, 0, uplink_bps=40_000), 0.0, 11.25).signals
    assert fell.estimate_bps == round(0.75 * 64_000), "of now, though more came before"


def test_how_much_a_full_line_carries_at_most_is_told_with_the_estimate() -> None:
    """A part of it is sure; of a deep queue before a receiver some was lost, nobody knows how much."""
    senses = Senses()
    shallow = Heard(0.0, 0.05, 9.0, 900_000, 9.0, downlink_bps=150_000, downlink_late_s=0.4, downlink_at=9.0)
    found = senses.quality(observed(10, 0, shallow), 0.0, 10.0).signals
    assert (found.estimate_bps, found.carried_bps) == (150_000, 150_000)
    found = senses.quality(observed(20, 0, shallow._replace(downlink_late_s=0.9)), 0.0, 10.25).signals
    assert (found.estimate_bps, found.carried_bps) == (150_000, 250_000)
    both = senses.quality(replace(observed(30, 0, shallow, uplink_bps=85_000), uplink_late_s=0.2), 0.0, 10.5).signals
    assert both.estimate_bps is not None
    assert both.carried_bps in (150_000, round(both.estimate_bps / 0.85))
    assert both.uplink_late_s == 0.2
    assert senses.quality(observed(40, 0), 0.0, 10.75).signals.carried_bps is None


def test_a_queue_before_a_receiver_counts_while_that_is_known() -> None:
    senses = Senses()
    full = Heard(0.0, 0.05, 9.0, 900_000, 9.0, downlink_bps=150_000, downlink_late_s=0.8, downlink_at=9.0)
    found = senses.quality(observed(10, 0, full), 0.0, 10.0).signals
    assert (found.congested, found.estimate_bps, found.queue_s, found.queue_known) == (True, 150_000, 0.8, True)
    empty = full._replace(downlink_bps=0, downlink_late_s=0.1)
    found = senses.quality(observed(20, 0, empty), 0.0, 10.0).signals
    assert (found.congested, found.queue_s) == (False, 0.1)
    assert not senses.quality(observed(25, 0, empty), 0.0, 11.5).signals.queue_known, "a second and a half ago"
    later = senses.quality(observed(30, 0, full), 0.0, 14.0).signals
    assert (later.congested, later.queue_s) == (False, 0.0)


def told(steps: Steps, rung: Rung, since: float, until: float, reason: Reason = Reason.BANDWIDTH) -> None:
    at = since
    while at <= until:
        steps.took(Decision(rung, reason, 0), at)
        at += 0.25


def test_flapping_is_told_once_and_what_lasts_is_told() -> None:
    steps = Steps(0.0)
    for turn in range(8):
        told(steps, Rung.LOW if turn % 2 else Rung.HD, turn * 2.0, turn * 2.0 + 1.75)
    assert steps.told.rung.value == "hd"
    told(steps, Rung.LOW, 20.0, 20.0 + LASTS_S)
    assert (steps.told.rung, steps.told.reason) == (Rung.LOW, Reason.BANDWIDTH)
    told(steps, Rung.HD, 27.0, 27.0 + LASTS_S, Reason.BETTER)
    assert steps.told.rung.value == "low", "a second telling so soon is one too many"
    told(steps, Rung.HD, 34.0, 27.0 + PAUSE_S + LASTS_S, Reason.BETTER)
    assert (steps.told.rung, steps.told.reason) == (Rung.HD, Reason.BETTER)


def test_a_picture_that_goes_is_told_soon_and_how_a_call_begins_is_not() -> None:
    steps = Steps(0.0)
    told(steps, Rung.STILLS, 0.0, 2.0, Reason.LOSS)
    assert steps.told.rung is Rung.STILLS
    steps = Steps(0.0)
    told(steps, Rung.SD, 0.0, 5 * LASTS_S, Reason.START)
    assert (steps.told.rung, steps.told.reason) == (Rung.HD, Reason.START)
    told(steps, Rung.LOW, 40.0, 40.0 + LASTS_S / 2)
    told(steps, Rung.SD, 44.0, 44.0 + LASTS_S, Reason.BETTER)
    assert (steps.told.rung, steps.told.reason) == (Rung.SD, Reason.BANDWIDTH)
