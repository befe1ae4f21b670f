"""HTTP bodies of the archive: searching recordings, watching one, and what else can be done with it."""

from typing import Annotated, Literal

from pydantic import Field, StringConstraints

from common.wire import NO_NUL, Id, Line, LocalText, Paragraph, Wire
from signaling.socket.messages.shared import Language

ArchiveState = Literal["sealed", "verified", "uploading", "held", "altered", "due", "destroyed"]
"""What a line of the list says of a recording, the gravest first to be told."""
ArchivePurpose = Literal["treatment", "patient_request", "complaint", "quality", "teaching", "legal"]
"""Why somebody watches; the patient reads it in the access log."""
RetentionClass = Literal["process", "medical_record"]
ArchiveExportState = Literal["queued", "running", "ready", "failed", "deleted"]
ArchiveAsk = Literal["copy", "erasure"]
ArchiveAnswer = Literal["open", "granted", "refused"]

Note = Annotated[str, StringConstraints(strip_whitespace=True, max_length=200, pattern=NO_NUL)]
Reason = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=200, pattern=NO_NUL)]


class ArchiveSearch(Wire):
    """`POST /api/archive/search` (a body: a name has no place in a URL). Absent fields do not narrow."""

    from_s: float | None = Field(default=None, ge=0)
    until_s: float | None = Field(default=None, ge=0)
    department: Id | None = None
    practitioner: Id | None = None
    consultation: Id | None = None
    patient: Id | None = None
    name: Line | None = None
    retention: RetentionClass | None = None
    state: Literal["sealed", "uploading", "held", "altered", "due", "destroyed"] | None = None
    after: Annotated[str, StringConstraints(max_length=64)] | None = None


class ArchiveFlaw(Wire):
    """What a verification found wrong: a code, and which octets of which sealed file."""

    code: str
    file: str
    first: int
    last: int


class ArchiveLine(Wire):
    """A recording in the list. `patient` is none for who may not see names; `trouble` is why its upload waits.

    `kept_until` is when it would be destroyed, `due_at` when it will be, where that was announced."""

    recording: Id
    consultation: Id
    department: LocalText
    practitioner: LocalText | None
    patient: str | None
    started_at: float
    ended_at: float
    segments: int
    octets: int
    state: ArchiveState
    retention: RetentionClass
    held: bool
    kept_until: float
    due_at: float | None
    verified_at: float | None
    verified_segments: int
    flaw: ArchiveFlaw | None
    uploading: bool
    trouble: str | None
    attempts: int
    next_try_at: float | None


class ArchiveChoice(Wire):
    """A department or a doctor to narrow a search by."""

    id: Id
    name: LocalText


class ArchiveTrouble(Wire):
    """What cannot be archived for now: a code, and how many recordings wait for it (0: a job as a whole)."""

    code: str
    recordings: int


class ArchivePage(Wire):
    """Newest first. `next` goes on; `rights` are what the viewer's role may do; `troubles` is what cannot be archived for now."""

    recordings: list[ArchiveLine]
    matching: int
    total: int
    next: str | None
    rights: list[str]
    departments: list[ArchiveChoice]
    practitioners: list[ArchiveChoice]
    requests: int
    troubles: list[ArchiveTrouble]
    server_time: float


class ArchiveHold(Wire):
    """A hold: who, why, since when, and until when where it ended."""

    by: LocalText
    reason: str
    since: float
    released_at: float | None


class ArchiveExport(Wire):
    """A film of a recording: `done` of `parts` are made. The film is `GET /api/archive/exports/{export}/film` while `ready`."""

    export: Id
    state: ArchiveExportState
    done: int
    parts: int
    octets: int
    made_at: float
    expires_at: float
    trouble: str


class ArchiveRecording(Wire):
    """`GET /api/archive/recordings/{recording}`: one recording with what people did with it."""

    line: ArchiveLine
    holds: list[ArchiveHold]
    exports: list[ArchiveExport]


class PlayStart(Wire):
    """`POST /api/archive/recordings/{recording}/plays`: why it is watched."""

    purpose: ArchivePurpose
    note: Note = ""


class PlayPerson(Wire):
    """Somebody who was recorded."""

    seat: Id
    role: str
    name: LocalText


class PlaySegment(Wire):
    """`GET /api/archive/plays/{play}/segments/{number}` gives it: a whole WebM or MP4 file with times of the recording's line."""

    number: int
    seat: Id
    kind: Literal["audio", "video"]
    codec: Literal["opus", "vp8", "h264"]
    start_ms: int
    end_ms: int


class PlayGap(Wire):
    """Where something is missing and why; empty `seat` and `kind` are everybody's and both."""

    seat: str
    kind: Literal["audio", "video", ""]
    from_ms: int
    to_ms: int
    reason: str


class PlayEntry(Wire):
    """A text, picture or event of the consultation. `picture` is a name for `GET /api/archive/plays/{play}/pictures/{name}`."""

    number: int
    at_ms: int
    kind: Literal["text", "picture", "event"]
    seat: str
    text: str
    picture: str
    code: str
    reason: str


class PlayGranted(Wire):
    """What may be watched until `expires_at`. `viewer` and `staff_number` stand over the picture."""

    play: Id
    expires_at: float
    viewer: LocalText
    staff_number: str
    purpose: ArchivePurpose
    started_at_ms: int
    duration_ms: int
    people: list[PlayPerson]
    segments: list[PlaySegment]
    gaps: list[PlayGap]
    timeline: list[PlayEntry]


class HoldPut(Wire):
    """`POST /api/archive/recordings/{recording}/hold`: why nothing may destroy it. `DELETE` ends it."""

    reason: Reason


class RetentionPut(Wire):
    """`PUT /api/archive/recordings/{recording}/retention`: as what it is kept from now on."""

    retention: RetentionClass


class ExportOrder(Wire):
    """`POST /api/archive/recordings/{recording}/exports`: why a film is made, and in which language names stand in it."""

    purpose: ArchivePurpose
    language: Language


class ArchiveAsked(Wire):
    """`POST /api/seats/{seat}/archive-requests`: a patient asks for a copy or for erasure."""

    kind: ArchiveAsk


class ArchiveRequest(Wire):
    """What a patient asked for and what the hospital said. `patient` is for staff who may see names."""

    request: Id
    consultation: Id
    kind: ArchiveAsk
    at: float
    state: ArchiveAnswer
    answer: str
    patient: str | None


class ArchiveRequests(Wire):
    """`GET /api/archive/requests`, and `GET` and `POST /api/seats/{seat}/archive-requests` (`recorded`: there is something)."""

    requests: list[ArchiveRequest]
    recorded: bool


class ArchiveDecision(Wire):
    """`POST /api/archive/requests/{request}/decision`."""

    grant: bool
    answer: Paragraph = ""
