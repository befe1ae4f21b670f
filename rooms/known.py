"""Consultations as they were last read, remembered until their revision in the database is another.

A round to everybody in line reads two hundred consultations, of which one or two have changed since the round before.
"""

from collections.abc import Collection

from common.ids import ConsultationId
from rooms.model import Consultation
from rooms.ports import Work

REMEMBERED = 5_000


class Known:
    """One of these per process; used under the revision that the transaction sees, so another node's change is never missed."""

    def __init__(self) -> None:
        self._known: dict[ConsultationId, Consultation] = {}

    async def load(self, work: Work, which: Collection[ConsultationId]) -> dict[ConsultationId, Consultation]:
        """Those of them that exist, as this transaction sees them."""
        revisions = await work.consultations.revisions(which) if which else {}
        found = {one: known for one in revisions if (known := self._known.get(one)) and known.revision == revisions[one]}
        missing = [one for one in revisions if one not in found]
        for fresh in await work.consultations.load(missing) if missing else ():
            found[fresh.id] = fresh
            self._remember(fresh)
        return found

    def _remember(self, fresh: Consultation) -> None:
        former = self._known.pop(fresh.id, None)
        if fresh.ended_at is not None:
            return  # hardly anybody asks again, and a day has thousands of them
        self._known[fresh.id] = former if former is not None and former.revision > fresh.revision else fresh
        if len(self._known) > REMEMBERED:
            self._known.pop(next(iter(self._known)))
