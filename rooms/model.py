"""The nouns of a consultation: its states, its seats, and what each onlooker sees. Holds values; decides nothing.

Hospitals, departments and practitioners appear by id only: their names are the clinic's.
All times are seconds since 1970 UTC.
"""

from dataclasses import dataclass, field, replace
from enum import StrEnum

from common.ids import ConsultationId, DepartmentId, HospitalId, OfferId, PractitionerId, SeatId
from rooms.checks import Check, Expectation
from rooms.consent import Recording
from rooms.link import OpenLink


class State(StrEnum):
    """Where a consultation is in its life (lifecycle.py)."""

    SCHEDULED = "scheduled"
    WAITING = "waiting"
    OFFERED = "offered"
    CONNECTING = "connecting"
    LIVE = "live"
    INTERRUPTED = "interrupted"
    ENDED = "ended"
    SEALED = "sealed"


IN_CALL = frozenset({State.CONNECTING, State.LIVE, State.INTERRUPTED})
IN_LINE = frozenset({State.WAITING, State.OFFERED})
OVER = frozenset({State.ENDED, State.SEALED})


class EndedReason(StrEnum):
    """How a consultation came to its end."""

    COMPLETED = "completed"
    PATIENT_LEFT = "patient_left"
    CANCELLED = "cancelled"
    LAPSED = "lapsed"
    WRONG_PERSON = "wrong_person"


class Role(StrEnum):
    """What a seat is for. Patient and practitioner are the principals: without both there is no live call."""

    PATIENT = "patient"
    PRACTITIONER = "practitioner"
    COMPANION = "companion"
    INTERPRETER = "interpreter"


class Rung(StrEnum):
    """How somebody takes part: by a media path, in text with stills, or in text alone."""

    MEDIA = "media"
    STILLS = "stills"
    TEXT = "text"


class Clarity(StrEnum):
    """How a person's picture comes to the others, as far as it lasts: full, half and quarter size, stills, sound alone, and
    where even sound hardly gets through."""

    HD = "hd"
    SD = "sd"
    LOW = "low"
    STILLS = "stills"
    AUDIO = "audio"
    TEXT = "text"

    @property
    def moves(self) -> bool:
        """Whether it is a moving picture."""
        return self in (Clarity.HD, Clarity.SD, Clarity.LOW)

    def is_below(self, other: "Clarity") -> bool:
        """Whether it is worse."""
        order = list(Clarity)
        return order.index(self) > order.index(other)


class Priority(StrEnum):
    """How urgent a patient is; queue.py says what it means for the order."""

    EMERGENCY = "emergency"
    URGENT = "urgent"
    ROUTINE = "routine"


@dataclass(frozen=True, slots=True)
class Seat:
    """A person's place in one consultation. `gone_since` and `absent_since` are lifecycle.Principal's, kept for principals.

    `confirmed_at` is when the name card was said to be right; `read` is the number of the last timeline entry seen; `check` is
    what the latest device and network test found.
    """

    id: SeatId
    consultation: ConsultationId
    role: Role
    name: str | None
    practitioner: PractitionerId | None
    created_at: float
    connected: bool = False
    in_call: bool = False
    microphone: bool = False
    camera: bool = False
    gone_since: float | None = None
    absent_since: float | None = None
    left_at: float | None = None
    confirmed_at: float | None = None
    rung: Rung = Rung.MEDIA
    read: int = 0
    check: Check | None = None
    clarity: Clarity = Clarity.HD


@dataclass(frozen=True, slots=True)
class Consultation:
    """A consultation as it is stored. `seats` are in order of coming, left ones included; `revision` grows with every save.

    `contact` is the patient's address on file; `callback_since` is set while the patient wants to be called back, `called_at`
    when that was done; `last_entry` is the number of the timeline's last entry. `wanted` is the doctor who invited the patient,
    `open_until` when an invitation that nobody followed lapses.
    """

    id: ConsultationId
    hospital: HospitalId
    department: DepartmentId
    priority: Priority
    language: str
    birth_year: int | None
    reason: str
    state: State
    created_at: float
    ended_reason: EndedReason | None = None
    practitioner: PractitionerId | None = None
    waiting_since: float | None = None
    live_since: float | None = None
    ended_at: float | None = None
    revision: int = 0
    media_generation: int = 0
    starts_at: float | None = None
    contact: str | None = None
    callback_since: float | None = None
    called_at: float | None = None
    last_entry: int = 0
    wanted: PractitionerId | None = None
    open_until: float | None = None
    recording: Recording | None = None
    seats: tuple[Seat, ...] = ()

    def seat(self, seat: SeatId) -> Seat | None:
        """The seat of this id, if it is here and was not left."""
        return next((one for one in self.seats if one.id == seat and one.left_at is None), None)

    def principal(self, role: Role) -> Seat | None:
        """The patient's or the practitioner's seat."""
        return next((one for one in self.seats if one.role is role), None)

    def present_seats(self) -> tuple[Seat, ...]:
        """The seats that were not left."""
        return tuple(one for one in self.seats if one.left_at is None)

    def with_seat(self, seat: Seat) -> "Consultation":
        """The same with this seat added or put in place of its former state."""
        if any(one.id == seat.id for one in self.seats):
            return replace(self, seats=tuple(seat if one.id == seat.id else one for one in self.seats))
        return replace(self, seats=(*self.seats, seat))


@dataclass(frozen=True, slots=True)
class SeatIdentity:
    """Who speaks: the result of every successful check of a seat's cookie."""

    seat: SeatId
    consultation: ConsultationId
    hospital: HospitalId
    role: Role
    practitioner: PractitionerId | None


@dataclass(frozen=True, slots=True)
class SeatGrant:
    """A seat and, once, the secret that holds it (32 random bytes, urlsafe base64; stored only as SHA-256)."""

    seat: SeatId
    consultation: ConsultationId
    token: str
    expires_at: float


@dataclass(frozen=True, slots=True)
class PersonView:
    """Somebody with a seat. `name` is what the person typed; none for a practitioner, whom the clinic's directory names."""

    seat: SeatId
    role: Role
    name: str | None
    practitioner: PractitionerId | None
    present: bool
    in_call: bool
    microphone: bool
    camera: bool
    confirmed: bool
    rung: Rung
    read: int


@dataclass(frozen=True, slots=True)
class PatientView:
    """Who the patient is, for the two who may know."""

    name: str
    birth_year: int | None
    reason: str
    check: Check | None


@dataclass(frozen=True, slots=True)
class PlaceView:
    """Place in line: present patients called before this one, and the wait as an interval in minutes where it can be known."""

    ahead: int
    low_minutes: int | None
    high_minutes: int | None
    doctors_on_duty: int


@dataclass(frozen=True, slots=True)
class SeatView:
    """All that the holder of `seat` sees. `revision` only grows, over queue changes too. A sealed consultation shows as ended.

    `patient` is there for patient and practitioner, `contact` (masked) for the patient alone; `links` are this seat's own.
    `admitted`: the name cards that must be confirmed before this seat's media flow are; `media_epoch` is none without it.
    `unanswered`: who in the room was asked about the recording and has not answered.
    """

    revision: int = field(compare=False)  # a new one alone is no news
    consultation: ConsultationId
    state: State
    ended_reason: EndedReason | None
    hospital: HospitalId
    department: DepartmentId
    seat: SeatId
    role: Role
    people: tuple[PersonView, ...]
    patient: PatientView | None
    place: PlaceView | None
    callback: bool
    contact: str | None
    links: tuple[OpenLink, ...]
    admitted: bool
    media_epoch: str | None
    last_entry: int
    starts_at: float | None
    waiting_since: float | None
    live_since: float | None
    ended_at: float | None
    recording: Recording | None
    unanswered: tuple[SeatId, ...]


@dataclass(frozen=True, slots=True)
class LineView:
    """One waiting patient as the desks of the department see it."""

    consultation: ConsultationId
    department: DepartmentId
    name: str
    birth_year: int | None
    reason: str
    priority: Priority
    expect: Expectation | None
    waiting_since: float
    state: State
    present: bool
    callback: bool
    wanted: PractitionerId | None


@dataclass(frozen=True, slots=True)
class InvitedView:
    """A patient whom this doctor invited and who has not come yet. `contact` is masked."""

    consultation: ConsultationId
    department: DepartmentId
    name: str
    starts_at: float | None
    expires_at: float
    contact: str | None


@dataclass(frozen=True, slots=True)
class OfferView:
    """The offer that lies on this doctor's desk."""

    offer: OfferId
    consultation: ConsultationId
    department: DepartmentId
    name: str
    birth_year: int | None
    reason: str
    priority: Priority
    expect: Expectation | None
    waiting_since: float
    made_at: float
    expires_at: float


class DoctorState(StrEnum):
    """What a doctor on duty does, for whoever triages."""

    FREE = "free"
    OFFERED = "offered"
    IN_CALL = "in_call"
    AWAY = "away"


@dataclass(frozen=True, slots=True)
class DoctorView:
    """A doctor on duty or in a consultation."""

    practitioner: PractitionerId
    departments: tuple[DepartmentId, ...]
    state: DoctorState


@dataclass(frozen=True, slots=True)
class RecentView:
    """One of a doctor's consultations that has ended; `unread` counts what others wrote and the doctor has not seen."""

    consultation: ConsultationId
    seat: SeatId
    name: str
    ended_at: float
    unread: int


@dataclass(frozen=True, slots=True)
class Desk:
    """Whose desk is asked for: the departments that it shows and the local midnight before now, both from the directory.

    A coordinator's shows all departments of the hospital, and the doctors (`triages`).
    """

    practitioner: PractitionerId
    departments: tuple[DepartmentId, ...]
    day_start: float
    triages: bool = False


@dataclass(frozen=True, slots=True)
class DeskView:
    """All that a doctor's desk shows beside the call. `revision` grows with the hospital's queue and with `recent`."""

    revision: int = field(compare=False)
    practitioner: PractitionerId
    on_duty: tuple[DepartmentId, ...]
    waiting: int
    queue: tuple[LineView, ...]
    offer: OfferView | None
    seat: SeatId | None
    consultation: ConsultationId | None
    seen_today: int
    recent: tuple[RecentView, ...]
    doctors: tuple[DoctorView, ...]
    invited: tuple[InvitedView, ...]


@dataclass(frozen=True, slots=True)
class DepartmentLoad:
    """How a department stands: doctors at their desks on duty, patients in line."""

    department: DepartmentId
    on_duty: int
    waiting: int


@dataclass(frozen=True, slots=True)
class Placement:
    """Which media worker carries a consultation; `generation` grows with every new placing and is the browsers' media epoch."""

    consultation: ConsultationId
    worker: str
    epoch: str
    generation: int


@dataclass(frozen=True, slots=True)
class MediaWorker:
    """A media worker as the reconciler finds it: where to reach it and when it was last heard of."""

    name: str
    node: str
    socket_path: str
    epoch: str
    heartbeat: float


@dataclass(frozen=True, slots=True)
class Versions:
    """What a process polls when no hint reaches it. Hand `at` back as `since`; repeats are harmless, compare revisions."""

    at: float
    queues: dict[HospitalId, int]
    consultations: dict[ConsultationId, int]


@dataclass(frozen=True, slots=True)
class Ignored:
    """An event that came late or twice: nothing was changed, and this is why."""

    reason: str
