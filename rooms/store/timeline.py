"""The timeline's tables: entries numbered by their consultation's row, read marks, and what desks show of ended consultations."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Row, Select, and_, bindparam, case, func, insert, or_, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from common.database import of_few_lengths
from common.ids import ConsultationId, PractitionerId, SeatId
from rooms.model import RecentView, Role
from rooms.store import tables
from rooms.store.writing import insert_unless_there
from rooms.timeline import Draft, Entry, EntryKind, EventCode, PictureInfo

RECENT_AT_MOST = 50  # a full day's clinic shows its latest half; each desk carries them with every state


_C = tables.consultation.c
_GROW = (
    update(tables.consultation)
    .where(_C.id == bindparam("which"))
    .values(last_entry=_C.last_entry + bindparam("number"), revision=_C.revision + 1)
    .returning(_C.last_entry)
)


def _recent() -> Select[Any]:
    """What ended of a doctor's and is still open: of today, and of before what holds something unread."""
    c, s, e = tables.consultation.c, tables.seat.c, tables.timeline_entry.c
    patient, doctor = tables.seat.alias("patient"), bindparam("doctor", type_=s.practitioner.type)
    unread = func.count(case((and_(e.kind != EntryKind.EVENT.value, or_(e.seat != s.id, e.seat.is_(None))), 1)))
    return (
        select(c.id, s.id.label("seat"), func.max(patient.c.name).label("name"), c.ended_at, unread.label("unread"))
        .join(tables.seat, and_(s.consultation == c.id, s.practitioner == doctor))
        .outerjoin(patient, and_(patient.c.consultation == c.id, patient.c.role == Role.PATIENT.value))
        .outerjoin(tables.timeline_entry, and_(e.consultation == c.id, e.number > s.read))
        .where(c.practitioner == doctor, c.ended_at >= bindparam("since"))
        .group_by(c.id, s.id, c.ended_at)
        .having(and_(c.ended_at > bindparam("open_since"), or_(c.ended_at >= bindparam("day_start"), unread > 0)))
        .order_by(c.ended_at.desc())
        .limit(RECENT_AT_MOST)
    )


_RECENT = _recent()
_D = tables.desk_change.c
_DESK_CHANGES = select(_D.practitioner, _D.changes).where(_D.practitioner.in_(bindparam("ids", expanding=True)))


class SqlTimeline:
    """rooms.ports.Timeline in the caller's transaction."""

    def __init__(self, connection: AsyncConnection) -> None:
        self._connection = connection

    async def append(self, which: ConsultationId, drafts: Sequence[Draft], now: float) -> int:
        grown = {"which": which, "number": len(drafts), "changed_at": now}
        last = int((await self._connection.execute(_GROW, grown)).scalar_one())
        rows = [_row(which, number, draft) for number, draft in enumerate(drafts, last - len(drafts) + 1)]
        await self._connection.execute(insert(tables.timeline_entry), rows)
        return last

    async def by_key(self, seat: SeatId, key: str) -> Entry | None:
        e = tables.timeline_entry.c
        row = (await self._connection.execute(_entries().where(e.seat == seat, e.key == key))).one_or_none()
        return _entry(row) if row is not None else None

    async def after(self, which: ConsultationId, number: int, limit: int) -> list[Entry]:
        e = tables.timeline_entry.c
        query = _entries().where(e.consultation == which, e.number > number).order_by(e.number).limit(limit)
        return [_entry(row) for row in await self._connection.execute(query)]

    async def mark_read(self, seat: SeatId, number: int) -> None:
        s = tables.seat.c
        await self._connection.execute(update(tables.seat).where(s.id == seat, s.read < number).values(read=number))

    async def desk_changed(self, practitioner: PractitionerId) -> None:
        d = tables.desk_change
        change = update(d).where(d.c.practitioner == practitioner).values(changes=d.c.changes + 1)
        if (await self._connection.execute(change)).rowcount == 0:
            row = {"practitioner": practitioner, "changes": 1}
            if not await insert_unless_there(self._connection, d, row):
                await self._connection.execute(change)

    async def desk_changes(self, practitioners: Sequence[PractitionerId]) -> dict[PractitionerId, int]:
        rows = await self._connection.execute(_DESK_CHANGES, {"ids": of_few_lengths(practitioners)})
        return {PractitionerId(row.practitioner): row.changes for row in rows}

    async def recent(self, practitioner: PractitionerId, day_start: float, open_since: float) -> list[RecentView]:
        since = {"day_start": day_start, "open_since": open_since, "since": min(day_start, open_since)}
        return [
            RecentView(ConsultationId(row.id), SeatId(row.seat), row.name or "", row.ended_at, row.unread)
            for row in await self._connection.execute(_RECENT, {"doctor": practitioner, **since})
        ]


def _entries() -> Select[Any]:
    """Entries with their authors."""
    e, s, p = tables.timeline_entry, tables.seat.c, tables.picture.c
    return (
        select(e, s.role, s.name, s.practitioner, p.width, p.height, p.octets)
        .outerjoin(tables.seat, e.c.seat == s.id)
        .outerjoin(tables.picture, e.c.picture == p.id)
    )


def _entry(row: Row[Any]) -> Entry:
    picture = PictureInfo(row.picture, row.width, row.height, row.octets) if row.picture is not None else None
    draft = Draft(
        kind=EntryKind(row.kind),
        at=row.at,
        seat=SeatId(row.seat) if row.seat else None,
        key=row.key,
        text=row.text,
        picture=picture,
        code=EventCode(row.code) if row.code else None,
        reason=row.reason,
    )
    practitioner = PractitionerId(row.practitioner) if row.practitioner else None
    return Entry(row.number, draft, Role(row.role) if row.role else None, row.name, practitioner)


def _row(which: ConsultationId, number: int, draft: Draft) -> dict[str, object]:
    return {
        "consultation": which,
        "number": number,
        "at": draft.at,
        "kind": draft.kind.value,
        "seat": draft.seat,
        "key": draft.key,
        "text": draft.text,
        "picture": draft.picture.id if draft.picture else None,
        "code": draft.code.value if draft.code else None,
        "reason": draft.reason,
    }
