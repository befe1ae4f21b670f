"""Whatever happens in whatever order, the queue keeps its promises. The checks know nothing of how the queue computes them."""

import random

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from common.ids import ConsultationId, DepartmentId, HospitalId, OfferId, PractitionerId
from rooms.callback import CALL_GRACE_S, CALLS
from rooms.effects import DoctorPutOffDuty, OfferConsultation, PutOffReason, WithdrawOffer, WithdrawReason
from rooms.line import Line
from rooms.model import Ignored, Priority
from rooms.queue import (
    COOL_DOWN_S,
    OFFER_S,
    CallbackWished,
    CallPatient,
    DoctorAway,
    DoctorBusy,
    DoctorFree,
    DoctorOffDuty,
    DoctorOnDuty,
    DoctorReturned,
    Event,
    JoinConsultation,
    OfferAccepted,
    OfferDeclined,
    PatientAway,
    PatientLeft,
    PatientReturned,
    PatientWaits,
    PrioritySet,
    Queue,
    TimePassed,
)

DEPARTMENTS = [DepartmentId(f"d{n}") for n in range(3)]
DOCTORS = [PractitionerId(f"pr{n}") for n in range(5)]
HOUR = 3600.0
HEAD_START = {Priority.EMERGENCY: 24 * HOUR, Priority.URGENT: HOUR, Priority.ROUTINE: 0.0}
departments = st.lists(st.sampled_from(DEPARTMENTS), min_size=1, max_size=3, unique=True).map(tuple)
doctors = st.sampled_from(DOCTORS)
picks = st.integers(0, 999)


class QueueMachine(RuleBasedStateMachine):
    """Patients and doctors come, go, answer and fall silent; a second node replays every event from a shuffled copy."""

    @initialize()
    def open(self) -> None:
        self.queue = Queue(Line(HospitalId("h")))
        self.now = 1000.0
        self.came: dict[ConsultationId, tuple[float, int, Priority]] = {}
        self.silences: dict[PractitionerId, int] = {}
        self.refused: dict[tuple[ConsultationId, PractitionerId], float] = {}
        self.calls: dict[ConsultationId, int] = {}
        self.made: dict[ConsultationId, int] = {}
        self.left_at: dict[ConsultationId, float] = {}
        self.called: set[ConsultationId] = set()
        self.shuffle = random.Random(0)

    # --- what may happen ------------------------------------------------------------------------------------------------

    @rule(department=st.sampled_from(DEPARTMENTS), priority=st.sampled_from(Priority), present=st.booleans())
    def waits(self, department: DepartmentId, priority: Priority, present: bool) -> None:
        self._arrive(department, priority, None, present)

    @rule(department=st.sampled_from(DEPARTMENTS), wanted=doctors)
    def waits_for_one(self, department: DepartmentId, wanted: PractitionerId) -> None:
        self._arrive(department, Priority.ROUTINE, wanted, True)

    @rule(pick=picks, what=st.sampled_from([PatientLeft, PatientAway, PatientReturned]))
    def patient(self, pick: int, what: type[PatientLeft | PatientAway | PatientReturned]) -> None:
        if self.came:
            self._happen(what(sorted(self.came)[pick % len(self.came)]))

    @rule(pick=picks, priority=st.sampled_from(Priority))
    def triaged(self, pick: int, priority: Priority) -> None:
        """Only the patient's own place in the order changes; whoever lies on a desk stays there, for as long as before."""
        if not self.came:
            return
        which = sorted(self.came)[pick % len(self.came)]
        without = Queue(self.queue.line.copy())
        without.handle(TimePassed(), self.now + 0.001)
        at, number, _ = self.came[which]
        if which in without.line.tickets:
            self.came[which] = (at, number, priority)
        self._happen(PrioritySet(which, priority))
        for offer in without.line.offers.values():
            assert self.queue.line.offers.get(offer.id) == offer, "a word of triage disturbed an open offer"
        others = [ticket.consultation for ticket in without.line.ranked() if ticket.consultation != which]
        assert [ticket.consultation for ticket in self.queue.line.ranked() if ticket.consultation != which] == others

    @rule(pick=picks, wished=st.booleans())
    def wishes_to_be_called(self, pick: int, wished: bool) -> None:
        if not self.came:
            return
        which = sorted(self.came)[pick % len(self.came)]
        self.calls[which] = CALLS - self.made.get(which, 0) if wished else 0
        self._happen(CallbackWished(which, wished))

    @rule(doctor=doctors, serves=departments, present=st.booleans())
    def on_duty(self, doctor: PractitionerId, serves: tuple[DepartmentId, ...], present: bool) -> None:
        self._happen(DoctorOnDuty(doctor, serves, present))

    @rule(doctor=doctors, what=st.sampled_from([DoctorOffDuty, DoctorAway, DoctorReturned]))
    def doctor(self, doctor: PractitionerId, what: type[DoctorOffDuty | DoctorAway | DoctorReturned]) -> None:
        self._happen(what(doctor))

    @rule(doctor=doctors)
    def meets_elsewhere(self, doctor: PractitionerId) -> None:
        self._happen(DoctorBusy(doctor, ConsultationId(f"elsewhere-{doctor}")))

    @rule(pick=picks, length=st.none() | st.floats(10, 5000))
    def ends(self, pick: int, length: float | None) -> None:
        busy = [doctor for doctor in self.queue.line.doctors.values() if doctor.consultation]
        if busy:
            doctor = sorted(busy, key=lambda one: one.practitioner)[pick % len(busy)]
            assert doctor.consultation is not None
            self._happen(DoctorFree(doctor.practitioner, doctor.consultation, DEPARTMENTS[0], length))

    @rule(pick=picks, accepts=st.booleans())
    def answers(self, pick: int, accepts: bool) -> None:
        offers = self.queue.line.by_due()
        if offers:
            offer = offers[pick % len(offers)]
            answer = OfferAccepted if accepts else OfferDeclined
            self._happen(answer(offer.practitioner, offer.id))

    @rule(doctor=doctors)
    def answers_nonsense(self, doctor: PractitionerId) -> None:
        without = Queue(self.queue.line.copy())
        self._happen(OfferAccepted(doctor, OfferId("o_none")))
        without.handle(TimePassed(), self.now)
        assert self.queue.line == without.line

    @rule(seconds=st.floats(0.01, 100))
    def time(self, seconds: float) -> None:
        self.now += seconds
        self._happen(TimePassed())

    @rule()
    def deadline(self) -> None:
        due = self.queue.deadline()
        if due is not None:
            self.now = due
            before = self.queue.line.copy()
            self._happen(TimePassed())
            assert self.queue.line != before, "a deadline at which nothing happens would be asked for again and again"

    # --- what must hold at every event ----------------------------------------------------------------------------------

    def _arrive(self, department: DepartmentId, priority: Priority, wanted: PractitionerId | None, present: bool) -> None:
        which = ConsultationId(f"c{len(self.came):03}")
        self.came[which] = (self.now, len(self.came), priority)
        if not present:
            self.left_at[which] = self.now
        self._happen(PatientWaits(which, department, priority, self.now, wanted, present))

    def _happen(self, event: Event) -> None:
        self.now += 0.001
        twin = Queue(self._reloaded())
        decisions = self.queue.handle(event, self.now)
        assert twin.handle(event, self.now) == decisions, "another node would have decided otherwise"
        assert twin.line == self.queue.line
        self._note_absence(event)
        for decision in decisions:
            match decision:
                case OfferConsultation():
                    self._check_refusal(decision)
                case CallPatient(patient):
                    self._check_call(patient)
                case WithdrawOffer(_, patient, doctor, reason):
                    self._withdrawn(patient, doctor, reason)
                case JoinConsultation(_, _, doctor):
                    self.silences[doctor] = 0
                case DoctorPutOffDuty(doctor, PutOffReason.UNANSWERED):
                    assert self.silences[doctor] == 2
                    assert doctor not in self.queue.line.doctors or not self.queue.line.doctors[doctor].departments
        if isinstance(event, DoctorOnDuty | DoctorBusy) and not any(isinstance(one, Ignored) for one in decisions):
            self.silences[event.practitioner] = 0  # after what was due first: a silence that ended with this event counts
        for decision in decisions:
            if isinstance(decision, OfferConsultation):
                self._check_order(decision)

    def _reloaded(self) -> Line:
        """The line as another node reads it from the database: same records, any order."""
        copy = self.queue.line.copy()
        for name in ("tickets", "doctors", "offers", "lengths"):
            entries = list(getattr(copy, name).items())
            self.shuffle.shuffle(entries)
            setattr(copy, name, dict(entries))
        return copy

    def _withdrawn(self, patient: ConsultationId, doctor: PractitionerId, reason: WithdrawReason) -> None:
        if reason in (WithdrawReason.DECLINED, WithdrawReason.TIMED_OUT):
            self.refused[patient, doctor] = self.now
            self.silences[doctor] = self.silences.get(doctor, 0) + 1 if reason is WithdrawReason.TIMED_OUT else 0

    def _check_refusal(self, offer: OfferConsultation) -> None:
        """Back to the same doctor only after the cool-down, and with no other free doctor who has not refused."""
        at = self.refused.get((offer.consultation, offer.practitioner))
        if at is None:
            return
        assert self.now >= at + COOL_DOWN_S
        ticket = self.queue.line.tickets[offer.consultation]
        for doctor in self.queue.line.doctors.values():
            free = doctor.at_work and doctor.consultation is None and self.queue.line.offer_to(doctor.practitioner) is None
            if free and ticket.department in doctor.departments and ticket.wanted in (None, doctor.practitioner):
                assert (offer.consultation, doctor.practitioner) in self.refused

    def _check_order(self, offer: OfferConsultation) -> None:
        """Nobody who came before, by arrival and head start, was passed over but those whom this doctor could not take."""
        mine = self.came[offer.consultation]
        for ticket in self.queue.line.tickets.values():
            theirs = self.came[ticket.consultation]
            before = (theirs[0] - HEAD_START[theirs[2]], theirs[1]) < (mine[0] - HEAD_START[mine[2]], mine[1])
            here = ticket.department in self.queue.line.doctors[offer.practitioner].departments
            if before and here and ticket.away_since is None and self.queue.line.offer_of(ticket.consultation) is None:
                refused = (ticket.consultation, offer.practitioner) in self.refused
                assert refused or ticket.wanted not in (None, offer.practitioner)

    def _note_absence(self, event: Event) -> None:
        if isinstance(event, PatientAway) and event.consultation in self.queue.line.tickets:
            self.left_at.setdefault(event.consultation, self.now)
        if isinstance(event, PatientReturned):
            self.left_at.pop(event.consultation, None)
            self.called.discard(event.consultation)

    def _check_call(self, patient: ConsultationId) -> None:
        """Only who is really gone and wishes it is called, once for each leaving, twice at most, and to a doctor at work."""
        assert self.now >= self.left_at[patient] + CALL_GRACE_S
        assert patient not in self.called, "called twice without having come back"
        assert self.calls[patient] > 0
        self.called.add(patient)
        self.calls[patient] -= 1
        self.made[patient] = self.made.get(patient, 0) + 1
        assert self._doctors_at_work_for(patient)

    def _doctors_at_work_for(self, patient: ConsultationId) -> list[PractitionerId]:
        ticket = self.queue.line.tickets[patient]
        return [
            doctor.practitioner
            for doctor in self.queue.line.doctors.values()
            if doctor.at_work and ticket.department in doctor.departments and ticket.wanted in (None, doctor.practitioner)
        ]

    # --- what must hold always ------------------------------------------------------------------------------------------

    @invariant()
    def nobody_is_in_two_offers(self) -> None:
        offers = list(self.queue.line.offers.values())
        assert len({offer.consultation for offer in offers}) == len(offers)
        assert len({offer.practitioner for offer in offers}) == len(offers)
        for offer in offers:
            doctor = self.queue.line.doctors[offer.practitioner]
            assert offer.consultation in self.queue.line.tickets
            assert doctor.consultation is None and offer.department in doctor.departments

    @invariant()
    def every_offer_ends_in_time(self) -> None:
        due = self.queue.deadline()
        assert due is None or due > self.now
        for offer in self.queue.line.offers.values():
            assert self.now < offer.expires_at <= offer.made_at + OFFER_S

    @invariant()
    def nobody_waits_while_a_doctor_is_free(self) -> None:
        line = self.queue.line
        for ticket in line.tickets.values():
            for doctor in line.doctors.values():
                free = doctor.at_work and doctor.consultation is None and line.offer_to(doctor.practitioner) is None
                fits = ticket.department in doctor.departments and ticket.wanted in (None, doctor.practitioner)
                idle = ticket.away_since is None and line.offer_of(ticket.consultation) is None
                if free and fits and idle:
                    assert (ticket.consultation, doctor.practitioner) in self.refused

    @invariant()
    def nobody_near_the_front_is_left_uncalled(self) -> None:
        """At most one present patient before, a doctor at work, gone for long enough, a wish that stands: the call went out."""
        line = self.queue.line
        ranked = line.ranked()
        for place, ticket in enumerate(ranked):
            which = ticket.consultation
            gone = ticket.away_since is not None and ticket.away_since + CALL_GRACE_S <= self.now
            if gone and self.calls.get(which) and which not in self.called:
                ahead = [one for one in ranked[:place] if one.department == ticket.department and one.away_since is None]
                assert len(ahead) > 1 or not self._doctors_at_work_for(which)

    def teardown(self) -> None:
        """Left alone, it comes to rest: unanswered offers end, silent doctors are put off duty, and no deadline remains."""
        for _ in range(2000):
            due = self.queue.deadline() if hasattr(self, "queue") else None
            if due is None:
                return
            self.now = due
            self.queue.handle(TimePassed(), self.now)
        raise AssertionError("the queue does not come to rest")


QueueMachine.TestCase.settings = settings(max_examples=150, stateful_step_count=60, deadline=None)
TestQueue = QueueMachine.TestCase
