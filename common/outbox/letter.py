"""A letter as an act orders it. Values only.

It says whom, in which language, about what and with which link; its words are put together when it is sent, and none of
them names a condition, a department or a doctor.
"""

from dataclasses import dataclass
from enum import StrEnum


class LetterKind(StrEnum):
    """What a letter is for."""

    INVITATION = "invitation"
    LINK = "link"
    TURN = "turn"


@dataclass(frozen=True, slots=True)
class Letter:
    """One letter. `subject` is the consultation that it is about, `path` the link in it; times are seconds since 1970 UTC."""

    id: str
    kind: LetterKind
    hospital: str
    subject: str
    recipient: str
    language: str
    path: str
    starts_at: float | None
    created_at: float
