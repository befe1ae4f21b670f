"""Rows of the archive's tables as values and back. Decides nothing."""

import json
from typing import Any

from sqlalchemy import Row

from common.ids import ConsultationId, DepartmentId, HospitalId, PractitionerId, RecordingId, SeatId
from recording.core.retention import Kept, RetentionClass
from recording.records import (
    Export,
    ExportState,
    Flaw,
    Hold,
    PatientRequest,
    Place,
    Purpose,
    Recording,
    RequestKind,
    RequestState,
    Trouble,
    Verified,
)


def to_recording(row: Row[Any]) -> Recording:
    """A row of `recording`."""
    return Recording(
        id=RecordingId(row.id),
        hospital=HospitalId(row.hospital),
        department=DepartmentId(row.department),
        consultation=ConsultationId(row.consultation),
        practitioner=PractitionerId(row.practitioner) if row.practitioner else None,
        patient=SeatId(row.patient) if row.patient else None,
        patient_name=row.patient_name,
        started_at=row.started_at,
        ended_at=row.ended_at,
        segments=row.segments,
        octets=row.octets,
        digest=row.digest,
        place=Place(row.place),
        kept=_kept(row),
        wrapped_key=row.wrapped_key,
        verified=_verified(row),
        trouble=Trouble(row.trouble, row.attempts, row.next_at or 0.0) if row.trouble else None,
        pushed_at=row.pushed_at,
    )


def from_recording(value: Recording) -> dict[str, object]:
    """A new row of `recording`."""
    return {
        "id": value.id,
        "hospital": value.hospital,
        "department": value.department,
        "consultation": value.consultation,
        "practitioner": value.practitioner,
        "patient": value.patient,
        "patient_name": value.patient_name,
        "started_at": value.started_at,
        "ended_at": value.ended_at,
        "segments": value.segments,
        "octets": value.octets,
        "digest": value.digest,
        "place": value.place.value,
        "retention": value.kept.retention.value,
        "held": value.kept.held,
        "wrapped_key": value.wrapped_key,
        "verified_segments": 0,
        "attempts": 0,
        "next_at": value.ended_at if value.place is Place.UPLOADING else None,
        "push_attempts": 0,
        "push_next_at": value.ended_at,
    }


def write_flaw(flaw: Flaw | None) -> str | None:
    """A flaw as the column holds it."""
    return json.dumps([flaw.code, flaw.file, flaw.first, flaw.last]) if flaw is not None else None


def to_hold(row: Row[Any]) -> Hold:
    """A row of `recording_hold`."""
    return Hold(row.id, RecordingId(row.recording), PractitionerId(row.by), row.reason, row.since, row.released_at)


def to_export(row: Row[Any]) -> Export:
    """A row of `recording_export`."""
    return Export(
        id=row.id,
        recording=RecordingId(row.recording),
        hospital=HospitalId(row.hospital),
        by=PractitionerId(row.by),
        purpose=Purpose(row.purpose),
        language=row.language,
        state=ExportState(row.state),
        done=row.done,
        parts=row.parts,
        octets=row.octets,
        made_at=row.made_at,
        expires_at=row.expires_at,
        trouble=row.trouble,
    )


def to_request(row: Row[Any]) -> PatientRequest:
    """A row of `recording_request`."""
    return PatientRequest(
        id=row.id,
        hospital=HospitalId(row.hospital),
        consultation=ConsultationId(row.consultation),
        seat=SeatId(row.seat),
        kind=RequestKind(row.kind),
        at=row.at,
        state=RequestState(row.state),
        decided_by=PractitionerId(row.decided_by) if row.decided_by else None,
        decided_at=row.decided_at,
        answer=row.answer,
    )


def _kept(row: Row[Any]) -> Kept:
    return Kept(
        ended_at=row.ended_at,
        retention=RetentionClass(row.retention),
        held=row.held,
        announced_at=row.announced_at,
        looked_at=row.looked_at,
        erasure_granted_at=row.erasure_granted_at,
        key_destroyed_at=row.key_destroyed_at,
        destroyed_at=row.destroyed_at,
    )


def _verified(row: Row[Any]) -> Verified | None:
    if row.verified_at is None:
        return None
    flaw = Flaw(*json.loads(row.flaw)) if row.flaw is not None else None
    return Verified(row.verified_at, row.verified_segments, flaw)
