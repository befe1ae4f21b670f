"""Connections without authority are failed access in the audit trail, and a flood of them does not fill it."""

import asyncio
import contextlib
import sqlite3
from collections.abc import Iterator
from typing import Any

import pytest

from signaling.socket.refusals import OF_ADDRESS
from tests.integration.signaling.test_faults import visiting
from tests.integration.signaling.test_socket import refusal
from tests.signaling_process import Signaling


@pytest.fixture
def server_of_its_own() -> Iterator[Signaling]:
    service = Signaling(workers=0)
    try:
        service.start()
        yield service
    finally:
        service.discard()


def rows(server: Signaling, query: str, *values: str) -> list[tuple[str, ...]]:
    with contextlib.closing(sqlite3.connect(server.data / "consilium.sqlite")) as database:
        return database.execute(query, values).fetchall()


def refused(server: Signaling) -> list[tuple[str, ...]]:
    return rows(server, "SELECT hospital, actor, subject, reason FROM audit_entry WHERE act = 'access_refused' ORDER BY id")


async def test_each_is_noted_and_a_flood_is_counted(server_of_its_own: Signaling) -> None:
    server = server_of_its_own
    async with visiting(server) as visitors:
        _, _, cookie = await visitors.patient("One")
        _, theirs, _ = await visitors.patient("Two")
        reaching: Any = {"audience": "seat", "seat": theirs, "protocol": 1}
        attempts = [(reaching, {"Cookie": cookie}), (reaching, {}), ({"audience": "desk", "protocol": 1}, {}), ("x", {})]
        for auth, headers in attempts:
            await refusal(server.base, auth, headers)
        hospital = str((await visitors.hospital())["id"])
        noted = [
            (hospital, "unknown", theirs, "no_seat"),
            (hospital, "unknown", theirs, "no_seat"),
            ("", "unknown", "", "not_signed_in"),
            ("", "unknown", "", "bad_auth"),
        ]
        assert refused(server) == noted
        for _ in range(4):
            await asyncio.gather(*(refusal(server.base, reaching, {}) for _ in range(10)))
        assert len(refused(server)) == OF_ADDRESS.burst, "a flood fills the trail"
    await asyncio.to_thread(server.stop)
    told = rows(server, "SELECT hospital, actor, reason FROM audit_entry WHERE act = 'refusals_left_out'")
    assert told == [("", "system", str(len(noted) + 40 - int(OF_ADDRESS.burst)))], "nobody learns of the flood"
