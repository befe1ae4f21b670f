"""Links: what is kept of one, what it shows, and what an invitation asks for. Values only.

A link is worth one exchange, in one consultation, until it expires or is revoked; only the SHA-256 of its token is kept.
"""

from dataclasses import dataclass
from enum import StrEnum

from common.ids import ConsultationId, DepartmentId, HospitalId, PractitionerId, SeatId


class LinkKind(StrEnum):
    """What a link opens: an invited patient's seat, a seat of one's own for one more person, or a seat taken before."""

    PATIENT = "patient"
    COMPANION = "companion"
    INTERPRETER = "interpreter"
    RESUME = "resume"


FOR_GUESTS = frozenset({LinkKind.COMPANION, LinkKind.INTERPRETER})


@dataclass(frozen=True, slots=True)
class Link:
    """A link as it is stored. `seat` is the one that it opens (none for guests, who take a new one); `made_by` is a seat, a
    practitioner or ``system``."""

    id: str
    token_hash: bytes
    consultation: ConsultationId
    hospital: HospitalId
    kind: LinkKind
    seat: SeatId | None
    made_by: str
    created_at: float
    expires_at: float
    revoked_at: float | None = None
    used_at: float | None = None

    def good(self, now: float) -> bool:
        """Whether it may still be exchanged."""
        return self.used_at is None and self.revoked_at is None and self.expires_at > now


@dataclass(frozen=True, slots=True)
class LinkGrant:
    """A link's id, its secret, once (32 random bytes, urlsafe base64), and when it ends."""

    id: str
    token: str
    expires_at: float


@dataclass(frozen=True, slots=True)
class OpenLink:
    """A link that its maker may still revoke."""

    id: str
    kind: LinkKind
    made_by: str
    expires_at: float


@dataclass(frozen=True, slots=True)
class LinkLook:
    """What a link opens. `patient` is a name as the patient or the inviting doctor typed it; `in_use`: connected elsewhere."""

    kind: LinkKind
    hospital: HospitalId
    department: DepartmentId
    patient: str
    practitioner: PractitionerId | None
    starts_at: float | None
    expires_at: float
    in_use: bool


@dataclass(frozen=True, slots=True)
class Joiner:
    """Who exchanges a link. `name` is needed of guests; `replace` says that a seat connected elsewhere is to move here."""

    name: str | None = None
    replace: bool = False


@dataclass(frozen=True, slots=True)
class Invite:
    """A doctor invites a patient; `contact` is the address that the link is mailed to, where there is one."""

    hospital: HospitalId
    department: DepartmentId
    practitioner: PractitionerId
    name: str
    birth_year: int | None
    reason: str
    language: str
    contact: str | None = None
    starts_at: float | None = None
