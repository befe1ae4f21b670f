"""Who looked at a patient's record or recording, for that patient: read from the audit trail, and named.

Decides which acts are a look, and that staff alone are named: what the patient and those beside them did is theirs to know.
"""

from clinic.hospitals import Directory
from common.database import Database
from common.evidence import audit
from common.evidence.entry import AuditEntry
from common.ids import PractitionerId
from rooms.model import Consultation
from signaling.socket import messages as wire
from signaling.socket.messages.access import AccessAct

MOST = 200
"""The latest: more than a person reads, and a bound."""
LOOKS: dict[str, AccessAct] = {
    "offer_shown": "offer_shown",
    "consultation_connecting": "visit_taken",
    "notes_read": "record_read",
    "notes_saved": "record_written",
    "summary_given": "record_written",
    "priority_set": "triaged",
    "recording_played": "recording_played",
    "recording_verified": "recording_checked",
    "recording_described": "recording_described",
    "export_ordered": "copy_made",
    "export_fetched": "copy_fetched",
    "recording_held": "recording_held",
    "recording_classified": "recording_classified",
}


class AccessLog:
    """Reads of the audit trail for one consultation's patient. Every method may raise Unavailable."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def of(self, consultation: Consultation, directory: Directory) -> wire.AccessLog:
        """What people of the hospital looked at, the latest first."""
        recording = consultation.recording
        subjects = [consultation.id, *([recording.id] if recording is not None else [])]
        async with self._database.reading() as connection:
            entries = await audit.of_subjects(connection, subjects, tuple(LOOKS), MOST + 1)
        lines = [line for entry in entries[:MOST] if (line := _line(entry, directory)) is not None]
        return wire.AccessLog(seat=_patient(consultation), looks=lines, more=len(entries) > MOST)


def _patient(consultation: Consultation) -> str:
    return next(seat.id for seat in consultation.seats if seat.role == "patient")


def _line(entry: AuditEntry, directory: Directory) -> wire.AccessLook | None:
    who = directory.practitioners.get(PractitionerId(entry.actor))
    if who is None:
        return None
    departments = [directory.departments[one].name for one in who.departments if one in directory.departments]
    return wire.AccessLook(
        at=entry.at,
        act=LOOKS[entry.act],
        reason=entry.reason if entry.act in ("recording_played", "export_ordered", "export_fetched") else "",
        role=who.role.value,
        name=who.name,
        title=who.title,
        departments=departments,
    )
