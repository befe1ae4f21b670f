"""The consultation's one door: each method is one transaction and says afterwards what the shells must do.

It loads, asks the cores (queue.py, lifecycle.py), stores what they decided, and returns their effects. It never sends
anything, names no hospital or doctor, and knows no HTTP and no packet. Truth is stored before an effect is handed out.
"""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import replace
from functools import partial
from itertools import groupby
from operator import itemgetter

from common.clock import Clock
from common.errors import Unavailable
from common.ids import ConsultationId, DepartmentId, HospitalId, OfferId, PractitionerId, SeatId
from rooms import placing, presence, queue, triage, views
from rooms.access import access_room, access_token
from rooms.acts import answer, arrive, confirm, elapse, end, leave
from rooms.checks import Check, Findings
from rooms.consent import RecordingOrder
from rooms.effects import Effect
from rooms.entrance import Entrance
from rooms.errors import consultation_over, offer_gone, seat_unknown
from rooms.known import Known
from rooms.model import (
    IN_LINE,
    Consultation,
    DepartmentLoad,
    Desk,
    DeskView,
    MediaWorker,
    Placement,
    PlaceView,
    Priority,
    Role,
    SeatGrant,
    SeatIdentity,
    SeatView,
    State,
    Versions,
)
from rooms.ports import RoomsStore, WalkIn, Work
from rooms.recents import Recents
from rooms.recordings import Recordings
from rooms.turn import Turn
from rooms.turns import Turns
from rooms.waits import loads

Effects = list[Effect]
DUE_AT_ONCE = 50
REMEMBERED_SEATS = 10_000
OVERLAP_S = 12.0  # a change shows up this late at most: the longest transaction, and some difference between clocks


class Rooms:
    """The service. Every method may raise `Unavailable` (database); those that say so raise `UserError` by code."""

    def __init__(self, store: RoomsStore, clock: Clock) -> None:
        self._store = store
        self._clock = clock
        self._turns = Turns(store, clock)
        self._known = Known()
        self._recents = Recents()
        self._identities: dict[SeatId, SeatIdentity] = {}
        self.entrance = Entrance(store, clock, self._turns, self._identity)
        self.recordings = Recordings(store, self._turns, self._identity)

    @property
    def turns(self) -> Turns:
        """The hospitals' turns, for the services beside this one."""
        return self._turns

    # --- patients -----------------------------------------------------------------------------------------

    async def walk_in(self, patient: WalkIn) -> tuple[SeatGrant, Effects]:
        """A patient takes a place in line. The place counts for offers once the seat is connected (`seat_connected`)."""

        async def act(turn: Turn) -> SeatGrant:
            return await arrive(turn, patient)

        return await self._turns.take(patient.hospital, act)

    # --- who speaks -------------------------------------------------------------------------------------------------

    async def seat_by_token(self, seat: SeatId, token: str) -> SeatIdentity | None:
        """The seat that this cookie holds, or none. Compares hashes in constant time."""
        async with self._store.reading() as work:
            stored = await work.consultations.sessions(seat, self._clock.now())
            known = await work.consultations.identity(seat)
        return known if access_token(token, stored) else None

    async def standing_sessions(self, sessions: Sequence[bytes]) -> set[bytes]:
        """Those of these sessions (SHA-256 of their tokens) by which a seat is still held."""
        async with self._store.reading() as work:
            return await work.consultations.standing(sessions)

    async def seat_of_practitioner(self, practitioner: PractitionerId, seat: SeatId) -> SeatIdentity | None:
        """The seat if it is this (signed-in) practitioner's own, or none."""
        async with self._store.reading() as work:
            known = await work.consultations.identity(seat)
        return known if known is not None and known.practitioner == practitioner else None

    # --- presence ---------------------------------------------------------------------------------------------------

    async def seat_connected(self, seat: SeatId, node: str) -> Effects:
        """The first socket of this seat opened on `node`. Not for practitioners: a desk connects its seat with it."""
        who = await self._identity(seat)
        return await self._effects(who.hospital, lambda turn: presence.seat_connected(turn, seat, node))

    async def seat_disconnected(self, seat: SeatId, node: str) -> Effects:
        """The last socket of this seat on `node` closed."""
        who = await self._identity(seat)
        return await self._effects(who.hospital, lambda turn: presence.seat_disconnected(turn, seat, node, turn.now))

    async def desk_connected(self, practitioner: PractitionerId, hospital: HospitalId, node: str) -> Effects:
        """The first desk socket of this doctor opened on `node`; the doctor's seat, if any, is connected with it."""
        return await self._effects(hospital, lambda turn: presence.desk_connected(turn, practitioner, node))

    async def desk_disconnected(self, practitioner: PractitionerId, hospital: HospitalId, node: str) -> Effects:
        """The last desk socket of this doctor on `node` closed."""
        return await self._effects(hospital, lambda turn: presence.desk_disconnected(turn, practitioner, node, turn.now))

    # --- doctors ----------------------------------------------------------------------------------------------------

    async def set_duty(self, practitioner: PractitionerId, hospital: HospitalId, departments: Sequence[DepartmentId]) -> Effects:
        """On duty for these departments (the caller has checked that they are the doctor's own); none is off duty."""

        async def act(turn: Turn) -> None:
            if departments:
                present = await turn.work.presences.desk_connected(practitioner)
                await turn.to_queue(queue.DoctorOnDuty(practitioner, tuple(departments), present), practitioner)
            else:
                await turn.to_queue(queue.DoctorOffDuty(practitioner), practitioner)
            turn.note(practitioner, "duty_set", practitioner, "on" if departments else "off")

        return await self._effects(hospital, act)

    async def accept_offer(self, practitioner: PractitionerId, offer: OfferId) -> tuple[SeatId, Effects]:
        """Takes the patient: the doctor's new seat. UserError: offer_gone."""

        async def act(turn: Turn) -> SeatId:
            joined = await answer(turn, queue.OfferAccepted(practitioner, offer))
            seat = (await turn.consultation(joined)).principal(Role.PRACTITIONER)
            assert seat is not None  # the acceptance made it
            return seat.id

        return await self._turns.take(await self._hospital_of(offer), act)

    async def decline_offer(self, practitioner: PractitionerId, offer: OfferId) -> Effects:
        """Passes the patient on. UserError: offer_gone."""

        async def act(turn: Turn) -> None:
            await answer(turn, queue.OfferDeclined(practitioner, offer))

        return await self._effects(await self._hospital_of(offer), act)

    # --- in the room ------------------------------------------------------------------------------------------------

    async def seat_in_call(self, seat: SeatId, in_call: bool) -> Effects:
        """The seat's media path came up (worker's peer_state connected) or went (disconnected, failed, closed)."""
        who = await self._identity(seat)

        async def act(turn: Turn) -> None:
            found = (await turn.consultation(who.consultation)).seat(seat)
            if found is not None:
                await turn.seen(found, in_call=in_call)

        return await self._effects(who.hospital, act)

    async def seat_media(self, seat: SeatId, microphone: bool, camera: bool) -> Effects:
        """What the seat sends now. UserError: seat_unknown, consultation_over."""
        who = await self._identity(seat)

        async def act(turn: Turn) -> None:
            consultation = await turn.consultation(who.consultation)
            found = access_room(consultation, seat)
            changed = replace(found, microphone=microphone, camera=camera)
            if changed != found:
                turn.put(consultation.with_seat(changed))

        return await self._effects(who.hospital, act)

    async def record_check(self, seat: SeatId, findings: Findings) -> tuple[Check, Effects]:
        """Keeps the latest test of the seat's device and network. UserError: seat_unknown, consultation_over."""
        who = await self._identity(seat)

        async def act(turn: Turn) -> Check:
            consultation = await turn.consultation(who.consultation)
            found = access_room(consultation, seat)
            check = Check(turn.now, findings)
            turn.put(consultation.with_seat(replace(found, check=check)))
            if consultation.state in IN_LINE:
                await turn.shown_in_line()
            return check

        return await self._turns.take(who.hospital, act)

    async def set_priority(
        self, practitioner: PractitionerId, hospital: HospitalId, which: ConsultationId, priority: Priority
    ) -> Effects:
        """A coordinator triages somebody in line (the caller has checked the role). UserError: not_waiting."""
        return await self._effects(hospital, lambda turn: triage.prioritise(turn, which, priority, practitioner))

    async def alarm(self, seat: SeatId) -> Effects:
        """The patient named a red flag: an emergency from now on. UserError: not_allowed, consultation_over."""
        who = await self._identity(seat)
        return await self._effects(who.hospital, lambda turn: triage.alarm(turn, who))

    async def tell(self, seat: SeatId, reason: str) -> Effects:
        """The patient's complaint in new words; all that is told beside it is shown again with it."""
        who = await self._identity(seat)
        return await self._effects(who.hospital, lambda turn: triage.tell(turn, who, reason))

    async def shown(self, seat: SeatId) -> Effects:
        """What others keep about the consultation (summary, rating) has changed: it is shown again under a new revision."""
        who = await self._identity(seat)

        async def act(turn: Turn) -> None:
            turn.put(replace(await turn.consultation(who.consultation)))

        return await self._effects(who.hospital, act)

    async def consultation(self, seat: SeatId) -> Consultation:
        """The seat's consultation as it is stored. UserError: seat_unknown."""
        who = await self._identity(seat)
        async with self._store.reading() as work:
            (found,) = await work.consultations.load([who.consultation])
        return found

    async def confirm(self, seat: SeatId, right: bool) -> Effects:
        """The name card is right, or not. UserError: seat_unknown, consultation_over, not_in_call, not_allowed."""
        who = await self._identity(seat)
        return await self._effects(who.hospital, lambda turn: confirm(turn, who, right))

    async def leave(self, seat: SeatId) -> Effects:
        """A patient in line gives up the place; a companion or interpreter leaves the room; a patient in a call ends it."""
        who = await self._identity(seat)
        return await self._effects(who.hospital, lambda turn: leave(turn, who))

    async def end(self, seat: SeatId) -> Effects:
        """The patient or the practitioner ends it for everyone. UserError: not_allowed, consultation_over."""
        who = await self._identity(seat)
        return await self._effects(who.hospital, lambda turn: end(turn, who))

    async def quiet(self, at_most_s: float) -> None:
        """Waits while something is being changed, at most that long: what tells hundreds gives way to what one person did."""
        await self._turns.quiet(at_most_s)

    # --- what onlookers see -----------------------------------------------------------------------------------------

    async def seat_view(self, seat: SeatId) -> SeatView | None:
        """What this seat sees now; none when the seat was left or never was."""
        async with self._store.reading() as work:
            who = await work.consultations.identity(seat)
            views = await self._seat_views(work, [who.consultation]) if who else []
        return next((view for view in views if view.seat == seat), None)

    async def seat_views(self, consultation: ConsultationId) -> list[SeatView]:
        """The same for every seat of a consultation, read once."""
        async with self._store.reading() as work:
            return await self._seat_views(work, [consultation])

    async def waiting_views(self, hospital: HospitalId) -> list[SeatView]:
        """The same for every seat (patients, companions) of the consultations in line of a hospital, in one pass."""
        async with self._store.reading() as work:
            standing = await self._turns.standing(work, hospital)
            waiting = await self._known.load(work, standing.line.tickets)
            links = await work.links.open_in(list(waiting), self._clock.now()) if waiting else {}
        return [view for which, one in waiting.items() for view in views.seat_views(one, standing, None, links.get(which, ()))]

    async def places(self, hospital: HospitalId) -> dict[ConsultationId, PlaceView]:
        """Only the places in line, for all who wait in a hospital."""
        async with self._store.reading() as work:
            return (await self._turns.standing(work, hospital)).places

    async def desk_view(self, hospital: HospitalId, desk: Desk) -> DeskView:
        """What this doctor's desk shows; the line holds the first fifty of the desk's departments."""
        (view,) = await self.desk_views(hospital, [desk])
        return view

    async def desk_views(self, hospital: HospitalId, desks: Sequence[Desk]) -> list[DeskView]:
        """The same for several doctors of one hospital in one pass, in the order asked."""
        since = min((desk.day_start for desk in desks), default=0.0)
        async with self._store.reading() as work:
            standing = await self._turns.standing(work, hospital)
            wanted = {which for desk in desks for which in views.wanted_by(desk, standing)}
            doctors = [desk.practitioner for desk in desks]
            seen = views.Surroundings(
                standing=standing,
                known=await self._known.load(work, wanted),
                ended=await work.consultations.seen(doctors, since),
                recent=await self._recents.of(work, desks, self._clock.now()),
                invited=await work.consultations.invited(doctors, self._clock.now()),
            )
        return [views.desk_view(desk, seen) for desk in desks]

    async def loads(self, hospital: HospitalId) -> list[DepartmentLoad]:
        """Doctors on duty and patients in line by department; departments with neither are left out."""
        async with self._store.reading() as work:
            return loads((await self._turns.standing(work, hospital)).line)

    async def under_way(self, hospital: HospitalId) -> dict[State, int]:
        """Consultations in line or in a call, by state."""
        async with self._store.reading() as work:
            return await work.consultations.under_way(hospital)

    # --- recording ----------------------------------------------------------------------------------------------------

    async def recording_order(self, consultation: ConsultationId) -> RecordingOrder | None:
        """What may be copied of the consultation now; none when nothing was ever recorded of it."""
        return await self.recordings.order(consultation)

    async def recording_confirmed(self, consultation: ConsultationId, on: bool, now: float) -> Effects:
        """What is known of copying (`Recordings.confirmed`)."""
        return await self.recordings.confirmed(consultation, on, now)

    # --- time -------------------------------------------------------------------------------------------------------

    async def tick(self) -> Effects:
        """Carries out what is due. Run it on every node: each deadline fires once."""
        async with self._store.reading() as work:
            due = await work.due(self._clock.now(), DUE_AT_ONCE)
        effects: Effects = []
        for one in due:
            try:
                effects += await self._effects(one.hospital, partial(elapse, which=one.consultations))
            except Unavailable:
                continue  # a contended hospital costs its neighbours nothing; it is due again at the next tick
        return effects

    async def next_deadline(self) -> float | None:
        """When `tick` has something to do next."""
        async with self._store.reading() as work:
            return await work.next_deadline()

    async def versions(self, since: float = 0.0) -> Versions:
        """Queue versions of all hospitals, and the consultations changed since (with overlap; 0: those in line or in a call)."""
        at = self._clock.now()
        async with self._store.reading() as work:
            queues = await work.lines.versions()
            consultations = await work.consultations.changed_since(max(since - OVERLAP_S, 0.0))
        return Versions(at, queues, consultations)

    # --- nodes and media workers ------------------------------------------------------------------------------------

    async def heartbeat(self, node: str) -> bool:
        """`node` is alive; every 3 s. False: it was unknown or given up (10 s silent): it must report its sockets again."""
        async with self._store.transaction() as work:
            return await work.presences.beat(node, self._clock.now())

    async def reap(self) -> Effects:
        """Gives up nodes silent for 10 s: their seats and desks are disconnected as of their last heartbeat."""
        silent_since = self._clock.now() - presence.NODE_SILENT_S
        async with self._store.transaction() as work:
            await work.presences.forget_silent(silent_since)
        return await self._disconnect_orphans(silent_since)

    async def node_stopped(self, node: str) -> Effects:
        """A node says goodbye: all its seats and desks are disconnected now."""
        async with self._store.transaction() as work:
            await work.presences.forget(node)
        return await self._disconnect_orphans(self._clock.now())

    async def worker_heartbeat(self, worker: MediaWorker) -> None:
        """Registers a media worker or renews its heartbeat; a new epoch replaces the old."""
        async with self._store.transaction() as work:
            await work.media.register(worker)

    async def workers(self) -> list[MediaWorker]:
        """Every registered media worker, also silent ones: the caller judges heartbeats."""
        async with self._store.reading() as work:
            return await work.media.workers()

    async def worker_gone(self, name: str, epoch: str) -> None:
        """Forgets a media worker (of that epoch only)."""
        async with self._store.transaction() as work:
            await work.media.forget(name, epoch)

    async def place_session(self, consultation: ConsultationId, worker: str, epoch: str) -> tuple[Placement, Effects]:
        """Places the call unless it is placed already: the placement that holds. UserError: not_in_call."""
        hospital = await self._hospital(consultation)
        return await self._turns.take(hospital, lambda turn: placing.place(turn, consultation, worker, epoch))

    async def placement(self, consultation: ConsultationId) -> Placement | None:
        """Where the call is, if it is placed."""
        async with self._store.reading() as work:
            return await work.media.placement(consultation)

    async def placements(self, worker: str, epoch: str) -> list[ConsultationId]:
        """The calls under way on this worker: any other session there is an orphan."""
        async with self._store.reading() as work:
            return [which for _, which in await work.media.on_worker(worker, epoch)]

    async def unplaced(self) -> dict[ConsultationId, bool]:
        """Calls under way without a worker: each needs `OpenRoom` again. → whether it had one before."""
        async with self._store.reading() as work:
            return await work.media.unplaced()

    async def displace(self, worker: str, epoch: str) -> tuple[list[ConsultationId], Effects]:
        """The worker of that epoch is dead: its calls have no place now, nobody there is in a call any more."""
        async with self._store.reading() as work:
            placed = await work.media.on_worker(worker, epoch)
        moved: list[ConsultationId] = []
        effects: Effects = []
        for hospital, group in groupby(placed, key=itemgetter(0)):
            which = [consultation for _, consultation in group]
            done, ordered = await self._turns.take(hospital, partial(placing.displace, which=which, worker=worker, epoch=epoch))
            moved += done
            effects += ordered
        return moved, effects

    async def displace_session(self, consultation: ConsultationId, worker: str, epoch: str) -> Effects:
        """The same for one call that its worker gave up (`session_lost`)."""
        hospital = await self._hospital(consultation)
        return await self._effects(hospital, partial(placing.displace, which=[consultation], worker=worker, epoch=epoch))

    # --- inside -----------------------------------------------------------------------------------------------------

    async def _effects(self, hospital: HospitalId, act: Callable[[Turn], Awaitable[object]]) -> Effects:
        return (await self._turns.take(hospital, act))[1]

    async def _identity(self, seat: SeatId) -> SeatIdentity:
        """Who has the seat: never changes, so it is remembered. UserError: seat_unknown."""
        known = self._identities.get(seat)
        if known is None:
            async with self._store.reading() as work:
                known = await work.consultations.identity(seat)
            if known is None:
                raise seat_unknown()
            if len(self._identities) >= REMEMBERED_SEATS:
                self._identities.pop(next(iter(self._identities)))  # the oldest: it will be read again if it is needed
            self._identities[seat] = known
        return known

    async def _hospital(self, consultation: ConsultationId) -> HospitalId:
        async with self._store.reading() as work:
            found = await work.consultations.load([consultation])
        if not found:
            raise consultation_over()
        return found[0].hospital

    async def _hospital_of(self, offer: OfferId) -> HospitalId:
        async with self._store.reading() as work:
            hospital = await work.lines.hospital_of(offer)
        if hospital is None:
            raise offer_gone()
        return hospital

    async def _seat_views(self, work: Work, which: Sequence[ConsultationId]) -> list[SeatView]:
        found = await self._known.load(work, which)
        placed = await work.media.placed(which)
        links = await work.links.open_in(which, self._clock.now())
        return [
            view
            for consultation in found.values()
            for view in views.seat_views(
                consultation,
                await self._turns.standing(work, consultation.hospital),
                placed.get(consultation.id),
                links.get(consultation.id, ()),
            )
        ]

    async def _disconnect_orphans(self, at: float) -> Effects:
        async with self._store.reading() as work:
            seats = await work.presences.orphaned_seats(presence.ORPHANS_AT_ONCE)
            desks = await work.presences.orphaned_desks(presence.ORPHANS_AT_ONCE)
        effects: Effects = []
        for hospital, its_seats, its_desks in presence.by_hospital(seats, desks):
            order = partial(presence.orphans_disconnected, seats=its_seats, desks=its_desks, at=at)
            effects += await self._effects(hospital, order)
        return effects
