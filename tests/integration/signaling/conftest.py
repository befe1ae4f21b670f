"""One signaling process without media for the tests of this folder, and people who speak its protocol."""

import re
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass, field

import aiohttp
import pytest

from tests.peers_signaling import Speaker, sign_in, walk_in
from tests.services import kept
from tests.signaling_process import Signaling


@pytest.fixture(scope="module")
def server(request: pytest.FixtureRequest) -> Iterator[Signaling]:
    """A server on SQLite with the sample hospital; calls are placed nowhere."""
    service = Signaling(workers=0)
    try:
        service.start()
        yield service
    finally:
        service.discard(keep_log_in=kept(request))


@dataclass
class Visitors:
    """Makes patients and doctors of one server; all of them go when the test ends."""

    server: Signaling
    session: aiohttp.ClientSession
    people: list[Speaker] = field(default_factory=list)

    async def hospital(self, which: int = 0) -> dict[str, object]:
        async with self.session.get(f"{self.server.base}/api/hospitals") as response:
            body = await response.json()
        found: dict[str, object] = body["hospitals"][which]
        return found

    async def patient(
        self, name: str = "Bai Yun", *, base: str | None = None, hospital: int = 0, department: int = 0
    ) -> tuple[Speaker, str, str]:
        """A patient in line of a department, the first unless another is said: connection (not yet made), seat, cookie."""
        there = await self.hospital(hospital)
        id_ = there["departments"][department]["id"]  # type: ignore[index]
        seat, cookie = await walk_in(self.session, base or self.server.base, str(there["id"]), id_, name)
        return self.at(seat, cookie, base), seat, cookie

    def at(self, seat: str, cookie: str, base: str | None = None) -> Speaker:
        """Somebody who holds a seat's cookie."""
        person = Speaker({"audience": "seat", "seat": seat, "protocol": 1}, cookie, [base or self.server.base])
        self.people.append(person)
        return person

    async def doctor(self, staff_number: str = "1001", *, base: str | None = None) -> Speaker:
        """Somebody of the sample's staff at a desk, signed in (once for each server), not on duty by that."""
        cookie = self.server.sessions.get(staff_number)
        if cookie is None or not await self.signed_in(cookie):
            cookie = self.server.sessions[staff_number] = await self.sign_in(staff_number, base=base)
        person = Speaker({"audience": "desk", "protocol": 1}, cookie, [base or self.server.base])
        self.people.append(person)
        return person

    async def coordinator(self) -> Speaker:
        """The sample's coordinator at a desk."""
        return await self.doctor("1900")

    async def sign_in(self, staff_number: str = "1001", *, base: str | None = None) -> str:
        """A new session; its cookie."""
        code = await self.server.authenticator.code(staff_number)
        return await sign_in(self.session, base or self.server.base, staff_number, self.password(), code)

    def password(self) -> str:
        """The sample's, as the server printed it."""
        found = re.search(r"staff number \d+, password (\S+)", self.server.greeting())
        assert found is not None
        return found[1]

    async def signed_in(self, cookie: str) -> bool:
        """Whether the session lives."""
        async with self.session.get(f"{self.server.base}/api/staff/session", headers={"Cookie": cookie}) as response:
            return response.status == 200


@pytest.fixture
async def visitors(server: Signaling) -> AsyncIterator[Visitors]:
    async with aiohttp.ClientSession(cookie_jar=aiohttp.DummyCookieJar()) as session:
        everybody = Visitors(server, session)
        try:
            yield everybody
        finally:
            for person in everybody.people:
                await person.leave()
