"""The clinic over a real database of either kind: the sample, sign-in, sessions, the directory."""

import asyncio
import stat
from pathlib import Path

from sqlalchemy import text

from clinic.factors import code_of, step_at
from clinic.hospitals import StaffRole
from clinic.passwords import Argon2Hasher
from clinic.people import Clinic
from clinic.sample import FACTOR_FILE, PASSWORD_FILE, create_sample, sample_secret
from clinic.store.sql import SqlClinicStore
from common.database import Database
from tests.integration.clinic.conftest import StillClock, come_in, make_sample, refused


async def test_an_empty_installation_gets_a_sample_once(clinic: Clinic, clock: StillClock, tmp_path: Path) -> None:
    sample = await make_sample(clinic, clock, tmp_path / "data")
    directory = await clinic.directory()
    assert (len(directory.hospitals), len(directory.departments), len(directory.practitioners)) == (2, 6, 11)
    willow = next(iter(directory.hospitals.values()))
    assert (willow.name.en, willow.name.zh) == ("Willow Bank Hospital", "柳岸医院")
    an_ning = next(who for who in directory.practitioners.values() if who.staff_number == sample.staff_number)
    assert (an_ning.name.en, an_ning.name.zh, an_ning.hospital) == ("Dr An Ning", "安宁", willow.id)
    for who in directory.practitioners.values():
        assert bool(who.departments) is (who.role is StaffRole.PRACTITIONER)
        assert all(directory.departments[one].hospital == who.hospital for one in who.departments)
    for file in (PASSWORD_FILE, FACTOR_FILE):
        assert stat.S_IMODE((tmp_path / "data" / file).stat().st_mode) == 0o600
    assert await make_sample(clinic, clock, tmp_path / "data") == sample
    assert await clinic.directory() == directory
    for staff_number in (sample.staff_number, *sample.others, sample.coordinator):
        assert (await come_in(clinic, clock, sample, staff_number)).token


async def test_processes_that_start_together_make_one_sample(
    clinic: Clinic, database_url: str, clock: StillClock, tmp_path: Path
) -> None:
    other = Database(database_url)
    twin = Clinic(SqlClinicStore(other), Argon2Hasher(), clinic.vault, clock)
    samples = await asyncio.gather(*(make_sample(one, clock, tmp_path) for one in (clinic, twin, clinic)))
    await other.close()
    assert len(set(samples)) == 1
    assert len((await clinic.directory()).practitioners) == 11
    assert (await come_in(clinic, clock, samples[0], "2001")).token
    assert sorted(file.name for file in tmp_path.iterdir() if file.name.startswith("sample")) == [FACTOR_FILE, PASSWORD_FILE]


async def test_another_clinic_is_left_alone(clinic: Clinic, clock: StillClock, database: Database, tmp_path: Path) -> None:
    async with database.transaction() as connection:
        await connection.execute(
            text(
                "INSERT INTO hospital (id, position, name_zh, name_en, emergency_number, time_zone) "
                "VALUES ('h_aaaaaaaaaaaaaaaa', 0, '真医院', 'A real hospital', '112', 'Europe/Rome')"
            )
        )
    assert await create_sample(clinic, tmp_path, clock.now()) is None
    assert len((await clinic.directory()).hospitals) == 1 and list(tmp_path.glob("sample*")) == []
    assert sample_secret(tmp_path) is None


async def test_a_session_lives_twelve_hours_or_until_sign_out(clinic: Clinic, clock: StillClock, tmp_path: Path) -> None:
    sample = await make_sample(clinic, clock, tmp_path)
    grant = await come_in(clinic, clock, sample)
    who = await clinic.staff_by_token(grant.token)
    assert who is not None and (who.practitioner, who.hospital) == (grant.practitioner, grant.hospital)
    assert await clinic.staff_by_token(grant.token[:-1] + "_") is None
    other = await come_in(clinic, clock, sample, drift=1)
    await clinic.sign_out(other.token)
    await clinic.sign_out(other.token)
    assert await clinic.staff_by_token(other.token) is None
    clock.at += 12 * 3600 - 1
    assert await clinic.staff_by_token(grant.token) is not None
    clock.at += 1
    assert await clinic.staff_by_token(grant.token) is None


async def test_wrong_number_and_wrong_password_look_alike_and_are_throttled(
    clinic: Clinic, clock: StillClock, database: Database, tmp_path: Path
) -> None:
    sample = await make_sample(clinic, clock, tmp_path)
    code = code_of(sample.secret, step_at(clock.now()))
    for given in (None, code, "000000"):  # a wrong password says no more with a right code than without one
        assert await refused(clinic, "1001", "wrong", code=given) == "sign_in_failed"
        assert await refused(clinic, "9999", "wrong", code=given) == "sign_in_failed"
    async with database.reading() as connection:
        failed = await connection.execute(text("SELECT actor FROM audit_entry WHERE act = 'sign_in_failed'"))
        actors = [row.actor for row in failed]
    assert actors.count("unknown") == 3 and len(actors) == 6, "both leave the same work behind, none the number that was typed"
    for number in range(7):
        assert await refused(clinic, "1001", "wrong", f"192.0.2.{number}") == "sign_in_failed"
    assert await refused(clinic, "1001", sample.password, "192.0.2.99", code) == "too_many_attempts"
    assert (await come_in(clinic, clock, sample, "1002", "192.0.2.99")).token, "other accounts are not touched"
    clock.at += 15 * 60
    assert (await come_in(clinic, clock, sample, "1001", "192.0.2.99")).token


async def test_one_address_cannot_try_every_account(clinic: Clinic, clock: StillClock, tmp_path: Path) -> None:
    sample = await make_sample(clinic, clock, tmp_path)
    codes = [await refused(clinic, f"{5000 + number}", "guess") for number in range(31)]
    assert codes == ["sign_in_failed"] * 30 + ["too_many_attempts"]
    assert (await come_in(clinic, clock, sample, "1001", "198.51.100.7")).token


async def test_many_guesses_at_once_do_not_slip_through(clinic: Clinic, clock: StillClock, tmp_path: Path) -> None:
    await make_sample(clinic, clock, tmp_path)
    codes = await asyncio.gather(*(refused(clinic, "1001", "guess", f"192.0.2.{number}") for number in range(25)))
    assert sorted(codes) == ["sign_in_failed"] * 10 + ["too_many_attempts"] * 15


async def test_sign_ins_are_audited_and_no_secret_is_stored(
    clinic: Clinic, clock: StillClock, database: Database, tmp_path: Path
) -> None:
    sample = await make_sample(clinic, clock, tmp_path)
    await refused(clinic, "1001", "wrong")
    await refused(clinic, "1001", sample.password, code="000000")
    grant = await come_in(clinic, clock, sample)
    async with database.reading() as connection:
        acts = (await connection.execute(text("SELECT act FROM audit_entry ORDER BY id"))).scalars().all()
        stored = [tuple(row) for row in await connection.execute(text("SELECT * FROM staff_session"))]
        hashes = (await connection.execute(text("SELECT password_hash FROM practitioner"))).scalars().all()
        sealed = (await connection.execute(text("SELECT sealed FROM second_factor"))).scalars().all()
    await clinic.sign_out(grant.token)
    assert acts == ["sign_in_failed", "code_wrong", "signed_in"]
    assert len(stored) == 1 and grant.token not in repr(stored)
    assert all(one.startswith("$argon2id$") for one in hashes) and len(set(hashes)) == 11
    assert len(set(sealed)) == 11 and all(sample.secret.encode() not in bytes(one) for one in sealed)


async def test_another_role_ends_the_sessions_and_is_in_the_audit(
    clinic: Clinic, clock: StillClock, database: Database, tmp_path: Path
) -> None:
    sample = await make_sample(clinic, clock, tmp_path)
    before = await come_in(clinic, clock, sample)
    assert await clinic.set_role("9999", StaffRole.ARCHIVIST) is False
    assert await clinic.set_role(sample.staff_number, StaffRole.ARCHIVIST) is True
    assert await clinic.staff_by_token(before.token) is None, "what was opened in the former role lives on"
    assert (await clinic.directory()).practitioners[before.practitioner].role is StaffRole.ARCHIVIST
    async with database.reading() as connection:
        query = text("SELECT hospital, actor, subject, reason FROM audit_entry WHERE act = 'role_changed'")
        found = [tuple(row) for row in await connection.execute(query)]
    assert found == [(before.hospital, "system", before.practitioner, "archivist")]
