"""A hospital to be filled: founded straight into a database, and patients that only sit and listen.

A patient here costs the measuring process next to nothing: it speaks WebSocket and just enough Socket.IO to keep its seat, with
the compression that browsers ask for, and counts what it is sent without reading it.
"""

import asyncio
import contextlib
import json
import time

import aiohttp

from clinic.factors import FactorVault, new_secret
from clinic.hospitals import Department, Hospital, Practitioner
from clinic.passwords import Argon2Hasher
from clinic.store.sql import SqlClinicStore
from common.database import Database, migrate
from common.ids import DepartmentId, HospitalId, PractitionerId, new_id
from common.wire import LocalText

PASSWORD = "load-test-password"
SECRET = new_secret()
FIRST_NUMBER = 10_000
_SOURCES = 20  # addresses that people come from: each has a budget of requests of its own


async def found_hospital(url: str, vault: FactorVault, doctors: int, departments: int) -> Hospital:
    """A hospital with doctors numbered from FIRST_NUMBER on, spread evenly over departments; one password, one second factor."""
    await migrate(url)
    id_ = HospitalId(new_id("h"))
    rooms = tuple(
        Department(DepartmentId(new_id("d")), id_, LocalText(zh=f"{n}", en=f"Department {n}")) for n in range(departments)
    )
    hospital = Hospital(id_, LocalText(zh="院", en="Hospital"), "120", "Asia/Shanghai", rooms)
    people = [
        Practitioner(
            id=PractitionerId(new_id("pr")),
            hospital=id_,
            staff_number=str(FIRST_NUMBER + n),
            name=LocalText(zh=f"{n}", en=f"Doctor {n}"),
            title=LocalText(zh="医生", en="Doctor"),
            departments=(rooms[n % departments].id,),
        )
        for n in range(doctors)
    ]
    hasher, database = Argon2Hasher(), Database(url)
    try:
        hashed = await hasher.hash(PASSWORD)
        store = SqlClinicStore(database)
        await store.found([hospital], people, {who.id: hashed for who in people})
        await store.enrol({who.id: vault.seal(SECRET, who.id) for who in people}, time.time())
    finally:
        hasher.close()
        await database.close()
    return hospital


def from_address(net: int, number: int) -> aiohttp.TCPConnector:
    """A connector whose requests come from one of twenty loopback addresses of a net."""
    return aiohttp.TCPConnector(local_addr=(f"127.0.{net}.{1 + number % _SOURCES}", 0))


class Sitter:
    """A patient who sits and listens."""

    def __init__(self, base: str, seat: str, cookie: str) -> None:
        self._address = f"{base}/socket.io/?EIO=4&transport=websocket"
        self._auth = json.dumps({"audience": "seat", "seat": seat, "protocol": 1})
        self._cookie = cookie
        self._task: asyncio.Task[None] | None = None
        self.states = 0
        self.octets = 0
        self.lost = False

    def sit_down(self) -> None:
        """Connect and listen until `leave`."""
        self._task = asyncio.create_task(self._sit())

    async def leave(self) -> None:
        """Go."""
        if self._task is not None:
            self._task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._task

    async def _sit(self) -> None:
        async with (
            aiohttp.ClientSession() as session,
            session.ws_connect(self._address, headers={"Cookie": self._cookie}, compress=15) as socket,
        ):
            async for message in socket:
                said = message.data
                if said.startswith("0"):  # Engine.IO is open: open the Socket.IO connection in it
                    await socket.send_str(f"40{self._auth}")
                elif said == "2":
                    await socket.send_str("3")
                elif said.startswith("42"):
                    self.states += 1
                    self.octets += len(said)
        self.lost = True
