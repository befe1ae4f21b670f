"""How often sign-in may be tried."""

from clinic.throttle import MOST_KEYS, WINDOW_S, Throttle


def test_attempts_count_until_they_are_old() -> None:
    throttle = Throttle(3)
    assert [throttle.begin("a", float(at)) for at in range(5)] == [True, True, True, False, False]
    assert throttle.begin("b", 5.0)
    assert not throttle.begin("a", WINDOW_S - 0.1)
    assert throttle.begin("a", WINDOW_S + 0.1)


def test_it_is_told_how_long_to_wait() -> None:
    throttle = Throttle(2)
    assert throttle.wait_s("a", 0.0) == 0.0
    for at in (0.0, 100.0, 200.0):
        throttle.begin("a", at)
    assert throttle.wait_s("a", 200.0) == WINDOW_S - 200.0
    assert not throttle.begin("a", WINDOW_S - 0.1)
    assert throttle.wait_s("a", WINDOW_S) == 0.0 and throttle.begin("a", WINDOW_S)


def test_a_success_is_forgiven() -> None:
    throttle = Throttle(2)
    for at in range(10):
        assert throttle.begin("a", float(at))
        throttle.forgive("a", float(at))
    assert throttle.begin("a", 10.0) and throttle.begin("a", 11.0) and not throttle.begin("a", 12.0)


def test_refused_attempts_do_not_prolong_the_wait() -> None:
    throttle = Throttle(1)
    assert throttle.begin("a", 0.0)
    for at in range(1, 800):
        assert not throttle.begin("a", float(at))
    assert throttle.begin("a", WINDOW_S)


def test_memory_is_bounded_and_the_oldest_go_first() -> None:
    throttle = Throttle(1)
    for number in range(MOST_KEYS + 10):
        assert throttle.begin(str(number), 0.0)
    assert throttle.begin("0", 1.0), "forgotten"
    assert not throttle.begin(str(MOST_KEYS + 9), 1.0)
