"""What rooms needs from outside: a store. Decides the seam; never how it is kept.

All of a `Work` happens in one transaction. A hospital's line is locked before anything of that hospital is changed, so two
turns of one hospital never overlap, on any number of nodes; the version's compare-and-swap and the unique indexes stand
behind that lock as second and third walls.
"""

from collections.abc import Collection, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from typing import Literal, Protocol

from common.evidence.entry import AuditEntry
from common.ids import ConsultationId, DepartmentId, HospitalId, OfferId, PractitionerId, RecordingId, SeatId
from common.outbox.letter import Letter
from rooms.flight import Flight
from rooms.line import Line
from rooms.link import Link, OpenLink
from rooms.model import Consultation, MediaWorker, Placement, Priority, RecentView, SeatIdentity, State
from rooms.timeline import Draft, Entry


class Conflict(Exception):
    """Somebody else changed the same line first; the whole turn may be tried again."""


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
    contact: str | None = None


@dataclass(frozen=True, slots=True)
class SeatSession:
    """A cookie that holds a seat. Only the SHA-256 of its token is kept."""

    token_hash: bytes
    seat: SeatId
    created_at: float
    expires_at: float


@dataclass(frozen=True, slots=True)
class Connected:
    """A seat (or, by the practitioner's id, a desk) connected through a node."""

    who: str
    hospital: HospitalId
    node: str


@dataclass(frozen=True, slots=True)
class Due:
    """What has a deadline behind it in one hospital."""

    hospital: HospitalId
    consultations: tuple[ConsultationId, ...]


class Lines(Protocol):
    """The hospitals' queues, each under a version."""

    async def lock(self, hospital: HospitalId) -> int:
        """Waits until no other turn of the hospital is under way; the version (0: nothing was ever stored)."""

    async def version(self, hospital: HospitalId) -> int: ...

    async def load(self, hospital: HospitalId) -> Line: ...

    async def save(self, before: Line, after: Line, version: int, deadline: float | None) -> None:
        """Stores the difference as `version` + 1. Raises Conflict when the stored version is not `version`."""

    async def versions(self) -> dict[HospitalId, int]: ...

    async def hospital_of(self, offer: OfferId) -> HospitalId | None: ...


class Consultations(Protocol):
    """Consultations with their seats, and the secrets that hold seats."""

    async def identity(self, seat: SeatId) -> SeatIdentity | None: ...

    async def load(self, ids: Sequence[ConsultationId]) -> list[Consultation]: ...

    async def revisions(self, ids: Collection[ConsultationId]) -> dict[ConsultationId, int]:
        """Whatever changes of a consultation or its seats, its revision grows with it."""

    async def locked(self, which: ConsultationId) -> Consultation:
        """The consultation, whose row nobody else changes until this transaction ends."""

    async def touch(self, which: ConsultationId, now: float) -> None:
        """A new revision, for what is stored beside it."""

    async def save(self, before: Consultation | None, after: Consultation, deadline: float | None, now: float) -> None:
        """Stores all but what only the timeline counts: the number of entries and the read marks."""

    async def under_way(self, hospital: HospitalId) -> dict[State, int]:
        """How many are in line or in a call, by state."""

    async def changed_since(self, since: float) -> dict[ConsultationId, int]:
        """Revisions of what was saved after `since`, and of whatever is in line or in a call when it is 0."""

    async def seen(self, practitioners: Sequence[PractitionerId], since: float) -> dict[PractitionerId, list[float]]:
        """When each one's consultations ended that were live and ended after `since`."""

    async def add_session(self, session: SeatSession) -> None: ...

    async def sessions(self, seat: SeatId, now: float) -> list[bytes]: ...

    async def drop_sessions(self, seat: SeatId) -> None: ...

    async def standing(self, sessions: Sequence[bytes]) -> set[bytes]:
        """Those of these sessions that were not dropped."""

    async def invited(self, practitioners: Sequence[PractitionerId], now: float) -> list[Consultation]:
        """Whom these doctors invited and who has not come yet, the earliest first."""

    async def of_contact(self, contact: str, ended_after: float, limit: int) -> list[tuple[HospitalId, ConsultationId]]:
        """The latest consultations with this address on file that are open or ended after that."""


class Links(Protocol):
    """Links, by the hash of their token or by their id."""

    async def add(self, link: Link) -> None: ...

    async def find(self, token_hash: bytes) -> Link | None: ...

    async def spend(self, token_hash: bytes, seat: SeatId, now: float) -> bool:
        """Marks the link used by `seat` if nobody did and it is still good: of two at once, one is told true."""

    async def revoke(self, link: str, made_by: str, now: float) -> bool:
        """Whether there was such an open link to revoke."""

    async def revoke_to(self, seat: SeatId, now: float) -> None:
        """Revokes all that open this seat."""

    async def open_in(self, consultations: Sequence[ConsultationId], now: float) -> dict[ConsultationId, list[OpenLink]]: ...


class Timeline(Protocol):
    """The consultations' entries, and what of them a desk shows."""

    async def append(self, which: ConsultationId, drafts: Sequence[Draft], now: float) -> int:
        """Stores the drafts under the next numbers and returns the last; the consultation has a new revision."""

    async def by_key(self, seat: SeatId, key: str) -> Entry | None: ...

    async def after(self, which: ConsultationId, number: int, limit: int) -> list[Entry]: ...

    async def mark_read(self, seat: SeatId, number: int) -> None:
        """A smaller number than the one stored changes nothing."""

    async def desk_changed(self, practitioner: PractitionerId) -> None:
        """What this doctor's desk shows of ended consultations changed."""

    async def desk_changes(self, practitioners: Sequence[PractitionerId]) -> dict[PractitionerId, int]:
        """How often that happened; it only grows."""

    async def recent(self, practitioner: PractitionerId, day_start: float, open_since: float) -> list[RecentView]:
        """The doctor's consultations that ended since `day_start`, and those ended since `open_since` with something unread."""


@dataclass(frozen=True, slots=True)
class Upload:
    """A picture on its way: how many octets it has and how many came. `refused` is the code with which it ended."""

    seat: SeatId
    key: str
    media_type: str
    octets: int
    received: int
    refused: str | None
    created_at: float


@dataclass(frozen=True, slots=True)
class Made:
    """A picture made anew of an upload; sizes in pixels."""

    width: int
    height: int
    content: bytes
    thumbnail: bytes


@dataclass(frozen=True, slots=True)
class Held:
    """What counts against the limits: uploads under way and pictures of a seat, octets stored of its consultation."""

    open: int
    of_seat: int
    stored_octets: int


class Pictures(Protocol):
    """Pictures and their uploads."""

    async def upload(self, seat: SeatId, key: str) -> Upload | None: ...

    async def locked(self, seat: SeatId, key: str) -> Upload | None:
        """The same; nobody else changes it until this transaction ends."""

    async def begin(self, upload: Upload) -> None: ...

    async def add_chunk(self, upload: Upload, content: bytes) -> None: ...

    async def chunks(self, seat: SeatId, key: str) -> list[bytes]: ...

    async def refuse(self, seat: SeatId, key: str, code: str) -> None:
        """Keeps the code, drops the chunks."""

    async def keep(self, which: ConsultationId, draft: Draft, made: Made) -> None:
        """Stores the draft's picture and drops its upload."""

    async def held(self, which: ConsultationId, seat: SeatId) -> Held: ...

    async def content(self, which: ConsultationId, picture: str, *, thumbnail: bool) -> bytes | None: ...

    async def open_octets(self) -> int:
        """What the uploads under way of all seats were announced to have."""

    async def forget_uploads(self, before: float, limit: int) -> int:
        """Drops uploads begun before then, at most so many, and passes over those that somebody works on; how many it were."""


@dataclass(frozen=True, slots=True)
class Still:
    """The latest still of a seat: a JPEG, and when it came."""

    seat: SeatId
    at: float
    image: bytes


class Stills(Protocol):
    """The latest still of each seat that shows some."""

    async def put(self, which: ConsultationId, still: Still) -> None: ...

    async def times(self, which: Sequence[ConsultationId]) -> dict[SeatId, float]: ...

    async def latest(self, which: ConsultationId) -> list[Still]: ...

    async def drop(self, which: ConsultationId, seat: SeatId | None) -> None:
        """Of one seat, or (none) of all."""


class Flights(Protocol):
    """How each seat's line was during its call."""

    async def of(self, which: ConsultationId) -> dict[SeatId, Flight]: ...

    async def locked(self, which: ConsultationId, seat: SeatId) -> Flight | None:
        """The seat's; nobody else changes or begins it until this transaction ends."""

    async def keep(self, seat: SeatId, flight: Flight) -> None:
        """Of a seat that this transaction has locked."""


class Calls(Protocol):
    """When call-backs went to a mail address."""

    async def locked(self, address: str) -> tuple[float, ...]:
        """Those that are kept; nobody else calls this address until the transaction ends."""

    async def keep(self, address: str, calls: tuple[float, ...]) -> None: ...

    async def forget(self, before: float) -> None:
        """Some of the addresses that were last called before then."""


@dataclass(frozen=True, slots=True)
class OrderedErasure:
    """What was recorded of `seat` until `ordered_at` is to be destroyed: of these kinds, in this recording."""

    id: str
    recording: RecordingId
    consultation: ConsultationId
    hospital: HospitalId
    seat: SeatId
    kinds: tuple[Literal["audio", "video"], ...]
    ordered_at: float


class Recordings(Protocol):
    """What is beside the consultations' own recordings: which are open, and what is to be destroyed."""

    async def open(self) -> list[ConsultationId]:
        """Consultations with a recording that is not over, or of which something may still be copied."""

    async def consultation_of(self, recording: RecordingId) -> ConsultationId | None: ...

    async def erase(self, erasures: Sequence[OrderedErasure]) -> None: ...

    async def erasures(self, limit: int) -> list[OrderedErasure]:
        """Those not done yet, the oldest first."""

    async def erased(self, which: str, now: float) -> bool:
        """Whether it was not done before."""


class Presences(Protocol):
    """Which seat and which desk is connected through which node, and which nodes live."""

    async def add_seat(self, seat: SeatId, hospital: HospitalId, node: str) -> None: ...

    async def remove_seat(self, seat: SeatId, node: str) -> bool:
        """Whether the seat is still connected through another node."""

    async def add_desk(self, practitioner: PractitionerId, hospital: HospitalId, node: str) -> None: ...

    async def remove_desk(self, practitioner: PractitionerId, node: str) -> bool: ...

    async def desk_connected(self, practitioner: PractitionerId) -> bool: ...

    async def beat(self, node: str, now: float) -> bool:
        """Whether the node was known."""

    async def forget_silent(self, before: float) -> None: ...

    async def forget(self, node: str) -> None: ...

    async def orphaned_seats(self, limit: int) -> list[Connected]: ...

    async def orphaned_desks(self, limit: int) -> list[Connected]: ...


class Media(Protocol):
    """Media workers and which call each one carries."""

    async def register(self, worker: MediaWorker) -> None: ...

    async def workers(self) -> list[MediaWorker]: ...

    async def forget(self, name: str, epoch: str) -> None: ...

    async def placement(self, consultation: ConsultationId) -> Placement | None: ...

    async def placed(self, consultations: Sequence[ConsultationId]) -> dict[ConsultationId, Placement]: ...

    async def place(self, placement: Placement, now: float) -> None:
        """Raises Conflict when the call is placed already."""

    async def displace(self, consultation: ConsultationId) -> None: ...

    async def on_worker(self, worker: str, epoch: str) -> list[tuple[HospitalId, ConsultationId]]: ...

    async def unplaced(self) -> dict[ConsultationId, bool]: ...


class Work(Protocol):
    """One transaction."""

    @property
    def lines(self) -> Lines: ...

    @property
    def consultations(self) -> Consultations: ...

    @property
    def timeline(self) -> Timeline: ...

    @property
    def links(self) -> Links: ...

    @property
    def pictures(self) -> Pictures: ...

    @property
    def stills(self) -> Stills: ...

    @property
    def flights(self) -> Flights: ...

    @property
    def calls(self) -> Calls: ...

    @property
    def recordings(self) -> Recordings: ...

    @property
    def presences(self) -> Presences: ...

    @property
    def media(self) -> Media: ...

    async def post(self, letters: Sequence[Letter]) -> None:
        """Puts letters into the outbox."""

    async def audit(self, entries: Sequence[AuditEntry]) -> None: ...

    async def due(self, now: float, limit: int) -> list[Due]: ...

    async def next_deadline(self) -> float | None: ...


class RoomsStore(Protocol):
    """Transactions over everything that rooms keeps. Both kinds raise Unavailable."""

    def transaction(self) -> AbstractAsyncContextManager[Work]:
        """Commits at the end of the block. Raises Conflict when a unique index refused what was written."""

    def reading(self) -> AbstractAsyncContextManager[Work]:
        """One consistent view, for reading only."""
