"""What the domain orders the shells to do. Decides names and fields; never carries anything out.

Truth is in the database before any of these is handed out: one that is lost is found again by `Rooms.versions`,
`Rooms.unplaced` and `Rooms.placements`.
"""

from dataclasses import dataclass
from enum import StrEnum

from common.ids import ConsultationId, HospitalId, OfferId, PractitionerId, SeatId
from rooms.model import Placement, State


class WithdrawReason(StrEnum):
    """Why an offer ended without being accepted."""

    DECLINED = "declined"
    TIMED_OUT = "timed_out"
    PATIENT_LEFT = "patient_left"
    PATIENT_AWAY = "patient_away"
    DOCTOR_AWAY = "doctor_away"
    DOCTOR_BUSY = "doctor_busy"
    OFF_DUTY = "off_duty"


class PutOffReason(StrEnum):
    """Why the queue itself ended a doctor's duty."""

    UNANSWERED = "unanswered"
    AWAY = "away"


@dataclass(frozen=True, slots=True)
class QueueChanged:
    """Push the desks and the waiting seats of this hospital their state again."""

    hospital: HospitalId


@dataclass(frozen=True, slots=True)
class ConsultationChanged:
    """Push every seat of this consultation its state again."""

    consultation: ConsultationId


@dataclass(frozen=True, slots=True)
class TimelineGrew:
    """Push the seats of this consultation what is new in its timeline."""

    consultation: ConsultationId


@dataclass(frozen=True, slots=True)
class ConsultationMoved:
    """Count this step of a consultation's life; `reason` is a code or empty."""

    before: State
    after: State
    reason: str


@dataclass(frozen=True, slots=True)
class RecordingChanged:
    """What may be copied of this consultation has changed: ask `Rooms.recording_order` and carry it out."""

    consultation: ConsultationId


@dataclass(frozen=True, slots=True)
class EraseRecorded:
    """Somebody took a yes back and the hospital erases: carry out `Rooms.recordings.erasures`."""

    consultation: ConsultationId


@dataclass(frozen=True, slots=True)
class OpenRoom:
    """Find a media worker for this consultation and place it there."""

    consultation: ConsultationId


@dataclass(frozen=True, slots=True)
class CloseRoom:
    """Close the consultation's session at the worker where it was placed (none: it never was)."""

    consultation: ConsultationId
    placement: Placement | None


@dataclass(frozen=True, slots=True)
class ReleaseSeat:
    """This seat was left: close its peer at the worker and its connections."""

    consultation: ConsultationId
    seat: SeatId


@dataclass(frozen=True, slots=True)
class MoveSeat:
    """This seat was taken over: close its peer, and the connections of whoever held it before."""

    consultation: ConsultationId
    seat: SeatId


@dataclass(frozen=True, slots=True)
class DeliverLetters:
    """A letter was stored that is to go out."""


@dataclass(frozen=True, slots=True)
class OfferConsultation:
    """Show this doctor, and nobody else, this patient until `expires_at` (seconds since 1970 UTC)."""

    offer: OfferId
    consultation: ConsultationId
    practitioner: PractitionerId
    made_at: float
    expires_at: float


@dataclass(frozen=True, slots=True)
class WithdrawOffer:
    """Take the offer from the doctor's desk; the patient waits again, in the old place."""

    offer: OfferId
    consultation: ConsultationId
    practitioner: PractitionerId
    reason: WithdrawReason


@dataclass(frozen=True, slots=True)
class DoctorPutOffDuty:
    """Tell the doctor that no more offers come, and why."""

    practitioner: PractitionerId
    reason: PutOffReason


Effect = (
    QueueChanged
    | ConsultationChanged
    | ConsultationMoved
    | TimelineGrew
    | RecordingChanged
    | EraseRecorded
    | OpenRoom
    | CloseRoom
    | ReleaseSeat
    | MoveSeat
    | DeliverLetters
    | OfferConsultation
    | WithdrawOffer
    | DoctorPutOffDuty
)
