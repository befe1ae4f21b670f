"""The timeline's door: posting, reading on, read marks and rungs. Each method is one transaction, short, of its own.

A post never takes the hospital's turn: it locks its consultation's row alone, so that nobody's offer waits for somebody's
message. The number comes from that row, and the primary key of the entries stands behind it.
"""

from collections.abc import Sequence

from common.clock import Clock
from common.ids import ConsultationId, SeatId
from rooms.access import access_room, access_timeline
from rooms.effects import ConsultationChanged, Effect, TimelineGrew
from rooms.errors import timeline_full
from rooms.model import IN_CALL, OVER, Clarity, Consultation, Rung, SeatIdentity
from rooms.ports import RoomsStore
from rooms.timeline import MOST_ENTRIES, PAGE, Draft, Entry, EntryKind, Page
from rooms.turn import Turn
from rooms.turns import Turns


class Timelines:
    """The service. Every method may raise `Unavailable` and, for who may not, `UserError` by code."""

    def __init__(self, store: RoomsStore, clock: Clock, turns: Turns) -> None:
        self._store = store
        self._clock = clock
        self._turns = turns

    async def post(self, who: SeatIdentity, key: str, text: str) -> tuple[Entry, list[Effect]]:
        """Writes a text; the same key of the same seat again gives the entry that is there. UserError: timeline_full,
        timeline_closed, seat_unknown, not_allowed."""
        now = self._clock.now()
        async with self._store.transaction() as work:
            consultation = await work.consultations.locked(who.consultation)
            author = access_timeline(consultation, who.seat, now)
            known = await work.timeline.by_key(who.seat, key)
            if known is not None:
                return known, []
            if consultation.last_entry >= MOST_ENTRIES:
                raise timeline_full()
            draft = Draft(EntryKind.TEXT, now, author.id, key=key, text=text)
            number = await work.timeline.append(consultation.id, [draft], now)
            if consultation.state in OVER and consultation.practitioner is not None:
                await work.timeline.desk_changed(consultation.practitioner)
        entry = Entry(number, draft, author.role, author.name, author.practitioner)
        return entry, [TimelineGrew(consultation.id)]

    async def page(self, who: SeatIdentity, after: int) -> Page:
        """The entries after a number, as many as one answer holds. UserError: timeline_closed, seat_unknown, not_allowed."""
        async with self._store.reading() as work:
            (consultation,) = await work.consultations.load([who.consultation])
            access_timeline(consultation, who.seat, self._clock.now())
            entries = await work.timeline.after(consultation.id, after, PAGE)
        return Page(tuple(entries), consultation.last_entry)

    async def read(self, who: SeatIdentity, number: int) -> list[Effect]:
        """The seat has seen everything up to `number`; a smaller one than before changes nothing."""
        now = self._clock.now()
        async with self._store.transaction() as work:
            consultation = await work.consultations.locked(who.consultation)
            seat = access_timeline(consultation, who.seat, now)
            number = min(number, consultation.last_entry)
            if number <= seat.read:
                return []
            await work.timeline.mark_read(seat.id, number)
            await work.consultations.touch(consultation.id, now)
            if consultation.state in OVER and seat.practitioner is not None:
                await work.timeline.desk_changed(seat.practitioner)
        return [ConsultationChanged(consultation.id)]

    async def take_rung(self, who: SeatIdentity, rung: Rung, why: str | None) -> list[Effect]:
        """How the seat takes part now, and why where it has no media. UserError: seat_unknown, consultation_over."""

        async def act(turn: Turn) -> None:
            consultation = await turn.consultation(who.consultation)
            seat = access_room(consultation, who.seat)
            if seat.rung is not rung:
                await turn.take_rung(seat, rung, why)

        return (await self._turns.take(who.hospital, act))[1]

    async def take_clarity(self, which: ConsultationId, seat: SeatId, clarity: Clarity, why: str) -> list[Effect]:
        """How a seat's picture comes to the others now, and why. What is known already, or too late, changes nothing."""
        async with self._store.reading() as work:
            found = await work.consultations.load([which])
        if not found or not any(one.id == seat and one.clarity is not clarity for one in found[0].present_seats()):
            return []

        async def act(turn: Turn) -> None:
            consultation = await turn.consultation(which)
            known = next((one for one in consultation.present_seats() if one.id == seat), None)
            if known is not None and consultation.state in IN_CALL and known.clarity is not clarity:
                turn.take_clarity(consultation, known, clarity, why)

        return (await self._turns.take(found[0].hospital, act))[1]

    async def access(self, who: SeatIdentity) -> None:
        """Whether the seat may write now. UserError as in `post`."""
        async with self._store.reading() as work:
            (consultation,) = await work.consultations.load([who.consultation])
        access_timeline(consultation, who.seat, self._clock.now())

    async def consultations(self, which: Sequence[ConsultationId]) -> list[Consultation]:
        """These consultations as they are: who sits in them, how long their timelines are."""
        async with self._store.reading() as work:
            return await work.consultations.load(which)

    async def after(self, consultation: ConsultationId, number: int) -> list[Entry]:
        """Entries for seats that the caller has checked."""
        async with self._store.reading() as work:
            return await work.timeline.after(consultation, number, PAGE)
