"""The table of links: added, spent once, revoked; never changed otherwise."""

from collections import defaultdict
from collections.abc import Sequence

from sqlalchemy import BindParameter, ColumnElement, bindparam, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from common.database import of_few_lengths
from common.ids import ConsultationId, HospitalId, SeatId
from rooms.link import Link, LinkKind, OpenLink
from rooms.store import tables

_LINK = tables.join_link.c


class SqlLinks:
    """rooms.ports.Links in the caller's transaction."""

    def __init__(self, connection: AsyncConnection) -> None:
        self._connection = connection

    async def add(self, link: Link) -> None:
        await self._connection.execute(
            insert(tables.join_link).values(
                token_hash=link.token_hash,
                id=link.id,
                consultation=link.consultation,
                kind=link.kind.value,
                seat=link.seat,
                made_by=link.made_by,
                created_at=link.created_at,
                expires_at=link.expires_at,
            )
        )

    async def find(self, token_hash: bytes) -> Link | None:
        c = tables.consultation.c
        query = select(tables.join_link, c.hospital).join(tables.consultation, _LINK.consultation == c.id)
        row = (await self._connection.execute(query.where(_LINK.token_hash == token_hash))).one_or_none()
        if row is None:
            return None
        return Link(
            id=row.id,
            token_hash=row.token_hash,
            consultation=ConsultationId(row.consultation),
            hospital=HospitalId(row.hospital),
            kind=LinkKind(row.kind),
            seat=SeatId(row.seat) if row.seat else None,
            made_by=row.made_by,
            created_at=row.created_at,
            expires_at=row.expires_at,
            revoked_at=row.revoked_at,
            used_at=row.used_at,
        )

    async def spend(self, token_hash: bytes, seat: SeatId, now: float) -> bool:
        which = (_LINK.token_hash == token_hash, *_open(now))
        spent = await self._connection.execute(update(tables.join_link).where(*which).values(used_at=now, used_by=seat))
        return spent.rowcount == 1

    async def revoke(self, link: str, made_by: str, now: float) -> bool:
        which = (_LINK.id == link, _LINK.made_by == made_by, *_open(now))
        return (await self._connection.execute(update(tables.join_link).where(*which).values(revoked_at=now))).rowcount == 1

    async def revoke_to(self, seat: SeatId, now: float) -> None:
        of_this = select(tables.seat.c.consultation).where(tables.seat.c.id == seat).scalar_subquery()
        which = (_LINK.consultation == of_this, _LINK.seat == seat, *_open(now))
        await self._connection.execute(update(tables.join_link).where(*which).values(revoked_at=now))

    async def open_in(self, consultations: Sequence[ConsultationId], now: float) -> dict[ConsultationId, list[OpenLink]]:
        found: dict[ConsultationId, list[OpenLink]] = defaultdict(list)
        for row in await self._connection.execute(_OPEN_IN, {"ids": of_few_lengths(consultations), "now": now}):
            open_link = OpenLink(row.id, LinkKind(row.kind), row.made_by, row.expires_at)
            found[ConsultationId(row.consultation)].append(open_link)
        return found


def _open(now: float | BindParameter[float]) -> tuple[ColumnElement[bool], ...]:
    return (_LINK.used_at.is_(None), _LINK.revoked_at.is_(None), _LINK.expires_at > now)


_OPEN_IN = (
    select(tables.join_link)
    .where(_LINK.consultation.in_(bindparam("ids", expanding=True)), *_open(bindparam("now")))
    .order_by(_LINK.created_at)
)
