"""What an audit entry says. Ids and codes only: a name, an address or free text never belongs here."""

from dataclasses import dataclass

from common.evidence.chain import canonical


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


@dataclass(frozen=True, slots=True)
class ChainedEntry:
    """An entry as it is kept: its position in the hospital's chain, from 1, and its digest (32 octets)."""

    entry: AuditEntry
    position: int
    digest: bytes


@dataclass(frozen=True, slots=True)
class Head:
    """The last link of a hospital's chain at some moment."""

    hospital: str
    position: int
    digest: bytes


def content_of(entry: AuditEntry, position: int) -> bytes:
    """What the digest of an entry covers beside all before it."""
    return canonical([position, float(entry.at), entry.hospital, entry.actor, entry.act, entry.subject, entry.reason])
