"""Stills: a picture of now every few seconds, for a call that has no path for video. Decides how often and while what lasts.

Only the latest of each seat is kept, and none beyond its call; what one shows is nobody's record.
"""

from collections.abc import Sequence

from common.clock import Clock
from common.errors import UserError
from common.ids import ConsultationId, SeatId
from rooms.access import access_room
from rooms.effects import Effect, TimelineGrew
from rooms.errors import not_in_call
from rooms.model import IN_CALL, Consultation, SeatIdentity
from rooms.ports import RoomsStore, Still, Work

EVERY_S = 2.0
_HASTE_S = 0.2  # what a network may shorten between two that were sent two seconds apart


class Stills:
    """The service. Methods raise `Unavailable`, and `UserError`: seat_unknown, consultation_over, not_in_call,
    too_many_messages."""

    def __init__(self, store: RoomsStore, clock: Clock) -> None:
        self._store = store
        self._clock = clock

    async def admit(self, who: SeatIdentity) -> None:
        """Whether a still of this seat would be taken now: ask before one is worked on."""
        async with self._store.reading() as work:
            (consultation,) = await work.consultations.load([who.consultation])
            await self._admit(work, consultation, who.seat)

    async def show(self, who: SeatIdentity, image: bytes) -> list[Effect]:
        """This is the seat's latest still. Its consultation has a new revision, so that polls find it, too."""
        now = self._clock.now()
        async with self._store.transaction() as work:
            consultation = await work.consultations.locked(who.consultation)
            await self._admit(work, consultation, who.seat)
            await work.stills.put(consultation.id, Still(who.seat, now, image))
            await work.consultations.touch(consultation.id, now)
        return [TimelineGrew(consultation.id)]

    async def times(self, which: Sequence[ConsultationId]) -> dict[SeatId, float]:
        """When the latest stills of these consultations came."""
        async with self._store.reading() as work:
            return await work.stills.times(which)

    async def latest(self, consultation: ConsultationId) -> list[Still]:
        """The stills of a consultation, for seats that the caller has checked."""
        async with self._store.reading() as work:
            return await work.stills.latest(consultation)

    async def _admit(self, work: Work, consultation: Consultation, seat: SeatId) -> None:
        access_room(consultation, seat)
        if consultation.state not in IN_CALL:
            raise not_in_call()
        last = (await work.stills.times([consultation.id])).get(seat)
        if last is not None and 0 <= self._clock.now() - last < EVERY_S - _HASTE_S:
            raise UserError("too_many_messages", "A still is taken every two seconds.")
