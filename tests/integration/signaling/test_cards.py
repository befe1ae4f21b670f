"""Name cards on a server with a real media worker: before both have said yes, the worker hears of nobody."""

import contextlib
import sqlite3
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from typing import Any

import pytest

from media.control.messages import WorkerPing, WorkerStatus
from media.control.unix import connect_unix
from tests.integration.signaling.conftest import Visitors
from tests.peers.browser import FakeBrowser
from tests.peers_signaling import Speaker
from tests.processes import wait_for
from tests.services import kept
from tests.signaling_process import Signaling


@pytest.fixture(scope="module")
def server(request: pytest.FixtureRequest) -> Iterator[Signaling]:
    """A server with one media worker."""
    service = Signaling(workers=1)
    try:
        service.start()
        yield service
    finally:
        service.discard(keep_log_in=kept(request))


async def settled(person: Speaker, name: str = "seat_state") -> dict[str, Any]:
    await person.come()
    await wait_for(lambda: name in person.states, 10, name)
    return person.states[name]


@asynccontextmanager
async def met(visitors: Visitors) -> AsyncIterator[tuple[Speaker, str, Speaker, str]]:
    """A patient and a doctor after an accepted offer, and their seats; no card is confirmed."""
    patient, seat, _ = await visitors.patient()
    await settled(patient)
    doctor = await visitors.doctor()
    await settled(doctor, "desk_state")
    hospital: Any = await visitors.hospital()
    await doctor.ask("duty_set", {"departments": [hospital["departments"][0]["id"]]})
    offer = await wait_for(lambda: doctor.states["desk_state"]["offer"], 10, "an offer")
    assert (await doctor.ask("offer_accept", {"offer": offer["id"]}))["ok"]
    await doctor.ask("duty_set", {"departments": []})
    own = await wait_for(lambda: doctor.states["desk_state"]["seat"], 10, "the doctor's seat")
    await wait_for(lambda: doctor.states.get("seat_state", {}).get("seat") == own, 10, "the doctor's own state")
    try:
        yield patient, seat, doctor, own
    finally:
        await doctor.ask("consultation_end", {"seat": own})


async def peers_at_the_worker(server: Signaling) -> tuple[int, int]:
    """Sessions and peers, asked of the worker itself."""
    with contextlib.closing(sqlite3.connect(server.data / "consilium.sqlite")) as database:
        (path,) = database.execute("SELECT socket_path FROM media_worker").fetchone()
    client = await connect_unix(path)
    try:
        status = await client.request("worker_ping", None, WorkerPing())
        assert isinstance(status, WorkerStatus)
        return status.sessions, status.peers
    finally:
        await client.close()


async def offered(person: Speaker, seat: str, browser: FakeBrowser) -> dict[str, Any]:
    return await person.ask("peer_offer", {"seat": seat, "peer": browser.peer, "sdp": await browser.offer(), "wanted": []})


async def test_the_worker_is_not_asked_before_both_cards_are_confirmed(visitors: Visitors) -> None:
    async with met(visitors) as (patient, seat, doctor, own):
        await wait_for(lambda: session_open(visitors.server), 10, "the room at the worker")
        browser = FakeBrowser(seat)
        for confirms in (None, (patient, seat)):
            if confirms is not None:
                await confirms[0].confirm(confirms[1])
            for person, where in ((patient, seat), (doctor, own)):
                refusal = await offered(person, where, browser)
                assert refusal["error"]["code"] == "not_confirmed"
                assert person.states["seat_state"]["media_epoch"] is None
        assert await peers_at_the_worker(visitors.server) == (1, 0), "the room is open, and nobody was let in"
        await doctor.confirm(own)
        await wait_for(lambda: patient.states["seat_state"]["media_epoch"], 10, "the patient's media epoch")
        people = patient.states["seat_state"]["people"]
        assert [one["confirmed"] for one in people] == [True, True]
        assert (await offered(patient, seat, browser))["ok"]
        assert await peers_at_the_worker(visitors.server) == (1, 1)


async def session_open(server: Signaling) -> bool:
    return (await peers_at_the_worker(server))[0] == 1


async def test_a_wrong_card_ends_it_and_both_are_told(visitors: Visitors) -> None:
    async with met(visitors) as (patient, seat, doctor, own):
        assert (await doctor.ask("seat_confirm", {"seat": seat, "right": True}))["error"]["code"] == "forbidden"
        await patient.confirm(seat, right=False)
        await wait_for(lambda: patient.states["seat_state"]["ended_reason"] == "wrong_person", 10, "the patient to be told")
        await wait_for(lambda: doctor.states["seat_state"]["ended_reason"] == "wrong_person", 10, "the doctor to be told")
        assert doctor.states["seat_state"]["seat"] == own
        await wait_for(lambda: doctor.states["desk_state"]["seat"] is None, 10, "the doctor to be free again")
