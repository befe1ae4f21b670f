"""What an audit entry says. Ids and codes only: a name, an address or free text never belongs here."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class AuditEntry:
    """Who (`actor`, an opaque id, or ``system``) did what (`act`, a code) to whom or what (`subject`, an id), when and why.

    `at` is seconds since 1970 UTC; `reason` is a code or empty.
    """

    at: float
    hospital: str
    actor: str
    act: str
    subject: str
    reason: str = ""
