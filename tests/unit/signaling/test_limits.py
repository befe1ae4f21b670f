"""Token buckets: never more than the burst at once, never more than the rate over time, bounded memory."""

from hypothesis import given
from hypothesis import strategies as st

from signaling.limits import Bucket, Limiter, Rate, address_key


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


def test_requests_are_counted_by_the_address_that_a_trusted_proxy_saw() -> None:
    assert address_key("203.0.113.7", "198.51.100.1", ()) == "203.0.113.7"  # anybody can send the header
    assert address_key("10.0.0.2", "1.1.1.1, 198.51.100.1", ("10.0.0.2",)) == "198.51.100.1"
    assert address_key("10.0.0.2", "nonsense", ("10.0.0.2",)) == "unknown"
    assert address_key("2001:db8:1:2:3::4", None, ()) == address_key("2001:db8:1:2::ffff", None, ())
    assert address_key(None, None, ()) == "unknown"
