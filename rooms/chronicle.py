"""Writes into the timeline what a turn changed, in the turn's own transaction. Decides only the order of writing.

The desks come last: whoever posts holds a consultation and asks for a desk after it, so nobody ever waits in a circle.
"""

from collections.abc import Iterable, Mapping

from common.ids import PractitionerId, SeatId
from rooms.model import OVER, Consultation
from rooms.ports import Work
from rooms.timeline import Draft, EntryKind, happened

Change = tuple[Consultation | None, Consultation]


async def write(work: Work, changes: Iterable[Change], why: Mapping[SeatId, str], now: float) -> None:
    """The events of these changes (before, after); what belongs to a call is gone with it."""
    desks: set[PractitionerId] = set()
    for before, after in changes:
        drafts = [
            Draft(EntryKind.EVENT, now, event.seat, code=event.code, reason=event.reason)
            for event in happened(before, after, why)
        ]
        if drafts:
            await work.timeline.append(after.id, drafts, now)
        if before is not None and before.state not in OVER and after.state in OVER and after.practitioner is not None:
            desks.add(after.practitioner)
    for desk in sorted(desks):
        await work.timeline.desk_changed(desk)
