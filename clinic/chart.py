"""What is told and written about a consultation: intake, the doctor's notes, the summary to take home, the rating.

Decides what is kept, under which revision, and that each reading and writing of notes leaves a trace without a word of them.
Whose consultation it is and whether it may still be written is the rooms' to say; callers ask there first.
"""

from collections.abc import Collection
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol

from clinic.intake import Intake
from common.clock import Clock
from common.errors import UserError
from common.evidence.entry import AuditEntry
from common.ids import ConsultationId, HospitalId, PractitionerId


@dataclass(frozen=True, slots=True)
class Notes:
    """A doctor's notes of one consultation (FHIR Composition's sections, as free text)."""

    complaint: str = ""
    illness: str = ""
    history: str = ""
    allergies: str = ""
    assessment: str = ""
    advice: str = ""


@dataclass(frozen=True, slots=True)
class NotesKept:
    """The notes as they are stored; revision 0 where none were."""

    revision: int
    saved_at: float | None
    notes: Notes


NO_NOTES = NotesKept(0, None, Notes())


@dataclass(frozen=True, slots=True)
class Summary:
    """What the patient takes home: what was agreed, point by point, and what comes next."""

    agreed: tuple[str, ...]
    next_step: str


class Rating(StrEnum):
    """How it was, for the patient."""

    GOOD = "good"
    FAIR = "fair"
    POOR = "poor"


@dataclass(frozen=True, slots=True)
class Chart:
    """What others than the author may see of it; notes are none of that."""

    intake: Intake | None = None
    summary: Summary | None = None
    rating: Rating | None = None


NO_CHART = Chart()


@dataclass(frozen=True, slots=True)
class Author:
    """Who writes or reads, and about what: an opaque id of a practitioner or of a patient's seat."""

    actor: str
    hospital: HospitalId
    consultation: ConsultationId


class ChartStore(Protocol):
    """Where it is kept. Every method is one transaction and may raise Unavailable."""

    async def intake(self, consultation: ConsultationId) -> Intake | None: ...

    async def save_intake(self, consultation: ConsultationId, intake: Intake, entry: AuditEntry) -> None: ...

    async def notes(self, consultation: ConsultationId, entry: AuditEntry) -> NotesKept | None: ...

    async def save_notes(
        self, consultation: ConsultationId, practitioner: PractitionerId, kept: NotesKept, entry: AuditEntry
    ) -> NotesKept | None:
        """Stores `kept` if the stored revision is the one before it. Else nothing is stored, and what is there is returned."""

    async def save_summary(self, consultation: ConsultationId, summary: Summary, entry: AuditEntry) -> None: ...

    async def save_rating(self, consultation: ConsultationId, rating: Rating, entry: AuditEntry) -> bool:
        """Whether it is the first."""

    async def charts(
        self, consultations: Collection[ConsultationId], over: Collection[ConsultationId]
    ) -> dict[ConsultationId, Chart]:
        """Intakes of all these, summaries and ratings of those that are over; one query each."""


class Charts:
    """The service. Every method may raise `Unavailable`."""

    def __init__(self, store: ChartStore, clock: Clock) -> None:
        self._store = store
        self._clock = clock

    async def intake(self, consultation: ConsultationId) -> Intake | None:
        """The patient's answers so far."""
        return await self._store.intake(consultation)

    async def save_intake(self, author: Author, intake: Intake) -> None:
        """The patient's answers, whole, over those before."""
        await self._store.save_intake(author.consultation, intake, self._entry(author, "intake_saved"))

    async def notes(self, author: Author) -> NotesKept:
        """The notes as they are stored."""
        return await self._store.notes(author.consultation, self._entry(author, "notes_read")) or NO_NOTES

    async def save_notes(self, author: Author, revision: int, notes: Notes) -> NotesKept:
        """Stores the notes over `revision`. UserError: notes_changed, when another revision is there; nothing is lost then.

        The same notes sent again, because the answer was lost on the way, are known again.
        """
        kept = NotesKept(revision + 1, self._clock.now(), notes)
        entry = self._entry(author, "notes_saved")
        there = await self._store.save_notes(author.consultation, PractitionerId(author.actor), kept, entry)
        if there is None:
            return kept
        if (there.revision, there.notes) == (kept.revision, kept.notes):
            return there
        raise UserError("notes_changed", "The notes were changed elsewhere; fetch them and save over the newer revision.")

    async def give_summary(self, author: Author, summary: Summary) -> None:
        """What the patient reads after the end."""
        await self._store.save_summary(author.consultation, summary, self._entry(author, "summary_given"))

    async def rate(self, author: Author, rating: Rating) -> bool:
        """How it was; the latest counts. Whether it is this consultation's first."""
        return await self._store.save_rating(author.consultation, rating, self._entry(author, "rated"))

    async def charts(
        self, consultations: Collection[ConsultationId], over: Collection[ConsultationId] = ()
    ) -> dict[ConsultationId, Chart]:
        """What screens show of many consultations at once; those of whom nothing is known are left out."""
        return await self._store.charts(consultations, over) if consultations else {}

    def _entry(self, author: Author, act: str) -> AuditEntry:
        return AuditEntry(self._clock.now(), author.hospital, author.actor, act, author.consultation)
