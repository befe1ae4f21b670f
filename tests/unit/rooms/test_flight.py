"""Why a call was bad, in one reason: nobody else's line is blamed, and what was short is forgotten."""

from collections.abc import Sequence
from dataclasses import replace
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from common.ids import SeatId
from rooms.flight import MOST_SPANS, SPAN_S, Cause, Flight, Span, Verdict, verdict

PATIENT, DOCTOR = SeatId("s_patient"), SeatId("s_doctor")
GOOD = Span(rate_bps=900_000, estimate_bps=1_500_000, loss_up=0.0, loss_down=0.0, round_trip_ms=40, clarity="hd", path="udp")


def flight(*spans: Span | None) -> Flight:
    return Flight(0.0, SPAN_S, spans)


def both(patient: Sequence[Span | None], doctor: Sequence[Span | None] | None = None) -> dict[SeatId, Flight]:
    return {PATIENT: flight(*patient), DOCTOR: flight(*(doctor if doctor is not None else [GOOD] * len(patient)))}


def test_a_good_call_has_no_reason() -> None:
    assert verdict(both([GOOD] * 30)) is None
    assert verdict({}) is None


@pytest.mark.parametrize(
    ("bad", "cause", "worst"),
    [
        (replace(GOOD, loss_up=0.12), Cause.LOSS, 0.12),
        (replace(GOOD, round_trip_ms=900), Cause.DELAY, 900),
        (replace(GOOD, estimate_bps=70_000), Cause.NARROW, 70_000),
        (replace(GOOD, frozen_ms=4_000), Cause.FROZEN, None),
        (None, Cause.INTERRUPTED, None),
    ],
)
def test_each_kind_of_trouble_is_found_at_the_line_that_had_it(bad: Span | None, cause: Cause, worst: float | None) -> None:
    found = verdict(both([GOOD, GOOD, bad, bad, GOOD, GOOD]))
    assert found == Verdict(cause, PATIENT, 2.0 * SPAN_S, 6.0 * SPAN_S, worst)


def test_what_is_lost_on_the_way_down_is_the_receivers_trouble() -> None:
    found = verdict(both([GOOD] * 6, [replace(GOOD, loss_down=0.2)] * 6))
    assert found is not None and (found.cause, found.seat, found.worst) == (Cause.LOSS, PATIENT, 0.2)


def test_with_three_people_a_loss_on_the_way_down_is_nobodys() -> None:
    flights = both([GOOD] * 6, [replace(GOOD, loss_down=0.2)] * 6) | {SeatId("s_third"): flight(*[GOOD] * 6)}
    assert verdict(flights) is None


def test_a_moment_in_a_long_call_is_forgotten() -> None:
    assert verdict(both([GOOD] * 100 + [replace(GOOD, loss_up=0.3)] + [GOOD] * 100)) is None


def test_an_interruption_weighs_more_than_a_delay_of_the_same_length() -> None:
    slow = replace(GOOD, round_trip_ms=600)
    found = verdict(both([slow, slow, None, None, GOOD]))
    assert found is not None and found.cause is Cause.INTERRUPTED


spans = st.builds(
    Span,
    rate_bps=st.none() | st.integers(0, 10**7),
    estimate_bps=st.none() | st.integers(0, 10**7),
    loss_up=st.none() | st.floats(0, 1),
    loss_down=st.none() | st.floats(0, 1),
    round_trip_ms=st.none() | st.integers(0, 60_000),
    frozen_ms=st.integers(0, 60_000),
)


@given(st.lists(st.tuples(st.floats(0, 400_000), spans), max_size=60))
def test_whatever_is_heard_a_flight_stays_small_and_forgets_no_standstill(heard: list[tuple[float, Span]]) -> None:
    known = Flight(0.0)
    for at, span in heard:
        known = known.heard(at, span)
    assert len(known.spans) <= MOST_SPANS
    assert sum(span.frozen_ms for span in known.spans if span is not None) == sum(span.frozen_ms for _, span in heard)
    losses = [span.loss_up for _, span in heard if span.loss_up is not None]
    assert max((s.loss_up for s in known.spans if s is not None and s.loss_up is not None), default=None) == max(
        losses, default=None
    )


@given(st.dictionaries(st.sampled_from([PATIENT, DOCTOR, SeatId("s_third")]), st.lists(st.none() | spans, max_size=20)))
def test_a_reason_never_exceeds_the_call(flights: dict[SeatId, list[Span | None]]) -> None:
    found = verdict({seat: flight(*row) for seat, row in flights.items()})
    assert found is None or (found.seat in flights and 0 < found.seconds <= found.of_seconds)


@given(st.lists(st.tuples(st.integers(0, 20_000), spans), min_size=1, max_size=30), st.randoms())
def test_in_whatever_order_it_is_kept_it_is_the_same_flight(heard: list[tuple[int, Span]], chance: Random) -> None:
    def kept(rows: list[tuple[int, Span]]) -> Flight:
        whole = Flight.of(*rows[0])
        for at, span in rows[1:]:
            whole = whole.followed(Flight.of(at, span))
        return whole

    shuffled = heard[:]
    chance.shuffle(shuffled)
    one, other = kept(heard), kept(shuffled)
    assert sum(s.frozen_ms for s in one.spans if s is not None) == sum(s.frozen_ms for s in other.spans if s is not None)
    if one.span_s == other.span_s == SPAN_S:
        assert (one.began_at, [_figures(s) for s in one.spans]) == (other.began_at, [_figures(s) for s in other.spans])


def _figures(span: Span | None) -> Span | None:
    """Without the codes, of which the latest counts."""
    return None if span is None else replace(span, clarity=None, path=None)
