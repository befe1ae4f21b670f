"""The emulated link keeps its own laws, whatever is sent: a test that blames the product must be able to trust it."""

from dataclasses import dataclass, replace
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from tests.netsim.link import CUT, MOBILE_3G, PERFECT, Conditions, Link, Schedule

conditions = st.builds(
    Conditions,
    rate_bps=st.none() | st.floats(10_000, 10_000_000),
    queue_bytes=st.integers(1_500, 200_000),
    delay_s=st.floats(0, 0.5),
    jitter_s=st.floats(0, 0.2),
    loss=st.floats(0, 1),
    reorder=st.floats(0, 1),
    reorder_s=st.floats(0.001, 0.1),
)
sendings = st.lists(st.tuples(st.floats(0, 0.05), st.integers(20, 1_400)), min_size=1, max_size=120)
"""(pause before, octets)"""


@dataclass(frozen=True)
class Arrival:
    number: int
    at: float
    octets: int


def run(link: Link, sending: list[tuple[float, int]]) -> tuple[dict[int, float], list[Arrival]]:
    """Sends everything, delivers at each deadline; when each was sent, and what arrived in the order of arrival."""
    now, sent, arrivals = 0.0, {}, []

    def deliver(until: float) -> None:
        while (due := link.deadline()) is not None and due <= until:
            for packet, number in link.deliver(due):
                assert isinstance(number, int)
                arrivals.append(Arrival(number, due, len(packet)))

    for number, (pause, octets) in enumerate(sending):
        now += pause
        deliver(now)
        sent[number] = now
        link.send(bytes(octets), now, number)
    deliver(float("inf"))
    return sent, arrivals


@given(st.integers(), conditions, sendings)
def test_the_same_seed_gives_the_same_outcome(seed: int, like: Conditions, sending: list[tuple[float, int]]) -> None:
    assert run(Link(seed, like), sending) == run(Link(seed, like), sending)


@given(st.integers(), conditions, sendings)
def test_nothing_is_invented_or_doubled_and_everything_is_accounted_for(
    seed: int, like: Conditions, sending: list[tuple[float, int]]
) -> None:
    link = Link(seed, like)
    _, arrivals = run(link, sending)
    assert len({arrival.number for arrival in arrivals}) == len(arrivals)
    assert all(arrival.octets == sending[arrival.number][1] for arrival in arrivals)
    counted = link.counters
    assert counted.sent == len(sending) and counted.delivered == len(arrivals) and link.in_flight == 0
    assert counted.sent == counted.delivered + counted.lost + counted.overflowed + counted.cut


@given(st.integers(), conditions, sendings)
def test_a_packet_takes_its_time_and_no_more(seed: int, like: Conditions, sending: list[tuple[float, int]]) -> None:
    sent, arrivals = run(Link(seed, like), sending)
    queue_s = (like.queue_bytes + 1) * 8 / like.rate_bps if like.rate_bps else 0.0
    for arrival in arrivals:
        took = arrival.at - sent[arrival.number]
        wire_s = arrival.octets * 8 / like.rate_bps if like.rate_bps else 0.0
        assert took >= like.delay_s + wire_s - 1e-9
        assert took <= queue_s + like.delay_s + like.jitter_s + like.reorder_s + 1e-9


@given(st.integers(), conditions, sendings)
def test_the_rate_is_never_exceeded(seed: int, like: Conditions, sending: list[tuple[float, int]]) -> None:
    steady = replace(like, rate_bps=like.rate_bps or 100_000, jitter_s=0.0, reorder=0.0)
    assert steady.rate_bps is not None
    _, arrivals = run(Link(seed, steady), sending)
    for first in range(0, len(arrivals), 7):
        octets = 0
        for later in arrivals[first + 1 :]:
            octets += later.octets
            assert octets * 8 <= steady.rate_bps * (later.at - arrivals[first].at) + 1e-3


@given(st.integers(), conditions, sendings)
def test_order_is_kept_but_for_what_is_reordered(seed: int, like: Conditions, sending: list[tuple[float, int]]) -> None:
    _, arrivals = run(Link(seed, replace(like, reorder=0.0)), sending)
    assert [arrival.number for arrival in arrivals] == sorted(arrival.number for arrival in arrivals)


def test_a_reordered_packet_is_overtaken() -> None:
    link = Link(1, Conditions(delay_s=0.05, reorder=0.1, reorder_s=0.03))
    _, arrivals = run(link, [(0.005, 200)] * 400)
    numbers = [arrival.number for arrival in arrivals]
    overtaken = sum(1 for before, after in pairwise(numbers) if after < before)
    assert len(numbers) == 400 and 20 <= overtaken <= 60


@given(st.integers(), st.floats(0.05, 0.6))
def test_loss_is_about_what_was_asked_for(seed: int, share: float) -> None:
    link = Link(seed, Conditions(loss=share))
    run(link, [(0.001, 100)] * 2_000)
    assert abs(link.counters.lost / 2_000 - share) < 0.06


@given(st.integers(), conditions, sendings)
def test_a_cut_lets_nothing_through_and_what_follows_is_not_punished(
    seed: int, like: Conditions, sending: list[tuple[float, int]]
) -> None:
    link = Link(seed, Schedule((0.0, like), (1.0, CUT), (2.0, PERFECT)))
    for number, (_, octets) in enumerate(sending):
        link.send(bytes(octets), 0.99, number)
    link.send(b"x", 1.5)
    assert link.deliver(1.6) == [] and link.in_flight == 0
    link.send(b"after", 2.0)
    assert [packet for packet, _ in link.deliver(2.0)] == [b"after"]


def test_a_full_queue_drops_the_last_comers() -> None:
    link = Link(1, replace(MOBILE_3G, loss=0.0, jitter_s=0.0))
    for number in range(100):
        link.send(bytes(1_000), 0.0, number)
    assert link.counters.overflowed == 70  # 30,000 bytes wait at most
    arrived = [number for _, number in link.deliver(10.0)]
    assert arrived == list(range(30))


@given(
    st.integers(),
    conditions,
    st.none() | st.floats(10_000, 10_000_000),
    st.lists(st.integers(20, 1_400), min_size=2, max_size=60),
)
def test_what_waits_when_the_rate_changes_is_kept_in_order_and_leaves_at_the_new_one(
    seed: int, like: Conditions, rate_bps: float | None, sizes: list[int]
) -> None:
    before = replace(
        like, rate_bps=like.rate_bps or 100_000, queue_bytes=200_000, loss=0.0, reorder=0.0, delay_s=0.0, jitter_s=0.0
    )
    link = Link(seed, before)
    for number, octets in enumerate(sizes):
        link.send(bytes(octets), 0.0, number)
    assert before.rate_bps is not None
    changes_at = sum(sizes) / 2 * 8 / before.rate_bps
    arrived = [(changes_at, number) for _, number in link.deliver(changes_at)]
    link.become(changes_at, replace(before, rate_bps=rate_bps))
    link.send(b"x", changes_at, len(sizes))
    while (due := link.deadline()) is not None:
        arrived += [(due, number) for _, number in link.deliver(due)]
    assert [number for _, number in arrived] == list(range(len(sizes) + 1)), "nothing is lost, nothing overtaken"
    rest = (sum(sizes) / 2 + 1) * 8
    assert abs(arrived[-1][0] - changes_at - (rest / rate_bps if rate_bps else 0.0)) < 1e-6
