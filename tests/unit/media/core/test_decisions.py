"""The small cores: paths, clocks, estimates, counts, key frames."""

import itertools

import pytest

from media.core.path import DISCONNECTED_AFTER_S, FAILED_AFTER_S, MAX_ADDRESSES, Address, Path, PathState
from tests.reference.bandwidth import FREE_BPS, PATIENCE_S, REPORT_LIFE_S, START_BPS, START_S, LeastEstimate, shares
from tests.reference.keyframes import Heeded, KeyframeRequests
from tests.reference.sendtime import SendClock
from tests.reference.sequence import MAX_DROPOUT, OutputNumbers, Reception

HOME: Address = ("192.0.2.1", 1)
AWAY: Address = ("192.0.2.1", 2)


# --- path ---


def test_a_nominated_address_takes_over_once_it_has_answered() -> None:
    path = Path(HOME, 0.0)
    assert not path.checked(AWAY, nominated=True, now=1.0)
    assert path.wants_probe(AWAY, 1.0)
    assert path.answered(AWAY, 1.1)
    assert path.address == AWAY


def test_an_address_that_only_claims_gets_nothing() -> None:
    path = Path(HOME, 0.0)
    for second in range(100):
        assert not path.checked(AWAY, nominated=True, now=float(second))
    assert path.address == HOME


def test_an_unnominated_address_takes_over_only_from_a_silent_one() -> None:
    path = Path(HOME, 0.0)
    path.checked(AWAY, nominated=False, now=1.0)
    assert not path.answered(AWAY, 1.1)
    path.checked(HOME, nominated=False, now=2.0)
    assert not path.checked(AWAY, nominated=False, now=5.9)
    assert path.checked(AWAY, nominated=False, now=6.1)


def test_media_from_elsewhere_moves_the_path_once_that_address_has_answered() -> None:
    path = Path(HOME, 0.0)
    path.moved(AWAY, 0.1)
    assert path.address == HOME and path.elsewhere == AWAY
    assert not path.checked(AWAY, nominated=False, now=0.15)  # a claim
    assert path.answered(AWAY, 0.2)
    assert path.address == AWAY and path.elsewhere is None


def test_an_old_answer_does_not_count() -> None:
    path = Path(HOME, 0.0)
    path.checked(AWAY, nominated=True, now=1.0)
    path.answered(AWAY, 1.0)
    path.checked(HOME, nominated=True, now=2.0)
    assert path.wants_probe(AWAY, 20.0)
    assert not path.checked(AWAY, nominated=True, now=20.0)


def test_silence_disconnects_then_fails_and_a_sound_in_between_recovers() -> None:
    path = Path(HOME, 0.0)
    assert path.state(DISCONNECTED_AFTER_S - 0.1) is PathState.CONNECTED
    assert path.state(DISCONNECTED_AFTER_S) is PathState.DISCONNECTED
    path.answered(HOME, 10.0)
    assert path.state(10.1) is PathState.CONNECTED
    assert path.state(10.0 + FAILED_AFTER_S) is PathState.FAILED


def test_packets_alone_are_no_consent() -> None:
    """RFC 7675: whoever answers no check is sent nothing after 30 s, however much it sends itself."""
    path = Path(HOME, 0.0)
    for second in range(int(FAILED_AFTER_S)):
        path.received(float(second), None)
        assert path.state(float(second)) is PathState.CONNECTED
    assert path.state(FAILED_AFTER_S) is PathState.FAILED


def watched(path: Path, seconds: float, media_until: float = 0.0, answers_until: float = 0.0) -> tuple[int, int, float | None]:
    """Looks at a path as its peer does, every half second at most: how often, how many checks, when it was disconnected."""
    looks = checks = 0
    look_at, told = 0.0, None
    for step in range(1, int(2 * seconds) + 1):
        now = step / 2
        if now <= media_until:
            path.received(now, HOME)
        if now < look_at:
            continue
        looks += 1
        if path.state(now) is PathState.DISCONNECTED and told is None:
            told = now
        if path.probe_due(now):
            checks += 1
            if now <= answers_until:
                look_at = path.look_again_at(now)
                path.answered(HOME, now + 0.05)
                continue
        look_at = path.look_again_at(now)
    return looks, checks, told


def test_a_path_is_asked_as_often_as_there_is_doubt() -> None:
    looks, checks, _ = watched(Path(HOME, 0.0), 60.0, media_until=60.0, answers_until=60.0)
    assert looks == 30 and 12 <= checks <= 15, "consent is asked for about every 5 s at the most (RFC 7675)"
    looks, checks, told = watched(Path(HOME, 0.0), 60.0, answers_until=60.0)
    assert looks <= 42 and 18 <= checks <= 21 and told is None
    assert watched(Path(HOME, 0.0), 20.0)[1] >= 18


@pytest.mark.parametrize("stops_at", [10.0, 10.5, 11.0, 11.5, 12.0, 12.5, 13.0])
@pytest.mark.parametrize("media", [True, False])
def test_a_silence_is_told_within_five_seconds(stops_at: float, media: bool) -> None:
    told = watched(Path(HOME, 0.0), 30.0, media_until=stops_at if media else 0.0, answers_until=stops_at)[2]
    assert told is not None
    assert told - stops_at <= 5.0


def test_a_browser_s_own_checks_spare_ours_but_for_consent() -> None:
    path, look_at, checks = Path(HOME, 0.0), 0.0, []
    for step in range(1, 241):
        now = step / 4
        if now % 2.5 == 0:
            path.checked(HOME, nominated=False, now=now)
        if now < look_at:
            continue
        assert path.state(now) is PathState.CONNECTED
        if path.probe_due(now):
            checks.append(now)
            path.answered(HOME, now)
        look_at = path.look_again_at(now)
    apart = [later - earlier for earlier, later in itertools.pairwise(checks)]
    assert len(checks) <= 16, "about every 4 s, as where media comes"
    assert max(apart) <= 5.0, "consent is asked for about every 5 s at the least (RFC 7675)"


def test_checks_from_another_address_spare_none_of_the_address_in_use() -> None:
    path, look_at, checks = Path(HOME, 0.0), 0.0, 0
    for step in range(1, 121):
        now = step / 2
        path.checked(AWAY, nominated=False, now=now)
        if now < look_at:
            continue
        if path.probe_due(now):
            checks += 1
            path.answered(HOME, now)
        look_at = path.look_again_at(now)
    assert checks >= 20, "about every 3 s"


def test_one_lost_check_of_an_idle_path_disconnects_nobody() -> None:
    for lost in range(2, 8):
        path, look_at, checks = Path(HOME, 0.0), 0.0, 0
        for step in range(1, 80):
            now = step / 2
            if now < look_at:
                continue
            assert path.state(now) is PathState.CONNECTED
            if path.probe_due(now):
                checks += 1
                if checks != lost:
                    path.answered(HOME, now + 0.05)
            look_at = path.look_again_at(now)


def test_media_shows_that_an_address_lives_and_its_end_that_it_may_not() -> None:
    path = Path(HOME, 0.0)
    for second in range(10):
        path.received(float(second), HOME)
        path.checked(AWAY, nominated=False, now=float(second))
        path.answered(AWAY, second + 0.1)
        assert path.address == HOME
    assert not path.checked(AWAY, nominated=False, now=12.9)
    assert path.checked(AWAY, nominated=False, now=13.1)


def test_addresses_are_bounded_and_the_one_in_use_is_kept() -> None:
    path = Path(HOME, 0.0)
    for port in range(10, 10 + 3 * MAX_ADDRESSES):
        path.checked(("192.0.2.9", port), nominated=False, now=float(port))
    assert len(path._seen) <= MAX_ADDRESSES
    assert path.address == HOME and HOME in path._seen


# --- abs-send-time ---


def stamp(seconds: float) -> bytes:
    return (int(seconds * (1 << 18)) % (1 << 24)).to_bytes(3, "big")


def seconds(stamped: bytes) -> float:
    return int.from_bytes(stamped, "big") / (1 << 18)


@pytest.mark.parametrize("offset", [0.0, 17.3, 63.9, 1000.5])
def test_clocks_of_different_senders_meet(offset: float) -> None:
    clock = SendClock()
    for step in range(2000):
        now = 500 + step * 0.05
        told = clock.translate(stamp(now + offset), now)
        assert abs((seconds(told) - now + 32) % 64 - 32) < 0.001


def test_delay_stays_visible_and_drift_does_not() -> None:
    clock = SendClock()
    for step in range(6000):
        now = 100 + step * 0.02
        told = clock.translate(stamp(now * 1.00005), now)
    assert abs((seconds(told) - now + 32) % 64 - 32) < 0.002
    delayed = clock.translate(stamp(now * 1.00005), now + 0.3)
    assert (now + 0.3 - seconds(delayed)) % 64 == pytest.approx(0.3, abs=0.005)


def test_a_jumping_clock_is_taken_as_another_one() -> None:
    clock = SendClock()
    clock.translate(stamp(5.0), 100.0)
    told = clock.translate(stamp(30.0), 100.02)
    assert seconds(told) == pytest.approx(100.02 % 64, abs=0.001)


# --- estimates ---


def settled(estimate: LeastEstimate, receiver: int, bps: int, now: float) -> None:
    estimate.report(receiver, bps, bps, now - START_S)
    estimate.report(receiver, bps, bps, now)


def test_the_least_of_all_receivers_counts_and_goes_with_its_receiver() -> None:
    estimate = LeastEstimate()
    settled(estimate, 1, 900_000, 10.0)
    settled(estimate, 2, 300_000, 10.0)
    assert estimate.due(300_000, 10.0) == 300_000
    estimate.forget(2)
    assert estimate.due(300_000, 10.3) == 900_000
    assert estimate.due(300_000, 10.4) is None
    assert estimate.due(300_000, 10.0 + REPORT_LIFE_S + 1) is None


def test_a_lower_limit_is_told_at_once() -> None:
    estimate = LeastEstimate()
    settled(estimate, 1, 900_000, 10.0)
    assert estimate.due(900_000, 10.0) == 900_000
    estimate.report(1, 200_000, 900_000, 10.01)
    assert estimate.due(900_000, 10.01) == 200_000


def test_first_estimates_do_not_start_a_call_low() -> None:
    estimate = LeastEstimate()
    estimate.report(1, 300_000, 200_000, 10.0)
    assert estimate.due(200_000, 10.0) == START_BPS
    estimate.report(1, 300_000, 200_000, 10.0 + START_S)
    assert estimate.due(200_000, 10.0 + START_S) == 300_000


def under_a_cap(cap_bps: int, estimate_bps: int) -> LeastEstimate:
    estimate = LeastEstimate()
    estimate.capped(cap_bps)
    estimate.report(1, estimate_bps, cap_bps, 10.0)
    return estimate


def test_who_keeps_to_a_cap_is_free_of_estimates_that_only_rise_slowly() -> None:
    estimate = under_a_cap(300_000, 320_000)
    assert estimate.due(290_000, 10.0) == FREE_BPS
    assert estimate.due(1_400_000, 10.5 + START_S) == 320_000, "and who does not keep to it is not"


def test_a_sudden_fall_is_told_at_once_a_small_one_is_left_to_the_cap() -> None:
    estimate = under_a_cap(1_400_000, 1_500_000)
    estimate.report(1, 250_000, 1_300_000, 11.0)
    assert estimate.due(1_300_000, 11.0) == 250_000
    estimate = under_a_cap(400_000, 420_000)
    estimate.report(1, 300_000, 400_000, 11.0)
    assert estimate.due(400_000, 11.0) is None
    assert estimate.due(400_000, 11.1 + PATIENCE_S) == 300_000, "unless it lasts"
    estimate.report(1, 300_000, 280_000, 13.0)
    assert estimate.due(280_000, 13.0) == FREE_BPS, "and it is over once the sender sends less"


def test_what_was_said_of_a_sender_without_a_cap_counts_no_more_under_one() -> None:
    estimate = LeastEstimate()
    for bps, now in ((900_000, 10.0), (400_000, 13.0)):
        estimate.report(1, bps, 850_000, now)
    assert estimate.congested_at is not None
    estimate.capped(1_200_000)
    assert estimate.congested_at is None and estimate.due(850_000, 13.3) == FREE_BPS
    estimate.report(1, 300_000, 850_000, 13.5)
    assert estimate.due(850_000, 13.5) == 300_000, "and what is said from then on does"
    estimate.capped(0)
    estimate.capped(1_200_000)
    assert estimate.congested_at is not None, "though the cap went and came meanwhile"


def test_what_a_slow_sender_leaves_goes_to_the_other() -> None:
    assert shares(900_000, [100_000, 500_000]) == [450_000, 800_000]
    assert shares(900_000, [0]) == [900_000]
    assert shares(900_000, []) == []


# --- counts ---


def test_reports_follow_rfc_3550() -> None:
    reception = Reception(90_000)
    for sequence in [65_534, 65_535, 0, 1, 3, 2, 6]:
        reception.received(sequence, 0, 100, 1.0)
    report = reception.report()
    assert report.lost == 2 and report.highest == (1 << 16) + 6
    assert report.fraction_lost == 2 * 256 // 9
    assert reception.report().fraction_lost == 0
    assert reception.packets == 7 and reception.octets == 700


def test_a_restarted_source_begins_anew() -> None:
    reception = Reception(90_000)
    for sequence in [*range(100), *range(40_000, 40_100)]:
        reception.received(sequence, 0, 1, 1.0)
    assert reception.lost == 0


def test_jitter_is_the_mean_change_of_transit() -> None:
    steady, shaken = Reception(48_000), Reception(48_000)
    for number in range(200):
        steady.received(number, number * 960, 1, number * 0.02)
        shaken.received(number, number * 960, 1, number * 0.02 + (number % 2) * 0.01)
    assert steady.jitter_ms < 0.1
    assert shaken.jitter_ms == pytest.approx(10, rel=0.05)


def test_a_source_that_jumps_must_confirm_it() -> None:
    numbers = OutputNumbers(90_000, 100, 0)
    first = numbers.accept(5, 0, 1.0)
    assert first == (100, 0)
    assert numbers.accept(5 + MAX_DROPOUT + 10, 7, 1.1) is None
    confirmed = numbers.accept(5 + MAX_DROPOUT + 11, 3007, 1.2)
    assert confirmed is not None and confirmed[0] == 101


def test_what_a_receiver_misses_is_named_in_the_sources_numbers() -> None:
    numbers = OutputNumbers(90_000, 1000, 0)
    numbers.accept(10, 0, 1.0)
    numbers.leave_out(11)
    numbers.accept(13, 0, 1.0)  # 12 was lost
    assert numbers.source_sequence(1001) == 12
    assert numbers.source_sequence(1002) == 13
    assert numbers.source_sequence(1003) is None
    assert numbers.source_sequence(999) is None
    numbers.switch()
    assert numbers.source_sequence(1001) is None


def test_a_late_padding_packet_fills_the_place_it_left() -> None:
    numbers = OutputNumbers(90_000, 1000, 0)
    numbers.accept(10, 0, 1.0)
    numbers.accept(12, 0, 1.0)
    assert numbers.leave_out(11) is False
    assert numbers.accept(11, 0, 1.0) == (1001, 0)


def test_a_closed_gate_repeats_its_wish_more_slowly_than_a_viewer_may() -> None:
    pace = KeyframeRequests(Heeded())
    assert pace.needed(1.0)
    assert not pace.still_waiting(1.3)
    assert pace.needed(1.3)
    assert pace.still_waiting(1.9)


def test_a_layer_is_asked_for_as_soon_as_its_sender_listens_again() -> None:
    sender = Heeded()
    large, small = KeyframeRequests(sender), KeyframeRequests(sender)
    assert large.needed(1.0)
    small.saw(7, 1.05, begins=True, ends=True)  # and then somebody chose it
    assert not small.still_waiting(1.2), "it would be in vain, and the next one half a second later"
    assert small.ordered(1.21), "which is not repeated, is sent"
    assert not small.ordered(1.3), "at its pace"
    assert not small.still_waiting(1.34)
    assert small.still_waiting(1.36)
    assert not large.needed(1.6)
    assert large.needed(1.72)


def test_what_another_layer_was_asked_for_is_given_the_time_to_bring_all() -> None:
    sender = Heeded()
    layers = [KeyframeRequests(sender) for _ in range(3)]
    asked = [now for now in (1.0 + step * 0.03 for step in range(100)) for each in layers if each.still_waiting(now)]
    assert len(asked) == 6, "each half second, however many gates are shut"


def test_a_request_that_nobody_listened_to_keeps_no_other_layer_waiting() -> None:
    sender = Heeded()
    large, small = KeyframeRequests(sender), KeyframeRequests(sender)
    assert large.needed(1.0) and large.needed(1.21)
    assert small.needed(1.36)


def test_a_late_packet_behind_one_left_out_keeps_its_number_to_itself() -> None:
    numbers = OutputNumbers(90_000, 1000, 0)
    first = numbers.accept(500, 0, 1.0)
    assert first is not None
    assert numbers.leave_out(502)  # padding; 501 is still on its way
    late = numbers.accept(501, 3000, 1.1)
    assert late is not None
    numbers.switch()
    other = numbers.accept(9000, 0, 1.2)
    assert other is not None
    assert [late[0], other[0]] == [first[0] + 1, first[0] + 2]
