"""The migrations bring an empty database of either kind to exactly what the models say, also when two processes start at once."""

import asyncio
import sys
from collections.abc import Callable

import pytest
from alembic import command
from sqlalchemy import Connection, exc, text

from common.database import Database, alembic_config, migrate
from common.errors import Unavailable
from common.evidence import audit
from common.evidence.entry import AuditEntry
from common.evidence.verify import verify


async def test_models_and_migrations_say_the_same(database_url: str) -> None:
    await migrate(database_url)
    await migrate(database_url)
    database = Database(database_url)

    def check(connection: Connection) -> None:
        command.check(alembic_config(connection))  # raises when a new migration would not be empty

    async with database.engine.begin() as connection:
        await connection.run_sync(check)
    await database.close()


async def test_processes_that_start_together_all_succeed(database_url: str) -> None:
    code = "import asyncio, sys; from common.database import migrate; asyncio.run(migrate(sys.argv[1]))"
    started = [
        await asyncio.create_subprocess_exec(sys.executable, "-c", code, database_url, stderr=asyncio.subprocess.PIPE)
        for _ in range(3)
    ]
    for process in started:
        _, errors = await process.communicate()
        assert process.returncode == 0, errors.decode()[-2000:]


async def test_a_migration_that_fails_leaves_the_database_as_it_was(database_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    def upgrade_and_fall(connection: Connection) -> None:
        command.upgrade(alembic_config(connection), "head")
        raise RuntimeError("half way")

    with monkeypatch.context() as patched:
        patched.setattr("common.database.upgrade", upgrade_and_fall)
        with pytest.raises(RuntimeError):
            await migrate(database_url)
    database = Database(database_url)
    with pytest.raises((exc.DBAPIError, Unavailable)):
        async with database.reading() as connection:
            await connection.execute(text("SELECT 1 FROM consultation"))
    await database.close()
    await migrate(database_url)


@pytest.mark.parametrize("change", ["UPDATE audit_entry SET actor = 'somebody'", "DELETE FROM audit_entry"])
async def test_the_database_refuses_to_change_an_audit_entry(database_url: str, change: str) -> None:
    await migrate(database_url)
    database = Database(database_url)
    entry = AuditEntry(1.0, "h_hospital", "pr_doctor", "signed_in", "pr_doctor")
    async with database.transaction() as connection:
        await audit.append(connection, entry, entry)
    with pytest.raises((exc.DBAPIError, Unavailable)):
        async with database.transaction() as connection:
            await connection.execute(text(change))
    async with database.reading() as connection:
        rows = (await connection.execute(text("SELECT actor FROM audit_entry"))).all()
    await database.close()
    assert [row.actor for row in rows] == ["pr_doctor", "pr_doctor"]


async def test_an_entry_stands_or_falls_with_its_act(database_url: str) -> None:
    await migrate(database_url)
    database = Database(database_url)
    with pytest.raises(RuntimeError):
        async with database.transaction() as connection:
            await audit.append(connection, AuditEntry(1.0, "h", "system", "act", "c"))
            raise RuntimeError("the act failed")
    async with database.reading() as connection:
        assert (await connection.execute(text("SELECT count(*) FROM audit_entry"))).scalar() == 0
    await database.close()


async def test_entries_of_before_the_chain_are_chained_in_their_order(database_url: str) -> None:
    database = Database(database_url)

    def upgrade_to(revision: str) -> Callable[[Connection], None]:
        return lambda connection: command.upgrade(alembic_config(connection), revision)

    async with database.engine.begin() as connection:
        await connection.run_sync(upgrade_to("0008"))
        for number in range(6):
            old = "INSERT INTO audit_entry (at, hospital, actor, act, subject, reason) VALUES (:at, :hospital, 'a', 'b', 'c', '')"
            await connection.execute(text(old), {"at": 1.5 + number, "hospital": f"h_{number % 2}"})
    async with database.engine.begin() as connection:
        await connection.run_sync(upgrade_to("0009"))
    async with database.transaction() as connection:
        await audit.append(connection, AuditEntry(9.0, "h_0", "a", "b", "c"))
    report = await verify(audit.everything(database), [])
    await database.close()
    assert (report.entries, report.hospitals, report.faults) == (7, 2, ())
