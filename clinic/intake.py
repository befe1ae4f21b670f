"""What a patient tells before the call, and which of it must not wait. Pure; it knows no line and no priority by name."""

from collections.abc import Collection
from dataclasses import dataclass
from enum import StrEnum


class RedFlag(StrEnum):
    """What leads to emergency advice and to the front of the line, whatever else was said."""

    BREATHING = "breathing"
    CHEST_PAIN = "chest_pain"
    STROKE = "stroke"
    BLEEDING = "bleeding"
    FAINTING = "fainting"
    SELF_HARM = "self_harm"


@dataclass(frozen=True, slots=True)
class Intake:
    """The patient's answers so far; `done` when the last question was answered. The complaint itself is the consultation's.

    `said` are the red flags that were ever named, also those taken back since.
    """

    history: str
    allergies: str
    red_flags: tuple[RedFlag, ...]
    done: bool
    said: tuple[RedFlag, ...] = ()


def alarms(said: Collection[RedFlag], now: Collection[RedFlag]) -> bool:
    """Whether these answers are an emergency that was not known yet: one red flag suffices, each counts when it is first said.

    Taking a flag back lowers nothing, and naming it again raises nothing: whoever triaged meanwhile has looked at it.
    """
    return not set(now) <= set(said)
