"""Which seat is connected on which node, and what follows when a node falls silent. Decides when a node is given up.

Presence is a set of (seat, node) and (desk, node). A node that is given up is forgotten first, so that its next heartbeat
learns of it and reports its sockets again; what it left behind has no node any more, and that is how it is found, also by
another process after a crash in the middle.
"""

from common.ids import HospitalId, PractitionerId, SeatId
from rooms.ports import Connected
from rooms.turn import Turn

NODE_SILENT_S = 10.0
ORPHANS_AT_ONCE = 50  # about 0.2 s of a hospital's time; the rest is found by the next look


async def seat_connected(turn: Turn, which: SeatId, node: str) -> None:
    """The first socket of the seat on this node opened."""
    await turn.work.presences.add_seat(which, turn.hospital, node)
    await _seat(turn, which, True, turn.now)


async def seat_disconnected(turn: Turn, which: SeatId, node: str, at: float) -> None:
    """The last socket of the seat on this node closed, at `at`."""
    elsewhere = await turn.work.presences.remove_seat(which, node)
    await _seat(turn, which, elsewhere, at)


async def desk_connected(turn: Turn, which: PractitionerId, node: str) -> None:
    """The first desk socket of the doctor on this node opened."""
    await turn.work.presences.add_desk(which, turn.hospital, node)
    await turn.desk_seen(which, True)


async def desk_disconnected(turn: Turn, which: PractitionerId, node: str, at: float) -> None:
    """The last desk socket of the doctor on this node closed, at `at`."""
    elsewhere = await turn.work.presences.remove_desk(which, node)
    await turn.desk_seen(which, elsewhere, at)


async def orphans_disconnected(turn: Turn, seats: list[Connected], desks: list[Connected], at: float) -> None:
    """The same for what nodes left behind that are no more."""
    for one in seats:
        await seat_disconnected(turn, SeatId(one.who), one.node, at)
    for one in desks:
        await desk_disconnected(turn, PractitionerId(one.who), one.node, at)


def by_hospital(seats: list[Connected], desks: list[Connected]) -> list[tuple[HospitalId, list[Connected], list[Connected]]]:
    """What to do in which hospital's turn."""
    return [
        (hospital, [one for one in seats if one.hospital == hospital], [one for one in desks if one.hospital == hospital])
        for hospital in sorted({one.hospital for one in (*seats, *desks)})
    ]


async def _seat(turn: Turn, which: SeatId, connected: bool, at: float) -> None:
    identity = await turn.work.consultations.identity(which)
    if identity is not None:
        seat = (await turn.consultation(identity.consultation)).seat(which)
        if seat is not None:
            await turn.seen(seat, connected=connected, at=at)
