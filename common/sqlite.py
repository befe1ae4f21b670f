"""SQLite for the event loop: a thread for each connection, and one step to that thread and back for each statement.

aiosqlite takes four steps for a query: cursor, statement, rows, end. In a process that is busy each step waits for the loop to
come round, so that a turn of thirty statements waited longer than it worked. Here a statement's rows come back with it. That
is the whole difference: it streams nothing, and decides nothing about transactions (database.py).
"""

import sqlite3
from collections.abc import Iterable, Sequence
from typing import Any

import aiosqlite


class WholeCursor:
    """A cursor whose rows are all here once the statement is done: as much of aiosqlite's as SQLAlchemy asks for."""

    def __init__(self, connection: "WholeConnection") -> None:
        self._connection = connection
        self._rows: list[Any] = []
        self.description: Any = None
        self.rowcount = -1
        self.lastrowid: int | None = None
        self.arraysize = 1

    async def __aenter__(self) -> "WholeCursor":
        return self

    async def execute(self, sql: str, parameters: Sequence[Any] = ()) -> None:
        """Run a statement and fetch what it gives."""
        await self._connection.in_its_thread(self._run, sql, parameters)

    async def executemany(self, sql: str, parameters: Iterable[Sequence[Any]]) -> None:
        """Run a statement for each of several rows."""
        await self._connection.in_its_thread(self._run_many, sql, parameters)

    async def fetchall(self) -> list[Any]:
        """The rows of the last statement."""
        return self._rows

    async def close(self) -> None:
        """SQLite's own cursor was closed with the statement."""

    def _run(self, connection: sqlite3.Connection, sql: str, parameters: Sequence[Any]) -> None:
        cursor = connection.cursor()
        try:
            cursor.execute(sql, parameters)
            self._rows = cursor.fetchall()  # before the count: RETURNING counts what was fetched
            self.description, self.rowcount, self.lastrowid = cursor.description, cursor.rowcount, cursor.lastrowid
        finally:
            cursor.close()

    def _run_many(self, connection: sqlite3.Connection, sql: str, parameters: Iterable[Sequence[Any]]) -> None:
        cursor = connection.cursor()
        try:
            cursor.executemany(sql, parameters)
            self.rowcount = cursor.rowcount
        finally:
            cursor.close()


class WholeConnection(aiosqlite.Connection):
    """aiosqlite's connection and thread, with our cursors."""

    def cursor(self) -> WholeCursor:  # type: ignore[override]  # SQLAlchemy's own cursor is all that sees it
        """A cursor, without a step to the thread."""
        return WholeCursor(self)

    async def in_its_thread(self, work: Any, *arguments: Any) -> None:
        """Do `work(connection, …)` in the connection's thread."""
        await self._execute(work, self._conn, *arguments)  # type: ignore[no-untyped-call]  # the library's


def connect(database: str, **options: Any) -> WholeConnection:
    """A connection still to be awaited; what SQLAlchemy takes as `async_creator_fn`."""
    connection = WholeConnection(lambda: sqlite3.connect(database, **options), iter_chunk_size=1)
    connection._thread.daemon = True  # as SQLAlchemy does: a thread that hangs in the disk does not keep the process
    return connection
