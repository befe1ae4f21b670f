"""The one way to the database: an engine, a metadata, transactions. Decides pragmas, limits and what counts as unavailable.

It knows no table of its own, and never retries: a transaction that failed has changed nothing, and its caller decides.
SQLite: one file, WAL, one writer at a time, queued in this process in order of asking (SQLite's own waiting is unfair
polling). PostgreSQL: a bounded pool and statement timeouts, so that a slow server becomes `Unavailable` and not a pile of
waiting tasks.
"""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Iterable, Iterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from sqlite3 import SQLITE_ERROR
from sqlite3 import Connection as SqliteConnection
from typing import Any, TypeVar

from alembic import command
from alembic.config import Config
from sqlalchemy import Connection, MetaData, event, exc, text
from sqlalchemy.engine import URL, make_url
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine

from common.errors import Unavailable
from common.sqlite import BEGIN_WRITING, WholeConnection, connect

metadata = MetaData(
    naming_convention={
        "pk": "pk_%(table_name)s",
        "fk": "fk_%(table_name)s_%(column_0_name)s",
        "uq": "uq_%(table_name)s_%(column_0_name)s",
        "ix": "ix_%(table_name)s_%(column_0_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
    }
)

STATEMENT_TIMEOUT_S = 5.0
TRANSACTION_TIMEOUT_S = 10.0  # waiting for a connection and for locks included
MIGRATION_TIMEOUT_S = 600.0
MIGRATIONS = Path(__file__).resolve().parents[1] / "migrations"
MIGRATION_LOCK = 0x636F6E73  # any number that only our migrations use
CHECKPOINT_S = 1.0
LOG_PAGES = 10_000  # 40 MB: only where nobody writes the log back (`write_back`) does a commit do it
BATCH = 256  # parameters of one `IN` (`in_batches`)
POOL_CONNECTIONS = 10  # per process; 8 processes stay below PostgreSQL's default of 100
T = TypeVar("T")
_OUR_FAULT = (exc.IntegrityError, exc.ProgrammingError, exc.DataError, exc.NotSupportedError)


class Database:
    """An engine with its rules. Make it inside the running loop that will use it; close it there."""

    def __init__(self, url: str) -> None:
        self.url = make_url(url)
        self.is_sqlite = self.url.get_backend_name() == "sqlite"
        self.engine = _sqlite(self.url) if self.is_sqlite else _postgresql(self.url)
        self._reading = self.engine.execution_options(reads_only=True)
        self._writer = asyncio.Lock()

    @asynccontextmanager
    async def transaction(self, *, brief: bool = False) -> AsyncIterator[AsyncConnection]:
        """A transaction that commits at the end of the block and rolls back on any exception. Raises Unavailable.

        `brief`: every statement is about a few rows that an index finds; SQLite may then do it in place.
        """
        async with _edge(), AsyncExitStack() as stack:  # the edge outermost: a commit fails and waits like any statement
            if self.is_sqlite:
                await stack.enter_async_context(self._writer)
            connection = await stack.enter_async_context(self.engine.connect())
            await self._prepare(connection, brief)
            await stack.enter_async_context(connection.begin())
            yield connection

    @asynccontextmanager
    async def reading(self, *, brief: bool = False) -> AsyncIterator[AsyncConnection]:
        """One consistent view of everything, for reading only. `brief` as in `transaction`. Raises Unavailable."""
        async with _edge(), self._reading.connect() as connection:
            await self._prepare(connection, brief)
            if not self.is_sqlite:
                await connection.execution_options(isolation_level="REPEATABLE READ", postgresql_readonly=True)
            yield connection

    async def _prepare(self, connection: AsyncConnection, brief: bool) -> None:
        if self.is_sqlite:
            (await _driver(connection)).brief = brief

    async def write_back(self) -> None:
        """SQLite's log (WAL) is brought into the file once a second, beside everybody, until cancelled.

        Left to SQLite, every so many pages one commit does it, and whoever waits for that waits for the disk: 30 to 100 ms here.
        """
        while True:
            await asyncio.sleep(CHECKPOINT_S)
            with contextlib.suppress(Unavailable):  # the next round does more; at LOG_PAGES a commit does it
                async with _edge(), self.engine.connect() as connection:
                    await (await _driver(connection)).do_in_thread(_checkpoint)

    async def close(self) -> None:
        """Close every connection."""
        await self.engine.dispose()


def of_few_lengths(values: Iterable[T]) -> list[T]:
    """For `IN`: the last is repeated until there are 1, 2, 4, 8 … of them; none stay none.

    Each length is a statement of its own, which every connection prepares and keeps: a list that grew with each patient of a day
    filled all connections with statements used once (63 MB of a process after an hour).
    """
    found = list(values)
    wanted = 1 << (len(found) - 1).bit_length() if found else 0
    return found + found[-1:] * (wanted - len(found))


def in_batches(values: Iterable[T]) -> Iterator[list[T]]:
    """The same for lists without an end, as of a day's patients, in parts: a statement keeps room for its parameters."""
    found = list(values)
    return (of_few_lengths(found[at : at + BATCH]) for at in range(0, len(found), BATCH))


async def _driver(connection: AsyncConnection) -> WholeConnection:
    driver = (await connection.get_raw_connection()).driver_connection
    assert isinstance(driver, WholeConnection)
    return driver


def _checkpoint(connection: SqliteConnection) -> None:
    connection.execute("PRAGMA wal_checkpoint(PASSIVE)").close()  # waits for nobody and holds up nobody


@asynccontextmanager
async def _edge(limit_s: float = TRANSACTION_TIMEOUT_S) -> AsyncIterator[None]:
    """Turns a slow, absent or broken database into `Unavailable`; our own mistakes pass through as the bugs they are."""
    try:
        async with asyncio.timeout(limit_s):
            yield
    except _OUR_FAULT:
        raise
    except (exc.DBAPIError, exc.TimeoutError, OSError) as reason:  # OSError covers TimeoutError: ours and the driver's
        if _wrong_sql(reason):
            raise
        raise Unavailable("database_unavailable", "The database does not answer in time.") from reason


def _wrong_sql(reason: Exception) -> bool:
    """SQLite's driver calls a wrong statement operational too; only the code tells it from a locked or broken file."""
    return isinstance(reason, exc.DBAPIError) and getattr(reason.orig, "sqlite_errorcode", None) == SQLITE_ERROR


def _sqlite(url: URL) -> AsyncEngine:
    if url.database:
        Path(url.database).parent.mkdir(parents=True, exist_ok=True)
    engine = create_async_engine(
        url,
        pool_size=POOL_CONNECTIONS,
        max_overflow=0,
        pool_timeout=STATEMENT_TIMEOUT_S,
        hide_parameters=True,
        connect_args={"async_creator_fn": connect},
    )

    @event.listens_for(engine.sync_engine, "connect")
    def prepare(connection: Any, _record: object) -> None:
        raw: SqliteConnection = connection
        raw.isolation_level = None  # we begin transactions ourselves, below
        cursor = raw.cursor()
        for pragma in (
            f"busy_timeout = {int(STATEMENT_TIMEOUT_S * 1000)}",
            "journal_mode = WAL",
            f"wal_autocheckpoint = {LOG_PAGES}",
            "synchronous = NORMAL",  # WAL keeps the file whole; a power cut may cost the last commits, not consistency
            "foreign_keys = ON",
        ):
            cursor.execute(f"PRAGMA {pragma}")
        cursor.close()

    @event.listens_for(engine.sync_engine, "begin")
    def begin(connection: Connection) -> None:
        # A write that begins as a read can fail with SQLITE_BUSY at once, whatever the timeout: take the lock first.
        reads_only = connection.get_execution_options().get("reads_only", False)
        connection.exec_driver_sql("BEGIN" if reads_only else BEGIN_WRITING)

    return engine


def _postgresql(url: URL) -> AsyncEngine:
    milliseconds = str(int(STATEMENT_TIMEOUT_S * 1000))
    return create_async_engine(
        url.set(drivername="postgresql+asyncpg"),
        pool_size=POOL_CONNECTIONS,
        max_overflow=0,
        pool_timeout=STATEMENT_TIMEOUT_S,
        hide_parameters=True,  # an error is logged with its statement: never with the names and texts in it
        pool_pre_ping=True,  # after a restart of the server nobody sees the dead connections
        connect_args={
            "timeout": STATEMENT_TIMEOUT_S,
            "command_timeout": STATEMENT_TIMEOUT_S + 1,
            "server_settings": {
                "application_name": "consilium",
                "timezone": "UTC",
                "statement_timeout": milliseconds,
                "lock_timeout": milliseconds,
                "idle_in_transaction_session_timeout": str(int(TRANSACTION_TIMEOUT_S * 1000)),
            },
        },
    )


async def migrate(url: str) -> None:
    """Bring the database to the newest tables. Of two processes that start together one does it while the other waits.

    Everything happens in one transaction: a migration that fails leaves the database as it was. Raises Unavailable.
    """
    database = Database(url)
    try:
        async with _edge(MIGRATION_TIMEOUT_S), database.engine.begin() as connection:
            if not database.is_sqlite:  # SQLite's transactions begin with its one write lock
                await connection.execute(text("SET LOCAL statement_timeout = 0"))
                await connection.execute(text("SET LOCAL lock_timeout = 0"))
                await connection.execute(text("SET LOCAL idle_in_transaction_session_timeout = 0"))
                await connection.execute(text(f"SELECT pg_advisory_xact_lock({MIGRATION_LOCK})"))
            await connection.run_sync(upgrade)
    finally:
        await database.close()


def upgrade(connection: Connection) -> None:
    """`alembic upgrade head` on this connection, in the transaction that it is in."""
    command.upgrade(alembic_config(connection), "head")


def alembic_config(connection: Connection) -> Config:
    """Alembic's configuration by code: our scripts, and the caller's connection (migrations/env.py takes it from here)."""
    config = Config(attributes={"connection": connection})
    config.set_main_option("script_location", str(MIGRATIONS))
    return config
