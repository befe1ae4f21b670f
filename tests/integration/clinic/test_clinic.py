"""The clinic over a real database of either kind: the sample, sign-in, sessions, the directory."""

import asyncio
import stat
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from sqlalchemy import text

from clinic.passwords import Argon2Hasher
from clinic.people import Clinic
from clinic.sample import PASSWORD_FILE, create_sample
from clinic.store.sql import SqlClinicStore
from common.database import Database, migrate
from common.errors import UserError


class StillClock:
    """Stands until it is moved."""

    def __init__(self) -> None:
        self.at = 1_600_000_000.0

    def now(self) -> float:
        return self.at


@pytest.fixture
def clock() -> StillClock:
    return StillClock()


@pytest.fixture
async def database(database_url: str) -> AsyncIterator[Database]:
    await migrate(database_url)
    opened = Database(database_url)
    yield opened
    await opened.close()


@pytest.fixture
def clinic(database: Database, clock: StillClock) -> Clinic:
    return Clinic(SqlClinicStore(database), Argon2Hasher(), clock)


async def refused(clinic: Clinic, staff_number: str, password: str, address: str = "192.0.2.1") -> str:
    with pytest.raises(UserError) as error:
        await clinic.sign_in(staff_number, password, address)
    return error.value.code


async def test_an_empty_installation_gets_a_sample_once(clinic: Clinic, tmp_path: Path) -> None:
    sample = await create_sample(clinic, tmp_path / "data")
    assert sample is not None
    directory = await clinic.directory()
    assert (len(directory.hospitals), len(directory.departments), len(directory.practitioners)) == (2, 6, 8)
    willow = next(iter(directory.hospitals.values()))
    assert (willow.name.en, willow.name.zh) == ("Willow Bank Hospital", "柳岸医院")
    an_ning = next(who for who in directory.practitioners.values() if who.staff_number == sample.staff_number)
    assert (an_ning.name.en, an_ning.name.zh, an_ning.hospital) == ("Dr An Ning", "安宁", willow.id)
    for who in directory.practitioners.values():
        assert who.departments and all(directory.departments[one].hospital == who.hospital for one in who.departments)
    assert stat.S_IMODE((tmp_path / "data" / PASSWORD_FILE).stat().st_mode) == 0o600
    assert await create_sample(clinic, tmp_path / "data") == sample
    assert await clinic.directory() == directory
    for staff_number in (sample.staff_number, *sample.others):
        assert (await clinic.sign_in(staff_number, sample.password, "192.0.2.1")).token


async def test_processes_that_start_together_make_one_sample(
    clinic: Clinic, database_url: str, clock: StillClock, tmp_path: Path
) -> None:
    other = Database(database_url)
    twin = Clinic(SqlClinicStore(other), Argon2Hasher(), clock)
    samples = await asyncio.gather(*(create_sample(one, tmp_path) for one in (clinic, twin, clinic)))
    await other.close()
    assert len(set(samples)) == 1 and samples[0] is not None
    assert len((await clinic.directory()).practitioners) == 8
    assert (await clinic.sign_in("2001", samples[0].password, "192.0.2.1")).token
    assert [file.name for file in tmp_path.iterdir() if file.name.startswith(PASSWORD_FILE)] == [PASSWORD_FILE]


async def test_another_clinic_is_left_alone(clinic: Clinic, database: Database, tmp_path: Path) -> None:
    async with database.transaction() as connection:
        await connection.execute(
            text("INSERT INTO hospital VALUES ('h_aaaaaaaaaaaaaaaa', 0, '真医院', 'A real hospital', '112', 'Europe/Rome')")
        )
    assert await create_sample(clinic, tmp_path) is None
    assert len((await clinic.directory()).hospitals) == 1 and list(tmp_path.glob(f"{PASSWORD_FILE}*")) == []


async def test_a_session_lives_twelve_hours_or_until_sign_out(clinic: Clinic, clock: StillClock, tmp_path: Path) -> None:
    sample = await create_sample(clinic, tmp_path)
    assert sample is not None
    grant = await clinic.sign_in("1001", sample.password, "192.0.2.1")
    who = await clinic.staff_by_token(grant.token)
    assert who is not None and (who.practitioner, who.hospital) == (grant.practitioner, grant.hospital)
    assert await clinic.staff_by_token(grant.token[:-1] + "_") is None
    other = await clinic.sign_in("1001", sample.password, "192.0.2.1")
    await clinic.sign_out(other.token)
    await clinic.sign_out(other.token)
    assert await clinic.staff_by_token(other.token) is None
    clock.at += 12 * 3600 - 1
    assert await clinic.staff_by_token(grant.token) is not None
    clock.at += 1
    assert await clinic.staff_by_token(grant.token) is None


async def test_wrong_number_and_wrong_password_look_alike_and_are_throttled(
    clinic: Clinic, clock: StillClock, tmp_path: Path
) -> None:
    sample = await create_sample(clinic, tmp_path)
    assert sample is not None
    assert await refused(clinic, "1001", "wrong") == await refused(clinic, "9999", "wrong") == "sign_in_failed"
    for number in range(9):
        assert await refused(clinic, "1001", "wrong", f"192.0.2.{number}") == "sign_in_failed"
    assert await refused(clinic, "1001", sample.password, "192.0.2.99") == "too_many_attempts"
    assert (await clinic.sign_in("1002", sample.password, "192.0.2.99")).token, "other accounts are not touched"
    clock.at += 15 * 60
    assert (await clinic.sign_in("1001", sample.password, "192.0.2.99")).token


async def test_one_address_cannot_try_every_account(clinic: Clinic, tmp_path: Path) -> None:
    sample = await create_sample(clinic, tmp_path)
    assert sample is not None
    codes = [await refused(clinic, f"{5000 + number}", "guess") for number in range(31)]
    assert codes == ["sign_in_failed"] * 30 + ["too_many_attempts"]
    assert (await clinic.sign_in("1001", sample.password, "198.51.100.7")).token


async def test_many_guesses_at_once_do_not_slip_through(clinic: Clinic, tmp_path: Path) -> None:
    assert await create_sample(clinic, tmp_path) is not None
    codes = await asyncio.gather(*(refused(clinic, "1001", "guess", f"192.0.2.{number}") for number in range(25)))
    assert sorted(codes) == ["sign_in_failed"] * 10 + ["too_many_attempts"] * 15


async def test_sign_ins_are_audited_and_no_secret_is_stored(clinic: Clinic, database: Database, tmp_path: Path) -> None:
    sample = await create_sample(clinic, tmp_path)
    assert sample is not None
    await refused(clinic, "1001", "wrong")
    grant = await clinic.sign_in("1001", sample.password, "192.0.2.1")
    async with database.reading() as connection:
        acts = (await connection.execute(text("SELECT act FROM audit_entry ORDER BY id"))).scalars().all()
        stored = [tuple(row) for row in await connection.execute(text("SELECT * FROM staff_session"))]
        hashes = (await connection.execute(text("SELECT password_hash FROM practitioner"))).scalars().all()
    await clinic.sign_out(grant.token)
    assert acts == ["sign_in_failed", "signed_in"]
    assert len(stored) == 1 and grant.token not in repr(stored)
    assert all(one.startswith("$argon2id$") for one in hashes) and len(set(hashes)) == 8
