"""Layers begin and end, as somebody comes and goes: whoever was there sees the others without a stop.

Who comes, several times, has no browser, so that nothing starts on this machine but what the product does at those who were
there: they negotiate anew, and their cameras begin to send layers. That is the same each time, a stop of the machine is not: so
the best of the comings is held against spells in which nobody came. The goal, 0.2 s, is printed beside.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from math import isfinite

import aiohttp
import pytest
from playwright.async_api import Browser

from tests.browser.gaps import watch_gaps
from tests.browser.stage import Cast, Person
from tests.browser.test_call import assert_media_flows, pair
from tests.browser.test_comings import SPELL_S, keep, longest
from tests.peers.browser import FakeBrowser, answered_ssrc
from tests.peers.talker import Talker
from tests.peers_signaling import CSRF, Speaker
from tests.processes import wait_for
from tests.reference import rtcp

COMINGS = 3
STOP_S, BESIDE = 0.5, 3.0
"""When layers took the whole picture's room, each coming stopped it for a second. A busy machine stops pictures by itself: on one
a spell in which somebody comes may have a gap so many times as long as those in which nobody does."""
REPORT_S, PLENTY_BPS = 0.25, 5_000_000
SETTLED_S = 7.0
"""After somebody left, smaller layers go on for five seconds, and the largest alone has begun."""

CAMERA = """
if (navigator.mediaDevices)
  navigator.mediaDevices.getUserMedia = (asked) => MediaDevices.prototype.getUserMedia.call(
    navigator.mediaDevices, { ...asked, video: asked.video && { width: 960, height: 540, frameRate: 15 } });
"""
"""Chromium's own camera, which no page has to paint: large enough for layers, small enough for two browsers on two cores."""


@dataclass
class Guest:
    """A companion without a browser: a line, a connection, real Opus and VP8."""

    line: Speaker
    seat: str
    browser: FakeBrowser
    talkers: list[Talker] = field(default_factory=list)
    reports: list[asyncio.Task[None]] = field(default_factory=list)

    async def talk(self) -> None:
        """Come into the call, hear and see everybody there, and be heard and seen."""
        await wait_for(lambda: (self.line.states.get("seat_state") or {}).get("media_epoch"), 20, "a worker")
        people = self.line.states["seat_state"]["people"]
        self.browser.want(*(each["seat"] for each in people if each["seat"] != self.seat))
        wanted = [{"mid": mid, "seat": label} for mid, label in self.browser.wanted.items()]
        offer = {"seat": self.seat, "peer": self.browser.peer, "sdp": await self.browser.offer(), "wanted": wanted}
        answer = await self.line.ask("peer_offer", offer)
        assert answer["ok"], answer
        await self.browser.connect(answer["body"]["sdp"])
        self.talkers.append(Talker(self.browser))
        self.talkers[0].start()
        sinks = [answered_ssrc(answer["body"]["sdp"], mid) for mid in self.browser.wanted]
        self.reports.append(asyncio.create_task(self._report(sinks)))

    async def _report(self, sinks: list[int]) -> None:
        """As a browser on a good line does: who is silent for long is taken for one before whom a queue stands."""
        while True:
            await asyncio.sleep(REPORT_S)
            blocks = tuple(self._block(sink) for sink in sinks if self.browser.received.get(sink))
            await self.browser.send_rtcp(rtcp.ReceiverReport(1, blocks), rtcp.Remb(1, PLENTY_BPS, tuple(sinks)))

    def _block(self, sink: int) -> rtcp.ReportBlock:
        last = self.browser.received[sink][-1]
        return rtcp.ReportBlock(sink, 0, 0, int.from_bytes(last[2:4], "big"), 0, 0, 0)

    async def go(self) -> None:
        assert (await self.line.ask("seat_leave", {"seat": self.seat}))["ok"]


@asynccontextmanager
async def guest_by(cast: Cast, link: str) -> AsyncIterator[Guest]:
    """Somebody who comes by a link."""
    base = cast.server.base
    async with aiohttp.ClientSession(cookie_jar=aiohttp.DummyCookieJar()) as session:
        body = {"token": link.partition("#")[2], "name": "Bai Lin"}
        async with session.post(f"{base}/api/join", json=body, headers=CSRF) as response:
            joined = await response.json()
            cookie = response.headers["Set-Cookie"].partition(";")[0]
    line = Speaker({"audience": "seat", "seat": joined["seat"], "protocol": 1}, cookie, [base])
    guest = Guest(line, joined["seat"], FakeBrowser(joined["seat"]))
    await line.come()
    try:
        yield guest
    finally:
        for talker in guest.talkers:
            await talker.stop()
        for report in guest.reports:
            report.cancel()
        await asyncio.gather(*guest.reports, return_exceptions=True)
        await guest.browser.close()
        await line.leave()


@pytest.mark.timeout(240)  # a hundred seconds of it are the measurement
async def test_no_picture_stops_when_layers_begin_and_end(chromium: Browser, cast: Cast) -> None:
    cast.scripts.append(CAMERA)
    doctor = await cast.doctor_on_duty(chromium)
    patient = await cast.patient_in_line(chromium, "Bai Yun")
    await pair(doctor, patient)
    two = {"Bai Yun": patient, "An Ning": doctor}
    for person in two.values():
        await assert_media_flows(person, 1)
    await asyncio.sleep(SPELL_S)
    for person, other in ((doctor, "Bai Yun"), (patient, "An Ning")):
        await watch_gaps(person, other)
    await asyncio.sleep(1.0)
    gaps: dict[str, list[dict[str, float]]] = {"before": [], "coming": [], "going": []}
    for _ in range(COMINGS):
        await longest(two)
        await asyncio.sleep(SPELL_S)
        gaps["before"].append(await longest(two))
    for _ in range(COMINGS):
        link = await doctor.invite("companion")
        async with guest_by(cast, link) as guest:
            await longest(two)
            await guest.talk()
            for person in two.values():
                await assert_media_flows(person, 2)
            assert all([await layers(person) != ["f"] for person in two.values()]), "or this shows nothing"
            await asyncio.sleep(SPELL_S)
            gaps["coming"].append(await longest(two))
            await guest.go()
            await asyncio.sleep(SETTLED_S)
            gaps["going"].append(await longest(two))
    best = {spell: min(max(each.values()) for each in found) for spell, found in gaps.items()}
    limit_s = max(STOP_S, BESIDE * max(max(each.values()) for each in gaps["before"]))
    keep("comings-in-layers", {"gaps_s": gaps, "best_s": best, "limit_s": limit_s})
    assert all(isfinite(gap) for found in gaps.values() for each in found for gap in each.values()), (
        f"somebody began anew: {gaps}"
    )
    assert best["coming"] <= limit_s, gaps
    assert best["going"] <= limit_s, gaps


async def layers(person: Person) -> list[str]:
    """Those in which somebody's picture is sent now; in a room of two the whole one, f, alone."""
    found: list[str] = await person.page.evaluate(
        "() => window.__peers.filter((p) => p.connectionState === 'connected').flatMap((p) => p.getSenders()).flatMap("
        "(s) => s.track?.kind === 'video' ? s.getParameters().encodings.filter((e) => e.active).map((e) => e.rid ?? '') : [])"
    )
    return found
