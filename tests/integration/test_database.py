"""A slow, locked, dead or restarted database is `Unavailable` and nothing worse; our own mistakes are not hidden as that."""

import asyncio
import sqlite3

import pytest
from sqlalchemy import exc, text

import common.database
from common.database import Database, migrate
from common.errors import Unavailable
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
