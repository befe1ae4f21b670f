"""Films wait in one line for the whole installation: one at a time, taken over from who fell silent, gone after their day."""

import asyncio
from dataclasses import replace

import pytest

from common.database import Database
from common.evidence.entry import AuditEntry
from common.ids import HospitalId, PractitionerId, RecordingId, new_id
from recording.catalog.exports import MOST_WAITING, SILENT_S, Exports
from recording.records import Export, ExportState, Purpose
from tests.integration.recording.test_keeping import database

__all__ = ["database"]
NOW = 1_795_000_000.0
ENTRY = AuditEntry(NOW, "h_aaaaaaaaaaaaaaaa", "system", "export_ordered", "rec_aaaaaaaaaaaaaaaa")


def order(made_at: float = NOW) -> Export:
    return Export(
        id=new_id("exp"),
        recording=RecordingId("rec_aaaaaaaaaaaaaaaa"),
        hospital=HospitalId("h_aaaaaaaaaaaaaaaa"),
        by=PractitionerId("pr_aaaaaaaaaaaaaaaa"),
        purpose=Purpose.PATIENT_REQUEST,
        language="en",
        state=ExportState.QUEUED,
        done=0,
        parts=0,
        octets=0,
        made_at=made_at,
        expires_at=0.0,
    )


async def test_one_at_a_time_the_oldest_first_and_taken_over_from_the_silent(database: Database) -> None:
    exports = Exports(database)
    first, second = order(NOW), order(NOW + 1)
    for one in (second, first):
        assert await exports.add(one, ENTRY)
    taken = [each for each in await asyncio.gather(*(exports.take(f"n_{i}", NOW + 2) for i in range(4))) if each is not None]
    assert [each.id for each in taken] == [first.id]
    running = await exports.get(first.id)
    assert running is not None and running.state is ExportState.RUNNING
    (owner,) = [f"n_{i}" for i in range(4) if await exports.beat(first.id, f"n_{i}", NOW + 3, 1, 5)]
    assert await exports.take("n_9", NOW + 3 + SILENT_S) is None, "it beat a minute ago"
    over = await exports.take("n_9", NOW + 4 + SILENT_S)
    assert over is not None and over.id == first.id and over.done == 1
    assert not await exports.beat(first.id, owner, NOW + 70, 2, 5), "who fell silent has lost it"
    ready = replace(over, state=ExportState.READY, parts=5, done=5, expires_at=NOW + 100)
    assert not await exports.finish(ready, owner, ENTRY) and await exports.finish(ready, "n_9", ENTRY)
    after = await exports.take("n_9", NOW + 80)
    assert after is not None and after.id == second.id
    await exports.hand_back(second.id, "n_9")
    again = await exports.take("n_8", NOW + 81)
    assert again is not None and again.id == second.id
    assert [each.id for each in await exports.over(NOW + 101)] == [first.id]
    await exports.forget(first.id)
    assert await exports.over(NOW + 101) == []


async def test_a_hospital_cannot_order_without_end(database: Database) -> None:
    exports = Exports(database)
    for _ in range(MOST_WAITING):
        assert await exports.add(order(), ENTRY)
    assert not await exports.add(order(), ENTRY)
    assert await exports.add(replace(order(), hospital=HospitalId("h_bbbbbbbbbbbbbbbb")), ENTRY)


@pytest.mark.parametrize("state", [ExportState.FAILED, ExportState.READY])
async def test_a_destroyed_recordings_films_are_found(database: Database, state: ExportState) -> None:
    exports = Exports(database)
    one = order()
    await exports.add(one, ENTRY)
    await exports.take("n_1", NOW)
    await exports.finish(replace(one, state=state, expires_at=NOW + 100), "n_1", ENTRY)
    assert [each.id for each in await exports.of_recording(one.recording)] == [one.id]
    await exports.forget(one.id, ENTRY)
    assert await exports.of_recording(one.recording) == []
