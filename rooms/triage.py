"""How urgent a patient is, and what the patient says about it. Decides who may say so and when; queue.py what it means."""

from dataclasses import replace

from common.ids import ConsultationId
from rooms import queue
from rooms.access import access_patient
from rooms.errors import not_waiting
from rooms.model import IN_LINE, Priority, SeatIdentity
from rooms.turn import Turn


async def prioritise(turn: Turn, which: ConsultationId, priority: Priority, actor: str) -> None:
    """A coordinator's word about somebody in this hospital's line. UserError: not_waiting."""
    consultation = await turn.find(which)
    if consultation is None or consultation.hospital != turn.hospital or consultation.state not in IN_LINE:
        raise not_waiting()
    await _set(turn, which, priority, actor)


async def alarm(turn: Turn, who: SeatIdentity) -> None:
    """The patient named a red flag: to the front. UserError: not_allowed, consultation_over, seat_unknown."""
    access_patient(await turn.consultation(who.consultation), who.seat)
    await _set(turn, who.consultation, Priority.EMERGENCY, who.seat)


async def tell(turn: Turn, who: SeatIdentity, reason: str) -> None:
    """The patient's complaint in new words, and whatever else was told beside it: every screen is shown it again."""
    consultation = await turn.consultation(who.consultation)
    access_patient(consultation, who.seat)
    turn.put(replace(consultation, reason=reason))  # a new revision in any case
    if consultation.state in IN_LINE:
        await turn.shown_in_line()


async def _set(turn: Turn, which: ConsultationId, priority: Priority, actor: str) -> None:
    consultation = await turn.consultation(which)
    if consultation.priority is priority:
        return
    turn.put(replace(consultation, priority=priority))
    turn.note(actor, "priority_set", which, priority)
    if consultation.state in IN_LINE:
        await turn.to_queue(queue.PrioritySet(which, priority), actor)
