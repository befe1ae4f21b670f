"""The nouns of the archive: what the catalog knows of a recording and of what people did with it. Holds values only.

Times are seconds since 1970 UTC. A recording's sound and picture are never here: only where they are.
"""

from dataclasses import dataclass
from enum import StrEnum
from typing import Literal

from common.ids import ConsultationId, DepartmentId, HospitalId, PractitionerId, RecordingId, SeatId
from recording.core.retention import Kept, RetentionClass


class Place(StrEnum):
    """Where the sealed files are. UPLOADING: still here, the copy elsewhere is not proven yet."""

    LOCAL = "local"
    UPLOADING = "uploading"
    REMOTE = "remote"
    GONE = "gone"


@dataclass(frozen=True, slots=True)
class Flaw:
    """What a verification found wrong: a code, and of which file which octets (first to last, of the sealed file)."""

    code: str
    file: str = ""
    first: int = 0
    last: int = 0


@dataclass(frozen=True, slots=True)
class Verified:
    """The latest verification: when, how many segments it read, and what was wrong (none: nothing)."""

    at: float
    segments: int
    flaw: Flaw | None


@dataclass(frozen=True, slots=True)
class Trouble:
    """A job that fails for now: why, since how many attempts, and when it is tried again."""

    code: str
    attempts: int
    next_at: float


@dataclass(frozen=True, slots=True)
class Recording:
    """A sealed recording as the catalog knows it.

    `octets` is the size of all sealed files; `patient_name` is a copy for searching, gone with the recording; `digest` is the
    SHA-256 of its manifest; `wrapped_key` is there only while the files are elsewhere (docs/adr/0035).
    """

    id: RecordingId
    hospital: HospitalId
    department: DepartmentId
    consultation: ConsultationId
    practitioner: PractitionerId | None
    patient: SeatId | None
    patient_name: str
    started_at: float
    ended_at: float
    segments: int
    octets: int
    digest: str
    place: Place
    kept: Kept
    wrapped_key: bytes | None = None
    verified: Verified | None = None
    trouble: Trouble | None = None
    pushed_at: float | None = None


@dataclass(frozen=True, slots=True)
class Search:
    """What is looked for. Empty fields do not narrow. `name` is a part of the patient's name; `state` is a word of the page."""

    from_s: float | None = None
    until_s: float | None = None
    department: str | None = None
    practitioner: str | None = None
    consultation: str | None = None
    patient: str | None = None
    name: str | None = None
    retention: RetentionClass | None = None
    state: Literal["sealed", "uploading", "held", "altered", "due", "destroyed"] | None = None


@dataclass(frozen=True, slots=True)
class Cursor:
    """Where the next page begins: after this recording, newest first."""

    started_at: float
    id: str


@dataclass(frozen=True, slots=True)
class Found:
    """A page of recordings, how many the search finds, and how many there are for this viewer."""

    recordings: tuple[Recording, ...]
    matching: int
    total: int
    next: Cursor | None


class Purpose(StrEnum):
    """Why somebody watches; the patient can read it in their own access log."""

    TREATMENT = "treatment"
    PATIENT_REQUEST = "patient_request"
    COMPLAINT = "complaint"
    QUALITY = "quality"
    TEACHING = "teaching"
    LEGAL = "legal"


@dataclass(frozen=True, slots=True)
class Play:
    """A grant to watch one recording for a short time."""

    id: str
    recording: RecordingId
    practitioner: PractitionerId
    purpose: Purpose
    note: str
    at: float
    expires_at: float


@dataclass(frozen=True, slots=True)
class Hold:
    """Why a recording must not be destroyed, by whom and since when."""

    id: str
    recording: RecordingId
    by: PractitionerId
    reason: str
    since: float
    released_at: float | None = None


class ExportState(StrEnum):
    """Where an export is."""

    QUEUED = "queued"
    RUNNING = "running"
    READY = "ready"
    FAILED = "failed"
    DELETED = "deleted"


@dataclass(frozen=True, slots=True)
class Export:
    """One side-by-side film of a recording. `done` of `parts` are made; `trouble` is a code when it failed."""

    id: str
    recording: RecordingId
    hospital: HospitalId
    by: PractitionerId
    purpose: Purpose
    language: str
    state: ExportState
    done: int
    parts: int
    octets: int
    made_at: float
    expires_at: float
    trouble: str = ""


class RequestKind(StrEnum):
    """What a patient asks for."""

    COPY = "copy"
    ERASURE = "erasure"


class RequestState(StrEnum):
    """What became of it."""

    OPEN = "open"
    GRANTED = "granted"
    REFUSED = "refused"


@dataclass(frozen=True, slots=True)
class PatientRequest:
    """What the patient of a consultation asks of the archive. `answer` is the hospital's sentence."""

    id: str
    hospital: HospitalId
    consultation: ConsultationId
    seat: SeatId
    kind: RequestKind
    at: float
    state: RequestState = RequestState.OPEN
    decided_by: PractitionerId | None = None
    decided_at: float | None = None
    answer: str = ""


@dataclass(frozen=True, slots=True)
class S3Address:
    """`url` is s3://bucket/prefix. Without keys those of the machine are used (environment, instance role)."""

    url: str
    endpoint: str | None = None
    region: str = "us-east-1"
    access_key: str | None = None
    secret_key: str | None = None
