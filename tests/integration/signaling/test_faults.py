"""A fault forced in each thing that signaling leans on: the right status, a code, no stack, and nobody let in by it."""

import asyncio
import resource
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from typing import Any

import aiohttp
import pytest

from tests.integration.signaling.conftest import Visitors
from tests.peers_signaling import CSRF
from tests.processes import unused_port, wait_for
from tests.services import Postgres, Redis
from tests.signaling_process import Signaling

NEVER = (b"Traceback", b"sqlalchemy", b"asyncpg", b"sqlite", b"redis.", b'File "', b"postgres")


@asynccontextmanager
async def visiting(server: Signaling) -> AsyncIterator[Visitors]:
    async with aiohttp.ClientSession(cookie_jar=aiohttp.DummyCookieJar()) as session:
        everybody = Visitors(server, session)
        try:
            yield everybody
        finally:
            await asyncio.gather(*(person.leave() for person in everybody.people))


async def ask(visitors: Visitors, method: str, path: str, body: Any = None, cookie: str = "") -> tuple[int, str]:
    """The status and the code of an answer, which says nothing of what is inside."""
    headers = CSRF | ({"Cookie": cookie} if cookie else {})
    async with visitors.session.request(method, visitors.server.base + path, json=body, headers=headers) as response:
        raw = await response.read()
        assert not any(word in raw for word in NEVER), raw
        return response.status, (await response.json()).get("code", "")


async def ready(visitors: Visitors) -> tuple[int, dict[str, bool]]:
    async with visitors.session.get(f"{visitors.server.base}/health/ready") as response:
        return response.status, (await response.json())["parts"]


@pytest.fixture
def postgres_of_its_own() -> Iterator[Postgres]:
    service = Postgres()
    try:
        service.start()
        yield service
    finally:
        service.discard()


@pytest.mark.timeout(180)
async def test_the_database_goes_and_comes_back(postgres_of_its_own: Postgres) -> None:
    server = Signaling(workers=0, database_url=postgres_of_its_own.create_database())
    try:
        await asyncio.to_thread(server.start)
        async with visiting(server) as visitors:
            hospital: Any = await visitors.hospital()
            doctor, (patient, seat, cookie) = await visitors.doctor(), await visitors.patient()
            for person in (doctor, patient):
                await person.come()
            await wait_for(lambda: "seat_state" in patient.states and "desk_state" in doctor.states, 20, "both to sit down")
            await asyncio.to_thread(postgres_of_its_own.stop)

            walk_in = {"hospital": hospital["id"], "department": hospital["departments"][0]["id"], "name": "x", "language": "en"}
            sign_in = {"staff_number": "1001", "password": visitors.password(), "code": "000000"}
            for method, path, body, given in [
                ("GET", "/api/hospitals", None, ""),
                ("POST", "/api/walk-ins", walk_in, ""),
                ("POST", "/api/join", {"token": "A" * 43}, ""),
                ("POST", "/api/staff/session", sign_in, ""),
                ("GET", "/api/staff/session", None, doctor._cookie),
            ]:
                assert await ask(visitors, method, path, body, given) == (503, "database_unavailable"), (method, path)
            assert (await patient.ask("seat_leave", {"seat": seat}))["error"]["code"] == "database_unavailable"
            assert (await doctor.ask("duty_set", {"departments": []}))["error"]["code"] == "database_unavailable"
            url = f"{server.base}/socket.io/?EIO=4&transport=websocket"
            async with visitors.session.ws_connect(url, headers={"Cookie": cookie}) as link:
                await link.receive()
                await link.send_str(f'40{{"audience":"seat","seat":"{seat}","protocol":1}}')
                said = (await link.receive(20)).data
            assert said.startswith("44") and "database_unavailable" in said, "let in, or told too much"
            status, parts = await ready(visitors)
            assert (status, parts["database"], parts["loops"]) == (503, False, True)
            async with visitors.session.get(f"{server.base}/metrics") as response:
                assert response.status == 200 and "consilium_measured 0.0" in await response.text()
            assert (await ask(visitors, "GET", "/health/live"))[0] == 200

            await asyncio.to_thread(postgres_of_its_own.start)

            async def back() -> bool:
                return (await ready(visitors))[1]["database"]

            await wait_for(back, 30, "the database to be reached again")
            assert (await patient.ask("seat_leave", {"seat": seat}))["ok"], "the same connections go on"
            assert (await doctor.ask("duty_set", {"departments": []}))["ok"]
    finally:
        server.discard()


async def test_without_redis_everything_is_served_and_readiness_says_so(postgres_url: str) -> None:
    redis = Redis()
    server = Signaling(workers=0, database_url=postgres_url, redis_url=redis.url)
    try:
        redis.start()
        await asyncio.to_thread(server.start)
        async with visiting(server) as visitors:
            await asyncio.to_thread(redis.stop)
            patient, seat, _ = await visitors.patient()
            await patient.come()
            await wait_for(lambda: "seat_state" in patient.states, 20, "the first state")

            async def noticed() -> bool:
                return not (await ready(visitors))[1]["redis"]

            await wait_for(noticed, 20, "the loss to be noticed")
            assert (await patient.ask("seat_leave", {"seat": seat}))["ok"]
    finally:
        server.discard()
        redis.discard()


async def test_without_a_mail_server_letters_wait_and_nobody_learns_whose_address_is_known() -> None:
    server = Signaling(workers=0, smtp_url=f"smtp://127.0.0.1:{unused_port()}", mail_from="care@example.org")
    try:
        await asyncio.to_thread(server.start)
        async with visiting(server) as visitors:
            hospital: Any = await visitors.hospital()
            walk_in = {"hospital": hospital["id"], "department": hospital["departments"][0]["id"], "name": "x", "language": "en"}
            assert (await ask(visitors, "POST", "/api/walk-ins", walk_in | {"email": "canary@example.org"}))[0] == 201
            statuses = set()
            for address in ("canary@example.org", "nobody@example.org"):
                async with visitors.session.post(
                    f"{server.base}/api/links", json={"email": address, "language": "en"}, headers=CSRF
                ) as response:
                    statuses.add((response.status, await response.read()))
            assert len(statuses) == 1 and next(iter(statuses))[0] == 202

            async def waits() -> bool:
                async with visitors.session.get(f"{server.base}/metrics") as response:
                    return "consilium_letters_waiting 1.0" in await response.text()

            await wait_for(waits, 20, "the letter to wait")
            assert (await ready(visitors))[1]["loops"]
        server.stop()
        assert "canary@" not in server.greeting() and "Traceback" not in server.greeting()
    finally:
        server.discard()


async def test_a_full_disk_is_no_stack_and_nobody_comes_in() -> None:
    """This process can write nothing any more (RLIMIT_FSIZE refuses it as a full or read-only disk does), then again."""
    server = Signaling(workers=0)
    try:
        await asyncio.to_thread(server.start)
        async with visiting(server) as visitors:
            cookie = await visitors.sign_in("1004")
            password, code = visitors.password(), await server.authenticator.code("1004")
            hospital: Any = await visitors.hospital()
            before = resource.prlimit(server.pid, resource.RLIMIT_FSIZE, (0, resource.RLIM_INFINITY))
            walk_in = {"hospital": hospital["id"], "department": hospital["departments"][0]["id"], "name": "x", "language": "en"}
            assert await ask(visitors, "POST", "/api/walk-ins", walk_in) == (503, "database_unavailable")
            sign_in = {"staff_number": "1004", "password": password, "code": code}
            assert await ask(visitors, "POST", "/api/staff/session", sign_in) == (503, "database_unavailable")
            assert (await ask(visitors, "GET", "/api/staff/session", None, cookie))[0] == 200, "what only reads goes on"
            status, parts = await ready(visitors)
            assert (status, parts["disk"]) == (503, False)
            resource.prlimit(server.pid, resource.RLIMIT_FSIZE, before)
            assert (await ask(visitors, "POST", "/api/walk-ins", walk_in))[0] == 201
            assert (await ask(visitors, "POST", "/api/staff/session", sign_in))[0] == 201, "the code was not used up"
            assert (await ready(visitors))[1]["disk"]
    finally:
        server.discard()
