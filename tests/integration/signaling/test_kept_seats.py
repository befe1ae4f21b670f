"""A seat is never lost: another device, a closed tab, a killed server; and mail that waits for its server. Times are printed."""

import asyncio
import signal
import time
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from tests.integration.signaling.conftest import Visitors
from tests.mail_server import MailServer
from tests.peers_signaling import CSRF, Speaker
from tests.processes import wait_for
from tests.services import Redis
from tests.signaling_process import Signaling, discard_all

MAIL = "bai.yun@mail.example"


async def place(person: Speaker) -> int:
    """Who is before this one, as it was told last."""
    await wait_for(lambda: (person.states.get("seat_state") or {}).get("place"), 20, "a place in line")
    return int(person.states["seat_state"]["place"]["ahead"])


@pytest.fixture
async def session() -> AsyncIterator[aiohttp.ClientSession]:
    async with aiohttp.ClientSession(cookie_jar=aiohttp.DummyCookieJar()) as made:
        yield made


async def test_a_killed_server_gives_everybody_the_same_seat_and_place_again(session: aiohttp.ClientSession) -> None:
    server = Signaling(workers=0)
    try:
        await asyncio.to_thread(server.start)
        everybody = Visitors(server, session)
        line = [await everybody.patient(f"Patient {number}") for number in range(3)]
        for number, (person, _, _) in enumerate(line):
            await person.come()
            assert await place(person) == number
        before = [person.states["seat_state"] for person, _, _ in line]
        for person, _, _ in line:
            person.states.clear()
        await asyncio.to_thread(server.stop, signal.SIGKILL)
        await asyncio.to_thread(server.start)
        began = time.monotonic()
        for number, (person, seat, _) in enumerate(line):
            assert await place(person) == number
            assert (person.states["seat_state"]["seat"], person.connections) == (seat, 2)
            assert person.states["seat_state"]["waiting_since"] == before[number]["waiting_since"]
        print(f"back in the same places {time.monotonic() - began:.2f} s after the server answered again")
        for person, _, _ in line:
            await person.leave()
        assert "Traceback" not in server.greeting()
    finally:
        server.discard()


async def test_a_seat_moves_between_two_processes_also_when_no_hint_does(
    postgres_url: str, redis_server: Redis, session: aiohttp.ClientSession, tmp_path: Path
) -> None:
    """The old device is told by a hint, and without Redis by the next look at the sessions (3 s)."""
    for redis in (True, False):
        given = {"database_url": postgres_url, "data": str(tmp_path)} | ({"redis_url": redis_server.url} if redis else {})
        servers = [Signaling(workers=0, **given) for _ in range(2)]
        try:
            for server in servers:
                await asyncio.to_thread(server.start)
            old, seat, _ = await Visitors(servers[0], session).patient()
            told: asyncio.Queue[Any] = asyncio.Queue()
            old.client.on("socket_closing", told.put)
            await old.come()
            await place(old)
            made = (await old.ask("link_create", {"seat": seat, "role": "self"}))["body"]
            body = {"token": made["path"].removeprefix("/join#"), "replace": True}
            began = time.monotonic()
            async with session.post(f"{servers[1].base}/api/join", json=body, headers=CSRF) as response:
                assert response.status == 201
                fresh = "; ".join(f"{name}={morsel.value}" for name, morsel in response.cookies.items())
            new = Visitors(servers[1], session).at(seat, fresh)
            await new.come()
            await place(new)
            assert await asyncio.wait_for(told.get(), 10) == {"code": "replaced", "retry": False}
            print(f"old device out after {time.monotonic() - began:.2f} s, {'with' if redis else 'without'} Redis")
            await asyncio.sleep(4)  # two looks at the sessions: whoever moved must not be sent away by one of them
            assert new.connections == 1 and new.client.connected
            for person in (old, new):
                await person.leave()
        finally:
            discard_all(servers)


async def test_a_mail_waits_for_its_server(session: aiohttp.ClientSession) -> None:
    post = MailServer()
    server = Signaling(
        workers=0, smtp_url=post.url(), mail_from="consilium@hospital.example", public_url="http://care.example.org"
    )
    try:
        await asyncio.to_thread(server.start)
        assert "Mail " not in server.greeting()
        hospital: Any = await Visitors(server, session).hospital()
        body = {"hospital": hospital["id"], "department": hospital["departments"][0]["id"], "name": "Bai Yun", "language": "en"}
        async with session.post(f"{server.base}/api/walk-ins", json=body | {"email": MAIL}, headers=CSRF) as response:
            assert response.status == 201
        async with session.post(f"{server.base}/api/links", json={"email": MAIL, "language": "en"}, headers=CSRF) as response:
            assert response.status == 202
        await wait_for(lambda: "letter not sent" in server.greeting(), 10, "the first try")
        await asyncio.to_thread(server.stop, signal.SIGKILL)
        post.start()
        await asyncio.to_thread(server.start)
        await wait_for(lambda: post.arrived, 30, "the mail, after its server and ours came back")
        (arrived,) = post.arrived
        assert arrived.recipients == [MAIL] and "http://care.example.org/join#" in arrived.mail.get_content()
        assert MAIL not in server.greeting()
    finally:
        post.stop()
        server.discard()
