"""One turn of a hospital: the place where queue and lifecycle meet, inside one transaction and behind the hospital's lock.

An event of one core may order events of the other (an offer is made: the consultation is offered; it ends: the doctor is
free); the turn carries them over until both rest, then stores what changed. It decides nothing that the cores decide, and
sends nothing: it gathers effects for after the commit.
"""

from collections.abc import Sequence
from dataclasses import replace
from typing import assert_never

from common.evidence.entry import AuditEntry
from common.ids import ConsultationId, HospitalId, PractitionerId, SeatId, new_id
from common.outbox.letter import Letter, LetterKind
from rooms import callback, chronicle, consent_course, lifecycle, queue, recorded
from rooms.access import SESSION_S, new_token, token_hash
from rooms.effects import (
    CloseRoom,
    ConsultationChanged,
    ConsultationMoved,
    DeliverLetters,
    DoctorPutOffDuty,
    Effect,
    EraseRecorded,
    OfferConsultation,
    OpenRoom,
    QueueChanged,
    RecordingChanged,
    WithdrawOffer,
)
from rooms.lifecycle import Course, Principal, Transition
from rooms.line import Line
from rooms.link import Link
from rooms.mailing import mailed_link, new_letter, new_link
from rooms.model import IN_CALL, IN_LINE, OVER, Clarity, Consultation, Ignored, Role, Rung, Seat, SeatGrant, State
from rooms.ports import OrderedErasure, SeatSession, Work

SYSTEM = "system"


class Turn:
    """Load with `consultation` and `line`, change with the verbs, store with `finish`."""

    def __init__(self, work: Work, hospital: HospitalId, version: int, line: Line | None, now: float) -> None:
        self.work = work
        self.hospital = hospital
        self.version = version
        self.now = now
        self.effects: list[Effect] = []
        self.after: Line | None = None
        self._before = line
        self._loaded: dict[ConsultationId, Consultation] = {}
        self._current: dict[ConsultationId, Consultation] = {}
        self._entries: list[AuditEntry] = []
        self._sessions: list[SeatSession] = []
        self._why: dict[SeatId, str] = {}
        self._links: list[Link] = []
        self._letters: list[Letter] = []
        self._erasures: list[OrderedErasure] = []
        self._shown = False

    # --- what is there ------------------------------------------------------------------------------------------------

    async def line(self) -> Line:
        """The hospital's line, as this turn has changed it so far."""
        if self.after is None:
            if self._before is None:
                self._before = await self.work.lines.load(self.hospital)
            self.after = self._before.copy()
        return self.after

    async def consultation(self, which: ConsultationId) -> Consultation:
        """The consultation, as this turn has changed it so far."""
        if which not in self._current:
            (found,) = await self.work.consultations.load([which])
            self._loaded[which] = self._current[which] = found
        return self._current[which]

    async def find(self, which: ConsultationId) -> Consultation | None:
        """The same, where an outsider named it: there may be none."""
        await self.load([which])
        return self._current.get(which)

    # --- verbs ----------------------------------------------------------------------------------------------------------

    def put(self, consultation: Consultation) -> None:
        """The consultation's new state, or a new consultation."""
        self._current[consultation.id] = consultation

    async def shown_in_line(self) -> None:
        """What desks show beside the line has changed: the line gets a new version, by which every node hears of it."""
        await self.line()
        self._shown = True

    def grant(self, seat: SeatId) -> SeatGrant:
        """A new secret that holds the seat for a day."""
        token = new_token()
        self._sessions.append(SeatSession(token_hash(token), seat, self.now, self.now + SESSION_S))
        consultation = next(one for one in self._current.values() if one.seat(seat))
        return SeatGrant(seat, consultation.id, token, self.now + SESSION_S)

    def add_link(self, link: Link) -> None:
        """A new link."""
        self._links.append(link)

    def post(self, letter: Letter) -> None:
        """A letter that leaves the house once this turn is stored."""
        self._letters.append(letter)

    async def mail_link(self, which: ConsultationId, letter: LetterKind) -> bool:
        """Mails the patient a new link to the own seat in place of all before it; false without an address on file."""
        consultation = await self.consultation(which)
        patient = consultation.principal(Role.PATIENT)
        if patient is None or consultation.contact is None:
            return False
        await self.work.links.revoke_to(patient.id, self.now)
        kind, expires_at = mailed_link(consultation, letter, self.now)
        link, grant = new_link(consultation, kind, patient.id, made_by=SYSTEM, expires_at=expires_at, now=self.now)
        self.add_link(link)
        self.post(new_letter(consultation, letter, grant, self.now))
        return True

    def note(self, actor: str, act: str, subject: str, reason: str = "") -> None:
        """An audit entry of this turn."""
        self._entries.append(AuditEntry(self.now, self.hospital, actor, act, subject, reason))

    async def take_rung(self, seat: Seat, rung: Rung, why: str | None) -> None:
        """How a seat takes part now; `why` is for the timeline."""
        if why is not None:
            self._why[seat.id] = why
        await self.change(replace(seat, rung=rung))

    def take_clarity(self, consultation: Consultation, seat: Seat, clarity: Clarity, why: str) -> None:
        """How the seat's picture comes to the others; `why` is for the timeline."""
        self._why[seat.id] = why
        self.put(consultation.with_seat(replace(seat, clarity=clarity)))

    async def change(self, seat: Seat) -> None:
        """A seat's rung or confirmation: a principal may be in the room, or out of it, by that."""
        consultation = await self.consultation(seat.consultation)
        self.put(consultation.with_seat(seat))
        if seat.role in (Role.PATIENT, Role.PRACTITIONER) and consultation.state not in OVER:
            event = lifecycle.PrincipalSeen(seat.role, seat.connected, seat.in_call, self.now, _in_writing(seat))
            await self.to_consultation(consultation.id, event, seat.practitioner or seat.id)

    async def to_recording(self, consultation: Consultation, event: consent_course.Event, actor: str) -> None:
        """Tell the consultation's recording. UserError as in consent_course.handle."""
        self._recorded(consultation, recorded.told(consultation, event, self.now), actor)

    async def to_queue(self, event: queue.Event, actor: str = SYSTEM) -> list[queue.Decision]:
        """Tell the queue, and the consultations whatever it decides about them."""
        decisions = queue.Queue(await self.line()).handle(event, self.now)
        for decision in decisions:
            match decision:
                case OfferConsultation():
                    self.effects.append(decision)
                    self.note(decision.practitioner, "offer_shown", decision.consultation)
                    await self.to_consultation(decision.consultation, lifecycle.OfferMade())
                case WithdrawOffer():
                    self.effects.append(decision)
                    await self.to_consultation(decision.consultation, lifecycle.OfferClosed(decision.reason), actor)
                case queue.JoinConsultation():
                    await self._join(decision)
                case DoctorPutOffDuty():
                    self.effects.append(decision)
                    self.note(SYSTEM, "doctor_put_off_duty", decision.practitioner, decision.reason)
                case queue.CallPatient(consultation):
                    await self._call_back(consultation)
                case Ignored():
                    pass
                case _:
                    assert_never(decision)
        return decisions

    async def to_consultation(self, which: ConsultationId, event: lifecycle.Event, actor: str = SYSTEM) -> None:
        """Tell one consultation, and the queue whatever follows for it. One audit entry for each transition."""
        before = await self.consultation(which)
        outcome = lifecycle.handle(course_of(before), event, self.now)
        self.put(taking(before, outcome.course))
        for transition in outcome.transitions:
            self.note(actor, f"consultation_{transition.after}", which, transition.reason)
            self.effects.append(ConsultationMoved(transition.before, transition.after, transition.reason))
        for transition in outcome.transitions:
            await self._follow(which, transition)

    async def seen(self, seat: Seat, connected: bool | None = None, in_call: bool | None = None, at: float | None = None) -> None:
        """A seat's socket or media path came or went (none: as before), at `at` (none: now)."""
        consultation = await self.consultation(seat.consultation)
        connected = seat.connected if connected is None else connected
        in_call = seat.in_call if in_call is None else in_call and consultation.state in IN_CALL
        if (connected, in_call) == (seat.connected, seat.in_call) or consultation.state in OVER:
            return
        if seat.role in (Role.PATIENT, Role.PRACTITIONER):
            event = lifecycle.PrincipalSeen(seat.role, connected, in_call, self.now if at is None else at, _in_writing(seat))
            await self.to_consultation(consultation.id, event, seat.practitioner or seat.id)
            if seat.role is Role.PATIENT and consultation.state in IN_LINE and connected != seat.connected:
                moved = queue.PatientReturned if connected else queue.PatientAway
                await self.to_queue(moved(consultation.id))
        else:
            self.put(consultation.with_seat(replace(seat, connected=connected, in_call=in_call)))

    async def desk_seen(self, practitioner: PractitionerId, connected: bool, at: float | None = None) -> None:
        """A desk's connection came or went: for offers, and for the consultation that the doctor is in."""
        moved = queue.DoctorReturned if connected else queue.DoctorAway
        await self.to_queue(moved(practitioner))
        doctor = (await self.line()).doctors.get(practitioner)
        if doctor is not None and doctor.consultation is not None:
            seat = (await self.consultation(doctor.consultation)).principal(Role.PRACTITIONER)
            if seat is not None:
                await self.seen(seat, connected=connected, at=at)

    # --- what follows from what -----------------------------------------------------------------------------------------

    async def _join(self, order: queue.JoinConsultation) -> None:
        """The doctor's seat comes into being with the acceptance, connected as the desk is."""
        consultation = await self.consultation(order.consultation)
        connected = (await self.line()).doctors[order.practitioner].away_since is None
        seat = Seat(
            id=SeatId(new_id("s")),
            consultation=order.consultation,
            role=Role.PRACTITIONER,
            name=None,
            practitioner=order.practitioner,
            created_at=self.now,
        )
        self.put(replace(consultation.with_seat(seat), practitioner=order.practitioner, callback_since=None))
        await self.to_consultation(order.consultation, lifecycle.OfferTaken(connected), order.practitioner)

    async def _call_back(self, which: ConsultationId) -> None:
        consultation = await self.consultation(which)
        if consultation.contact is not None and not await self._may_call(consultation.contact):
            self.note(SYSTEM, "patient_not_called", which, "too_many_calls")
            return
        self.put(replace(consultation, called_at=self.now))
        if await self.mail_link(which, LetterKind.TURN):
            self.note(SYSTEM, "patient_called", which)

    async def _may_call(self, address: str) -> bool:
        await self.work.calls.forget(self.now - callback.ADDRESS_S)
        calls = callback.admitted(await self.work.calls.locked(address), self.now)
        if calls is not None:
            await self.work.calls.keep(address, calls)
        return calls is not None

    async def _follow(self, which: ConsultationId, transition: Transition) -> None:
        if transition.after is State.CONNECTING:
            self.effects.append(OpenRoom(which))
        if transition.after is State.ENDED:
            await self._ended(which, transition.before)

    async def _ended(self, which: ConsultationId, before: State) -> None:
        consultation = await self.consultation(which)
        if before is State.SCHEDULED:
            await self._uninvited(consultation)
        if before in IN_LINE:
            await self.to_queue(queue.PatientLeft(which))
        if before in IN_CALL:
            self.effects.append(CloseRoom(which, await self.work.media.placement(which)))
            await self.work.media.displace(which)
            self.put(replace(consultation, seats=tuple(replace(seat, in_call=False) for seat in consultation.seats)))
            if consultation.practitioner is not None:
                length = None if consultation.live_since is None else self.now - consultation.live_since
                freed = queue.DoctorFree(consultation.practitioner, which, consultation.department, length)
                await self.to_queue(freed)

    async def _uninvited(self, consultation: Consultation) -> None:
        """Nobody comes any more: the invitation's links open nothing, and it goes from the doctor's desk."""
        for seat in consultation.present_seats():
            await self.work.links.revoke_to(seat.id, self.now)
        await self.shown_in_line()

    def _recorded(self, consultation: Consultation, outcome: consent_course.Outcome, actor: str) -> None:
        if outcome.recording == consultation.recording:
            return
        for act, subject, reason in recorded.notes(consultation.recording, outcome):
            self.note(actor, act, subject, reason)
        for erasure in outcome.erasures:
            self._erasures.append(
                OrderedErasure(
                    id=new_id("er"),
                    recording=outcome.recording.id,
                    consultation=consultation.id,
                    hospital=consultation.hospital,
                    seat=erasure.seat,
                    kinds=erasure.kinds,
                    ordered_at=self.now,
                )
            )
            self.effects.append(EraseRecorded(consultation.id))
        self.put(replace(consultation, recording=outcome.recording))

    def _settle(self, which: ConsultationId) -> Consultation:
        """Whatever this turn was about: who is in the room has the last word on the recording."""
        consultation = self._current[which]
        if consultation.recording is not None and consultation is not self._loaded.get(which):
            self._recorded(consultation, recorded.told(consultation, consent_course.Settle(), self.now), SYSTEM)
        return self._current[which]

    # --- storing --------------------------------------------------------------------------------------------------------

    async def finish(self) -> None:
        """Store what changed. Raises Conflict."""
        changes: list[chronicle.Change] = []
        for which in self._current:
            before, after = self._loaded.get(which), self._settle(which)
            if after is not before:
                stored = replace(after, revision=after.revision + 1)
                self._current[which] = stored
                await self.work.consultations.save(before, stored, lifecycle.deadline(course_of(stored)), self.now)
                self.effects.append(ConsultationChanged(which))
                if recorded.order(before) != recorded.order(stored):
                    self.effects.append(RecordingChanged(which))
                changes.append((before, stored))
        await chronicle.write(self.work, changes, self._why, self.now)
        for session in self._sessions:
            await self.work.consultations.add_session(session)
        for link in self._links:
            await self.work.links.add(link)
        if self._letters:
            await self.work.post(self._letters)
            self.effects.append(DeliverLetters())
        if self.after is not None and self._before is not None and (self._shown or self.after != self._before):
            await self.work.lines.save(self._before, self.after, self.version, queue.Queue(self.after).deadline())
            self.version += 1
            self.effects.append(QueueChanged(self.hospital))
        await self.work.recordings.erase(self._erasures)
        await self.work.audit(self._entries)

    async def load(self, which: Sequence[ConsultationId]) -> None:
        """Load several consultations at once that this turn will change."""
        missing = [one for one in which if one not in self._current]
        for found in await self.work.consultations.load(missing) if missing else ():
            self._loaded[found.id] = self._current[found.id] = found


def course_of(consultation: Consultation) -> Course:
    """What the lifecycle needs to know of a consultation."""
    patient = consultation.principal(Role.PATIENT)
    practitioner = consultation.principal(Role.PRACTITIONER) if consultation.state not in IN_LINE else None
    return Course(
        state=consultation.state,
        patient=_principal(patient) if patient else Principal(),
        practitioner=_principal(practitioner) if practitioner else None,
        ended_reason=consultation.ended_reason,
        live_since=consultation.live_since,
        ended_at=consultation.ended_at,
        open_until=consultation.open_until,
        callback=consultation.callback_since is not None,
    )


def taking(consultation: Consultation, course: Course) -> Consultation:
    """The consultation with what the lifecycle decided; the same object when it decided nothing."""
    taken = replace(
        consultation,
        state=course.state,
        ended_reason=course.ended_reason,
        live_since=course.live_since,
        ended_at=course.ended_at,
    )
    for role, person in ((Role.PATIENT, course.patient), (Role.PRACTITIONER, course.practitioner)):
        seat = taken.principal(role)
        if seat is not None and person is not None:
            changed = replace(
                seat,
                connected=person.connected,
                in_call=person.in_call,
                gone_since=person.gone_since,
                absent_since=person.absent_since,
            )
            taken = taken.with_seat(changed) if changed != seat else taken
    return taken if taken != consultation else consultation


def _principal(seat: Seat) -> Principal:
    return Principal(seat.connected, seat.in_call, seat.gone_since, seat.absent_since, _in_writing(seat))


def _in_writing(seat: Seat) -> bool:
    """Takes part without media; as with media, nobody is in the room before saying yes to the name card."""
    return seat.rung is not Rung.MEDIA and seat.confirmed_at is not None
