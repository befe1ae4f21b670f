"""Writes into the timeline what a turn changed, in the turn's own transaction. Decides only the order of writing.

The desks come last: whoever posts holds a consultation and asks for a desk after it, so nobody ever waits in a circle.
"""

from collections.abc import Iterable, Mapping

from common.ids import PractitionerId, SeatId
from rooms.model import OVER, Consultation
from rooms.ports import Work
from rooms.timeline import Draft, EntryKind, EventCode, happened

Change = tuple[Consultation | None, Consultation]


async def write(work: Work, changes: Iterable[Change], why: Mapping[SeatId, str], now: float) -> None:
    """The events of these changes (before, after); what belongs to a call is gone with it."""
    desks: set[PractitionerId] = set()
    for before, after in changes:
        events = happened(before, after, why)
        drafts = [Draft(EntryKind.EVENT, now, event.seat, code=event.code, reason=event.reason) for event in events]
        if drafts:
            await work.timeline.append(after.id, drafts, now)
        for event in events:
            if event.code in (EventCode.MEDIA_BACK, EventCode.LEFT):
                await work.stills.drop(after.id, event.seat)
        if before is not None and before.state not in OVER and after.state in OVER:
            await work.stills.drop(after.id, None)
            desks |= {after.practitioner} if after.practitioner is not None else set()
    for desk in sorted(desks):
        await work.timeline.desk_changed(desk)
