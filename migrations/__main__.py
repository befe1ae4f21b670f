"""Drafts the next migration from what the models say and the newest migration does not. Read it before you keep it."""

import asyncio
import sys
import tempfile

from alembic import command
from sqlalchemy import Connection

from common.database import Database, alembic_config, upgrade


def draft(connection: Connection, message: str) -> None:
    """Compare the models with an empty database brought to the newest migration."""
    upgrade(connection)
    command.revision(alembic_config(connection), message, autogenerate=True)


async def main(message: str) -> None:
    with tempfile.TemporaryDirectory() as folder:
        database = Database(f"sqlite+aiosqlite:///{folder}/draft.sqlite3")
        async with database.engine.begin() as connection:
            await connection.run_sync(draft, message)
        await database.close()


asyncio.run(main(sys.argv[1]))
