"""The store of the clinic over SQLAlchemy. Decides nothing; every method is one transaction."""

import contextlib
from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import Row, Table, delete, insert, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncConnection

from clinic.hospitals import Department, Directory, Hospital, Practitioner, StaffRole
from clinic.ports import Account, Factor, FactorUse, StaffSession
from clinic.store import factors, tables
from common.database import Database
from common.evidence import audit
from common.evidence.entry import AuditEntry
from common.ids import DepartmentId, HospitalId, PractitionerId
from common.wire import LocalText


class SqlClinicStore:
    """clinic.ports.ClinicStore over a database."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def directory(self) -> Directory:
        async with self._database.reading() as connection:
            hospitals = await _all(connection, tables.hospital, "position")
            departments = [_department(row) for row in await _all(connection, tables.department, "position")]
            practitioners = await _all(connection, tables.practitioner, "staff_number")
            served = await connection.execute(
                select(tables.practitioner_department)
                .join(tables.department, tables.department.c.id == tables.practitioner_department.c.department)
                .order_by(tables.department.c.position)
            )
            serves: dict[str, list[DepartmentId]] = defaultdict(list)
            for row in served:
                serves[row.practitioner].append(DepartmentId(row.department))
        return Directory(
            hospitals={found.id: found for found in (_hospital(row, departments) for row in hospitals)},
            departments={department.id: department for department in departments},
            practitioners={who.id: who for who in (_practitioner(row, serves[row.id]) for row in practitioners)},
        )

    async def account(self, staff_number: str) -> Account | None:
        practitioner, factor = tables.practitioner, tables.second_factor
        query = (
            select(practitioner, factor.c.sealed, factor.c.proposed_at, factor.c.confirmed_at, factor.c.last_step)
            .outerjoin(factor, factor.c.practitioner == practitioner.c.id)
            .where(practitioner.c.staff_number == staff_number)
        )
        async with self._database.reading(brief=True) as connection:
            row = (await connection.execute(query)).one_or_none()
        return _account(row) if row else None

    async def open_session(self, session: StaffSession, use: FactorUse, entries: Sequence[AuditEntry]) -> bool:
        row = {
            "token_hash": session.token_hash,
            "practitioner": session.practitioner,
            "created_at": session.created_at,
            "expires_at": session.expires_at,
        }
        expired = delete(tables.staff_session).where(tables.staff_session.c.expires_at <= session.created_at)
        async with self._database.transaction() as connection:
            if not await factors.use(connection, session.practitioner, use, session.created_at):
                return False
            await connection.execute(expired)
            await connection.execute(insert(tables.staff_session).values(row))
            await audit.append(connection, *entries)
        return True

    async def propose_factor(self, practitioner: PractitionerId, sealed: bytes, now: float) -> bool:
        try:
            async with self._database.transaction() as connection:
                await factors.propose(connection, practitioner, sealed, now)
        except IntegrityError:  # a confirmed one is there, or came in this moment
            return False
        return True

    async def enrol(self, sealed: Mapping[PractitionerId, bytes], now: float) -> None:
        with contextlib.suppress(IntegrityError):  # another process enrols the same people in this moment
            async with self._database.transaction() as connection:
                await factors.enrol(connection, sealed, now)

    async def drop_factor(self, practitioner: PractitionerId, entry: AuditEntry) -> None:
        async with self._database.transaction() as connection:
            for table in (tables.second_factor, tables.staff_session):
                await connection.execute(delete(table).where(table.c.practitioner == practitioner))
            await audit.append(connection, entry)

    async def change_role(self, practitioner: PractitionerId, role: StaffRole, entry: AuditEntry) -> None:
        session, person = tables.staff_session, tables.practitioner
        async with self._database.transaction() as connection:
            await connection.execute(update(person).where(person.c.id == practitioner).values(role=role.value))
            await connection.execute(delete(session).where(session.c.practitioner == practitioner))
            await audit.append(connection, entry)

    async def sealed_factors(self) -> list[bytes]:
        async with self._database.reading() as connection:
            return list((await connection.scalars(select(tables.second_factor.c.sealed))).all())

    async def session(self, token_hash: bytes, now: float) -> StaffSession | None:
        async with self._database.reading() as connection:
            return await _session(connection, token_hash, now)

    async def standing(self, token_hashes: Sequence[bytes], now: float) -> set[bytes]:
        session = tables.staff_session.c
        query = select(session.token_hash).where(session.token_hash.in_(token_hashes), session.expires_at > now)
        async with self._database.reading() as connection:
            return set((await connection.scalars(query)).all())

    async def close_session(self, token_hash: bytes, now: float) -> None:
        async with self._database.transaction() as connection:
            found = await _session(connection, token_hash, now)
            if found is not None:
                await connection.execute(delete(tables.staff_session).where(tables.staff_session.c.token_hash == token_hash))
                await audit.append(
                    connection, AuditEntry(now, found.hospital, found.practitioner, "signed_out", found.practitioner)
                )

    async def note(self, entry: AuditEntry) -> None:
        async with self._database.transaction(brief=True) as connection:
            await audit.append(connection, entry)

    async def found(
        self, hospitals: Sequence[Hospital], practitioners: Sequence[Practitioner], hashes: Mapping[PractitionerId, str]
    ) -> bool:
        try:
            async with self._database.transaction() as connection:
                if await connection.scalar(select(tables.hospital.c.id).limit(1)) is not None:
                    return False
                await _store_all(connection, hospitals, practitioners, hashes)
        except IntegrityError:  # another process stored the same staff numbers in this moment
            return False
        return True


async def _store_all(
    connection: AsyncConnection,
    hospitals: Sequence[Hospital],
    practitioners: Sequence[Practitioner],
    hashes: Mapping[PractitionerId, str],
) -> None:
    departments = [department for hospital in hospitals for department in hospital.departments]
    rows: list[tuple[Table, list[dict[str, object]]]] = [
        (tables.hospital, [_hospital_row(hospital, position) for position, hospital in enumerate(hospitals)]),
        (tables.department, [_department_row(department, position) for position, department in enumerate(departments)]),
        (tables.practitioner, [_practitioner_row(who, hashes[who.id]) for who in practitioners]),
        (
            tables.practitioner_department,
            [{"practitioner": who.id, "department": department} for who in practitioners for department in who.departments],
        ),
    ]
    for table, values in rows:
        await connection.execute(insert(table), values)


async def _all(connection: AsyncConnection, table: Table, order: str) -> list[Row[Any]]:
    return list((await connection.execute(select(table).order_by(table.c[order]))).all())


async def _session(connection: AsyncConnection, token_hash: bytes, now: float) -> StaffSession | None:
    session, practitioner = tables.staff_session.c, tables.practitioner.c
    query = select(tables.staff_session, practitioner.hospital).join(tables.practitioner, practitioner.id == session.practitioner)
    row = (await connection.execute(query.where(session.token_hash == token_hash, session.expires_at > now))).one_or_none()
    if row is None:
        return None
    return StaffSession(
        row.token_hash, PractitionerId(row.practitioner), HospitalId(row.hospital), row.created_at, row.expires_at
    )


def _account(row: Row[Any]) -> Account:
    factor = Factor(row.sealed, row.proposed_at, row.confirmed_at, row.last_step) if row.sealed is not None else None
    return Account(PractitionerId(row.id), HospitalId(row.hospital), row.staff_number, row.password_hash, factor)


def _name(row: Row[Any], what: str = "name") -> LocalText:
    return LocalText(zh=getattr(row, f"{what}_zh"), en=getattr(row, f"{what}_en"))


def _hospital(row: Row[Any], departments: Sequence[Department]) -> Hospital:
    return Hospital(
        id=HospitalId(row.id),
        name=_name(row),
        emergency_number=row.emergency_number,
        time_zone=row.time_zone,
        departments=tuple(department for department in departments if department.hospital == row.id),
        records=row.records,
        erases=row.erases,
    )


def _hospital_row(hospital: Hospital, position: int) -> dict[str, object]:
    return {
        "id": hospital.id,
        "position": position,
        "name_zh": hospital.name.zh,
        "name_en": hospital.name.en,
        "emergency_number": hospital.emergency_number,
        "time_zone": hospital.time_zone,
        "records": hospital.records,
        "erases": hospital.erases,
    }


def _department(row: Row[Any]) -> Department:
    return Department(DepartmentId(row.id), HospitalId(row.hospital), _name(row))


def _department_row(department: Department, position: int) -> dict[str, object]:
    return {
        "id": department.id,
        "hospital": department.hospital,
        "position": position,
        "name_zh": department.name.zh,
        "name_en": department.name.en,
    }


def _practitioner(row: Row[Any], departments: Sequence[DepartmentId]) -> Practitioner:
    return Practitioner(
        id=PractitionerId(row.id),
        hospital=HospitalId(row.hospital),
        staff_number=row.staff_number,
        name=_name(row),
        title=_name(row, "title"),
        departments=tuple(departments),
        role=StaffRole(row.role),
    )


def _practitioner_row(who: Practitioner, password_hash: str) -> dict[str, object]:
    return {
        "id": who.id,
        "hospital": who.hospital,
        "staff_number": who.staff_number,
        "name_zh": who.name.zh,
        "name_en": who.name.en,
        "title_zh": who.title.zh,
        "title_en": who.title.en,
        "password_hash": password_hash,
        "role": who.role.value,
    }
