"""The second factors' table, in the caller's transaction."""

from collections.abc import Mapping

from sqlalchemy import delete, func, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from clinic.ports import FactorUse
from clinic.store.tables import second_factor
from common.ids import PractitionerId

_c = second_factor.c


async def use(connection: AsyncConnection, who: PractitionerId, used: FactorUse, now: float) -> bool:
    """Marks the step used, and the factor confirmed, if it is still this one and no step as late was used: one of two wins."""
    fresh = (_c.practitioner == who, _c.sealed == used.sealed, _c.last_step < used.step)
    marked = update(second_factor).where(*fresh).values(last_step=used.step, confirmed_at=func.coalesce(_c.confirmed_at, now))
    return (await connection.execute(marked)).rowcount == 1


async def propose(connection: AsyncConnection, who: PractitionerId, sealed: bytes, now: float) -> None:
    """In place of one proposed before; a confirmed one stays and the insertion fails."""
    await connection.execute(delete(second_factor).where(_c.practitioner == who, _c.confirmed_at.is_(None)))
    await connection.execute(insert(second_factor).values(_row(who, sealed, now, None)))


async def enrol(connection: AsyncConnection, sealed: Mapping[PractitionerId, bytes], now: float) -> None:
    """Confirmed at once, for whoever has none."""
    there = set(await connection.scalars(select(_c.practitioner).where(_c.practitioner.in_(list(sealed)))))
    rows = [_row(who, secret, now, now) for who, secret in sealed.items() if who not in there]
    if rows:
        await connection.execute(insert(second_factor), rows)


def _row(who: PractitionerId, sealed: bytes, now: float, confirmed_at: float | None) -> dict[str, object]:
    return {"practitioner": who, "sealed": sealed, "proposed_at": now, "confirmed_at": confirmed_at, "last_step": 0}
