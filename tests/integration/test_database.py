"""A slow, locked, dead or restarted database is `Unavailable` and nothing worse; our own mistakes are not hidden as that."""

import asyncio
import sqlite3
from pathlib import Path

import pytest
from sqlalchemy import event, exc, text

import common.database
from common.database import BATCH, Database, in_batches, migrate, of_few_lengths
from common.errors import Unavailable
from common.ids import ConsultationId, new_id
from rooms.store.consultations import SqlConsultations
from tests.processes import wait_for
from tests.services import Postgres


async def test_a_locked_sqlite_file_is_unavailable_and_works_again_afterwards(
    sqlite_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(common.database, "STATEMENT_TIMEOUT_S", 0.2)
    await migrate(sqlite_url)
    database = Database(sqlite_url)
    other = sqlite3.connect(str(database.url.database), isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    with pytest.raises(Unavailable):
        async with database.transaction():
            pytest.fail("the file is locked")
    async with database.reading() as connection:
        assert (await connection.execute(text("SELECT count(*) FROM consultation"))).scalar() == 0, "readers go on"
    other.rollback()
    other.close()
    async with database.transaction() as connection:
        await connection.execute(text("SELECT 1"))
    await database.close()


async def test_a_paused_postgresql_is_unavailable_in_time(
    postgres_server: Postgres, postgres_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(common.database, "STATEMENT_TIMEOUT_S", 0.3)
    monkeypatch.setattr(common.database, "TRANSACTION_TIMEOUT_S", 1.0)
    database = Database(postgres_url)
    async with database.transaction() as connection:
        await connection.execute(text("CREATE TABLE thing (number integer)"))
    await database.engine.dispose()  # the paused postmaster answers no new connection; those it has forked go on
    postgres_server.pause()
    try:
        async with asyncio.timeout(8):
            with pytest.raises(Unavailable):
                async with database.transaction() as connection:
                    await connection.execute(text("INSERT INTO thing VALUES (1)"))
    finally:
        postgres_server.resume()
    await database.close()


async def test_a_restarted_postgresql_is_used_again_without_a_word(postgres_server: Postgres, postgres_url: str) -> None:
    database = Database(postgres_url)
    async with database.transaction() as connection:
        await connection.execute(text("CREATE TABLE thing (number integer)"))
    postgres_server.stop()
    with pytest.raises(Unavailable):
        async with database.transaction() as connection:
            await connection.execute(text("INSERT INTO thing VALUES (1)"))
    postgres_server.start()
    async with database.transaction() as connection:
        await connection.execute(text("INSERT INTO thing VALUES (2)"))
    async with database.reading() as connection:
        assert (await connection.execute(text("SELECT number FROM thing"))).scalars().all() == [2]
    await database.close()


async def test_a_statement_that_takes_too_long_is_given_up(postgres_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(common.database, "STATEMENT_TIMEOUT_S", 0.2)
    database = Database(postgres_url)
    with pytest.raises(Unavailable):
        async with database.transaction() as connection:
            await connection.execute(text("SELECT pg_sleep(30)"))
    await database.close()


async def test_wrong_sql_is_a_bug_and_not_unavailable(database_url: str) -> None:
    database = Database(database_url)
    with pytest.raises(exc.DBAPIError):
        async with database.transaction() as connection:
            await connection.execute(text("SELECT nothing FROM nowhere"))
    await database.close()


async def test_an_error_says_nothing_of_what_was_to_be_stored(database_url: str) -> None:
    database = Database(database_url)
    async with database.transaction() as connection:
        await connection.execute(text("CREATE TABLE thing (number integer PRIMARY KEY, words text)"))
    with pytest.raises(exc.IntegrityError) as refused:
        async with database.transaction() as connection:
            for _ in range(2):
                await connection.execute(text("INSERT INTO thing VALUES (:number, :words)"), {"number": 1, "words": "Bai Yun"})
    assert "INSERT INTO thing" in str(refused.value) and "Bai Yun" not in str(refused.value), "it may be logged"
    await database.close()


async def test_a_view_is_consistent_while_others_write(database_url: str) -> None:
    database = Database(database_url)
    async with database.transaction() as connection:
        await connection.execute(text("CREATE TABLE thing (number integer)"))
    async with database.reading() as view:
        assert (await view.execute(text("SELECT count(*) FROM thing"))).scalar() == 0
        async with database.transaction() as connection:
            await connection.execute(text("INSERT INTO thing VALUES (1)"))
        assert (await view.execute(text("SELECT count(*) FROM thing"))).scalar() == 0
    async with database.reading() as view:
        assert (await view.execute(text("SELECT count(*) FROM thing"))).scalar() == 1
    await database.close()


async def test_a_block_that_raises_leaves_nothing(database_url: str) -> None:
    database = Database(database_url)
    async with database.transaction() as connection:
        await connection.execute(text("CREATE TABLE thing (number integer)"))
    with pytest.raises(KeyError):
        async with database.transaction() as connection:
            await connection.execute(text("INSERT INTO thing VALUES (1)"))
            raise KeyError("a bug")
    async with database.reading() as connection:
        assert (await connection.execute(text("SELECT count(*) FROM thing"))).scalar() == 0
    await database.close()


async def test_the_log_is_written_back_beside_everybody_and_not_by_whoever_commits(sqlite_url: str) -> None:
    """Two thousand pages: SQLite by itself would have a commit write them back after the first thousand."""
    await migrate(sqlite_url)
    database = Database(sqlite_url)
    file = Path(str(database.url.database))
    before = file.stat().st_size
    async with database.transaction() as connection:
        await connection.execute(text("CREATE TABLE thing (content blob)"))
    for _ in range(20):
        async with database.transaction(brief=True) as connection:
            await connection.execute(text("INSERT INTO thing VALUES (zeroblob(400000))"))
    assert file.stat().st_size == before
    writing = asyncio.create_task(database.write_back())
    try:
        await wait_for(lambda: file.stat().st_size > before + 7_000_000, 20, "the log to be in the file")
    finally:
        writing.cancel()
        await asyncio.gather(writing, return_exceptions=True)
    await database.close()


async def test_a_step_that_was_given_up_is_waited_for_and_harms_nothing(sqlite_url: str) -> None:
    """Whoever waited for the lock is cancelled while the thread waits on: the connection is used again only after that."""
    await migrate(sqlite_url)
    database = Database(sqlite_url)
    other = sqlite3.connect(str(database.url.database), isolation_level=None)
    other.execute("BEGIN IMMEDIATE")

    async def write(number: int) -> None:
        async with database.transaction(brief=True) as connection:
            await connection.execute(text("INSERT INTO thing VALUES (:number)"), {"number": number})

    other.execute("CREATE TABLE thing (number integer)")
    given_up = asyncio.create_task(write(1))
    await asyncio.sleep(0.1)  # it waits in the thread
    given_up.cancel()
    await asyncio.gather(given_up, return_exceptions=True)
    other.execute("COMMIT")
    other.close()
    for number in range(2, 5):
        await write(number)
    async with database.reading(brief=True) as connection:
        rows = (await connection.execute(text("SELECT number FROM thing ORDER BY number"))).scalars().all()
    assert rows == [2, 3, 4]
    await database.close()


async def test_a_brief_transaction_is_whole_or_not_at_all(sqlite_url: str) -> None:
    await migrate(sqlite_url)
    database = Database(sqlite_url)
    async with database.transaction() as connection:
        await connection.execute(text("CREATE TABLE thing (number integer)"))
    with pytest.raises(ZeroDivisionError):
        async with database.transaction(brief=True) as connection:
            await connection.execute(text("INSERT INTO thing VALUES (1)"))
            raise ZeroDivisionError
    async with database.transaction(brief=True) as connection:
        found = await connection.execute(text("INSERT INTO thing VALUES (2), (3) RETURNING number"))
        assert found.scalars().all() == [2, 3]
        changed = await connection.execute(text("UPDATE thing SET number = number + 1"))
        assert changed.rowcount == 2
    async with database.reading(brief=True) as connection:
        assert (await connection.execute(text("SELECT number FROM thing"))).scalars().all() == [3, 4]
    await database.close()


async def test_a_list_that_grows_all_day_is_a_handful_of_statements(database_url: str) -> None:
    """Every length would be one, prepared and kept by each of ten connections."""
    await migrate(database_url)
    database = Database(database_url)
    seen: set[str] = set()
    event.listen(database.engine.sync_engine, "before_cursor_execute", lambda *given: seen.add(given[2]))
    ids = [ConsultationId(new_id("c")) for _ in range(100)]
    async with database.reading() as connection:
        store = SqlConsultations(connection)
        for count in range(len(ids) + 1):
            assert await store.revisions(ids[:count]) == {}
    await database.close()
    assert len([statement for statement in seen if "consultation" in statement]) == 8


async def test_a_day_of_patients_is_asked_for_in_parts(database_url: str) -> None:
    await migrate(database_url)
    database = Database(database_url)
    longest: list[int] = []
    event.listen(database.engine.sync_engine, "before_cursor_execute", lambda *given: longest.append(len(given[3])))
    async with database.reading() as connection:
        store = SqlConsultations(connection)
        assert await store.revisions([ConsultationId(new_id("c")) for _ in range(3 * BATCH + 1)]) == {}
    await database.close()
    assert max(longest) == BATCH and longest.count(BATCH) == 3


def test_no_batch_misses_anybody() -> None:
    assert [len(batch) for batch in in_batches(range(2 * BATCH + 3))] == [BATCH, BATCH, 4]
    assert set().union(*in_batches(range(2 * BATCH + 3))) == set(range(2 * BATCH + 3))
    assert list(in_batches([])) == []


@pytest.mark.parametrize(("count", "length"), [(0, 0), (1, 1), (2, 2), (3, 4), (5, 8), (64, 64), (65, 128)])
def test_a_list_has_one_of_few_lengths_and_nobody_new_in_it(count: int, length: int) -> None:
    found = of_few_lengths(range(count))
    assert len(found) == length and set(found) == set(range(count))
