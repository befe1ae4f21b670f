"""The patient's own access log: who of the hospital looked at what, when and why."""

from typing import Literal

from common.wire import Id, LocalText, Wire
from signaling.socket.messages.shared import StaffRole

AccessAct = Literal[
    "offer_shown",
    "visit_taken",
    "record_read",
    "record_written",
    "triaged",
    "recording_played",
    "recording_checked",
    "recording_described",
    "copy_made",
    "copy_fetched",
    "recording_held",
    "recording_classified",
]
"""What was done: a card with name and reason shown (`offer_shown`), the visit taken, notes read or written, the recording played,
checked for changes, announced to the record system, copied, kept by a legal hold, or kept for another period."""


class AccessGet(Wire):
    """`access_get`: asks who of the hospital looked at this visit's record or recording. For the patient alone."""

    seat: Id


class AccessLook(Wire):
    """One look. `reason` is the purpose that was given for a play or a copy, as a code; empty else."""

    at: float
    act: AccessAct
    reason: str
    role: StaffRole
    name: LocalText
    title: LocalText
    departments: list[LocalText]


class AccessLog(Wire):
    """Acknowledgement of `access_get`: the latest first, at most 200; `more`: there were others before."""

    seat: Id
    looks: list[AccessLook]
    more: bool
