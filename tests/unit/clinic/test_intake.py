"""Which answers of a patient raise the alarm."""

from hypothesis import given
from hypothesis import strategies as st

from clinic.intake import RedFlag, alarms

flags = st.frozensets(st.sampled_from(RedFlag))


def test_any_single_red_flag_is_an_emergency() -> None:
    assert all(alarms((), (flag,)) for flag in RedFlag)
    assert not alarms((), ())


@given(flags, flags)
def test_only_what_is_said_anew_raises_the_alarm(before: frozenset[RedFlag], now: frozenset[RedFlag]) -> None:
    """So that a coordinator who has looked and lowered is not overruled by the same answers saved again."""
    assert alarms(before, now) is bool(now - before)
    assert not alarms(now, now) and not alarms(before | now, now)
