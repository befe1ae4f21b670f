"""The consultations' tables: consultations with their seats, and the hashes of the secrets that hold seats."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence
from typing import Any

from sqlalchemy import BindParameter, Row, Select, bindparam, delete, func, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from common.database import in_batches, of_few_lengths
from common.ids import ConsultationId, DepartmentId, HospitalId, PractitionerId, SeatId
from rooms.model import IN_CALL, IN_LINE, Clarity, Consultation, EndedReason, Priority, Role, Rung, Seat, SeatIdentity, State
from rooms.ports import SeatSession
from rooms.store import tables
from rooms.store.checks import read_check, write_check
from rooms.store.consents import read_recording, recording_row

_UNDER_WAY = [state.value for state in IN_LINE | IN_CALL]
_CONSULTATION, _SEAT = tables.consultation, tables.seat
# Statements of every turn and every push, made once: to make one takes SQLAlchemy ten times as long as SQLite to answer it.
_IDS: BindParameter[Any] = bindparam("ids", expanding=True)
_BY_ID = select(_CONSULTATION).where(_CONSULTATION.c.id.in_(_IDS))
_SEATS_OF = select(_SEAT).where(_SEAT.c.consultation.in_(_IDS)).order_by(_SEAT.c.position)
_REVISIONS = select(_CONSULTATION.c.id, _CONSULTATION.c.revision).where(_CONSULTATION.c.id.in_(_IDS))
_CHANGE = update(_CONSULTATION).where(_CONSULTATION.c.id == bindparam("which")).values(revision=_CONSULTATION.c.revision + 1)
_CHANGE_SEAT = update(_SEAT).where(_SEAT.c.id == bindparam("which"))
_NEW, _NEW_SEAT = insert(_CONSULTATION), insert(_SEAT)
_KEPT = frozenset({"id", "revision", "last_entry"})
"""Not set by a turn. A key that is set, to whatever, is looked for in all that refers to it. Numbers of entries are given, and
entries read, outside the hospital's turns: what the turn read may be old."""
_KEPT_OF_SEAT = frozenset({"id", "consultation", "read"})
_IDENTITY = (
    select(_SEAT.c.role, _SEAT.c.practitioner, _CONSULTATION.c.id, _CONSULTATION.c.hospital)
    .join(_CONSULTATION, _SEAT.c.consultation == _CONSULTATION.c.id)
    .where(_SEAT.c.id == bindparam("seat"))
)
_SEEN = select(_CONSULTATION.c.practitioner, _CONSULTATION.c.ended_at).where(
    _CONSULTATION.c.practitioner.in_(_IDS),
    _CONSULTATION.c.ended_at >= bindparam("since"),
    _CONSULTATION.c.live_since.is_not(None),
)
_INVITED = select(_CONSULTATION).where(
    _CONSULTATION.c.state == State.SCHEDULED.value,
    _CONSULTATION.c.wanted.in_(_IDS),
    _CONSULTATION.c.open_until > bindparam("now"),
)


class SqlConsultations:
    """rooms.ports.Consultations in the caller's transaction."""

    def __init__(self, connection: AsyncConnection) -> None:
        self._connection = connection

    async def identity(self, seat: SeatId) -> SeatIdentity | None:
        row = (await self._connection.execute(_IDENTITY, {"seat": seat})).one_or_none()
        if row is None:
            return None
        practitioner = PractitionerId(row.practitioner) if row.practitioner else None
        return SeatIdentity(seat, ConsultationId(row.id), HospitalId(row.hospital), Role(row.role), practitioner)

    async def load(self, ids: Sequence[ConsultationId]) -> list[Consultation]:
        return [one for batch in in_batches(ids) for one in await self._load(_BY_ID, {"ids": batch})]

    async def revisions(self, ids: Collection[ConsultationId]) -> dict[ConsultationId, int]:
        batches = [await self._connection.execute(_REVISIONS, {"ids": batch}) for batch in in_batches(ids)]
        return {ConsultationId(row.id): row.revision for rows in batches for row in rows}

    async def locked(self, which: ConsultationId) -> Consultation:
        query = select(tables.consultation.c.id).where(tables.consultation.c.id == which)
        await self._connection.execute(query.with_for_update(key_share=True))
        (found,) = await self.load([which])
        return found

    async def touch(self, which: ConsultationId, now: float) -> None:
        c = tables.consultation.c
        change = update(tables.consultation).where(c.id == which).values(revision=c.revision + 1, changed_at=now)
        await self._connection.execute(change)

    async def _load(self, query: Select[Any], values: dict[str, object]) -> list[Consultation]:
        rows = (await self._connection.execute(query, values)).all()
        if not rows:
            return []
        seats: dict[str, list[Seat]] = defaultdict(list)
        for row in await self._connection.execute(_SEATS_OF, {"ids": of_few_lengths(row.id for row in rows)}):
            seats[row.consultation].append(_seat(row))
        return [_consultation(row, seats[row.id]) for row in rows]

    async def save(self, before: Consultation | None, after: Consultation, deadline: float | None, now: float) -> None:
        values: dict[str, object] = {**_consultation_row(after), "deadline": deadline, "changed_at": now}
        if before is None:
            await self._connection.execute(_NEW, values)
        else:
            await self._connection.execute(_CHANGE, _without(values, _KEPT) | {"which": after.id})
        known = {seat.id: seat for seat in before.seats} if before else {}
        for position, seat in enumerate(after.seats):
            if seat.id not in known:
                await self._connection.execute(_NEW_SEAT, _seat_row(seat) | {"position": position})
            elif known[seat.id] != seat:
                await self._connection.execute(_CHANGE_SEAT, _without(_seat_row(seat), _KEPT_OF_SEAT) | {"which": seat.id})

    async def under_way(self, hospital: HospitalId) -> dict[State, int]:
        c = tables.consultation.c
        query = select(c.state, func.count().label("number")).where(c.hospital == hospital, c.state.in_(_UNDER_WAY))
        rows = await self._connection.execute(query.group_by(c.state))
        return {State(row.state): row.number for row in rows}

    async def changed_since(self, since: float) -> dict[ConsultationId, int]:
        c = tables.consultation.c
        which = c.changed_at > since if since else c.state.in_(_UNDER_WAY)
        rows = await self._connection.execute(select(c.id, c.revision).where(which))
        return {ConsultationId(row.id): row.revision for row in rows}

    async def seen(self, practitioners: Sequence[PractitionerId], since: float) -> dict[PractitionerId, list[float]]:
        ended: dict[PractitionerId, list[float]] = defaultdict(list)
        for row in await self._connection.execute(_SEEN, {"ids": of_few_lengths(practitioners), "since": since}):
            ended[PractitionerId(row.practitioner)].append(row.ended_at)
        return ended

    # --- secrets --------------------------------------------------------------------------------------------------------

    async def add_session(self, session: SeatSession) -> None:
        await self._connection.execute(
            insert(tables.seat_session).values(
                token_hash=session.token_hash,
                seat=session.seat,
                created_at=session.created_at,
                expires_at=session.expires_at,
            )
        )

    async def sessions(self, seat: SeatId, now: float) -> list[bytes]:
        session = tables.seat_session.c
        query = select(session.token_hash).where(session.seat == seat, session.expires_at > now)
        return list((await self._connection.scalars(query)).all())

    async def drop_sessions(self, seat: SeatId) -> None:
        await self._connection.execute(delete(tables.seat_session).where(tables.seat_session.c.seat == seat))

    async def standing(self, sessions: Sequence[bytes]) -> set[bytes]:
        session = tables.seat_session.c
        query = select(session.token_hash).where(session.token_hash.in_(sessions))
        return set((await self._connection.scalars(query)).all())

    # --- whom somebody expects ------------------------------------------------------------------------------------------

    async def invited(self, practitioners: Sequence[PractitionerId], now: float) -> list[Consultation]:
        found = await self._load(_INVITED, {"ids": of_few_lengths(practitioners), "now": now})
        return sorted(found, key=lambda one: (one.starts_at or one.created_at, one.id))

    async def of_contact(self, contact: str, ended_after: float, limit: int) -> list[tuple[HospitalId, ConsultationId]]:
        c = tables.consultation.c
        open_or_fresh = c.ended_at.is_(None) | (c.ended_at > ended_after)
        query = select(c.hospital, c.id).where(c.contact == contact, open_or_fresh).order_by(c.created_at.desc(), c.id)
        rows = await self._connection.execute(query.limit(limit))
        return [(HospitalId(row.hospital), ConsultationId(row.id)) for row in rows]


def _without(values: dict[str, object], names: frozenset[str]) -> dict[str, object]:
    return {name: value for name, value in values.items() if name not in names}


def _consultation(row: Row[Any], seats: Iterable[Seat]) -> Consultation:
    return Consultation(
        id=ConsultationId(row.id),
        hospital=HospitalId(row.hospital),
        department=DepartmentId(row.department),
        priority=Priority(row.priority),
        language=row.language,
        birth_year=row.birth_year,
        reason=row.reason,
        state=State(row.state),
        created_at=row.created_at,
        ended_reason=EndedReason(row.ended_reason) if row.ended_reason else None,
        practitioner=PractitionerId(row.practitioner) if row.practitioner else None,
        waiting_since=row.waiting_since,
        live_since=row.live_since,
        ended_at=row.ended_at,
        revision=row.revision,
        media_generation=row.media_generation,
        starts_at=row.starts_at,
        contact=row.contact,
        callback_since=row.callback_since,
        called_at=row.called_at,
        last_entry=row.last_entry,
        wanted=PractitionerId(row.wanted) if row.wanted else None,
        open_until=row.open_until,
        recording=read_recording(row.recording_id, row.recording),
        seats=tuple(seats),
    )


def _consultation_row(consultation: Consultation) -> dict[str, object]:
    return {
        "id": consultation.id,
        "hospital": consultation.hospital,
        "department": consultation.department,
        "priority": consultation.priority.value,
        "language": consultation.language,
        "birth_year": consultation.birth_year,
        "reason": consultation.reason,
        "state": consultation.state.value,
        "ended_reason": consultation.ended_reason.value if consultation.ended_reason else None,
        "practitioner": consultation.practitioner,
        "created_at": consultation.created_at,
        "waiting_since": consultation.waiting_since,
        "live_since": consultation.live_since,
        "ended_at": consultation.ended_at,
        "revision": consultation.revision,
        "media_generation": consultation.media_generation,
        "starts_at": consultation.starts_at,
        "contact": consultation.contact,
        "callback_since": consultation.callback_since,
        "called_at": consultation.called_at,
        "last_entry": consultation.last_entry,
        "wanted": consultation.wanted,
        "open_until": consultation.open_until,
        **recording_row(consultation.recording),
    }


def _seat(row: Row[Any]) -> Seat:
    return Seat(
        id=SeatId(row.id),
        consultation=ConsultationId(row.consultation),
        role=Role(row.role),
        name=row.name,
        practitioner=PractitionerId(row.practitioner) if row.practitioner else None,
        created_at=row.created_at,
        connected=row.connected,
        in_call=row.in_call,
        microphone=row.microphone,
        camera=row.camera,
        gone_since=row.gone_since,
        absent_since=row.absent_since,
        left_at=row.left_at,
        confirmed_at=row.confirmed_at,
        rung=Rung(row.rung),
        read=row.read,
        check=read_check(row.device_check),
        clarity=Clarity(row.clarity),
    )


def _seat_row(seat: Seat) -> dict[str, object]:
    return {
        "id": seat.id,
        "consultation": seat.consultation,
        "role": seat.role.value,
        "name": seat.name,
        "practitioner": seat.practitioner,
        "created_at": seat.created_at,
        "connected": seat.connected,
        "in_call": seat.in_call,
        "microphone": seat.microphone,
        "camera": seat.camera,
        "gone_since": seat.gone_since,
        "absent_since": seat.absent_since,
        "left_at": seat.left_at,
        "confirmed_at": seat.confirmed_at,
        "rung": seat.rung.value,
        "read": seat.read,
        "device_check": write_check(seat.check),
        "clarity": seat.clarity.value,
    }
