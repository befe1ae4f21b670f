"""Recording's door: asking, answering, taking back; what may be copied now, what is known of it. Each method is one transaction.

It decides who may do what; consent.py and consent_course.py decide what follows, and every turn settles that when it is stored:
whoever joins, leaves or ends a consultation pauses or ends its recording without knowing of it.
"""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from common.ids import ConsultationId, RecordingId, SeatId, new_id
from rooms import recorded
from rooms.access import access_asking, access_seat
from rooms.consent import Purpose, RecordingOrder
from rooms.consent_course import Ask, Confirm, Reply, Stop, Withdraw
from rooms.effects import Effect
from rooms.errors import not_asked, nothing_to_withdraw, recording_off
from rooms.model import Consultation, SeatIdentity
from rooms.ports import OrderedErasure, RoomsStore
from rooms.turn import SYSTEM, Turn
from rooms.turns import Turns

Effects = list[Effect]
ERASURES_AT_ONCE = 100


@dataclass(frozen=True, slots=True)
class RecordingPolicy:
    """What the hospital says: whether it records at all, and whether a yes taken back destroys what was recorded."""

    allowed: bool
    erases: bool


class Recordings:
    """Every method may raise `Unavailable` (database); those that say so raise `UserError` by code."""

    def __init__(self, store: RoomsStore, turns: Turns, identity: Callable[[SeatId], Awaitable[SeatIdentity]]) -> None:
        self._store = store
        self._turns = turns
        self._identity = identity

    # --- what people say ------------------------------------------------------------------------------------------------

    async def ask(self, seat: SeatId, policy: RecordingPolicy, own: Purpose, *, teaching: bool) -> Effects:
        """The doctor asks everybody, and says yes to `own`.

        UserError: recording_off, recording_under_way, not_allowed, not_in_call, not_confirmed.
        """
        if not policy.allowed:
            raise recording_off()

        async def act(turn: Turn, consultation: Consultation) -> None:
            access_asking(consultation, seat)
            recording = consultation.recording
            name = recording.id if recording is not None else RecordingId(new_id("rc"))
            event = Ask(name, seat, own, teaching, policy.erases)
            await turn.to_recording(consultation, event, seat)

        return await self._act(seat, act)

    async def answer(self, seat: SeatId, yes: Purpose | None, *, teaching: bool) -> Effects:
        """Somebody who was asked says yes to that, or no. UserError: not_asked, seat_unknown."""

        async def act(turn: Turn, consultation: Consultation) -> None:
            access_seat(consultation, seat)
            if consultation.recording is None:
                raise not_asked()
            await turn.to_recording(consultation, Reply(seat, yes, teaching), seat)

        return await self._act(seat, act)

    async def withdraw(self, seat: SeatId, purpose: Purpose) -> Effects:
        """Somebody takes a yes back, also after the end. UserError: nothing_to_withdraw, seat_unknown."""

        async def act(turn: Turn, consultation: Consultation) -> None:
            access_seat(consultation, seat)
            if consultation.recording is None:
                raise nothing_to_withdraw()
            await turn.to_recording(consultation, Withdraw(seat, purpose), seat)

        return await self._act(seat, act)

    async def stop(self, seat: SeatId) -> Effects:
        """The doctor ends the recording or the question; twice is as good as once. UserError: not_allowed, seat_unknown."""

        async def act(turn: Turn, consultation: Consultation) -> None:
            access_asking(consultation, seat)
            if consultation.recording is not None:
                await turn.to_recording(consultation, Stop(), seat)

        return await self._act(seat, act)

    # --- whoever carries it out -----------------------------------------------------------------------------------------

    async def order(self, which: ConsultationId) -> RecordingOrder | None:
        """What may be copied of this consultation now; none when nothing was ever recorded of it."""
        async with self._store.reading() as work:
            found = await work.consultations.load([which])
        return recorded.order(found[0]) if found else None

    async def confirmed(self, which: ConsultationId, on: bool, at: float) -> Effects:
        """What is known at `at` (seconds since 1970): `on` before the first copy is made, off when nothing is copied any more.

        Say it in the order in which it came to be, one consultation's at a time. Said twice or late it does no harm.
        """
        async with self._store.reading() as work:
            found = await work.consultations.load([which])
        if not found or found[0].recording is None:
            return []

        async def act(turn: Turn) -> None:
            consultation = await turn.consultation(which)
            assert consultation.recording is not None  # a recording never goes once it is there
            await turn.to_recording(consultation, Confirm(on, at), SYSTEM)

        return (await self._turns.take(found[0].hospital, act))[1]

    async def under_way(self) -> list[ConsultationId]:
        """Consultations whose recording may not be closed for good: whoever starts anew asks for the order of each."""
        async with self._store.reading() as work:
            return await work.recordings.open()

    async def consultation_of(self, recording: RecordingId) -> Consultation | None:
        """Whose recording this is."""
        async with self._store.reading() as work:
            which = await work.recordings.consultation_of(recording)
            found = await work.consultations.load([which]) if which is not None else []
        return found[0] if found else None

    async def erasures(self) -> list[OrderedErasure]:
        """What is to be destroyed and is not yet known to be, the oldest first."""
        async with self._store.reading() as work:
            return await work.recordings.erasures(ERASURES_AT_ONCE)

    async def erased(self, erasure: OrderedErasure) -> Effects:
        """That erasure was carried out: nobody can read it any more. Twice is as good as once."""

        async def act(turn: Turn) -> None:
            if await turn.work.recordings.erased(erasure.id, turn.now):
                turn.note(SYSTEM, "recording_erased", erasure.recording, erasure.seat)

        return (await self._turns.take(erasure.hospital, act))[1]

    # --- inside ---------------------------------------------------------------------------------------------------------

    async def _act(self, seat: SeatId, act: Callable[[Turn, Consultation], Awaitable[None]]) -> Effects:
        who = await self._identity(seat)

        async def body(turn: Turn) -> None:
            await act(turn, await turn.consultation(who.consultation))

        return (await self._turns.take(who.hospital, body))[1]
