"""Who may do what with recordings. Pure: a table, and one question asked of it.

Closed by default: a role that the table does not name may do nothing. A practitioner's rights reach their own consultations
alone; everybody's end at their own hospital. Whoever keeps the archive in order (administrator) does not watch it.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum


class Right(StrEnum):
    """What can be done with a recording."""

    SEARCH = "search"
    NAMES = "names"  # see patients' names, and search by them
    PLAY = "play"
    VERIFY = "verify"
    HOLD = "hold"
    EXPORT = "export"
    DECIDE = "decide"  # on patients' requests for a copy or for erasure
    FHIR = "fhir"
    CLASSIFY = "classify"  # say as what the law has it: for how long it is kept


_OWN = frozenset({Right.SEARCH, Right.NAMES, Right.PLAY, Right.VERIFY, Right.FHIR})
RIGHTS: Mapping[str, frozenset[Right]] = {
    "practitioner": _OWN,
    "archivist": frozenset(Right),
    "administrator": frozenset({Right.SEARCH, Right.VERIFY, Right.HOLD, Right.DECIDE, Right.CLASSIFY}),
}
OWN_ONLY = frozenset({"practitioner"})


@dataclass(frozen=True, slots=True)
class Viewer:
    """Who asks: a practitioner's id, their hospital and their role (a code of clinic.hospitals.StaffRole)."""

    practitioner: str
    hospital: str
    role: str

    @property
    def own_only(self) -> bool:
        """Whether only consultations that they held themselves are theirs to see."""
        return self.role in OWN_ONLY

    def has(self, right: Right) -> bool:
        """Whether the role has this right at all."""
        return right in RIGHTS.get(self.role, frozenset())

    def may(self, right: Right, hospital: str, practitioner: str | None) -> bool:
        """Whether they have it on a recording of this hospital and of a consultation that this practitioner held."""
        own = not self.own_only or practitioner == self.practitioner
        return self.has(right) and hospital == self.hospital and own
