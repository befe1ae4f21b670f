"""Token buckets: never more than the burst at once, never more than the rate over time, bounded memory."""

from hypothesis import given
from hypothesis import strategies as st

from signaling.limits import Bucket, Limiter, Rate


@given(st.lists(st.floats(min_value=-5, max_value=5), max_size=200))
def test_never_more_than_burst_plus_rate_over_time(steps: list[float]) -> None:
    rate = Rate(per_s=2, burst=5)
    bucket = Bucket(rate, 0)
    now, forward, taken = 0.0, 0.0, 0
    for step in steps:
        now += step
        forward += max(0.0, step)
        taken += bucket.take(now)
    assert taken <= rate.burst + rate.per_s * forward + 1e-6


def test_a_full_bucket_gives_its_burst_and_then_refuses() -> None:
    bucket = Bucket(Rate(per_s=1, burst=3), 100.0)
    assert [bucket.take(100.0) for _ in range(4)] == [True, True, True, False]
    assert bucket.take(101.0)
    assert not bucket.take(101.5)


def test_keys_do_not_share_and_the_oldest_is_forgotten() -> None:
    limiter = Limiter(Rate(per_s=0, burst=1), capacity=2)
    assert limiter.take("a", 0)
    assert not limiter.take("a", 0)
    assert limiter.take("b", 0)
    assert limiter.take("c", 0)  # "a" is forgotten: memory is bounded
    assert not limiter.take("c", 0)
    assert limiter.take("a", 0)
