"""From what the domain sees to what a browser is told: ids get their names here, and nothing else is decided.

The directory is read once a few seconds; a department renamed meanwhile keeps its old name that long.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Literal
from zoneinfo import ZoneInfo

from clinic.chart import NO_CHART, Chart, Summary
from clinic.hospitals import Directory, Practitioner, StaffRole
from clinic.intake import Intake
from clinic.people import Clinic
from common.clock import Clock
from common.errors import Unavailable
from common.ids import ConsultationId, HospitalId, PractitionerId
from common.wire import LocalText
from rooms.access import PRINCIPALS
from rooms.checks import Check
from rooms.link import LinkKind, LinkLook, OpenLink
from rooms.model import (
    OVER,
    DepartmentLoad,
    Desk,
    DeskView,
    DoctorView,
    InvitedView,
    LineView,
    OfferView,
    PatientView,
    PersonView,
    PlaceView,
    RecentView,
    Role,
    SeatView,
)
from rooms.service import Rooms
from signaling.recording_status import recording_status
from signaling.socket import messages as wire

_DIRECTORY_FOR_S = 5.0


class Names:
    """The clinic's directory, kept for a few seconds."""

    def __init__(self, clinic: Clinic, clock: Clock) -> None:
        self._clinic = clinic
        self._clock = clock
        self._directory: Directory | None = None
        self._read_at = 0.0

    async def directory(self) -> Directory:
        """The directory; a stale one is better than none while the database is away."""
        now = self._clock.now()
        if self._directory is None or not 0 <= now - self._read_at < _DIRECTORY_FOR_S:
            try:
                fresh = await self._clinic.directory()
                self._directory = self._directory if fresh == self._directory else fresh  # the same object is quickly compared
                self._read_at = now
            except Unavailable:
                if self._directory is None:
                    raise
        return self._directory


def seat_state(view: SeatView, chart: Chart, directory: Directory, trouble: str | None, now: float) -> wire.SeatState:
    """What the holder of a seat is told. The summary is for the two principals, the rating for the patient alone.

    `trouble`: why nothing is recorded though it should be, for the doctor.
    """
    over = view.state in OVER
    hospital = directory.hospitals[view.hospital]
    return wire.SeatState(
        revision=view.revision,
        server_time=now,
        consultation=view.consultation,
        state="ended" if view.state == "sealed" else view.state.value,  # type: ignore[arg-type]
        ended_reason=view.ended_reason.value if view.ended_reason else None,
        hospital=hospital.name,
        department=directory.departments[view.department].name,
        emergency_number=hospital.emergency_number,
        time_zone=hospital.time_zone,
        seat=view.seat,
        people=[_person(person, directory) for person in view.people],
        patient=_brief(view.patient, chart.intake),
        place=_place(view.place),
        callback=view.callback,
        contact=view.contact,
        links=[_open_link(link) for link in view.links],
        media_epoch=view.media_epoch,
        last_entry=view.last_entry,
        starts_at=view.starts_at,
        waiting_since=view.waiting_since,
        live_since=view.live_since,
        ended_at=view.ended_at,
        summary=_summary(chart.summary) if over and view.role in PRINCIPALS else None,
        rating=chart.rating.value if chart.rating is not None and view.role is Role.PATIENT else None,
        recording=recording_status(view.recording, hospital, view.seat, view.unanswered, trouble),
    )


def desk_of(practitioner: PractitionerId, directory: Directory, midnight: float) -> Desk:
    """What a desk is to show: the departments of a doctor's own; to a coordinator all of the hospital, and its doctors."""
    person = directory.practitioners[practitioner]
    triages = person.role is StaffRole.COORDINATOR
    all_of_them = tuple(department.id for department in directory.hospitals[person.hospital].departments)
    return Desk(practitioner, all_of_them if triages else person.departments, midnight, triages)


def desk_state(view: DeskView, charts: Mapping[ConsultationId, Chart], directory: Directory, now: float) -> wire.DeskState:
    """What a doctor's desk is told."""
    return wire.DeskState(
        revision=view.revision,
        server_time=now,
        on_duty=list(view.on_duty),
        waiting=view.waiting,
        queue=[_line(line, charts.get(line.consultation, NO_CHART), view.practitioner) for line in view.queue],
        offer=_offer(view.offer, charts),
        seat=view.seat,
        seen_today=view.seen_today,
        invited=[_invited(one) for one in view.invited],
        recent=[_recent(line) for line in view.recent],
        doctors=[_doctor(doctor, directory) for doctor in view.doctors],
    )


def link_card(look: LinkLook, directory: Directory) -> wire.LinkCard:
    """What a link opens, for whoever holds it."""
    hospital = directory.hospitals[look.hospital]
    doctor = directory.practitioners.get(look.practitioner) if look.practitioner else None
    return wire.LinkCard(
        kind=look.kind.value,
        hospital=hospital.name,
        department=directory.departments[look.department].name,
        emergency_number=hospital.emergency_number,
        patient=LocalText(zh=look.patient, en=look.patient),
        practitioner=_practitioner(doctor) if doctor else None,
        time_zone=hospital.time_zone,
        starts_at=look.starts_at,
        expires_at=look.expires_at,
        in_use=look.in_use,
    )


def day_start(directory: Directory, hospital: HospitalId, now: float) -> float:
    """The last midnight at the hospital, in seconds since 1970 UTC."""
    local = datetime.fromtimestamp(now, ZoneInfo(directory.hospitals[hospital].time_zone))
    return local.replace(hour=0, minute=0, second=0, microsecond=0).timestamp()


def hospital_list(directory: Directory, loads: dict[HospitalId, list[DepartmentLoad]]) -> wire.HospitalList:
    """Every hospital with its departments, how many doctors are there and how many wait."""
    return wire.HospitalList(
        hospitals=[
            wire.Hospital(
                id=hospital.id,
                name=hospital.name,
                emergency_number=hospital.emergency_number,
                departments=_departments(directory, hospital.id, loads.get(hospital.id, [])),
            )
            for hospital in directory.hospitals.values()
        ]
    )


def named_by(view: DeskView) -> list[ConsultationId]:
    """The consultations whose charts a desk shows something of."""
    return [line.consultation for line in view.queue] + ([view.offer.consultation] if view.offer else [])


def staff_session(directory: Directory, practitioner: PractitionerId, loads: list[DepartmentLoad]) -> wire.StaffSession:
    """Who is signed in, and the departments that a doctor may take patients of, or a coordinator triages."""
    person = directory.practitioners[practitioner]
    own = set(desk_of(practitioner, directory, 0.0).departments)
    return wire.StaffSession(
        practitioner=_practitioner(person),
        role=person.role.value,
        hospital=directory.hospitals[person.hospital].name,
        departments=[d for d in _departments(directory, person.hospital, loads) if d.id in own],
    )


def _practitioner(person: Practitioner) -> wire.Practitioner:
    return wire.Practitioner(id=person.id, name=person.name, title=person.title)


def _open_link(link: OpenLink) -> wire.OpenLink:
    if link.kind is LinkKind.RESUME:
        return wire.OpenLink(link=link.id, role="self", expires_at=link.expires_at)
    role: Literal["companion", "interpreter"] = "companion" if link.kind is LinkKind.COMPANION else "interpreter"
    return wire.OpenLink(link=link.id, role=role, expires_at=link.expires_at)


def _invited(invited: InvitedView) -> wire.InvitedLine:
    return wire.InvitedLine(
        consultation=invited.consultation,
        department=invited.department,
        name=LocalText(zh=invited.name, en=invited.name),
        starts_at=invited.starts_at,
        expires_at=invited.expires_at,
        contact=invited.contact,
    )


def _departments(directory: Directory, hospital: HospitalId, loads: list[DepartmentLoad]) -> list[wire.Department]:
    load_of = {load.department: load for load in loads}
    return [
        wire.Department(
            id=department.id,
            name=department.name,
            on_duty=load.on_duty if (load := load_of.get(department.id)) else 0,
            waiting=load.waiting if load else 0,
        )
        for department in directory.hospitals[hospital].departments
    ]


def _person(person: PersonView, directory: Directory) -> wire.Person:
    known = directory.practitioners.get(person.practitioner) if person.practitioner else None
    name = known.name if known else LocalText(zh=person.name or "", en=person.name or "")
    return wire.Person(
        seat=person.seat,
        role=person.role.value,
        name=name,
        title=known.title if known else None,
        present=person.present,
        in_call=person.in_call,
        microphone=person.microphone,
        camera=person.camera,
        confirmed=person.confirmed,
        rung=person.rung.value,
        read=person.read,
    )


def _brief(patient: PatientView | None, intake: Intake | None) -> wire.PatientBrief | None:
    if patient is None:
        return None
    name = LocalText(zh=patient.name, en=patient.name)
    return wire.PatientBrief(
        name=name,
        birth_year=patient.birth_year,
        reason=patient.reason,
        intake=_intake(intake),
        check=_check(patient.check),
    )


def _intake(intake: Intake | None) -> wire.Intake | None:
    if intake is None:
        return None
    return wire.Intake(
        history=intake.history,
        allergies=intake.allergies,
        red_flags=[flag.value for flag in intake.red_flags],
        done=intake.done,
    )


def _summary(summary: Summary | None) -> wire.Summary | None:
    return wire.Summary(agreed=list(summary.agreed), next_step=summary.next_step) if summary is not None else None


def check_result(check: Check) -> wire.CheckResult:
    """What a seat's test came to."""
    found = check.findings
    return wire.CheckResult(
        at=check.at,
        expect=check.expect.value,
        microphone=found.microphone.value,
        camera=found.camera.value,
        speaker=found.speaker.value,
        paths=[wire.PathResult(path=p.path.value, works=p.works, round_trip_ms=p.round_trip_ms) for p in found.paths],
        up_bps=found.up_bps,
        down_bps=found.down_bps,
    )


def _check(check: Check | None) -> wire.CheckResult | None:
    return check_result(check) if check is not None else None


def _place(place: PlaceView | None) -> wire.Place | None:
    if place is None:
        return None
    return wire.Place(
        ahead=place.ahead,
        low_minutes=place.low_minutes,
        high_minutes=place.high_minutes,
        doctors_on_duty=place.doctors_on_duty,
    )


def _recent(line: RecentView) -> wire.RecentLine:
    return wire.RecentLine(
        consultation=line.consultation,
        seat=line.seat,
        name=LocalText(zh=line.name, en=line.name),
        ended_at=line.ended_at,
        unread=line.unread,
    )


def _line(line: LineView, chart: Chart, practitioner: PractitionerId) -> wire.QueueLine:
    return wire.QueueLine(
        consultation=line.consultation,
        department=line.department,
        name=LocalText(zh=line.name, en=line.name),
        birth_year=line.birth_year,
        reason=line.reason,
        priority=line.priority.value,
        red_flags=[flag.value for flag in chart.intake.red_flags] if chart.intake else [],
        expect=line.expect.value if line.expect else None,
        waiting_since=line.waiting_since,
        state="offered" if line.state == "offered" else "waiting",
        present=line.present,
        callback=line.callback,
        for_you=line.wanted == practitioner,
    )


def _doctor(doctor: DoctorView, directory: Directory) -> wire.DeskDoctor:
    known = directory.practitioners.get(doctor.practitioner)
    return wire.DeskDoctor(
        practitioner=doctor.practitioner,
        name=known.name if known else LocalText(zh="", en=""),
        departments=list(doctor.departments),
        state=doctor.state.value,
    )


def _offer(offer: OfferView | None, charts: Mapping[ConsultationId, Chart]) -> wire.Offer | None:
    if offer is None:
        return None
    return wire.Offer(
        id=offer.offer,
        consultation=offer.consultation,
        department=offer.department,
        name=LocalText(zh=offer.name, en=offer.name),
        birth_year=offer.birth_year,
        reason=offer.reason,
        priority=offer.priority.value,
        intake=_intake(charts.get(offer.consultation, NO_CHART).intake),
        expect=offer.expect.value if offer.expect else None,
        waiting_since=offer.waiting_since,
        made_at=offer.made_at,
        expires_at=offer.expires_at,
    )


async def all_loads(rooms: Rooms, directory: Directory) -> dict[HospitalId, list[DepartmentLoad]]:
    """Loads of every hospital."""
    return {hospital: await rooms.loads(hospital) for hospital in directory.hospitals}
