"""What the rooms ask of SQLite is asked in place, while everybody waits: so each statement finds its rows by an index."""

from collections.abc import Sequence
from typing import Any

import pytest
from sqlalchemy import event

from common.database import Database, migrate
from rooms.model import Desk, MediaWorker, Priority, SeatIdentity
from rooms.service import Rooms
from rooms.store.sql import SqlRoomsStore
from rooms.timelines import Timelines
from tests.integration.rooms.conftest import DAY, HOSPITAL, NODE, Node, StillClock, doctor_id

SMALL = {
    "node", "media_worker", "placement", "queue_line", "desk_presence", "seat_presence", "uq_consultation_practitioner_in_call",
}  # fmt: skip
"""Tables, and an index, as long as what is under way in one installation at one moment."""
ONCE = "WHERE consultation.state IN"
"""Asked when a process starts: whatever is in line or in a call."""


@pytest.fixture
async def asked(sqlite_url: str, clock: StillClock) -> tuple[Node, list[tuple[str, Any]]]:
    """A node, and what is asked of its database from then on."""
    await migrate(sqlite_url)
    database = Database(sqlite_url)
    statements: list[tuple[str, Any]] = []

    @event.listens_for(database.engine.sync_engine, "before_cursor_execute")
    def note(_connection: Any, _cursor: Any, statement: str, parameters: Any, _context: Any, many: bool) -> None:
        statements.append((statement, parameters[0] if many else parameters))

    return Node(database, Rooms(SqlRoomsStore(database), clock), clock), statements


async def test_no_statement_reads_a_table_that_grows_from_end_to_end(asked: tuple[Node, list[tuple[str, Any]]]) -> None:
    node, statements = asked
    await play(node)
    scans: set[str] = set()
    async with node.database.reading() as connection:
        for statement, parameters in list(dict(statements).items()):
            if statement.startswith(("SELECT", "UPDATE", "DELETE")) and ONCE not in statement:
                plan = await connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", parameters)
                scans |= {f"{row.detail} in {statement}" for row in plan if scanned(row.detail)}
    await node.database.close()
    assert len(statements) > 200
    assert not scans, "\n\n".join(sorted(scans))


def scanned(detail: str) -> bool:
    words: Sequence[str] = detail.split()
    return words[0] == "SCAN" and SMALL.isdisjoint((words[1], words[-1])) and not words[1].startswith("(")


async def play(node: Node) -> None:
    """A day in short: everything that happens many times an hour, and what the loops ask every few seconds."""
    rooms = node.rooms
    await rooms.heartbeat(NODE)
    waiting = await node.patient("Chen Bo")
    await rooms.leave(waiting.seat)
    patient, seat, doctor = await node.call()
    second = await node.patient("Lin Xia")
    await rooms.set_priority(doctor_id(9), HOSPITAL, second.consultation, Priority.URGENT)
    await rooms.worker_heartbeat(MediaWorker("w1", NODE, "/tmp/w1", "e1", node.clock.at))
    await rooms.place_session(patient.consultation, "w1", "e1")
    await rooms.seat_media(seat, microphone=True, camera=True)
    timelines = Timelines(SqlRoomsStore(node.database), node.clock, rooms.turns)
    who = await rooms.seat_by_token(patient.seat, patient.token)
    assert isinstance(who, SeatIdentity)
    await timelines.post(who, "k" * 16, "hello")
    await timelines.read(who, 1)
    await timelines.page(who, 0)
    await rooms.desk_views(HOSPITAL, [Desk(doctor, (DAY,), 0.0)])
    await rooms.waiting_views(HOSPITAL)
    await rooms.end(seat)
    await rooms.desk_views(HOSPITAL, [Desk(doctor, (DAY,), 0.0)])
    await rooms.seat_disconnected(patient.seat, NODE)
    await rooms.desk_disconnected(doctor, HOSPITAL, NODE)
    await rooms.standing_sessions([b"x" * 32])
    for loop in (rooms.tick, rooms.next_deadline, rooms.versions, rooms.unplaced, rooms.workers, rooms.reap):
        await loop()
    await rooms.versions(node.clock.at)
    await rooms.placements("w1", "e1")
    await rooms.displace("w1", "e1")
    await rooms.under_way(HOSPITAL)
    await rooms.node_stopped(NODE)
