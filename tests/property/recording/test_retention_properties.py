"""What retention promises, over many lives of a recording on a virtual clock that may also run wrong."""

from dataclasses import dataclass, replace
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from hypothesis import given, settings
from hypothesis import strategies as st

from recording.core.retention import (
    GRACE_S,
    RULES,
    Announce,
    Cause,
    DestroyKey,
    DestroySegments,
    Kept,
    PolicyPack,
    RetentionClass,
    Retract,
    expires_at,
    kept_until,
    may_erase,
    next_step,
)

DAY = 86_400.0
ZONES = st.sampled_from([ZoneInfo("Asia/Shanghai"), ZoneInfo("Europe/Rome"), ZoneInfo("Pacific/Kiritimati"), ZoneInfo("UTC")])
ends = st.floats(datetime(2019, 1, 1, tzinfo=UTC).timestamp(), datetime(2026, 12, 31, tzinfo=UTC).timestamp())
packs, classes = st.sampled_from(PolicyPack), st.sampled_from(RetentionClass)


@dataclass(frozen=True)
class Moment:
    """One look: how far the clock moved, and what people did before it."""

    advance_s: float
    hold: bool | None = None
    erase: bool = False


moments = st.lists(
    st.builds(
        Moment,
        st.sampled_from([0.0, 3600.0, DAY, DAY, DAY, 3 * DAY, 30 * DAY, 366 * DAY, 900 * DAY, -3600.0, -DAY]),
        st.sampled_from([None, None, None, True, False]),
        st.sampled_from([False, False, False, True]),
    ),
    max_size=80,
)


def carried_out(kept: Kept, step: object, now: float) -> Kept:
    """What the archive does with a step."""
    match step:
        case Announce(announced_at, looked_at):
            return replace(kept, announced_at=announced_at, looked_at=looked_at)
        case Retract():
            return replace(kept, announced_at=None, looked_at=None)
        case DestroyKey():
            return replace(kept, key_destroyed_at=now)
        case DestroySegments():
            assert kept.key_destroyed_at is not None, "segments before the key"
            return replace(kept, destroyed_at=now)
        case _:
            return kept


@settings(max_examples=400)
@given(ends, packs, classes, ZONES, moments)
def test_never_early_never_held_never_out_of_order(
    ended: float, pack: PolicyPack, retention: RetentionClass, zone: ZoneInfo, life: list[Moment]
) -> None:
    kept, now = Kept(ended, retention), ended
    least = kept_until(ended, RULES[pack][retention].least_years, zone)
    for moment in life:
        now += moment.advance_s
        if moment.hold is not None:
            kept = replace(kept, held=moment.hold)
        if moment.erase and kept.erasure_granted_at is None and may_erase(kept, pack, zone, now):
            kept = replace(kept, erasure_granted_at=now)
        before, step = kept, next_step(kept, pack, zone, now)
        kept = carried_out(kept, step, now)
        if isinstance(step, DestroyKey):
            assert not before.held and now >= least
            if step.cause is Cause.EXPIRED:
                assert now >= expires_at(before, pack, zone)
                assert before.announced_at is not None and now - before.announced_at >= GRACE_S
        assert not (kept.destroyed_at is not None and kept.key_destroyed_at is None)
        if before.destroyed_at is not None:
            assert step is None


@given(ends, packs, classes, ZONES)
def test_with_a_daily_look_everything_expired_is_gone_within_the_grace_and_two_days(
    ended: float, pack: PolicyPack, retention: RetentionClass, zone: ZoneInfo
) -> None:
    kept = Kept(ended, retention)
    due = now = expires_at(kept, pack, zone)
    while kept.destroyed_at is None:
        kept = carried_out(kept, next_step(kept, pack, zone, now), now)
        now += DAY
        assert now - due <= GRACE_S + 3 * DAY
    assert kept.key_destroyed_at is not None and kept.key_destroyed_at <= kept.destroyed_at


@given(ends, packs, classes, ZONES, st.floats(1, 40))
def test_a_clock_years_ahead_for_a_while_destroys_nothing(
    ended: float, pack: PolicyPack, retention: RetentionClass, zone: ZoneInfo, years: float
) -> None:
    kept, right = Kept(ended, retention), ended + 30 * DAY
    for hour in range(0, 6 * 24, 6):  # six days of a wrong clock, looked at all the time
        kept = carried_out(kept, next_step(kept, pack, zone, right + years * 366 * DAY + hour * 3600.0), right)
        assert kept.key_destroyed_at is None
    kept = carried_out(kept, next_step(kept, pack, zone, right + 6 * DAY), right)
    assert kept.announced_at is None, "the clock that is right takes the announcement back"


@given(ends, st.integers(1, 20), ZONES)
def test_a_period_is_never_shorter_than_its_calendar_years(ended: float, years: int, zone: ZoneInfo) -> None:
    begin, end = datetime.fromtimestamp(ended, zone), datetime.fromtimestamp(kept_until(ended, years, zone), zone)
    assert (end.year, end.month, end.day) > (begin.year + years, begin.month, begin.day)
    assert (end - begin).days <= years * 366 + 2


def test_a_leap_day_is_kept_to_the_first_of_march() -> None:
    zone = ZoneInfo("Asia/Shanghai")
    ended = datetime(2024, 2, 29, 23, 30, tzinfo=zone).timestamp()
    assert datetime.fromtimestamp(kept_until(ended, 3, zone), zone) == datetime(2027, 3, 2, tzinfo=zone)
    assert datetime.fromtimestamp(kept_until(ended, 4, zone), zone) == datetime(2028, 3, 1, tzinfo=zone)


def test_the_packs_say_what_the_law_says() -> None:
    now = datetime(2026, 11, 25, tzinfo=UTC).timestamp()
    zone = ZoneInfo("Asia/Shanghai")
    fresh = {name: Kept(now, name) for name in RetentionClass}
    assert not any(may_erase(kept, PolicyPack.CN, zone, now + 2.9 * 365 * DAY) for kept in fresh.values())
    assert may_erase(fresh[RetentionClass.PROCESS], PolicyPack.CN, zone, now + 3.01 * 366 * DAY)
    assert not may_erase(fresh[RetentionClass.MEDICAL_RECORD], PolicyPack.CN, zone, now + 14.9 * 365 * DAY)
    assert all(may_erase(kept, PolicyPack.EU, zone, now) for kept in fresh.values())
    assert not may_erase(replace(fresh[RetentionClass.PROCESS], held=True), PolicyPack.EU, zone, now)
