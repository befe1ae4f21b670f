"""The process as its operator meets it: one clear line for what cannot work, a drain, a second start, two processes."""

import asyncio
import os
import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import aiohttp
import pytest

from clinic.factors import code_of, step_at
from tests.integration.signaling.conftest import Visitors
from tests.processes import Service, wait_for
from tests.services import Redis
from tests.signaling_process import REPOSITORY, Signaling, discard_all


def start(tmp_path: Path, *command: str, **settings: str) -> subprocess.CompletedProcess[str]:
    """Run the server, or another of its commands, until it ends by itself."""
    ours = {f"CONSILIUM_{name.upper()}": value for name, value in settings.items()}
    environment = {**os.environ, "PYTHONPATH": str(REPOSITORY), "CONSILIUM_DATA": str(tmp_path / "data"), **ours}
    return subprocess.run(
        [sys.executable, "-m", "signaling", *command],
        capture_output=True,
        text=True,
        timeout=60,
        cwd=tmp_path,
        env=environment,
        check=False,
    )


@pytest.mark.parametrize(
    ("settings", "says"),
    [
        ({"port": "0x"}, "CONSILIUM_PORT"),
        ({"tls_key": "nowhere.pem"}, "tls_certificate and tls_key go together"),
        ({"host": "203.0.113.99"}, "cannot be used"),
        ({"data": "/proc/nowhere"}, "cannot be written"),
        ({"database_url": "nonsense"}, "CONSILIUM_DATABASE_URL"),
    ],
)
def test_what_cannot_work_is_one_line_and_exit_code_2(tmp_path: Path, settings: dict[str, str], says: str) -> None:
    ended = (
        start(tmp_path, port="0", **{name: value for name, value in settings.items() if name != "port"})
        if ("port" not in settings)
        else start(tmp_path, **settings)
    )
    assert ended.returncode == 2, ended.stderr
    assert says in ended.stderr
    assert len(ended.stderr.strip().splitlines()) == 1, ended.stderr


def test_a_taken_port_is_one_line_and_exit_code_2(tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        ended = start(tmp_path, port=str(port))
    assert ended.returncode == 2
    assert ended.stderr.strip().count("\n") == 0
    assert str(port) in ended.stderr


def test_the_code_is_printed_for_the_sample_alone(tmp_path: Path) -> None:
    nobody = start(tmp_path, "code")
    assert nobody.returncode == 2 and "holds no sample hospital" in nobody.stderr
    server = Signaling(workers=0)
    try:
        server.start()
        printed = start(tmp_path, "code", data=str(server.data))
        now = step_at(time.time())
        assert printed.stdout.split()[0] in {code_of(server.authenticator.secret, now + back) for back in (0, -1)}
        assert re.search(r"\bcode \d{6}\b", server.greeting())
        unknown = start(tmp_path, "reset-factor", "424242", data=str(server.data))
        assert unknown.returncode == 2 and "424242" in unknown.stderr
        assert start(tmp_path, "reset-factor", "all", data=str(server.data)).stdout.startswith("11 second factors reset")
        unknown = start(tmp_path, "set-role", "424242", "archivist", data=str(server.data))
        assert unknown.returncode == 2 and "424242" in unknown.stderr
        assert start(tmp_path, "set-role", "1001", "archivist", data=str(server.data)).stdout.startswith("1001 is archivist")
    finally:
        server.discard()


def test_a_foreign_key_of_the_second_factors_is_one_line_and_exit_code_2(tmp_path: Path) -> None:
    server = Signaling(workers=0)
    try:
        server.start()
        server.stop()
        (server.data / "factor-key").write_bytes(bytes(32))
        ended = start(tmp_path, data=str(server.data), port="0")
        assert ended.returncode == 2 and "factor-key" in ended.stderr
        assert len(ended.stderr.strip().splitlines()) == 1, ended.stderr
        (server.data / "factor-key").write_bytes(b"short")
        ended = start(tmp_path, data=str(server.data), port="0")
        assert ended.returncode == 2 and "factor-key" in ended.stderr
    finally:
        server.discard()


async def test_stopping_tells_everybody_to_come_back_and_ends_with_0(tmp_path: Path) -> None:
    server = Signaling(workers=0)
    try:
        await asyncio.to_thread(server.start)
        async with aiohttp.ClientSession(cookie_jar=aiohttp.DummyCookieJar()) as session:
            everybody = Visitors(server, session)
            person, _, _ = await everybody.patient()
            told: asyncio.Queue[object] = asyncio.Queue()
            person.client.on("socket_closing", told.put)
            await person.come()
            await wait_for(lambda: "seat_state" in person.states, 10, "the first state")
            process = server._process
            assert process is not None
            os.kill(server.pid, signal.SIGTERM)
            assert await asyncio.wait_for(told.get(), 10) == {"code": "server_stopping", "retry": True}
            assert await asyncio.to_thread(process.wait, 10) == 0

            await asyncio.to_thread(server.start)  # the same place in line is there again
            await wait_for(lambda: person.connections == 2, 15, "the patient to come back")
            await person.leave()
        assert "Traceback" not in server.greeting()
    finally:
        server.discard()


@pytest.fixture(params=["redis", "no redis"])
def pair(request: pytest.FixtureRequest, postgres_url: str, redis_server: Redis) -> Iterator[tuple[Signaling, Signaling]]:
    """Two processes over one PostgreSQL, with and without Redis between them."""
    shared = {"database_url": postgres_url} | ({"redis_url": redis_server.url} if request.param == "redis" else {})
    first = Signaling(workers=0, **shared)
    second = Signaling(workers=0, **(shared | {"sample": "false", "data": str(first.data)}))
    both: list[Service] = [first, second]
    try:
        for process in both:
            process.start()
        yield first, second
    finally:
        discard_all(both)


async def test_two_processes_are_one_hospital(pair: tuple[Signaling, Signaling]) -> None:
    """The patient sits at one process, the doctor at the other; each is told what the other does."""
    first, second = pair
    async with aiohttp.ClientSession(cookie_jar=aiohttp.DummyCookieJar()) as session:
        everybody = Visitors(first, session)
        patient, _, _ = await everybody.patient(base=second.base)
        doctor = await everybody.doctor()
        try:
            await patient.come()
            await doctor.come()
            await wait_for(lambda: "desk_state" in doctor.states and "seat_state" in patient.states, 10, "both to sit down")
            async with session.get(f"{first.base}/api/staff/session", headers={"Cookie": doctor._cookie}) as response:
                departments = [each["id"] for each in (await response.json())["departments"]]
            assert (await doctor.ask("duty_set", {"departments": departments}))["ok"]
            offer = await wait_for(lambda: doctor.states["desk_state"]["offer"], 10, "the offer across processes")
            await wait_for(lambda: patient.states["seat_state"]["state"] == "offered", 10, "the patient to be told")
            assert (await doctor.ask("offer_accept", {"offer": offer["id"]}))["ok"]
            await wait_for(lambda: patient.states["seat_state"]["state"] == "connecting", 10, "the patient to be told")
            seat = await wait_for(lambda: doctor.states["desk_state"]["seat"], 10, "the doctor's seat")
            assert (await doctor.ask("consultation_end", {"seat": seat}))["ok"]
            await wait_for(lambda: patient.states["seat_state"]["state"] == "ended", 10, "the end")
        finally:
            await patient.leave()
            await doctor.leave()
