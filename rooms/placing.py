"""Which media worker carries a call. Decides that the first to place it wins, until that worker's epoch is known dead."""

from collections.abc import Sequence
from dataclasses import replace

from common.ids import ConsultationId
from rooms.effects import OpenRoom
from rooms.errors import not_in_call
from rooms.model import IN_CALL, Placement
from rooms.turn import Turn


async def place(turn: Turn, which: ConsultationId, worker: str, epoch: str) -> Placement:
    """The placement that holds: this one, or the one that was there first. UserError: not_in_call."""
    consultation = await turn.consultation(which)
    if consultation.state not in IN_CALL:
        raise not_in_call()
    existing = await turn.work.media.placement(which)
    if existing is not None:
        return existing
    placed = Placement(which, worker, epoch, consultation.media_generation + 1)
    await turn.work.media.place(placed, turn.now)
    turn.put(replace(consultation, media_generation=placed.generation))
    return placed


async def displace(turn: Turn, which: Sequence[ConsultationId], worker: str, epoch: str) -> list[ConsultationId]:
    """The calls among these that were on that worker: nobody is in them now, and each needs a room again."""
    moved: list[ConsultationId] = []
    await turn.load(which)
    for one in which:
        placement = await turn.work.media.placement(one)
        if placement is None or (placement.worker, placement.epoch) != (worker, epoch):
            continue  # placed anew meanwhile
        await turn.work.media.displace(one)
        consultation = await turn.consultation(one)
        if consultation.state in IN_CALL:
            turn.effects.append(OpenRoom(one))
            turn.put(replace(consultation))  # a new revision in any case: its view has no media epoch now
            for seat in consultation.present_seats():
                await turn.seen(seat, in_call=False)
            moved.append(one)
    return moved
