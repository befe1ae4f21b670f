"""Probes: a peer alone is sent back what it sends; there are few of them, they end by themselves, and calls come first."""

from collections.abc import Iterator
from contextlib import contextmanager

import pytest

import media.relay
from common.errors import Unavailable
from common.ids import ConsultationId, new_id
from media.control.client import WorkerClient
from media.control.messages import (
    PeerAnswer,
    PeerOffer,
    SessionClose,
    SessionList,
    SessionOpen,
    SessionsOpen,
    WorkerPing,
    WorkerStatus,
)
from tests.peers.browser import FakeBrowser, answered_ssrc
from tests.peers.calls import relay_in_process
from tests.peers.waiting import until
from tests.reference import rtcp

PROBE = SessionOpen(purpose="probe")


def session() -> ConsultationId:
    return ConsultationId(new_id("q"))


async def echoed(client: WorkerClient, probe: ConsultationId) -> tuple[FakeBrowser, str]:
    """A browser in a probe, connected, and its answer."""
    browser = FakeBrowser()
    for line in browser.lines:
        line.direction = "sendrecv"
    body = PeerOffer(peer=browser.peer, label=browser.label, sdp=await browser.offer(), wanted=[])
    reply = await client.request("peer_offer", probe, body)
    assert isinstance(reply, PeerAnswer)
    await browser.connect(reply.sdp)
    return browser, reply.sdp


async def test_a_peer_is_sent_back_its_own_sound_and_picture() -> None:
    async with relay_in_process() as (_, client):
        probe = session()
        await client.request("session_open", probe, PROBE)
        (one, answer), (two, _) = await echoed(client, probe), await echoed(client, probe)
        audio, video = answered_ssrc(answer, "0"), answered_ssrc(answer, "1")
        assert answer.count("a=sendrecv") == 2
        for _ in range(10):
            await one.send_audio()
            await one.send_frame(key=True)
        await until(lambda: one.count(audio) == one.count(video) == 10, "all that was sent comes back")
        assert not any(two.received.values()), "nobody else hears it"
        await one.send_rtcp(rtcp.Remb(7, 250_000, (video,)))
        await until(lambda: any(isinstance(said, rtcp.Remb) for said in one.feedback), "it is told of limits as well")
        told = [said.bps for said in one.feedback if isinstance(said, rtcp.Remb)]
        assert min(told) >= 1_500_000, "but not to stay where a browser's estimate begins"
        await one.close()
        await two.close()


async def test_there_are_few_of_them_and_they_are_no_calls() -> None:
    async with relay_in_process() as (_, client):
        call = ConsultationId(new_id("c"))
        await client.request("session_open", call, SessionOpen())
        probes = [session() for _ in range(media.relay.MAX_PROBES)]
        for probe in probes:
            await client.request("session_open", probe, PROBE)
        with pytest.raises(Unavailable) as refused:
            await client.request("session_open", session(), PROBE)
        assert refused.value.code == "probes_full"
        status = await client.request("worker_ping", None, WorkerPing())
        assert isinstance(status, WorkerStatus) and (status.sessions, status.probes) == (1, len(probes))
        listed = await client.request("session_list", None, SessionList())
        assert listed == SessionsOpen(sessions=[call])
        await client.request("session_close", probes[0], SessionClose())
        await client.request("session_open", session(), PROBE)
        await client.request("session_open", ConsultationId(new_id("c")), SessionOpen())


@contextmanager
def setting(monkeypatch: pytest.MonkeyPatch, name: str, value: float) -> Iterator[None]:
    with monkeypatch.context() as patched:
        patched.setattr(media.relay, name, value)
        yield


async def test_a_busy_worker_keeps_its_room_for_calls(monkeypatch: pytest.MonkeyPatch) -> None:
    async with relay_in_process() as (_, client):
        with setting(monkeypatch, "PROBE_HEADROOM", 1.1), pytest.raises(Unavailable) as refused:
            await client.request("session_open", session(), PROBE)
        assert refused.value.code == "probes_full"
        await client.request("session_open", ConsultationId(new_id("c")), SessionOpen())


async def test_it_ends_by_itself_and_keeps_nobody_from_draining(monkeypatch: pytest.MonkeyPatch) -> None:
    async with relay_in_process() as (relay, client):
        await client.request("session_open", session(), PROBE)
        with setting(monkeypatch, "PROBE_LIFE_S", 0.05):
            await client.request("session_open", session(), PROBE)

        def probes() -> int:
            return relay._status().probes

        await until(lambda: probes() == 1, "the short one has ended")
        relay.drain()
        assert relay.drained.is_set()
