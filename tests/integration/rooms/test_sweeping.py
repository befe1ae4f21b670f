"""Uploads that nobody ended are forgotten a few at a time, with their chunks, and no others."""

import pytest
import sqlalchemy as sa

import rooms.pictures
from common.errors import Unavailable, UserError
from rooms.model import SeatGrant, SeatIdentity
from rooms.pictures import CROWDED_S, LEAST_CHUNK_OCTETS, SWEPT_AT_ONCE, UPLOAD_S, Pictures
from rooms.ports import Made, Upload
from rooms.store import tables
from rooms.store.sql import SqlRoomsStore
from rooms.timelines import Timelines
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


async def holder(node: Node, grant: SeatGrant) -> SeatIdentity:
    who = await node.rooms.seat_by_token(grant.seat, grant.token)
    assert who is not None
    return who


async def test_the_installation_takes_in_so_much_at_once_and_old_uploads_make_room(
    node: Node, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rooms.pictures, "MOST_OPEN_OCTETS", 250_000)
    taken = Pictures(SqlRoomsStore(node.database), node.clock)
    first, second, third = [await holder(node, await node.patient()) for _ in range(3)]
    await taken.start(first, "picture-of-first", 100_000, "image/png")
    node.clock.at += CROWDED_S - 1
    await taken.start(second, "picture-of-second", 100_000, "image/png")
    with pytest.raises(Unavailable) as full:
        await taken.start(third, "picture-of-third", 100_000, "image/png")
    assert (full.value.code, full.value.retry_after_s) == ("uploads_full", 60)
    await taken.start(second, "picture-of-second", 100_000, "image/png")  # one under way goes on
    node.clock.at += 2
    await taken.start(third, "picture-of-third", 100_000, "image/png")
    assert await _left(node, tables.picture_upload) == {"picture-of-second", "picture-of-third"}, "the oldest made room"


async def test_a_text_under_an_uploads_key_is_a_refusal_and_no_fault(node: Node) -> None:
    store = SqlRoomsStore(node.database)
    taken, who = Pictures(store, node.clock), await holder(node, await node.patient())
    await taken.start(who, "one-key-for-two", LEAST_CHUNK_OCTETS, "image/png")
    await taken.receive(who, "one-key-for-two", 0, bytes(LEAST_CHUNK_OCTETS))
    entry, _ = await Timelines(store, node.clock, node.rooms.turns).post(who, "one-key-for-two", "hello")
    with pytest.raises(UserError, match="used for something else"):
        await taken.finish(who, "one-key-for-two", Made(1, 1, b"picture", b"small"))
    with pytest.raises(UserError) as again:
        await taken.progress(who, "one-key-for-two")
    assert again.value.code == "picture_key_taken"
    assert entry.draft.text == "hello"
