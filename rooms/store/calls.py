"""The table of call-backs to a mail address, kept for an hour under the address's digest. A row is its address's lock."""

import hashlib
import json

from sqlalchemy import delete, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from rooms.store import tables
from rooms.store.writing import insert_unless_there

_A = tables.called_address.c
_FORGOTTEN_AT_ONCE = 20


class SqlCalls:
    """rooms.ports.Calls in the caller's transaction."""

    def __init__(self, connection: AsyncConnection) -> None:
        self._connection = connection

    async def locked(self, address: str) -> tuple[float, ...]:
        empty = {"digest": _digest(address), "calls": "[]", "last_at": 0.0}
        await insert_unless_there(self._connection, tables.called_address, empty)
        query = select(_A.calls).where(_A.digest == _digest(address)).with_for_update()
        return tuple(json.loads(await self._connection.scalar(query) or "[]"))

    async def keep(self, address: str, calls: tuple[float, ...]) -> None:
        change = update(tables.called_address).where(_A.digest == _digest(address))
        await self._connection.execute(change.values(calls=json.dumps(calls), last_at=max(calls)))

    async def forget(self, before: float) -> None:
        old = select(_A.digest).where(_A.last_at < before).limit(_FORGOTTEN_AT_ONCE).with_for_update(skip_locked=True)
        found = (await self._connection.scalars(old)).all()
        if found:
            await self._connection.execute(delete(tables.called_address).where(_A.digest.in_(found)))


def _digest(address: str) -> str:
    return hashlib.sha256(address.casefold().encode()).hexdigest()
