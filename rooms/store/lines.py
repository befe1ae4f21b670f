"""The queues' tables: loads a line whole, stores only what changed, under a version that is compared and swapped."""

import json
from collections.abc import Callable, Hashable, Mapping
from typing import Any, TypeAlias, TypeVar

from sqlalchemy import Column, Row, Table, bindparam, delete, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from common.ids import ConsultationId, DepartmentId, HospitalId, OfferId, PractitionerId
from rooms.line import Doctor, Line, Offer, Refusal, Ticket
from rooms.model import Priority
from rooms.ports import Conflict
from rooms.store import tables
from rooms.store.writing import insert_unless_there

Key = TypeVar("Key", bound=Hashable)
Record = TypeVar("Record")
_LINE = tables.queue_line
# Made once, as those of consultations.py.
_VERSION = select(_LINE.c.version).where(_LINE.c.hospital == bindparam("which"))
_LOCK = _VERSION.with_for_update()
_SWAP = update(_LINE).where(_LINE.c.hospital == bindparam("which"), _LINE.c.version == bindparam("read"))
_CHANGES = {
    key: update(key.table).where(key == bindparam("which"))
    for key in (tables.queue_offer.c.id, tables.queue_ticket.c.consultation, tables.queue_doctor.c.practitioner)
}
ToRow: TypeAlias = Callable[[Record], dict[str, object]]


class SqlLines:
    """rooms.ports.Lines in the caller's transaction."""

    def __init__(self, connection: AsyncConnection) -> None:
        self._connection = connection

    async def lock(self, hospital: HospitalId) -> int:
        version = await self._connection.scalar(_LOCK, {"which": hospital})
        if version is None:
            empty = {"hospital": hospital, "version": 0, **_counters(Line(hospital)), "deadline": None}
            await insert_unless_there(self._connection, tables.queue_line, empty)
            version = await self._connection.scalar(_LOCK, {"which": hospital})
        return int(version or 0)

    async def version(self, hospital: HospitalId) -> int:
        return int(await self._connection.scalar(_VERSION, {"which": hospital}) or 0)

    async def versions(self) -> dict[HospitalId, int]:
        rows = await self._connection.execute(select(tables.queue_line.c.hospital, tables.queue_line.c.version))
        return {HospitalId(row.hospital): row.version for row in rows}

    async def hospital_of(self, offer: OfferId) -> HospitalId | None:
        query = select(tables.queue_offer.c.hospital).where(tables.queue_offer.c.id == offer)
        found = await self._connection.scalar(query)
        return HospitalId(found) if found else None

    async def load(self, hospital: HospitalId) -> Line:
        line = Line(hospital)
        counters = await self._rows(tables.queue_line, hospital)
        for row in counters:
            lengths: dict[DepartmentId, list[float]] = json.loads(row.lengths)
            line.lengths = {department: tuple(seconds) for department, seconds in lengths.items()}
            line.arrivals, line.last_arrival, line.offers_made = row.arrivals, row.last_arrival, row.offers_made
        line.tickets = {row.consultation: _ticket(row) for row in await self._rows(tables.queue_ticket, hospital)}
        line.doctors = {row.practitioner: _doctor(row) for row in await self._rows(tables.queue_doctor, hospital)}
        line.offers = {row.id: _offer(row) for row in await self._rows(tables.queue_offer, hospital)}
        return line

    async def save(self, before: Line, after: Line, version: int, deadline: float | None) -> None:
        values = {"version": version + 1, "deadline": deadline, **_counters(after)}
        swapped = await self._connection.execute(_SWAP, {"which": after.hospital, "read": version, **values})
        if swapped.rowcount != 1:
            raise Conflict
        # Offers first: one that ended makes room for the next of the same patient or doctor (unique constraints).
        await self._store(tables.queue_offer.c.id, before.offers, after.offers, _offer_row(after.hospital))
        await self._store(tables.queue_ticket.c.consultation, before.tickets, after.tickets, _ticket_row(after.hospital))
        await self._store(tables.queue_doctor.c.practitioner, before.doctors, after.doctors, _doctor_row(after.hospital))

    async def _rows(self, table: Table, hospital: HospitalId) -> list[Row[Any]]:
        return list((await self._connection.execute(select(table).where(table.c.hospital == hospital))).all())

    async def _store(
        self, key: Column[Any], before: Mapping[Key, Record], after: Mapping[Key, Record], row: ToRow[Record]
    ) -> None:
        """Deletes what is gone, inserts what is new, updates what was replaced."""
        gone = [which for which in before if which not in after]
        if gone:
            await self._connection.execute(delete(key.table).where(key.in_(gone)))
        new = [row(record) for which, record in after.items() if which not in before]
        if new:
            await self._connection.execute(insert(key.table), new)
        for which, record in after.items():
            if which in before and before[which] is not record:
                changed = {name: value for name, value in row(record).items() if name != key.name}
                await self._connection.execute(_CHANGES[key], {"which": which, **changed})


def _counters(line: Line) -> dict[str, object]:
    return {
        "arrivals": line.arrivals,
        "last_arrival": line.last_arrival,
        "offers_made": line.offers_made,
        "lengths": json.dumps({department: list(seconds) for department, seconds in sorted(line.lengths.items())}),
    }


def _ticket(row: Row[Any]) -> Ticket:
    return Ticket(
        consultation=ConsultationId(row.consultation),
        department=DepartmentId(row.department),
        priority=Priority(row.priority),
        number=row.number,
        waiting_since=row.waiting_since,
        wanted=PractitionerId(row.wanted) if row.wanted else None,
        away_since=row.away_since,
        refusals=tuple(Refusal(PractitionerId(who), at) for who, at in json.loads(row.refusals)),
        calls_left=row.calls_left,
        calls_made=row.calls_made,
        called_at=row.called_at,
    )


def _ticket_row(hospital: HospitalId) -> ToRow[Ticket]:
    return lambda ticket: {
        "consultation": ticket.consultation,
        "hospital": hospital,
        "department": ticket.department,
        "priority": ticket.priority.value,
        "number": ticket.number,
        "waiting_since": ticket.waiting_since,
        "wanted": ticket.wanted,
        "away_since": ticket.away_since,
        "refusals": json.dumps([[refusal.practitioner, refusal.at] for refusal in ticket.refusals]),
        "calls_left": ticket.calls_left,
        "calls_made": ticket.calls_made,
        "called_at": ticket.called_at,
    }


def _doctor(row: Row[Any]) -> Doctor:
    return Doctor(
        practitioner=PractitionerId(row.practitioner),
        departments=tuple(json.loads(row.departments)),
        free_since=row.free_since,
        away_since=row.away_since,
        consultation=ConsultationId(row.consultation) if row.consultation else None,
        unanswered=row.unanswered,
    )


def _doctor_row(hospital: HospitalId) -> ToRow[Doctor]:
    return lambda doctor: {
        "practitioner": doctor.practitioner,
        "hospital": hospital,
        "departments": json.dumps(doctor.departments),
        "free_since": doctor.free_since,
        "away_since": doctor.away_since,
        "consultation": doctor.consultation,
        "unanswered": doctor.unanswered,
    }


def _offer(row: Row[Any]) -> Offer:
    return Offer(
        id=OfferId(row.id),
        consultation=ConsultationId(row.consultation),
        practitioner=PractitionerId(row.practitioner),
        department=DepartmentId(row.department),
        made_at=row.made_at,
        expires_at=row.expires_at,
    )


def _offer_row(hospital: HospitalId) -> ToRow[Offer]:
    return lambda offer: {
        "id": offer.id,
        "hospital": hospital,
        "consultation": offer.consultation,
        "practitioner": offer.practitioner,
        "department": offer.department,
        "made_at": offer.made_at,
        "expires_at": offer.expires_at,
    }
