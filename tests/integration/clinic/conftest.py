"""The clinic over a real database of either kind, on a clock that stands, and who signs in there."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from clinic.factors import FactorVault, code_of, new_key, step_at
from clinic.passwords import Argon2Hasher
from clinic.people import Clinic, Credentials, StaffGrant
from clinic.sample import Sample, create_sample
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
    return Clinic(SqlClinicStore(database), Argon2Hasher(), FactorVault(new_key()), clock)


async def refused(clinic: Clinic, staff_number: str, password: str, address: str = "192.0.2.1", code: str | None = None) -> str:
    with pytest.raises(UserError) as error:
        await clinic.sign_in(Credentials(staff_number, password, code), address)
    return error.value.code


async def make_sample(clinic: Clinic, clock: StillClock, folder: Path) -> Sample:
    sample = await create_sample(clinic, folder, clock.now())
    assert sample is not None
    return sample


async def come_in(
    clinic: Clinic, clock: StillClock, sample: Sample, staff_number: str = "1001", address: str = "192.0.2.1", *, drift: int = 0
) -> StaffGrant:
    """Sign in with the code of now, or of so many steps away; each step is good once."""
    code = code_of(sample.secret, step_at(clock.now()) + drift)
    granted = await clinic.sign_in(Credentials(staff_number, sample.password, code), address)
    assert isinstance(granted, StaffGrant)
    return granted
