"""A worker in this process and peers in a call on it, for tests that need one alive."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from common.ids import ConsultationId, new_id
from media.control.client import WorkerClient
from media.control.inprocess import InProcessCarrier
from media.control.messages import Notice, PeerAnswer, PeerOffer, PeerState, QualityChanged, SessionOpen, WantedTrack
from media.relay import MediaRelay
from tests.peers.browser import LOOPBACK, FakeBrowser, answered_ssrc
from tests.peers.waiting import until


@dataclass
class Call:
    """A session on a worker; `states` is what its notices told, in order, `quality` the last one of each person."""

    worker: WorkerClient
    session: ConsultationId
    states: list[tuple[str, str]] = field(default_factory=list)
    quality: dict[str, QualityChanged] = field(default_factory=dict)
    browsers: list[FakeBrowser] = field(default_factory=list)
    answers: dict[str, str] = field(default_factory=dict)

    @classmethod
    async def begin(cls, worker: WorkerClient) -> "Call":
        call = cls(worker, ConsultationId(new_id("c")))
        worker.on_notice = call.heard
        await worker.request("session_open", call.session, SessionOpen())
        return call

    def heard(self, notice: Notice, session: ConsultationId | None) -> None:
        if isinstance(notice, PeerState) and session == self.session:
            self.states.append((notice.peer, notice.state))
        elif isinstance(notice, QualityChanged) and session == self.session:
            self.quality[notice.label] = notice

    async def negotiate(self, browser: FakeBrowser) -> str:
        """Sends the browser's present offer; returns the answer."""
        wanted = [WantedTrack(mid=mid, label=label) for mid, label in browser.wanted.items()]
        body = PeerOffer(peer=browser.peer, label=browser.label, sdp=await browser.offer(), wanted=wanted)
        reply = await self.worker.request("peer_offer", self.session, body)
        assert isinstance(reply, PeerAnswer)
        self.answers[browser.peer] = reply.sdp
        return reply.sdp

    async def join(self, browser: FakeBrowser, through: tuple[str, int] | None = None) -> FakeBrowser:
        """Negotiates, connects, and waits until the worker says so."""
        answer = await self.negotiate(browser)
        self.browsers.append(browser)
        await browser.connect(answer, through)
        await until(lambda: (browser.peer, "connected") in self.states, "the worker reports the peer connected")
        return browser

    def sink(self, browser: FakeBrowser, label: str, kind: str) -> int:
        """The SSRC under which `browser` is sent the label's media."""
        mid = next(line.mid for line in browser.lines if line.kind == kind and browser.wanted.get(line.mid) == label)
        return answered_ssrc(self.answers[browser.peer], mid)

    async def assert_alive(self, sender: FakeBrowser, receiver: FakeBrowser) -> None:
        """Media flows from one to the other, now."""
        audio, video = (self.sink(receiver, sender.label, kind) for kind in ("audio", "video"))
        before = receiver.count(audio), receiver.count(video)
        for _ in range(20):
            await sender.send_audio()
            await sender.send_frame(key=True)
            await asyncio.sleep(0.01)  # pace of a sender, not a wait
        await until(lambda: receiver.count(audio) >= before[0] + 20, "20 more audio packets arrive")
        await until(lambda: receiver.count(video) >= before[1] + 20, "20 more video packets arrive")

    async def close(self) -> None:
        for browser in self.browsers:
            await browser.close()


@asynccontextmanager
async def relay_in_process(*hosts: str) -> AsyncIterator[tuple[MediaRelay, WorkerClient]]:
    """A relay in this loop, offering loopback only, and a client of it."""
    relay = MediaRelay("test", hosts or (LOOPBACK,))
    carrier = InProcessCarrier(relay.server)
    client = await carrier.connect()
    try:
        yield relay, client
    finally:
        await client.close()
        await relay.close()
        await carrier.close()


@asynccontextmanager
async def call_of_two() -> AsyncIterator[tuple[MediaRelay, Call, FakeBrowser, FakeBrowser]]:
    """Two connected people who watch each other."""
    async with relay_in_process() as (relay, client):
        call = await Call.begin(client)
        one, two = FakeBrowser(), FakeBrowser()
        one.want(two.label)
        two.want(one.label)
        try:
            await call.join(one)
            await call.join(two)
            yield relay, call, one, two
        finally:
            await call.close()
