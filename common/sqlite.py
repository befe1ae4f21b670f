"""SQLite for the event loop: what may wait goes to a thread, and what cannot is done in place.

aiosqlite takes four steps to its thread for a query: cursor, statement, rows, end. On a busy machine each step waits for a core,
for the interpreter and for the loop to come round; a turn of thirty statements of 30 µs took longer to wait than to work. Here a
statement takes one step, and in a transaction that says it is `brief` (a few rows by an index) none at all: only taking the
write lock and committing wait for somebody, another process or the disk. Which transactions those are is database.py's to say.
"""

import sqlite3
from collections.abc import Callable, Iterable, Sequence
from typing import Any, Concatenate, ParamSpec

import aiosqlite

P = ParamSpec("P")
BEGIN_WRITING = "BEGIN IMMEDIATE"
"""Waits while another process writes."""


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
        if sql == BEGIN_WRITING:
            await self._connection.do_in_thread(self._run, sql, parameters)
        else:
            await self._connection.do(self._run, sql, parameters)

    async def executemany(self, sql: str, parameters: Iterable[Sequence[Any]]) -> None:
        """Run a statement for each of several rows."""
        await self._connection.do(self._run_many, sql, parameters)

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

    brief = False
    """Whether the statements of the transaction under way are done in place."""
    _sent = 0
    _done = 0

    def cursor(self) -> WholeCursor:  # type: ignore[override]  # SQLAlchemy's own cursor is all that sees it
        """A cursor, without a step to the thread."""
        return WholeCursor(self)

    async def do(self, work: Callable[Concatenate[sqlite3.Connection, P], None], *args: P.args, **kwargs: P.kwargs) -> None:
        """Run `work` with SQLite's connection: in place, or in the thread. Never both at once: a step whose caller was
        cancelled may still be under way there."""
        if self.brief and self._sent == self._done:
            work(self._conn, *args, **kwargs)
        else:
            await self.do_in_thread(work, *args, **kwargs)

    async def do_in_thread(
        self, work: Callable[Concatenate[sqlite3.Connection, P], None], *args: P.args, **kwargs: P.kwargs
    ) -> None:
        """Run `work` with SQLite's connection in the thread: it may wait."""
        await self._execute(work, self._conn, *args, **kwargs)

    async def rollback(self) -> None:
        """Give up the transaction; nothing was written yet."""
        await self.do(sqlite3.Connection.rollback)

    async def _execute(self, fn: Callable[P, Any], *args: P.args, **kwargs: P.kwargs) -> Any:
        def step() -> Any:
            try:
                return fn(*args, **kwargs)
            finally:
                self._done += 1  # by the thread alone, as `_sent` by the loop

        self._sent += 1
        return await super()._execute(step)  # type: ignore[no-untyped-call]  # the library's


def connect(database: str, **options: Any) -> WholeConnection:
    """A connection still to be awaited; what SQLAlchemy takes as `async_creator_fn`."""
    connection = WholeConnection(lambda: sqlite3.connect(database, **options), iter_chunk_size=1)
    connection._thread.daemon = True  # as SQLAlchemy does: a thread that hangs in the disk does not keep the process
    return connection
