"""The queue of one hospital: who is offered to whom, and until when. A pure core: events and time in, orders out.

Promises: nobody is in two offers; order as line.py has it, passing over those who are away or whom all free doctors have
refused; every offer ends; a patient passes on to the next doctor and comes back to one who refused only when no other doctor
is free and after a cool-down; the same events give the same result on any node. It never reads a clock, draws a number,
stores or sends anything.
"""

import base64
import hashlib
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import assert_never

from common.ids import ConsultationId, DepartmentId, OfferId, PractitionerId
from rooms.callback import CALL_GRACE_S, CALLS, near
from rooms.effects import DoctorPutOffDuty, OfferConsultation, PutOffReason, WithdrawOffer, WithdrawReason
from rooms.line import RECENT_LENGTHS, Doctor, Line, Offer, Ticket
from rooms.model import Ignored, Priority

OFFER_S = 30.0
COOL_DOWN_S = 30.0
UNANSWERED_LIMIT = 2  # one silence is a doctor looking away, two are a doctor who is not there
AWAY_GRACE_S = 5.0  # a reload takes 1 to 3 s: it must not cost the offer
DESK_GONE_S = 300.0  # a desk closed for five minutes is not on duty, whatever it said


@dataclass(frozen=True, slots=True)
class PatientWaits:
    """A patient takes a place; `present` says whether a browser is connected."""

    consultation: ConsultationId
    department: DepartmentId
    priority: Priority
    at: float
    wanted: PractitionerId | None = None
    present: bool = True


@dataclass(frozen=True, slots=True)
class PatientLeft:
    consultation: ConsultationId


@dataclass(frozen=True, slots=True)
class PatientAway:
    consultation: ConsultationId


@dataclass(frozen=True, slots=True)
class PatientReturned:
    consultation: ConsultationId


@dataclass(frozen=True, slots=True)
class PrioritySet:
    """Somebody who may triage says how urgent a waiting patient is. An open offer of the patient's stays as it is."""

    consultation: ConsultationId
    priority: Priority


@dataclass(frozen=True, slots=True)
class CallbackWished:
    """A patient wants to be called back when the turn is near and they are away, or (`wished` false) not any more."""

    consultation: ConsultationId
    wished: bool


@dataclass(frozen=True, slots=True)
class DoctorOnDuty:
    """From now on for these departments (at least one) and no others."""

    practitioner: PractitionerId
    departments: tuple[DepartmentId, ...]
    present: bool = True


@dataclass(frozen=True, slots=True)
class DoctorOffDuty:
    practitioner: PractitionerId


@dataclass(frozen=True, slots=True)
class DoctorAway:
    practitioner: PractitionerId


@dataclass(frozen=True, slots=True)
class DoctorReturned:
    practitioner: PractitionerId


@dataclass(frozen=True, slots=True)
class DoctorBusy:
    """A consultation began without an offer of ours."""

    practitioner: PractitionerId
    consultation: ConsultationId


@dataclass(frozen=True, slots=True)
class DoctorFree:
    """A consultation ended; `length_s` is its live time where there was one."""

    practitioner: PractitionerId
    consultation: ConsultationId
    department: DepartmentId
    length_s: float | None


@dataclass(frozen=True, slots=True)
class OfferAccepted:
    practitioner: PractitionerId
    offer: OfferId


@dataclass(frozen=True, slots=True)
class OfferDeclined:
    practitioner: PractitionerId
    offer: OfferId


@dataclass(frozen=True, slots=True)
class TimePassed:
    """Nothing but time: whatever is due happens."""


Event = (
    PatientWaits | PatientLeft | PatientAway | PatientReturned | PrioritySet | CallbackWished
    | DoctorOnDuty | DoctorOffDuty | DoctorAway | DoctorReturned | DoctorBusy | DoctorFree
    | OfferAccepted | OfferDeclined | TimePassed
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class JoinConsultation:
    """Seat this doctor with this patient: the offer was accepted and neither is in the line any more."""

    offer: OfferId
    consultation: ConsultationId
    practitioner: PractitionerId


@dataclass(frozen=True, slots=True)
class CallPatient:
    """The turn of a patient who is away is near: call them, once."""

    consultation: ConsultationId


Decision = OfferConsultation | WithdrawOffer | DoctorPutOffDuty | JoinConsultation | CallPatient | Ignored


class Queue:
    """The core over one `Line`, which it changes in place (records are replaced, never edited)."""

    def __init__(self, line: Line) -> None:
        self.line = line

    def handle(self, event: Event, now: float) -> list[Decision]:
        """What was due until `now` happens first, so a late answer finds its offer gone; then the event; then offers and calls.

        What the event makes due at once (a consultation ends, and the desk has been closed for long) happens with it.
        """
        return [*self._due(now), *self._apply(event, now), *self._due(now), *self._offer(now), *self._call(now)]

    def deadline(self) -> float | None:
        """When `TimePassed` would change something; always after the last `now`."""
        return min(self._deadlines(), default=None)

    # --- events ---------------------------------------------------------------------------------------------------------

    def _apply(self, event: Event, now: float) -> list[Decision]:
        match event:
            case PatientWaits():
                return self._patient_waits(event, now)
            case PatientLeft(consultation):
                return self._patient_left(consultation)
            case PatientAway(consultation):
                return self._patient_presence(consultation, now)
            case PatientReturned(consultation):
                return self._patient_presence(consultation, None)
            case PrioritySet(consultation, priority):
                return self._priority_set(consultation, priority)
            case CallbackWished(consultation, wished):
                return self._callback_wished(consultation, wished)
            case DoctorOnDuty(practitioner, departments, present):
                return self._doctor_on_duty(practitioner, departments, present, now)
            case DoctorOffDuty(practitioner):
                return self._off_duty(practitioner, now)
            case DoctorAway(practitioner):
                return self._doctor_presence(practitioner, now)
            case DoctorReturned(practitioner):
                return self._doctor_presence(practitioner, None)
            case DoctorBusy(practitioner, consultation):
                return self._doctor_busy(practitioner, consultation, now)
            case DoctorFree():
                return self._doctor_free(event, now)
            case OfferAccepted(practitioner, offer):
                return self._accepted(practitioner, offer, now)
            case OfferDeclined(practitioner, offer):
                return self._declined(practitioner, offer, now)
            case TimePassed():
                return []
            case _:
                assert_never(event)

    def _patient_waits(self, event: PatientWaits, now: float) -> list[Decision]:
        line = self.line
        if event.consultation in line.tickets:
            return [Ignored("already_waiting")]
        line.arrivals += 1
        line.last_arrival = max(line.last_arrival, event.at)  # nodes' clocks differ; arrivals must not overtake by that
        line.tickets[event.consultation] = Ticket(
            consultation=event.consultation,
            department=event.department,
            priority=event.priority,
            number=line.arrivals,
            waiting_since=line.last_arrival,
            wanted=event.wanted,
            away_since=None if event.present else now,
        )
        return []

    def _patient_left(self, consultation: ConsultationId) -> list[Decision]:
        if self.line.tickets.pop(consultation, None) is None:
            return [Ignored("not_waiting")]
        offer = self.line.offer_of(consultation)
        return [self._close(offer, WithdrawReason.PATIENT_LEFT)] if offer else []

    def _patient_presence(self, consultation: ConsultationId, away_since: float | None) -> list[Decision]:
        ticket = self.line.tickets.get(consultation)
        if ticket is None:
            return [Ignored("not_waiting")]
        if (ticket.away_since is None) == (away_since is None):
            return [Ignored("no_change")]
        self.line.tickets[consultation] = replace(ticket, away_since=away_since)
        return []

    def _priority_set(self, consultation: ConsultationId, priority: Priority) -> list[Decision]:
        ticket = self.line.tickets.get(consultation)
        if ticket is None:
            return [Ignored("not_waiting")]
        if ticket.priority is priority:
            return [Ignored("no_change")]
        self.line.tickets[consultation] = replace(ticket, priority=priority)
        return []

    def _callback_wished(self, consultation: ConsultationId, wished: bool) -> list[Decision]:
        ticket = self.line.tickets.get(consultation)
        if ticket is None:
            return [Ignored("not_waiting")]
        calls = CALLS - ticket.calls_made if wished else 0  # a wish taken back and made anew gives no more calls
        if ticket.calls_left == calls:
            return [Ignored("no_change")]
        self.line.tickets[consultation] = replace(ticket, calls_left=calls)
        return []

    def _doctor_on_duty(
        self, practitioner: PractitionerId, departments: tuple[DepartmentId, ...], present: bool, now: float
    ) -> list[Decision]:
        before = self.line.doctors.get(practitioner) or Doctor(practitioner, (), free_since=now)
        away_since = None if present else (before.away_since if before.away_since is not None else now)
        serves = tuple(sorted(set(departments)))
        self.line.doctors[practitioner] = replace(before, departments=serves, away_since=away_since, unanswered=0)
        offer = self.line.offer_to(practitioner)
        return [self._close(offer, WithdrawReason.OFF_DUTY)] if offer and offer.department not in serves else []

    def _off_duty(self, practitioner: PractitionerId, now: float) -> list[Decision]:
        doctor = self.line.doctors.get(practitioner)
        if doctor is None or not doctor.departments:
            return [Ignored("not_on_duty")]
        offer = self.line.offer_to(practitioner)
        self._keep(replace(doctor, departments=(), unanswered=0))
        return [self._close(offer, WithdrawReason.OFF_DUTY)] if offer else []

    def _doctor_presence(self, practitioner: PractitionerId, away_since: float | None) -> list[Decision]:
        doctor = self.line.doctors.get(practitioner)
        if doctor is None:
            return [Ignored("not_on_duty")]
        if (doctor.away_since is None) == (away_since is None):
            return [Ignored("no_change")]
        self.line.doctors[practitioner] = replace(doctor, away_since=away_since)
        return []

    def _doctor_busy(self, practitioner: PractitionerId, consultation: ConsultationId, now: float) -> list[Decision]:
        doctor = self.line.doctors.get(practitioner) or Doctor(practitioner, (), free_since=now)
        if doctor.consultation is not None:
            return [Ignored("already_busy")]
        self.line.doctors[practitioner] = replace(doctor, consultation=consultation, unanswered=0)
        offer = self.line.offer_to(practitioner)
        return [self._close(offer, WithdrawReason.DOCTOR_BUSY)] if offer else []

    def _doctor_free(self, event: DoctorFree, now: float) -> list[Decision]:
        doctor = self.line.doctors.get(event.practitioner)
        if doctor is None or doctor.consultation != event.consultation:
            return [Ignored("not_busy_with_it")]
        self._keep(replace(doctor, consultation=None, free_since=now))
        if event.length_s is not None:
            recent = (*self.line.lengths.get(event.department, ()), event.length_s)
            self.line.lengths[event.department] = recent[-RECENT_LENGTHS:]
        return []

    def _accepted(self, practitioner: PractitionerId, offer_id: OfferId, now: float) -> list[Decision]:
        offer = self.line.offers.get(offer_id)
        if offer is None or offer.practitioner != practitioner:
            return [Ignored("offer_gone")]
        del self.line.offers[offer_id]
        del self.line.tickets[offer.consultation]
        doctor = self.line.doctors[practitioner]
        self.line.doctors[practitioner] = replace(doctor, consultation=offer.consultation, unanswered=0, free_since=now)
        return [JoinConsultation(offer_id, offer.consultation, practitioner)]

    def _declined(self, practitioner: PractitionerId, offer_id: OfferId, now: float) -> list[Decision]:
        offer = self.line.offers.get(offer_id)
        if offer is None or offer.practitioner != practitioner:
            return [Ignored("offer_gone")]
        self._refuse(offer, now, unanswered=0)
        return [self._close(offer, WithdrawReason.DECLINED)]

    # --- what ends by itself --------------------------------------------------------------------------------------------

    def _due(self, now: float) -> Iterator[Decision]:
        for offer in self.line.by_due():
            if offer.expires_at <= now:
                yield from self._timed_out(offer, now)
            elif self._away_until(self.line.tickets[offer.consultation].away_since) <= now:
                yield self._close(offer, WithdrawReason.PATIENT_AWAY)
            elif self._away_until(self.line.doctors[offer.practitioner].away_since) <= now:
                yield self._close(offer, WithdrawReason.DOCTOR_AWAY)
        for doctor in self.line.in_order(self._deserted()):
            if doctor.away_since is not None and doctor.away_since + DESK_GONE_S <= now:
                self._keep(replace(doctor, departments=(), unanswered=0))
                yield DoctorPutOffDuty(doctor.practitioner, PutOffReason.AWAY)

    def _timed_out(self, offer: Offer, now: float) -> Iterator[Decision]:
        unanswered = self.line.doctors[offer.practitioner].unanswered + 1
        self._refuse(offer, now, unanswered)
        yield self._close(offer, WithdrawReason.TIMED_OUT)
        if unanswered >= UNANSWERED_LIMIT:
            self._keep(replace(self.line.doctors[offer.practitioner], departments=(), unanswered=0))
            yield DoctorPutOffDuty(offer.practitioner, PutOffReason.UNANSWERED)

    def _refuse(self, offer: Offer, now: float, unanswered: int) -> None:
        ticket = self.line.tickets[offer.consultation]
        self.line.tickets[offer.consultation] = ticket.refused_by(offer.practitioner, now)
        doctor = self.line.doctors[offer.practitioner]
        self.line.doctors[offer.practitioner] = replace(doctor, unanswered=unanswered, free_since=now)

    def _close(self, offer: Offer, reason: WithdrawReason) -> WithdrawOffer:
        del self.line.offers[offer.id]
        return WithdrawOffer(offer.id, offer.consultation, offer.practitioner, reason)

    def _keep(self, doctor: Doctor) -> None:
        """Keep the record while it says something: on duty, or in a consultation."""
        if doctor.departments or doctor.consultation is not None:
            self.line.doctors[doctor.practitioner] = doctor
        else:
            del self.line.doctors[doctor.practitioner]

    def _deserted(self) -> Iterator[Doctor]:
        """On duty by word, with a closed desk and nobody in the room."""
        for doctor in self.line.doctors.values():
            if doctor.departments and doctor.away_since is not None and doctor.consultation is None:
                yield doctor

    @staticmethod
    def _away_until(away_since: float | None) -> float:
        return float("inf") if away_since is None else away_since + AWAY_GRACE_S

    # --- new offers -----------------------------------------------------------------------------------------------------

    def _offer(self, now: float) -> Iterator[Decision]:
        free = self._free()
        offered = self.line.offered() if free else set()
        for ticket in self.line.ranked() if free else ():
            if ticket.away_since is None and ticket.consultation not in offered and free.get(ticket.department):
                doctor = self._choose(ticket, free[ticket.department], now)
                if doctor is not None:
                    for department in doctor.departments:
                        free[department].remove(doctor)
                    yield self._make_offer(ticket, doctor, now)

    def _free(self) -> dict[DepartmentId, list[Doctor]]:
        """Doctors who could be offered somebody now, by department, the longest free first."""
        engaged = {offer.practitioner for offer in self.line.offers.values()}
        free: dict[DepartmentId, list[Doctor]] = defaultdict(list)
        for doctor in self.line.in_order(self.line.doctors.values()):
            if doctor.at_work and doctor.consultation is None and doctor.practitioner not in engaged:
                for department in doctor.departments:
                    free[department].append(doctor)
        return free

    @staticmethod
    def _choose(ticket: Ticket, free: list[Doctor], now: float) -> Doctor | None:
        """One who has not refused; else, when all free ones have, whoever refused longest ago and has cooled down."""
        refused: list[tuple[float, Doctor]] = []
        for doctor in free:
            if ticket.wanted is not None and ticket.wanted != doctor.practitioner:
                continue
            at = ticket.refused_at(doctor.practitioner)
            if at is None:
                return doctor
            refused.append((at, doctor))
        if not refused:
            return None
        at, doctor = min(refused, key=lambda pair: (pair[0], pair[1].free_since, pair[1].practitioner))
        return doctor if at + COOL_DOWN_S <= now else None

    def _make_offer(self, ticket: Ticket, doctor: Doctor, now: float) -> OfferConsultation:
        line = self.line
        line.offers_made += 1
        offer = Offer(
            id=_offer_id(f"{line.hospital}/{line.offers_made}"),
            consultation=ticket.consultation,
            practitioner=doctor.practitioner,
            department=ticket.department,
            made_at=now,
            expires_at=now + OFFER_S,
        )
        line.offers[offer.id] = offer
        return OfferConsultation(offer.id, offer.consultation, offer.practitioner, offer.made_at, offer.expires_at)

    # --- calls ----------------------------------------------------------------------------------------------------------

    def _call(self, now: float) -> Iterator[Decision]:
        for ticket in near(self.line):
            if self._callable_at(ticket) <= now:
                left, made = ticket.calls_left - 1, ticket.calls_made + 1
                self.line.tickets[ticket.consultation] = replace(ticket, calls_left=left, calls_made=made, called_at=now)
                yield CallPatient(ticket.consultation)

    @staticmethod
    def _callable_at(ticket: Ticket) -> float:
        return float("inf") if ticket.away_since is None else ticket.away_since + CALL_GRACE_S

    # --- time -----------------------------------------------------------------------------------------------------------

    def _deadlines(self) -> Iterator[float]:
        for offer in self.line.offers.values():
            yield offer.expires_at
            yield self._away_until(self.line.tickets[offer.consultation].away_since)
            yield self._away_until(self.line.doctors[offer.practitioner].away_since)
        for doctor in self._deserted():
            if doctor.away_since is not None:
                yield doctor.away_since + DESK_GONE_S
        yield from self._cool_downs()
        yield from (self._callable_at(ticket) for ticket in near(self.line))

    def _cool_downs(self) -> Iterator[float]:
        free, offered = self._free(), self.line.offered()
        for ticket in self.line.tickets.values():
            if ticket.refusals and ticket.away_since is None and ticket.consultation not in offered:
                for doctor in free.get(ticket.department, ()):
                    at = ticket.refused_at(doctor.practitioner)
                    if at is not None and ticket.wanted in (None, doctor.practitioner):
                        yield at + COOL_DOWN_S


def _offer_id(name: str) -> OfferId:
    """An id of the usual form that every node computes alike (a random one would differ)."""
    digest = hashlib.sha256(name.encode()).digest()[:10]
    return OfferId("o_" + base64.b32encode(digest).decode().lower())
