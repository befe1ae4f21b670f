"""Two statements that the kinds of database spell alike but SQLAlchemy keeps in two dialects."""

from collections.abc import Mapping

from sqlalchemy import Table
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.ext.asyncio import AsyncConnection


async def insert_unless_there(connection: AsyncConnection, table: Table, row: Mapping[str, object]) -> bool:
    """Inserts the row unless its primary key is taken; whether it was inserted."""
    dialect = sqlite if connection.dialect.name == "sqlite" else postgresql
    statement = dialect.insert(table).values(dict(row)).on_conflict_do_nothing()
    return (await connection.execute(statement)).rowcount == 1


async def insert_or_replace(connection: AsyncConnection, table: Table, row: Mapping[str, object]) -> None:
    """Inserts the row, or gives the one with its primary key these values."""
    dialect = sqlite if connection.dialect.name == "sqlite" else postgresql
    keys = [column.name for column in table.primary_key]
    others = {name: value for name, value in row.items() if name not in keys}
    statement = dialect.insert(table).values(dict(row)).on_conflict_do_update(index_elements=keys, set_=others)
    await connection.execute(statement)
