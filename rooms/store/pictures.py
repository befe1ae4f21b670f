"""The tables of pictures and of their uploads. An upload's row is its lock; chunks go with it (foreign key, cascade)."""

from typing import Any

from sqlalchemy import Row, Select, delete, func, insert, select, tuple_, update
from sqlalchemy.ext.asyncio import AsyncConnection

from common.ids import ConsultationId, SeatId
from rooms.ports import Held, Made, Upload
from rooms.store import tables
from rooms.timeline import Draft

_U = tables.picture_upload.c
_C = tables.picture_chunk.c
_P = tables.picture.c


class SqlPictures:
    """rooms.ports.Pictures in the caller's transaction."""

    def __init__(self, connection: AsyncConnection) -> None:
        self._connection = connection

    async def upload(self, seat: SeatId, key: str) -> Upload | None:
        return await self._upload(_of(seat, key))

    async def locked(self, seat: SeatId, key: str) -> Upload | None:
        return await self._upload(_of(seat, key).with_for_update())

    async def _upload(self, query: Select[Any]) -> Upload | None:
        row = (await self._connection.execute(query)).one_or_none()
        return _read(row) if row is not None else None

    async def begin(self, upload: Upload) -> None:
        values = {
            "seat": upload.seat,
            "key": upload.key,
            "media_type": upload.media_type,
            "octets": upload.octets,
            "received": upload.received,
            "refused": upload.refused,
            "created_at": upload.created_at,
        }
        await self._connection.execute(insert(tables.picture_upload).values(values))

    async def add_chunk(self, upload: Upload, content: bytes) -> None:
        row = {"seat": upload.seat, "key": upload.key, "offset": upload.received, "content": content}
        await self._connection.execute(insert(tables.picture_chunk).values(row))
        grown = update(tables.picture_upload).where(_U.seat == upload.seat, _U.key == upload.key)
        await self._connection.execute(grown.values(received=upload.received + len(content)))

    async def chunks(self, seat: SeatId, key: str) -> list[bytes]:
        query = select(_C.content).where(_C.seat == seat, _C.key == key).order_by(_C.offset)
        return list((await self._connection.scalars(query)).all())

    async def refuse(self, seat: SeatId, key: str, code: str) -> None:
        await self._connection.execute(delete(tables.picture_chunk).where(_C.seat == seat, _C.key == key))
        change = update(tables.picture_upload).where(_U.seat == seat, _U.key == key)
        await self._connection.execute(change.values(refused=code))

    async def keep(self, which: ConsultationId, draft: Draft, made: Made) -> None:
        assert draft.picture is not None
        row = {
            "id": draft.picture.id,
            "consultation": which,
            "seat": draft.seat,
            "key": draft.key,
            "width": made.width,
            "height": made.height,
            "octets": len(made.content),
            "created_at": draft.at,
            "thumbnail": made.thumbnail,
            "content": made.content,
        }
        await self._connection.execute(insert(tables.picture).values(row))
        gone = delete(tables.picture_upload).where(_U.seat == draft.seat, _U.key == draft.key)
        await self._connection.execute(gone)

    async def held(self, which: ConsultationId, seat: SeatId) -> Held:
        under_way = select(func.count()).select_from(tables.picture_upload).where(_U.seat == seat, _U.refused.is_(None))
        of_seat = select(func.count()).select_from(tables.picture).where(_P.seat == seat)
        stored = select(func.coalesce(func.sum(_P.octets), 0)).where(_P.consultation == which)
        counts = [int(await self._connection.scalar(query) or 0) for query in (under_way, of_seat, stored)]
        return Held(*counts)

    async def open_octets(self) -> int:
        announced = func.coalesce(func.sum(_U.octets), 0)
        return int(await self._connection.scalar(select(announced).where(_U.refused.is_(None))) or 0)

    async def content(self, which: ConsultationId, picture: str, *, thumbnail: bool) -> bytes | None:
        column = _P.thumbnail if thumbnail else _P.content
        return await self._connection.scalar(select(column).where(_P.id == picture, _P.consultation == which))

    async def forget_uploads(self, before: float, limit: int) -> int:
        old = select(_U.seat, _U.key).where(_U.created_at < before).order_by(_U.created_at).limit(limit)
        found = [(row.seat, row.key) for row in await self._connection.execute(old.with_for_update(skip_locked=True))]
        if found:
            await self._connection.execute(delete(tables.picture_upload).where(tuple_(_U.seat, _U.key).in_(found)))
        return len(found)


def _of(seat: SeatId, key: str) -> Select[Any]:
    return select(tables.picture_upload).where(_U.seat == seat, _U.key == key)


def _read(row: Row[Any]) -> Upload:
    return Upload(SeatId(row.seat), row.key, row.media_type, row.octets, row.received, row.refused, row.created_at)
