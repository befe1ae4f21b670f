"""The store of charts over SQLAlchemy. Decides nothing; every method is one transaction."""

import json
from collections.abc import Collection, Mapping
from dataclasses import asdict, fields, replace
from typing import Any

from sqlalchemy import Row, Table, bindparam, insert, select, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncConnection

from clinic.chart import NO_CHART, Chart, Notes, NotesKept, Rating, Summary
from clinic.intake import Intake, RedFlag
from clinic.store import tables
from common.database import Database, in_batches
from common.evidence import audit
from common.evidence.entry import AuditEntry
from common.ids import ConsultationId, PractitionerId

_NOTE_PARTS = [part.name for part in fields(Notes)]


_OF = {
    table: select(table).where(table.c.consultation.in_(bindparam("ids", expanding=True)))
    for table in (tables.intake, tables.notes, tables.summary, tables.rating)
}


class SqlChartStore:
    """clinic.chart.ChartStore over a database."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def intake(self, consultation: ConsultationId) -> Intake | None:
        async with self._database.reading() as connection:
            rows = await _of(connection, tables.intake, [consultation])
        return _intake(rows[0]) if rows else None

    async def save_intake(self, consultation: ConsultationId, intake: Intake, entry: AuditEntry) -> None:
        row = {
            "history": intake.history,
            "allergies": intake.allergies,
            "red_flags": _write_flags(intake.red_flags),
            "said_flags": _write_flags(intake.said),
            "done": intake.done,
            "saved_at": entry.at,
        }
        async with self._database.transaction() as connection:
            await _put(connection, tables.intake, consultation, row)
            await audit.append(connection, entry)

    async def notes(self, consultation: ConsultationId, entry: AuditEntry) -> NotesKept | None:
        async with self._database.transaction() as connection:
            rows = await _of(connection, tables.notes, [consultation])
            await audit.append(connection, entry)
        return _notes(rows[0]) if rows else None

    async def save_notes(
        self, consultation: ConsultationId, practitioner: PractitionerId, kept: NotesKept, entry: AuditEntry
    ) -> NotesKept | None:
        table = tables.notes
        row = {"revision": kept.revision, "saved_at": kept.saved_at, **asdict(kept.notes)}
        try:
            async with self._database.transaction() as connection:
                if kept.revision == 1:
                    new = {"consultation": consultation, "practitioner": practitioner, **row}
                    await connection.execute(insert(table).values(new))
                else:
                    there = (table.c.consultation == consultation, table.c.revision == kept.revision - 1)
                    if (await connection.execute(update(table).where(*there).values(row))).rowcount != 1:
                        rows = await _of(connection, table, [consultation])
                        return _notes(rows[0]) if rows else NotesKept(0, None, Notes())
                await audit.append(connection, entry)
        except IntegrityError:  # the first notes are there already
            async with self._database.reading() as connection:
                return _notes((await _of(connection, table, [consultation]))[0])
        return None

    async def save_summary(self, consultation: ConsultationId, summary: Summary, entry: AuditEntry) -> None:
        agreed = json.dumps(list(summary.agreed), ensure_ascii=False)
        row = {"agreed": agreed, "next_step": summary.next_step, "given_at": entry.at}
        async with self._database.transaction() as connection:
            await _put(connection, tables.summary, consultation, row)
            await audit.append(connection, entry)

    async def save_rating(self, consultation: ConsultationId, rating: Rating, entry: AuditEntry) -> bool:
        row = {"rating": rating.value, "rated_at": entry.at}
        async with self._database.transaction() as connection:
            first = not await _of(connection, tables.rating, [consultation])
            await _put(connection, tables.rating, consultation, row)
            await audit.append(connection, entry)
        return first

    async def charts(
        self, consultations: Collection[ConsultationId], over: Collection[ConsultationId]
    ) -> dict[ConsultationId, Chart]:
        found: dict[ConsultationId, Chart] = {}
        async with self._database.reading(brief=True) as connection:
            for row in await _of(connection, tables.intake, consultations):
                found[row.consultation] = Chart(intake=_intake(row))
            for row in await _of(connection, tables.summary, over) if over else ():
                summary = Summary(tuple(json.loads(row.agreed)), row.next_step)
                found[row.consultation] = replace(found.get(row.consultation, NO_CHART), summary=summary)
            for row in await _of(connection, tables.rating, over) if over else ():
                found[row.consultation] = replace(found.get(row.consultation, NO_CHART), rating=Rating(row.rating))
        return found


async def _of(connection: AsyncConnection, table: Table, consultations: Collection[ConsultationId]) -> list[Row[Any]]:
    return [row for ids in in_batches(consultations) for row in (await connection.execute(_OF[table], {"ids": ids})).all()]


async def _put(connection: AsyncConnection, table: Table, consultation: ConsultationId, row: Mapping[str, object]) -> None:
    """In place of what is there: of two at once, the later stays."""
    dialect = sqlite if connection.dialect.name == "sqlite" else postgresql
    statement = dialect.insert(table).values({"consultation": consultation, **row})
    await connection.execute(statement.on_conflict_do_update(index_elements=["consultation"], set_=dict(row)))


def _intake(row: Row[Any]) -> Intake:
    return Intake(row.history, row.allergies, _read_flags(row.red_flags), row.done, _read_flags(row.said_flags))


def _read_flags(stored: str) -> tuple[RedFlag, ...]:
    return tuple(RedFlag(flag) for flag in json.loads(stored))


def _write_flags(flags: Collection[RedFlag]) -> str:
    return json.dumps([flag.value for flag in flags])


def _notes(row: Row[Any]) -> NotesKept:
    return NotesKept(row.revision, row.saved_at, Notes(**{part: getattr(row, part) for part in _NOTE_PARTS}))
