"""Looking for recordings: what a search narrows to, in one place, so that no query forgets whose recordings may be seen."""

from typing import Any

from sqlalchemy import ColumnElement, Select, and_, false, func, select, tuple_
from sqlalchemy.ext.asyncio import AsyncConnection

from recording.catalog.rows import to_recording
from recording.catalog.tables import recording
from recording.core.rights import Right, Viewer
from recording.records import Cursor, Found, Place, Search

PAGE = 50
_c = recording.c


def visible_to(viewer: Viewer) -> ColumnElement[bool]:
    """The recordings that this viewer may know of at all: their hospital's, and only their own where the role says so."""
    here = _c.hospital == viewer.hospital
    return and_(here, _c.practitioner == viewer.practitioner) if viewer.own_only else here


async def find(connection: AsyncConnection, viewer: Viewer, search: Search, after: Cursor | None) -> Found:
    """A page, newest first. A viewer without the right to names finds nothing by one (the caller refuses it before)."""
    visible = visible_to(viewer)
    narrowed = and_(visible, *_narrowing(viewer, search))
    query: Select[Any] = select(recording).where(narrowed).order_by(_c.started_at.desc(), _c.id.desc()).limit(PAGE + 1)
    if after is not None:
        query = query.where(tuple_(_c.started_at, _c.id) < tuple_(after.started_at, after.id))
    rows = [to_recording(row) for row in await connection.execute(query)]
    page = rows[:PAGE]
    following = Cursor(page[-1].started_at, page[-1].id) if len(rows) > PAGE else None
    matching = int(await connection.scalar(select(func.count()).select_from(recording).where(narrowed)) or 0)
    total = int(await connection.scalar(select(func.count()).select_from(recording).where(visible)) or 0)
    return Found(tuple(page), matching, total, following)


def _narrowing(viewer: Viewer, search: Search) -> list[ColumnElement[bool]]:
    wanted: list[ColumnElement[bool]] = []
    if search.from_s is not None:
        wanted.append(_c.started_at >= search.from_s)
    if search.until_s is not None:
        wanted.append(_c.started_at < search.until_s)
    for column, value in (
        (_c.department, search.department),
        (_c.practitioner, search.practitioner),
        (_c.consultation, search.consultation),
        (_c.patient, search.patient),
        (_c.retention, search.retention.value if search.retention else None),
    ):
        if value is not None:
            wanted.append(column == value)
    if search.name is not None:
        named = func.lower(_c.patient_name).contains(search.name.lower(), autoescape=True)
        wanted.append(named if viewer.has(Right.NAMES) else false())
    if search.state is not None:
        wanted.append(_STATES[search.state])
    return wanted


_STATES: dict[str, ColumnElement[bool]] = {
    "sealed": and_(_c.destroyed_at.is_(None), _c.key_destroyed_at.is_(None), _c.flaw.is_(None)),
    "uploading": _c.place == Place.UPLOADING.value,
    "held": _c.held,
    "altered": and_(_c.flaw.is_not(None), _c.destroyed_at.is_(None)),
    "due": and_(_c.announced_at.is_not(None), _c.key_destroyed_at.is_(None)),
    "destroyed": _c.key_destroyed_at.is_not(None),
}
