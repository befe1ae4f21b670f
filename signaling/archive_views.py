"""From what the archive knows to what its page is told: ids get names here, and nothing else is decided."""

from zoneinfo import ZoneInfo

from clinic.hospitals import Directory
from common.ids import HospitalId, PractitionerId
from common.wire import LocalText
from recording.core.retention import GRACE_S, PolicyPack, expires_at
from recording.core.rights import RIGHTS, Right, Viewer
from recording.core.supplement import Timeline
from recording.reading import Opened
from recording.records import Export, Found, Hold, PatientRequest, Place, Play, Recording
from signaling.socket import messages as wire

NOBODY = LocalText(zh="", en="")


def zone_of(directory: Directory, hospital: HospitalId) -> ZoneInfo:
    """Where a hospital's days end."""
    found = directory.hospitals.get(hospital)
    return ZoneInfo(found.time_zone if found is not None else "UTC")


def name_of(directory: Directory, practitioner: PractitionerId | None) -> LocalText | None:
    """A practitioner's name; none for nobody and for who is no longer known."""
    known = directory.practitioners.get(practitioner) if practitioner is not None else None
    return known.name if known is not None else None


def line(recording: Recording, viewer: Viewer, directory: Directory, pack: PolicyPack) -> wire.ArchiveLine:
    """A recording in the list."""
    department = directory.departments.get(recording.department)
    flaw = recording.verified.flaw if recording.verified else None
    kept = recording.kept
    return wire.ArchiveLine(
        recording=recording.id,
        consultation=recording.consultation,
        department=department.name if department else NOBODY,
        practitioner=name_of(directory, recording.practitioner),
        patient=recording.patient_name if viewer.has(Right.NAMES) else None,
        started_at=recording.started_at,
        ended_at=recording.ended_at,
        segments=recording.segments,
        octets=recording.octets,
        state=_state(recording),
        retention=kept.retention.value,
        held=kept.held,
        kept_until=expires_at(kept, pack, zone_of(directory, recording.hospital)),
        due_at=kept.announced_at + GRACE_S if kept.announced_at is not None else None,
        verified_at=recording.verified.at if recording.verified else None,
        verified_segments=recording.verified.segments if recording.verified else 0,
        flaw=wire.ArchiveFlaw(code=flaw.code, file=flaw.file, first=flaw.first, last=flaw.last) if flaw else None,
        uploading=recording.place is Place.UPLOADING,
        trouble=recording.trouble.code if recording.trouble else None,
        attempts=recording.trouble.attempts if recording.trouble else 0,
        next_try_at=recording.trouble.next_at if recording.trouble else None,
    )


def _state(recording: Recording) -> wire.ArchiveState:
    kept = recording.kept
    if kept.key_destroyed_at is not None:
        return "destroyed"
    if recording.verified is not None and recording.verified.flaw is not None:
        return "altered"
    if kept.held:
        return "held"
    if kept.announced_at is not None:
        return "due"
    if recording.place is Place.UPLOADING and recording.trouble is not None:
        return "uploading"
    return "verified" if recording.verified is not None else "sealed"


def page(
    found: Found, viewer: Viewer, directory: Directory, pack: PolicyPack, *, troubles: dict[str, int], requests: int, now: float
) -> wire.ArchivePage:
    """A page of the list, and what it can be narrowed by."""
    here = directory.hospitals[HospitalId(viewer.hospital)]
    doctors = [] if viewer.own_only else [who for who in directory.practitioners.values() if who.hospital == here.id]
    return wire.ArchivePage(
        recordings=[line(each, viewer, directory, pack) for each in found.recordings],
        matching=found.matching,
        total=found.total,
        next=f"{found.next.started_at!r}~{found.next.id}" if found.next else None,
        rights=sorted(right.value for right in RIGHTS.get(viewer.role, frozenset())),
        departments=[wire.ArchiveChoice(id=each.id, name=each.name) for each in here.departments],
        practitioners=[wire.ArchiveChoice(id=who.id, name=who.name) for who in doctors if who.departments],
        requests=requests,
        troubles=[wire.ArchiveTrouble(code=code, recordings=count) for code, count in troubles.items()],
        server_time=now,
    )


def hold(value: Hold, directory: Directory) -> wire.ArchiveHold:
    """A hold and who put it."""
    by = name_of(directory, value.by) or NOBODY
    return wire.ArchiveHold(by=by, reason=value.reason, since=value.since, released_at=value.released_at)


def export(value: Export) -> wire.ArchiveExport:
    """An export."""
    return wire.ArchiveExport(
        export=value.id,
        state=value.state.value,
        done=value.done,
        parts=value.parts,
        octets=value.octets,
        made_at=value.made_at,
        expires_at=value.expires_at,
        trouble=value.trouble,
    )


def request(value: PatientRequest, patient: str | None) -> wire.ArchiveRequest:
    """What a patient asked for."""
    return wire.ArchiveRequest(
        request=value.id,
        consultation=value.consultation,
        kind=value.kind.value,
        at=value.at,
        state=value.state.value,
        answer=value.answer,
        patient=patient,
    )


def granted(
    play: Play, recording: Recording, opened: Opened, timeline: Timeline | None, directory: Directory
) -> wire.PlayGranted:
    """Everything that a player needs but sound and picture themselves."""
    told, me = opened.manifest, directory.practitioners[play.practitioner]
    return wire.PlayGranted(
        play=play.id,
        expires_at=play.expires_at,
        viewer=me.name,
        staff_number=me.staff_number,
        purpose=play.purpose.value,
        started_at_ms=told.started_at_ms,
        duration_ms=told.duration_ms,
        people=people(recording, opened, directory),
        segments=[
            wire.PlaySegment(
                number=each.number, seat=each.seat, kind=each.kind, codec=each.codec, start_ms=each.start_ms, end_ms=each.end_ms
            )
            for each in told.segments
        ],
        gaps=[
            wire.PlayGap(
                seat=each.seat,
                kind=each.kind,
                from_ms=each.from_ms,
                to_ms=each.to_ms if each.to_ms is not None else told.duration_ms,
                reason=each.reason,
            )
            for each in told.gaps
        ],
        timeline=_entries(timeline),
    )


def people(recording: Recording, opened: Opened, directory: Directory) -> list[wire.PlayPerson]:
    """Who was recorded: the doctor and the patient by name, others by their role alone (nobody else keeps their names)."""
    doctor = name_of(directory, recording.practitioner) or NOBODY
    patient = LocalText(zh=recording.patient_name, en=recording.patient_name)
    found = []
    for each in opened.manifest.people:
        name = patient if each.seat == recording.patient else doctor if each.role == "practitioner" else NOBODY
        found.append(wire.PlayPerson(seat=each.seat, role=each.role, name=name))
    return found


def _entries(timeline: Timeline | None) -> list[wire.PlayEntry]:
    return [
        wire.PlayEntry(
            number=each.number,
            at_ms=each.at_ms,
            kind=each.kind,
            seat=each.seat,
            text=each.text,
            picture=each.picture,
            code=each.code,
            reason=each.reason,
        )
        for each in (timeline.lines if timeline is not None else ())
    ]
