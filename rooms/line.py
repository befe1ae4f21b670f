"""What the queue of one hospital consists of: tickets, doctors, offers, and their order. Values only; queue.py decides.

The order of two tickets never changes while both wait. A priority is a head start in seconds, not a class of its own: an
urgent patient goes before every routine patient who came at most an hour earlier, an emergency before all who came within a
day. So first come is first served inside a priority, higher goes first within the head start, nobody starves (only those who
come within the head start can pass), a place in line depends on no clock, and it does not jump as a quota's or an ageing
step's would.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field, replace

from common.ids import ConsultationId, DepartmentId, HospitalId, OfferId, PractitionerId
from rooms.model import Priority

HEAD_START_S = {
    Priority.EMERGENCY: 24 * 3600.0,  # longer than any line is open: in practice always first, and still a bound
    Priority.URGENT: 3600.0,
    Priority.ROUTINE: 0.0,
}
RECENT_LENGTHS = 20  # enough for a spread, few enough to follow the day


@dataclass(frozen=True, slots=True)
class Refusal:
    """A doctor let this patient's offer pass, by word or by silence."""

    practitioner: PractitionerId
    at: float


@dataclass(frozen=True, slots=True)
class Ticket:
    """A patient in line. `number` counts arrivals at the hospital; `waiting_since` never runs back from one to the next.

    `calls_left` says how often somebody who is away may still be called back, `called_at` when that was done last;
    `calls_made` never shrinks, whatever is wished meanwhile.
    """

    consultation: ConsultationId
    department: DepartmentId
    priority: Priority
    number: int
    waiting_since: float
    wanted: PractitionerId | None = None
    away_since: float | None = None
    refusals: tuple[Refusal, ...] = ()
    calls_left: int = 0
    calls_made: int = 0
    called_at: float | None = None

    @property
    def rank(self) -> tuple[float, int]:
        """Smaller is called earlier."""
        return (self.waiting_since - HEAD_START_S[self.priority], self.number)

    def refused_at(self, practitioner: PractitionerId) -> float | None:
        """When this doctor last let the patient pass."""
        return next((refusal.at for refusal in self.refusals if refusal.practitioner == practitioner), None)

    def refused_by(self, practitioner: PractitionerId, at: float) -> "Ticket":
        """The same ticket with the doctor's latest refusal in place of an earlier one."""
        others = tuple(refusal for refusal in self.refusals if refusal.practitioner != practitioner)
        return replace(self, refusals=(*others, Refusal(practitioner, at)))


@dataclass(frozen=True, slots=True)
class Doctor:
    """A doctor on duty or in a consultation. `unanswered` counts offers in a row that ran out in silence."""

    practitioner: PractitionerId
    departments: tuple[DepartmentId, ...]
    free_since: float
    away_since: float | None = None
    consultation: ConsultationId | None = None
    unanswered: int = 0

    @property
    def at_work(self) -> bool:
        """On duty and at the desk, busy or not: what patients are told as doctors on duty."""
        return bool(self.departments) and self.away_since is None


@dataclass(frozen=True, slots=True)
class Offer:
    """A patient shown to one doctor until `expires_at`."""

    id: OfferId
    consultation: ConsultationId
    practitioner: PractitionerId
    department: DepartmentId
    made_at: float
    expires_at: float


@dataclass(slots=True)
class Line:
    """The whole queue of a hospital. The records are frozen and replaced, so two lines are compared by identity."""

    hospital: HospitalId
    tickets: dict[ConsultationId, Ticket] = field(default_factory=dict)
    doctors: dict[PractitionerId, Doctor] = field(default_factory=dict)
    offers: dict[OfferId, Offer] = field(default_factory=dict)
    lengths: dict[DepartmentId, tuple[float, ...]] = field(default_factory=dict)
    arrivals: int = 0
    last_arrival: float = 0.0
    offers_made: int = 0

    def copy(self) -> "Line":
        """A line of its own with the same records."""
        return replace(
            self,
            tickets=dict(self.tickets),
            doctors=dict(self.doctors),
            offers=dict(self.offers),
            lengths=dict(self.lengths),
        )

    def ranked(self) -> list[Ticket]:
        """The tickets in the order of calling; the same on every node, whatever order they were loaded in."""
        return sorted(self.tickets.values(), key=lambda ticket: ticket.rank)

    def offered(self) -> set[ConsultationId]:
        """Who lies on some doctor's desk now."""
        return {offer.consultation for offer in self.offers.values()}

    def offer_to(self, practitioner: PractitionerId) -> Offer | None:
        """The offer on this doctor's desk."""
        return next((offer for offer in self.offers.values() if offer.practitioner == practitioner), None)

    def offer_of(self, consultation: ConsultationId) -> Offer | None:
        """The offer of this patient."""
        return next((offer for offer in self.offers.values() if offer.consultation == consultation), None)

    def by_due(self) -> list[Offer]:
        """Open offers, the next to run out first."""
        return sorted(self.offers.values(), key=lambda offer: (offer.expires_at, offer.id))

    def in_order(self, doctors: Iterable[Doctor]) -> list[Doctor]:
        """Doctors, the longest free first."""
        return sorted(doctors, key=lambda doctor: (doctor.free_since, doctor.practitioner))
