"""From what is stored to what each onlooker sees. Pure; a person sees names of the own consultation and department only."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

from common.ids import ConsultationId, DepartmentId, PractitionerId
from rooms import recorded
from rooms.access import PRINCIPALS, admitted
from rooms.checks import Expectation
from rooms.line import Doctor, Line, Ticket
from rooms.link import OpenLink
from rooms.model import (
    IN_CALL,
    IN_LINE,
    Consultation,
    Desk,
    DeskView,
    DoctorState,
    DoctorView,
    InvitedView,
    LineView,
    OfferView,
    PatientView,
    PersonView,
    Placement,
    PlaceView,
    Role,
    Seat,
    SeatView,
    State,
)
from rooms.recents import Recent
from rooms.waits import places

SHOWN_IN_LINE = 50  # a screen shows a dozen; the count tells of the rest


@dataclass(frozen=True)
class Standing:
    """A hospital's line at one version. Whatever is read from it is computed once, however many ask."""

    version: int
    line: Line

    @cached_property
    def places(self) -> dict[ConsultationId, PlaceView]:
        return places(self.line)

    @cached_property
    def ranked(self) -> list[Ticket]:
        return self.line.ranked()

    def of(self, departments: tuple[DepartmentId, ...]) -> list[ConsultationId]:
        """Who waits in these departments, in the order of calling."""
        if departments not in self._of:
            self._of[departments] = [ticket.consultation for ticket in self.ranked if ticket.department in departments]
        return self._of[departments]

    @cached_property
    def _of(self) -> dict[tuple[DepartmentId, ...], list[ConsultationId]]:
        return {}  # as many as desks differ in their departments

    @cached_property
    def doctors(self) -> tuple[DoctorView, ...]:
        return doctor_views(self.line)

    @cached_property
    def offered(self) -> set[ConsultationId]:
        return self.line.offered()


def seat_views(
    consultation: Consultation, standing: Standing, placement: Placement | None, links: Sequence[OpenLink] = ()
) -> list[SeatView]:
    """One view for each seat that was not left. The sum of two growing numbers grows: one revision over both sources."""
    seats = consultation.present_seats()
    people = tuple(_person(seat) for seat in seats)
    patient = _patient(consultation)
    place = standing.places.get(consultation.id) if consultation.state in IN_LINE else None
    in_call = placement is not None and consultation.state in IN_CALL
    unanswered = recorded.unanswered(consultation)
    return [
        SeatView(
            revision=consultation.revision + standing.version,
            consultation=consultation.id,
            state=State.ENDED if consultation.state is State.SEALED else consultation.state,
            ended_reason=consultation.ended_reason,
            hospital=consultation.hospital,
            department=consultation.department,
            seat=seat.id,
            role=seat.role,
            people=people,
            patient=patient if seat.role in PRINCIPALS else None,
            place=place,
            callback=consultation.callback_since is not None,
            contact=masked(consultation.contact) if seat.role is Role.PATIENT else None,
            links=tuple(link for link in links if link.made_by == seat.id),
            admitted=admitted(consultation, seat),
            media_epoch=str(placement.generation) if placement and in_call and admitted(consultation, seat) else None,
            last_entry=consultation.last_entry,
            starts_at=consultation.starts_at,
            waiting_since=consultation.waiting_since,
            live_since=consultation.live_since,
            ended_at=consultation.ended_at,
            recording=consultation.recording,
            unanswered=unanswered,
        )
        for seat in seats
    ]


def shown_on(desk: Desk, standing: Standing) -> tuple[int, list[ConsultationId]]:
    """How many wait in the desk's departments, and the first of them, in the order of calling."""
    mine = standing.of(desk.departments)
    return len(mine), mine[:SHOWN_IN_LINE]


def wanted_by(desk: Desk, standing: Standing) -> list[ConsultationId]:
    """The consultations that `desk_view` must be given."""
    offer = standing.line.offer_to(desk.practitioner)
    doctor = standing.line.doctors.get(desk.practitioner)
    also = [one for one in (offer and offer.consultation, doctor and doctor.consultation) if one]
    return [*shown_on(desk, standing)[1], *also]


@dataclass(frozen=True)
class Surroundings:
    """What several desks of a hospital are seen from. `known` holds at least the consultations that they want (`wanted_by`),
    `ended` the ends of the doctors' consultations that were live; `recent` and `invited` may hold others'."""

    standing: Standing
    known: Mapping[ConsultationId, Consultation]
    ended: Mapping[PractitionerId, Sequence[float]]
    recent: Mapping[PractitionerId, Recent]
    invited: Sequence[Consultation]

    @cached_property
    def lines(self) -> dict[ConsultationId, LineView]:
        """Whoever is known and in line, once for all desks."""
        return {which: _line_view(one, self.standing) for which, one in self.known.items() if which in self.standing.line.tickets}


def desk_view(desk: Desk, seen: Surroundings) -> DeskView:
    """The desk of one doctor."""
    standing, known, recent = seen.standing, seen.known, seen.recent[desk.practitioner]
    waiting, shown = shown_on(desk, standing)
    doctor = standing.line.doctors.get(desk.practitioner)
    current = known.get(doctor.consultation) if doctor and doctor.consultation else None
    seat = current.principal(Role.PRACTITIONER) if current else None
    return DeskView(
        revision=standing.version + recent.changes,
        practitioner=desk.practitioner,
        on_duty=doctor.departments if doctor else (),
        waiting=waiting,
        queue=tuple(seen.lines[which] for which in shown if which in seen.lines),
        offer=_offer_view(desk.practitioner, standing, known),
        seat=seat.id if seat else None,
        consultation=current.id if current else None,
        seen_today=sum(at >= desk.day_start for at in seen.ended.get(desk.practitioner, ())),
        recent=recent.lines,
        doctors=standing.doctors if desk.triages else (),
        invited=tuple(_invited_view(one) for one in seen.invited if one.wanted == desk.practitioner),
    )


def doctor_views(line: Line) -> tuple[DoctorView, ...]:
    """Everybody on duty or in a consultation, the longest free first."""
    engaged = {offer.practitioner for offer in line.offers.values()}
    return tuple(
        DoctorView(doctor.practitioner, doctor.departments, _doctor_state(doctor, doctor.practitioner in engaged))
        for doctor in line.in_order(line.doctors.values())
    )


def _doctor_state(doctor: Doctor, offered: bool) -> DoctorState:
    if doctor.consultation is not None:
        return DoctorState.IN_CALL
    if doctor.away_since is not None:
        return DoctorState.AWAY
    return DoctorState.OFFERED if offered else DoctorState.FREE


def _person(seat: Seat) -> PersonView:
    return PersonView(
        seat=seat.id,
        role=seat.role,
        name=seat.name,
        practitioner=seat.practitioner,
        present=seat.connected,
        in_call=seat.in_call,
        microphone=seat.microphone,
        camera=seat.camera,
        confirmed=seat.confirmed_at is not None,
        rung=seat.rung,
        read=seat.read,
    )


def masked(contact: str | None) -> str | None:
    """An address that its owner recognises and nobody else learns: the first letter, and the domain."""
    if contact is None:
        return None
    name, _, domain = contact.partition("@")
    return f"{name[:1]}•••@{domain}"


def _patient(consultation: Consultation) -> PatientView:
    patient = consultation.principal(Role.PATIENT)
    check = patient.check if patient else None
    return PatientView(_name(consultation), consultation.birth_year, consultation.reason, check)


def _expect(consultation: Consultation) -> Expectation | None:
    patient = consultation.principal(Role.PATIENT)
    return patient.check.expect if patient and patient.check else None


def _name(consultation: Consultation) -> str:
    patient = consultation.principal(Role.PATIENT)
    return (patient.name if patient else None) or ""


def _line_view(consultation: Consultation, standing: Standing) -> LineView:
    ticket = standing.line.tickets[consultation.id]
    return LineView(
        consultation=consultation.id,
        department=ticket.department,
        name=_name(consultation),
        birth_year=consultation.birth_year,
        reason=consultation.reason,
        priority=ticket.priority,
        expect=_expect(consultation),
        waiting_since=ticket.waiting_since,
        state=State.OFFERED if consultation.id in standing.offered else State.WAITING,
        present=ticket.away_since is None,
        callback=consultation.callback_since is not None,
        wanted=ticket.wanted,
    )


def _invited_view(consultation: Consultation) -> InvitedView:
    return InvitedView(
        consultation=consultation.id,
        department=consultation.department,
        name=_name(consultation),
        starts_at=consultation.starts_at,
        expires_at=consultation.open_until or consultation.created_at,
        contact=masked(consultation.contact),
    )


def _offer_view(
    practitioner: PractitionerId, standing: Standing, known: Mapping[ConsultationId, Consultation]
) -> OfferView | None:
    offer = standing.line.offer_to(practitioner)
    consultation = known.get(offer.consultation) if offer else None
    if offer is None or consultation is None:
        return None
    ticket = standing.line.tickets[offer.consultation]
    return OfferView(
        offer=offer.id,
        consultation=offer.consultation,
        department=offer.department,
        name=_name(consultation),
        birth_year=consultation.birth_year,
        reason=consultation.reason,
        priority=ticket.priority,
        expect=_expect(consultation),
        waiting_since=ticket.waiting_since,
        made_at=offer.made_at,
        expires_at=offer.expires_at,
    )
