"""The consultation's one door: each method is one transaction and says afterwards what the shells must do.

It loads, asks the cores (queue.py, lifecycle.py), stores what they decided, and returns their effects. It never sends
anything, names no hospital or doctor, and knows no HTTP and no packet. Truth is stored before an effect is handed out.
"""

from collections.abc import Sequence

from common.clock import Clock
from common.ids import ConsultationId, DepartmentId, HospitalId, OfferId, PractitionerId, SeatId
from rooms.effects import Effect
from rooms.model import (
    DepartmentLoad,
    Desk,
    DeskView,
    LinkGrant,
    MediaWorker,
    Placement,
    PlaceView,
    Role,
    SeatGrant,
    SeatIdentity,
    SeatView,
    Versions,
)
from rooms.ports import RoomsStore, WalkIn

Effects = list[Effect]


class Rooms:
    """The service. Every method may raise `Unavailable` (database); those that say so raise `UserError` by code."""

    def __init__(self, store: RoomsStore, clock: Clock) -> None:
        self._store = store
        self._clock = clock

    # --- patients and links -----------------------------------------------------------------------------------------

    async def walk_in(self, patient: WalkIn) -> tuple[SeatGrant, Effects]:
        """A patient takes a place in line. The place counts for offers once the seat is connected (`seat_connected`)."""
        raise NotImplementedError

    async def create_link(self, seat: SeatId, role: Role) -> tuple[LinkGrant, Effects]:
        """A link for one more person (companion or interpreter). UserError: not_allowed, consultation_over, room_full."""
        raise NotImplementedError

    async def revoke_link(self, seat: SeatId, token: str) -> None:
        """The link made by `seat` opens nothing from now on; one already used stays used."""
        raise NotImplementedError

    async def exchange_link(self, token: str, name: str) -> tuple[SeatGrant, Effects]:
        """Trades a link, once, for a seat. UserError: link_spent, consultation_over, room_full."""
        raise NotImplementedError

    # --- who speaks -------------------------------------------------------------------------------------------------

    async def seat_by_token(self, seat: SeatId, token: str) -> SeatIdentity | None:
        """The seat that this cookie holds, or none. Compares hashes in constant time."""
        raise NotImplementedError

    async def seat_of_practitioner(self, practitioner: PractitionerId, seat: SeatId) -> SeatIdentity | None:
        """The seat if it is this (signed-in) practitioner's own, or none."""
        raise NotImplementedError

    # --- presence ---------------------------------------------------------------------------------------------------

    async def seat_connected(self, seat: SeatId, node: str) -> Effects:
        """The first socket of this seat opened on `node`. Not for practitioners: a desk connects its seat with it."""
        raise NotImplementedError

    async def seat_disconnected(self, seat: SeatId, node: str) -> Effects:
        """The last socket of this seat on `node` closed."""
        raise NotImplementedError

    async def desk_connected(self, practitioner: PractitionerId, hospital: HospitalId, node: str) -> Effects:
        """The first desk socket of this doctor opened on `node`; the doctor's seat, if any, is connected with it."""
        raise NotImplementedError

    async def desk_disconnected(self, practitioner: PractitionerId, hospital: HospitalId, node: str) -> Effects:
        """The last desk socket of this doctor on `node` closed."""
        raise NotImplementedError

    # --- doctors ----------------------------------------------------------------------------------------------------

    async def set_duty(self, practitioner: PractitionerId, hospital: HospitalId, departments: Sequence[DepartmentId]) -> Effects:
        """On duty for these departments (the caller has checked that they are the doctor's own); none is off duty."""
        raise NotImplementedError

    async def accept_offer(self, practitioner: PractitionerId, offer: OfferId) -> tuple[SeatId, Effects]:
        """Takes the patient: the doctor's new seat. UserError: offer_gone."""
        raise NotImplementedError

    async def decline_offer(self, practitioner: PractitionerId, offer: OfferId) -> Effects:
        """Passes the patient on. UserError: offer_gone."""
        raise NotImplementedError

    # --- in the room ------------------------------------------------------------------------------------------------

    async def seat_in_call(self, seat: SeatId, in_call: bool) -> Effects:
        """The seat's media path came up (worker's peer_state connected) or went (disconnected, failed, closed)."""
        raise NotImplementedError

    async def seat_media(self, seat: SeatId, microphone: bool, camera: bool) -> Effects:
        """What the seat sends now. UserError: seat_unknown, consultation_over."""
        raise NotImplementedError

    async def leave(self, seat: SeatId) -> Effects:
        """A patient in line gives up the place; a companion or interpreter leaves the room; a patient in a call ends it."""
        raise NotImplementedError

    async def end(self, seat: SeatId) -> Effects:
        """The patient or the practitioner ends it for everyone. UserError: not_allowed, consultation_over."""
        raise NotImplementedError

    # --- what onlookers see -----------------------------------------------------------------------------------------

    async def seat_view(self, seat: SeatId) -> SeatView | None:
        """What this seat sees now; none when the seat was left or never was."""
        raise NotImplementedError

    async def seat_views(self, consultation: ConsultationId) -> list[SeatView]:
        """The same for every seat of a consultation, read once."""
        raise NotImplementedError

    async def waiting_views(self, hospital: HospitalId) -> list[SeatView]:
        """The same for every seat (patients, companions) of the consultations in line of a hospital, in one pass."""
        raise NotImplementedError

    async def places(self, hospital: HospitalId) -> dict[ConsultationId, PlaceView]:
        """Only the places in line, for all who wait in a hospital."""
        raise NotImplementedError

    async def desk_view(self, hospital: HospitalId, desk: Desk) -> DeskView:
        """What this doctor's desk shows; the line holds the first fifty of the desk's departments."""
        raise NotImplementedError

    async def desk_views(self, hospital: HospitalId, desks: Sequence[Desk]) -> list[DeskView]:
        """The same for several doctors of one hospital in one pass, in the order asked."""
        raise NotImplementedError

    async def loads(self, hospital: HospitalId) -> list[DepartmentLoad]:
        """Doctors on duty and patients in line by department; departments with neither are left out."""
        raise NotImplementedError

    # --- time -------------------------------------------------------------------------------------------------------

    async def tick(self) -> Effects:
        """Carries out what is due. Run it on every node: each deadline fires once."""
        raise NotImplementedError

    async def next_deadline(self) -> float | None:
        """When `tick` has something to do next."""
        raise NotImplementedError

    async def versions(self, since: float = 0.0) -> Versions:
        """Queue versions of all hospitals, and the consultations changed since (with overlap; 0: those in line or in a call)."""
        raise NotImplementedError

    # --- nodes and media workers ------------------------------------------------------------------------------------

    async def heartbeat(self, node: str) -> bool:
        """`node` is alive; every 3 s. False: it was unknown or given up (10 s silent): it must report its sockets again."""
        raise NotImplementedError

    async def reap(self) -> Effects:
        """Gives up nodes silent for 10 s: their seats and desks are disconnected as of their last heartbeat."""
        raise NotImplementedError

    async def node_stopped(self, node: str) -> Effects:
        """A node says goodbye: all its seats and desks are disconnected now."""
        raise NotImplementedError

    async def worker_heartbeat(self, worker: MediaWorker) -> None:
        """Registers a media worker or renews its heartbeat; a new epoch replaces the old."""
        raise NotImplementedError

    async def workers(self) -> list[MediaWorker]:
        """Every registered media worker, also silent ones: the caller judges heartbeats."""
        raise NotImplementedError

    async def worker_gone(self, name: str, epoch: str) -> None:
        """Forgets a media worker (of that epoch only)."""
        raise NotImplementedError

    async def place_session(self, consultation: ConsultationId, worker: str, epoch: str) -> tuple[Placement, Effects]:
        """Places the call unless it is placed already: the placement that holds. UserError: not_in_call."""
        raise NotImplementedError

    async def placement(self, consultation: ConsultationId) -> Placement | None:
        """Where the call is, if it is placed."""
        raise NotImplementedError

    async def placements(self, worker: str, epoch: str) -> list[ConsultationId]:
        """The calls under way on this worker: any other session there is an orphan."""
        raise NotImplementedError

    async def unplaced(self) -> list[ConsultationId]:
        """Calls under way without a worker: each needs `OpenRoom` again."""
        raise NotImplementedError

    async def displace(self, worker: str, epoch: str) -> tuple[list[ConsultationId], Effects]:
        """The worker of that epoch is dead: its calls have no place now, nobody there is in a call any more."""
        raise NotImplementedError

    async def displace_session(self, consultation: ConsultationId, worker: str, epoch: str) -> Effects:
        """The same for one call that its worker gave up (`session_lost`)."""
        raise NotImplementedError
