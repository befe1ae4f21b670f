"""What rooms needs from outside: a store. Decides the seam; never how it is kept."""

from dataclasses import dataclass
from typing import Protocol

from common.ids import DepartmentId, HospitalId, PractitionerId
from rooms.model import Priority


@dataclass(frozen=True, slots=True)
class WalkIn:
    """A patient without an appointment. `language` is zh or en; `reason` is free text for the doctor only."""

    hospital: HospitalId
    department: DepartmentId
    name: str
    birth_year: int | None
    reason: str
    language: str
    priority: Priority = Priority.ROUTINE
    wanted: PractitionerId | None = None


class RoomsStore(Protocol):
    """Transactions over everything that rooms keeps."""
