"""A desk's ended consultations, remembered per doctor until something about them changes.

Desks are pushed with every step of the queue; what they show below it changes seldom, and a counter in the database says when.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from common.ids import PractitionerId
from rooms.access import TIMELINE_OPEN_S
from rooms.model import Desk, RecentView
from rooms.ports import Work

REMEMBERED = 2_000


@dataclass(frozen=True, slots=True)
class Recent:
    """What a doctor's desk shows, at one count of changes."""

    changes: int
    lines: tuple[RecentView, ...]

    def stands(self, changes: int, now: float) -> bool:
        """Whether it is what the database would say: nothing has changed, and no conversation has closed by time alone."""
        return self.changes == changes and all(line.ended_at > now - TIMELINE_OPEN_S for line in self.lines)


class Recents:
    """One of these per process; used under the count that the transaction sees, so another node's change is never missed."""

    def __init__(self) -> None:
        self._known: dict[tuple[PractitionerId, float], Recent] = {}

    async def of(self, work: Work, desks: Sequence[Desk], now: float) -> Mapping[PractitionerId, Recent]:
        """Each doctor's, as this transaction sees them."""
        changes = await work.timeline.desk_changes([desk.practitioner for desk in desks])
        found: dict[PractitionerId, Recent] = {}
        for desk in desks:
            key, count = (desk.practitioner, desk.day_start), changes.get(desk.practitioner, 0)
            known = self._known.get(key)
            if known is None or not known.stands(count, now):
                lines = await work.timeline.recent(desk.practitioner, desk.day_start, now - TIMELINE_OPEN_S) if count else []
                known = Recent(count, tuple(lines))
                self._remember(key, known)
            found[desk.practitioner] = known
        return found

    def _remember(self, key: tuple[PractitionerId, float], recent: Recent) -> None:
        former = self._known.get(key)
        if former is None or former.changes <= recent.changes:
            self._known[key] = recent
        if len(self._known) > REMEMBERED:
            self._known.pop(next(iter(self._known)))
