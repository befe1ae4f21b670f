"""The queue's single promises, one by one; the properties over all histories are in tests/property/rooms."""

from common.ids import ConsultationId, DepartmentId, HospitalId, OfferId, PractitionerId
from rooms.effects import DoctorPutOffDuty, OfferConsultation, PutOffReason, WithdrawOffer, WithdrawReason
from rooms.line import Line
from rooms.model import Ignored, Priority
from rooms.queue import (
    AWAY_GRACE_S,
    COOL_DOWN_S,
    DESK_GONE_S,
    OFFER_S,
    Decision,
    DoctorAway,
    DoctorBusy,
    DoctorFree,
    DoctorOffDuty,
    DoctorOnDuty,
    DoctorReturned,
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

DAY = DepartmentId("d_day")
ANN, BEN = PractitionerId("ann"), PractitionerId("ben")
P1, P2, P3 = ConsultationId("p1"), ConsultationId("p2"), ConsultationId("p3")


def make(*doctors: PractitionerId) -> Queue:
    queue = Queue(Line(HospitalId("h")))
    for number, doctor in enumerate(doctors):
        queue.handle(DoctorOnDuty(doctor, (DAY,)), float(number) / 100)
    return queue


def waits(patient: ConsultationId, at: float, priority: Priority = Priority.ROUTINE, **more: object) -> PatientWaits:
    return PatientWaits(patient, DAY, priority, at, **more)  # type: ignore[arg-type]


def offers(decisions: list[Decision]) -> list[tuple[ConsultationId, PractitionerId]]:
    return [(one.consultation, one.practitioner) for one in decisions if isinstance(one, OfferConsultation)]


def offer_to(queue: Queue, doctor: PractitionerId) -> OfferId:
    offer = queue.line.offer_to(doctor)
    assert offer is not None
    return offer.id


def test_the_doctor_who_is_free_longest_is_asked_first() -> None:
    queue = make(ANN, BEN)
    assert offers(queue.handle(waits(P1, 1.0), 1.0)) == [(P1, ANN)]
    assert offers(queue.handle(waits(P2, 2.0), 2.0)) == [(P2, BEN)]


def test_accepting_ends_the_wait_and_the_doctor_is_busy_until_free() -> None:
    queue = make(ANN)
    queue.handle(waits(P1, 1.0), 1.0)
    offer = offer_to(queue, ANN)
    assert queue.handle(OfferAccepted(ANN, offer), 2.0) == [JoinConsultation(offer, P1, ANN)]
    assert offers(queue.handle(waits(P2, 3.0), 3.0)) == []
    freed = queue.handle(DoctorFree(ANN, P1, DAY, 600.0), 700.0)
    assert offers(freed) == [(P2, ANN)]
    assert queue.line.lengths == {DAY: (600.0,)}


def test_nobody_answers_another_doctors_offer_or_a_late_one() -> None:
    queue = make(ANN)
    queue.handle(waits(P1, 1.0), 1.0)
    offer = offer_to(queue, ANN)
    assert queue.handle(OfferAccepted(BEN, offer), 2.0) == [Ignored("offer_gone")]
    late = queue.handle(OfferAccepted(ANN, offer), 1.0 + OFFER_S)
    assert WithdrawOffer(offer, P1, ANN, WithdrawReason.TIMED_OUT) in late and Ignored("offer_gone") in late


def test_a_declined_patient_passes_to_the_next_doctor_and_comes_back_after_the_cool_down() -> None:
    queue = make(ANN, BEN)
    queue.handle(waits(P1, 1.0), 1.0)
    assert offers(queue.handle(OfferDeclined(ANN, offer_to(queue, ANN)), 5.0)) == [(P1, BEN)]
    assert offers(queue.handle(OfferDeclined(BEN, offer_to(queue, BEN)), 9.0)) == []
    assert queue.deadline() == 5.0 + COOL_DOWN_S
    assert offers(queue.handle(TimePassed(), 5.0 + COOL_DOWN_S)) == [(P1, ANN)]


def test_while_another_doctor_is_free_a_refuser_is_not_asked_again() -> None:
    queue = make(ANN)
    queue.handle(waits(P1, 1.0), 1.0)
    queue.handle(OfferDeclined(ANN, offer_to(queue, ANN)), 2.0)
    assert offers(queue.handle(DoctorOnDuty(BEN, (DAY,)), 3.0)) == [(P1, BEN)]


def test_two_silences_in_a_row_end_the_duty_and_an_answer_between_forgives() -> None:
    queue = make(ANN)
    queue.handle(waits(P1, 0.0), 0.0)
    queue.handle(TimePassed(), OFFER_S)
    queue.handle(TimePassed(), OFFER_S + COOL_DOWN_S)
    queue.handle(OfferDeclined(ANN, offer_to(queue, ANN)), OFFER_S + COOL_DOWN_S + 1)
    now = OFFER_S + 2 * COOL_DOWN_S + 1
    queue.handle(TimePassed(), now)
    queue.handle(TimePassed(), now + OFFER_S)
    now += OFFER_S + COOL_DOWN_S
    assert offers(queue.handle(TimePassed(), now)) == [(P1, ANN)]
    assert DoctorPutOffDuty(ANN, PutOffReason.UNANSWERED) in queue.handle(TimePassed(), now + OFFER_S)
    assert queue.line.doctors == {}


def test_an_away_patient_is_passed_over_and_keeps_the_rank() -> None:
    queue = make()
    for number, patient in enumerate((P1, P2)):
        queue.handle(waits(patient, float(number)), float(number))
    queue.handle(PatientAway(P1), 2.0)
    assert offers(queue.handle(DoctorOnDuty(ANN, (DAY,)), 3.0)) == [(P2, ANN)]
    queue.handle(PatientReturned(P1), 4.0)
    queue.handle(waits(P3, 5.0), 5.0)
    assert offers(queue.handle(DoctorOnDuty(BEN, (DAY,)), 6.0)) == [(P1, BEN)]


def test_a_reload_keeps_the_offer_and_a_longer_absence_gives_it_back() -> None:
    queue = make(ANN)
    queue.handle(waits(P1, 0.0), 0.0)
    offer = offer_to(queue, ANN)
    queue.handle(PatientAway(P1), 1.0)
    queue.handle(PatientReturned(P1), 1.0 + AWAY_GRACE_S - 0.1)
    assert queue.line.offers.keys() == {offer}
    queue.handle(PatientAway(P1), 10.0)
    assert queue.handle(TimePassed(), 10.0 + AWAY_GRACE_S) == [WithdrawOffer(offer, P1, ANN, WithdrawReason.PATIENT_AWAY)]
    assert offers(queue.handle(PatientReturned(P1), 20.0)) == [(P1, ANN)], "nobody refused: no cool-down"


def test_a_closed_desk_gets_no_offers_and_in_the_end_is_off_duty() -> None:
    queue = make(ANN)
    queue.handle(DoctorAway(ANN), 1.0)
    assert offers(queue.handle(waits(P1, 2.0), 2.0)) == []
    assert queue.deadline() == 1.0 + DESK_GONE_S
    assert offers(queue.handle(DoctorReturned(ANN), 3.0)) == [(P1, ANN)]
    queue.handle(DoctorAway(ANN), 4.0)
    withdrawn = queue.handle(TimePassed(), 4.0 + AWAY_GRACE_S)
    assert [one.reason for one in withdrawn if isinstance(one, WithdrawOffer)] == [WithdrawReason.DOCTOR_AWAY]
    assert queue.handle(TimePassed(), 4.0 + DESK_GONE_S) == [DoctorPutOffDuty(ANN, PutOffReason.AWAY)]


def test_a_desk_closed_during_a_call_is_off_duty_when_the_call_ends() -> None:
    queue = make(ANN)
    queue.handle(DoctorBusy(ANN, P3), 1.0)
    queue.handle(DoctorAway(ANN), 2.0)
    assert queue.handle(TimePassed(), 2.0 + DESK_GONE_S) == [], "not while the call goes on"
    ended = queue.handle(DoctorFree(ANN, P3, DAY, 500.0), 2.0 + DESK_GONE_S + 1)
    assert ended == [DoctorPutOffDuty(ANN, PutOffReason.AWAY)]
    assert queue.deadline() is None


def test_leaving_off_duty_and_a_meeting_elsewhere_take_the_offer_back() -> None:
    for event, reason in (
        (PatientLeft(P1), WithdrawReason.PATIENT_LEFT),
        (DoctorOffDuty(ANN), WithdrawReason.OFF_DUTY),
        (DoctorOnDuty(ANN, (DepartmentId("d_other"),)), WithdrawReason.OFF_DUTY),
        (DoctorBusy(ANN, P3), WithdrawReason.DOCTOR_BUSY),
    ):
        queue = make(ANN)
        queue.handle(waits(P1, 0.0), 0.0)
        offer = offer_to(queue, ANN)
        assert queue.handle(event, 1.0) == [WithdrawOffer(offer, P1, ANN, reason)]
        assert queue.line.offers == {}


def test_who_wants_one_doctor_waits_for_that_one() -> None:
    queue = make(ANN)
    assert offers(queue.handle(waits(P1, 1.0, wanted=BEN), 1.0)) == []
    assert offers(queue.handle(waits(P2, 2.0), 2.0)) == [(P2, ANN)]
    assert offers(queue.handle(DoctorOnDuty(BEN, (DAY,)), 3.0)) == [(P1, BEN)]


def test_urgency_is_a_head_start_and_no_more() -> None:
    queue = make()
    queue.handle(waits(P1, 0.0), 0.0)
    queue.handle(waits(P2, 3599.0, Priority.URGENT), 3599.0)
    assert [ticket.consultation for ticket in queue.line.ranked()] == [P2, P1]
    queue.handle(PatientLeft(P2), 3600.0)
    queue.handle(waits(P3, 3601.0, Priority.URGENT), 3601.0)
    assert [ticket.consultation for ticket in queue.line.ranked()] == [P1, P3]


def test_a_node_whose_clock_is_behind_lets_nobody_overtake() -> None:
    queue = make()
    queue.handle(waits(P1, 1000.0), 1000.0)
    queue.handle(waits(P2, 400.0), 1001.0)
    assert [ticket.consultation for ticket in queue.line.ranked()] == [P1, P2]


def test_what_comes_twice_is_ignored() -> None:
    queue = make(ANN)
    queue.handle(waits(P1, 1.0), 1.0)
    for event, reason in (
        (waits(P1, 2.0), "already_waiting"),
        (PatientLeft(P2), "not_waiting"),
        (PatientReturned(P1), "no_change"),
        (DoctorOffDuty(BEN), "not_on_duty"),
        (DoctorFree(ANN, P2, DAY, None), "not_busy_with_it"),
    ):
        assert queue.handle(event, 3.0) == [Ignored(reason)]


def test_an_emergency_goes_before_everybody_and_a_coordinator_takes_it_back() -> None:
    queue = make()
    for number, patient in enumerate((P1, P2, P3)):
        queue.handle(waits(patient, float(number)), float(number))
    queue.handle(PrioritySet(P3, Priority.EMERGENCY), 3.0)
    assert [ticket.consultation for ticket in queue.line.ranked()] == [P3, P1, P2]
    queue.handle(PrioritySet(P3, Priority.ROUTINE), 4.0)
    assert [ticket.consultation for ticket in queue.line.ranked()] == [P1, P2, P3]
    assert queue.handle(PrioritySet(P3, Priority.ROUTINE), 5.0) == [Ignored("no_change")]
    assert queue.handle(PrioritySet(ConsultationId("nobody"), Priority.URGENT), 5.0) == [Ignored("not_waiting")]


def test_who_is_raised_takes_the_next_doctor_and_nobody_from_a_desk() -> None:
    queue = make(ANN)
    assert offers(queue.handle(waits(P1, 1.0), 1.0)) == [(P1, ANN)]
    queue.handle(waits(P2, 2.0), 2.0)
    queue.handle(waits(P3, 3.0), 3.0)
    assert queue.handle(PrioritySet(P3, Priority.EMERGENCY), 4.0) == []
    assert queue.handle(PrioritySet(P1, Priority.URGENT), 5.0) == []
    assert queue.line.offer_of(P1) is not None
    queue.handle(OfferAccepted(ANN, offer_to(queue, ANN)), 6.0)
    assert offers(queue.handle(DoctorOnDuty(BEN, (DAY,)), 7.0)) == [(P3, BEN)]
