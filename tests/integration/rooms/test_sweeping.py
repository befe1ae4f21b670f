"""Uploads that nobody ended are forgotten a few at a time, with their chunks, and no others."""

import sqlalchemy as sa

from rooms.pictures import SWEPT_AT_ONCE, UPLOAD_S, Pictures
from rooms.ports import Upload
from rooms.store import tables
from rooms.store.sql import SqlRoomsStore
from tests.integration.rooms.conftest import Node

OLD = 3 * SWEPT_AT_ONCE + 1


async def _left(node: Node, table: sa.Table) -> set[str]:
    async with node.database.reading() as connection:
        return set((await connection.scalars(sa.select(table.c.key))).all())


async def test_old_uploads_go_in_small_batches_and_their_chunks_with_them(node: Node) -> None:
    store, grant, now = SqlRoomsStore(node.database), await node.patient(), node.clock.at
    ages = {f"old-upload-{number}": UPLOAD_S + 1 + number for number in range(OLD)} | {"young-upload": UPLOAD_S - 1}
    async with store.transaction() as work:
        for key, age in ages.items():
            upload = Upload(grant.seat, key, "image/jpeg", 100_000, 0, None, now - age)
            await work.pictures.begin(upload)
            await work.pictures.add_chunk(upload, bytes(20_000))
    async with store.transaction() as work:
        assert await work.pictures.forget_uploads(now - UPLOAD_S, 2) == 2
    assert {f"old-upload-{OLD - 1}", f"old-upload-{OLD - 2}"}.isdisjoint(await _left(node, tables.picture_upload)), "oldest first"
    assert len(await _left(node, tables.picture_chunk)) == len(ages) - 2

    assert await Pictures(store, node.clock).sweep() == OLD - 2
    for table in (tables.picture_upload, tables.picture_chunk):
        assert await _left(node, table) == {"young-upload"}
    assert await Pictures(store, node.clock).sweep() == 0
