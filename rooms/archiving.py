"""What the archive may know of a consultation that is over: its people, and what was written and shown. Reads only.

It asks for no seat: whoever calls it is the archive's own job, which shows nothing to anybody.
"""

from common.ids import ConsultationId
from rooms.model import OVER, Consultation
from rooms.ports import RoomsStore
from rooms.timeline import PAGE, Entry


class Closed:
    """The service. Every method may raise `Unavailable`."""

    def __init__(self, store: RoomsStore) -> None:
        self._store = store

    async def consultation(self, which: ConsultationId) -> Consultation | None:
        """It, once it is over; none before, and where there is none of that id."""
        async with self._store.reading() as work:
            found = await work.consultations.load([which])
        return found[0] if found and found[0].state in OVER else None

    async def timeline(self, which: ConsultationId) -> list[Entry]:
        """All entries, in order."""
        entries: list[Entry] = []
        while True:
            async with self._store.reading() as work:
                page = await work.timeline.after(which, entries[-1].number if entries else 0, PAGE)
            entries += page
            if len(page) < PAGE:
                return entries

    async def picture(self, which: ConsultationId, picture: str) -> bytes | None:
        """A picture of it, as it was stored (JPEG)."""
        async with self._store.reading() as work:
            return await work.pictures.content(which, picture, thumbnail=False)
