"""The second factor over a real database of either kind: nobody of the staff comes in without a code, and a code works once."""

import asyncio
from pathlib import Path

import pyotp
import pytest
from sqlalchemy import text

from clinic.factors import FactorVault, code_of, new_key, step_at
from clinic.passwords import Argon2Hasher
from clinic.people import Clinic, Credentials, FactorStep, StaffGrant
from clinic.sample import Sample
from clinic.store.sql import SqlClinicStore
from common.database import Database
from common.errors import Unavailable, UserError
from tests.integration.clinic.conftest import StillClock, come_in, make_sample, refused


async def step(clinic: Clinic, sample: Sample) -> FactorStep:
    """What the right password alone leads to."""
    answer = await clinic.sign_in(Credentials("1001", sample.password), "192.0.2.1")
    assert isinstance(answer, FactorStep)
    return answer


async def test_a_password_alone_opens_nothing(clinic: Clinic, clock: StillClock, tmp_path: Path) -> None:
    sample = await make_sample(clinic, clock, tmp_path)
    assert await step(clinic, sample) == FactorStep("code")


@pytest.mark.parametrize("drift", [-1, 0, 1])
async def test_a_code_is_taken_once_and_no_earlier_one_after_it(
    clinic: Clinic, clock: StillClock, tmp_path: Path, drift: int
) -> None:
    sample = await make_sample(clinic, clock, tmp_path)
    await come_in(clinic, clock, sample, drift=drift)
    for earlier in range(-1, drift + 1):
        code = code_of(sample.secret, step_at(clock.now()) + earlier)
        assert await refused(clinic, "1001", sample.password, code=code) == "code_wrong"


@pytest.mark.parametrize("drift", [-3, -2, 2, 3])
async def test_a_code_two_steps_away_is_wrong(clinic: Clinic, clock: StillClock, tmp_path: Path, drift: int) -> None:
    sample = await make_sample(clinic, clock, tmp_path)
    code = code_of(sample.secret, step_at(clock.now()) + drift)
    assert await refused(clinic, "1001", sample.password, code=code) == "code_wrong"


async def test_of_two_sign_ins_with_one_code_at_once_one_comes_in(clinic: Clinic, clock: StillClock, tmp_path: Path) -> None:
    sample = await make_sample(clinic, clock, tmp_path)
    outcomes = await asyncio.gather(*(come_in(clinic, clock, sample) for _ in range(5)), return_exceptions=True)
    assert sum(isinstance(outcome, StaffGrant) for outcome in outcomes) == 1
    assert sum(isinstance(outcome, UserError) and outcome.code == "code_wrong" for outcome in outcomes) == 4


async def test_codes_cannot_be_guessed(clinic: Clinic, clock: StillClock, tmp_path: Path) -> None:
    sample = await make_sample(clinic, clock, tmp_path)
    right = {code_of(sample.secret, step_at(clock.now()) + drift) for drift in (-1, 0, 1)}
    wrong = next(f"{guess:06}" for guess in range(10) if f"{guess:06}" not in right)
    for number in range(10):
        assert await refused(clinic, "1001", sample.password, f"192.0.2.{number}", wrong) == "code_wrong"
    for code in (wrong, *right):
        assert await refused(clinic, "1001", sample.password, "192.0.2.99", code) == "too_many_attempts"
    clock.at += 15 * 60
    assert (await come_in(clinic, clock, sample)).token


async def test_a_lost_factor_is_reset_and_a_new_one_enrolled(clinic: Clinic, clock: StillClock, tmp_path: Path) -> None:
    sample = await make_sample(clinic, clock, tmp_path)
    before = await come_in(clinic, clock, sample)
    assert await clinic.reset_factor("1001") is True
    assert await clinic.reset_factor("9999") is False
    assert await clinic.staff_by_token(before.token) is None, "a session that the lost phone opened lives on"
    code = code_of(sample.secret, step_at(clock.now()) + 1)
    assert await refused(clinic, "1001", sample.password, code=code) == "code_wrong", "the lost phone still opens the door"

    first, second = await step(clinic, sample), await step(clinic, sample)
    assert first.next == second.next == "enrol" and first.secret != second.secret
    assert second.secret is not None and second.uri is not None and first.secret is not None
    read = pyotp.parse_uri(second.uri)  # what an authenticator app makes of the QR code
    assert isinstance(read, pyotp.TOTP) and (read.secret, read.name, read.issuer) == (second.secret, "1001", "Consilium")
    now = step_at(clock.now())
    assert await refused(clinic, "1001", sample.password, code=code_of(first.secret, now)) == "code_wrong", (
        "seen by who knows whom"
    )
    granted = await clinic.sign_in(Credentials("1001", sample.password, read.at(int(clock.now()))), "192.0.2.1")
    assert isinstance(granted, StaffGrant)
    assert await step(clinic, sample) == FactorStep("code")


async def test_a_secret_that_was_shown_long_ago_enrols_nothing(clinic: Clinic, clock: StillClock, tmp_path: Path) -> None:
    sample = await make_sample(clinic, clock, tmp_path)
    await clinic.reset_factor("1001")
    shown = await step(clinic, sample)
    assert shown.secret is not None
    clock.at += 15 * 60
    code = code_of(shown.secret, step_at(clock.now()))
    assert await refused(clinic, "1001", sample.password, code=code) == "code_wrong"


async def test_enrolment_and_reset_are_audited(clinic: Clinic, clock: StillClock, database: Database, tmp_path: Path) -> None:
    sample = await make_sample(clinic, clock, tmp_path)
    await clinic.reset_factor("1001")
    shown = await step(clinic, sample)
    assert shown.secret is not None
    await clinic.sign_in(Credentials("1001", sample.password, code_of(shown.secret, step_at(clock.now()))), "192.0.2.1")
    assert await acts(database) == ["factor_reset", "factor_enrolled", "signed_in"]


async def test_another_key_is_noticed_at_start_and_opens_nothing(
    clinic: Clinic, clock: StillClock, database: Database, tmp_path: Path
) -> None:
    sample = await make_sample(clinic, clock, tmp_path)
    await clinic.check_key()
    stranger = Clinic(SqlClinicStore(database), Argon2Hasher(), FactorVault(new_key()), clock)
    with pytest.raises(Unavailable, match="factor-key"):
        await stranger.check_key()
    with pytest.raises(Unavailable) as error:
        await come_in(stranger, clock, sample)
    assert error.value.code == "factor_unreadable"


async def acts(database: Database) -> list[str]:
    async with database.reading() as connection:
        return list((await connection.execute(text("SELECT act FROM audit_entry ORDER BY id"))).scalars().all())
