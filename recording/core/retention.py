"""How long a recording is kept, what holds it, and when and in which order it is destroyed. Pure: all time is an argument.

Sources of the periods: CN pack, Internet Diagnosis and Treatment supervision rules (2022), article 20: process records (chat,
images, sound, video) at least 3 years, the medical record at least 15; EU pack, GDPR article 17: erasure on request, with no
least period of its own. It never looks at a key or a segment: it says which step is next, the archive carries it out.

Three rules are worth more than tidiness. A hold beats everything. The key goes before the first segment, so that a destruction
that stops half way has destroyed all that can be heard. And nothing is destroyed on the word of one clock: what is due is
announced first, and only looks that keep finding it due through GRACE_S lead to the destruction. A clock that stands years
ahead for a day destroys nothing, because the next look of a clock set right takes the announcement back.
"""

import calendar
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from enum import StrEnum

GRACE_S = 7 * 86_400.0  # a week: somebody at work sees the announcement in the archive whatever day it falls on
MOST_BETWEEN_LOOKS_S = 2 * 86_400.0  # looks further apart than this are no unbroken watching: a clock that leapt looks like it


class RetentionClass(StrEnum):
    """What a recording is to the law."""

    PROCESS = "process"
    MEDICAL_RECORD = "medical_record"


class PolicyPack(StrEnum):
    """Whose law."""

    CN = "cn"
    EU = "eu"


@dataclass(frozen=True, slots=True)
class Rule:
    """`least_years`: nobody may destroy it earlier, whoever asks. `keep_years`: how long it is kept when nobody asks."""

    least_years: int
    keep_years: int
    source: str


RULES: Mapping[PolicyPack, Mapping[RetentionClass, Rule]] = {
    PolicyPack.CN: {
        RetentionClass.PROCESS: Rule(3, 3, "互联网诊疗监管细则（试行）第二十条：过程记录不少于 3 年"),
        RetentionClass.MEDICAL_RECORD: Rule(15, 15, "互联网诊疗监管细则（试行）第二十条：病历不少于 15 年"),
    },
    PolicyPack.EU: {
        RetentionClass.PROCESS: Rule(0, 3, "GDPR art. 5(1)(e), art. 17"),
        RetentionClass.MEDICAL_RECORD: Rule(0, 15, "GDPR art. 5(1)(e), art. 17; national law for the medical record"),
    },
}


class Cause(StrEnum):
    """Why a recording is destroyed."""

    EXPIRED = "expired"
    ERASURE = "erasure"


@dataclass(frozen=True, slots=True)
class Kept:
    """What retention knows of one recording. Times are seconds since 1970 UTC.

    `ended_at` begins the period. `announced_at`: when it was first found due, and every look since agreed; `looked_at`: the
    latest such look. `erasure_granted_at`: somebody entitled granted the erasure. `key_destroyed_at`, `destroyed_at`: done.
    """

    ended_at: float
    retention: RetentionClass
    held: bool = False
    announced_at: float | None = None
    looked_at: float | None = None
    erasure_granted_at: float | None = None
    key_destroyed_at: float | None = None
    destroyed_at: float | None = None


@dataclass(frozen=True, slots=True)
class Announce:
    """Say in the archive that it is due, or that it still is; destroy nothing yet."""

    announced_at: float
    looked_at: float


@dataclass(frozen=True, slots=True)
class Retract:
    """It is not due (any more): take the announcement back."""


@dataclass(frozen=True, slots=True)
class DestroyKey:
    """From this step on nobody can see or hear it."""

    cause: Cause


@dataclass(frozen=True, slots=True)
class DestroySegments:
    """Only after the key: remove what is left."""

    cause: Cause


Step = Announce | Retract | DestroyKey | DestroySegments


def kept_until(ended_at: float, years: int, zone: tzinfo) -> float:
    """The first moment after `years` whole calendar years: the end of that day where the hospital is.

    "At least" is rounded up: a day that the target year lacks (29 February) is the day after it.
    """
    if years == 0:
        return ended_at
    day = datetime.fromtimestamp(ended_at, zone).date()
    return datetime.combine(_years_later(day, years) + timedelta(days=1), time(), zone).astimezone(UTC).timestamp()


def expires_at(kept: Kept, pack: PolicyPack, zone: tzinfo) -> float:
    """When it is destroyed if nobody asks and nothing holds it."""
    return kept_until(kept.ended_at, RULES[pack][kept.retention].keep_years, zone)


def may_erase(kept: Kept, pack: PolicyPack, zone: tzinfo, now: float) -> bool:
    """Whether an erasure may be granted now: no hold, and the law's least period is over."""
    least = kept_until(kept.ended_at, RULES[pack][kept.retention].least_years, zone)
    return not kept.held and kept.destroyed_at is None and now >= least


def next_step(kept: Kept, pack: PolicyPack, zone: tzinfo, now: float) -> Step | None:
    """What is to be done with it at this look; none: nothing.

    What has lost its key is always finished, whatever changed since: there is nothing left that a hold could keep.
    """
    if kept.destroyed_at is not None:
        return None
    cause = Cause.EXPIRED if kept.erasure_granted_at is None else Cause.ERASURE
    if kept.key_destroyed_at is not None:
        return DestroySegments(cause)
    if cause is Cause.ERASURE and may_erase(kept, pack, zone, now):
        return DestroyKey(Cause.ERASURE)  # somebody decided: no need to announce what was asked for
    if kept.held or now < expires_at(kept, pack, zone):
        return Retract() if kept.announced_at is not None else None
    return _expired(kept, now)


def _expired(kept: Kept, now: float) -> Step:
    if kept.announced_at is None or kept.looked_at is None or not _watched(kept.looked_at, now):
        return Announce(now, now)
    if now - kept.announced_at >= GRACE_S:
        return DestroyKey(Cause.EXPIRED)
    return Announce(kept.announced_at, now)


def _watched(looked_at: float, now: float) -> bool:
    """Whether the latest look is near: a clock that ran back or leapt begins the announcement anew."""
    return 0.0 <= now - looked_at <= MOST_BETWEEN_LOOKS_S


def _years_later(day: date, years: int) -> date:
    year = day.year + years
    if day.month == 2 and day.day == 29 and not calendar.isleap(year):
        return date(year, 3, 1)
    return day.replace(year=year)
