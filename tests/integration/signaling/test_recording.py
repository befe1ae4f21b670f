"""From the doctor's question to a sealed folder: the real server, media worker and recorder, two who speak the protocol.

Their peers send real sound and picture; what is on the disk is opened with the server's keys.
"""

import asyncio
import contextlib
import os
import signal
import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from tests.integration.signaling.conftest import Visitors
from tests.opened import apart, open_recording
from tests.peers.browser import FakeBrowser
from tests.peers.talker import Talker
from tests.peers_signaling import Speaker
from tests.processes import wait_for
from tests.services import LOGS
from tests.signaling_process import Signaling


@pytest.fixture(scope="module")
def recording_server(request: pytest.FixtureRequest) -> Iterator[Signaling]:
    """With a media worker on loopback; the sample hospital records."""
    service = Signaling(workers=1, media_addresses="127.0.0.1")
    try:
        service.start()
        yield service
    finally:
        service.discard(keep_log_in=LOGS if request.session.testsfailed else None)


@dataclass
class Visit:
    """A call of a doctor and a patient."""

    server: Signaling
    doctor: Speaker
    patient: Speaker
    seats: tuple[str, str]
    """The doctor's, the patient's."""
    talkers: tuple[Talker, Talker]

    def status(self, who: Speaker) -> dict[str, Any]:
        found: dict[str, Any] = who.states["seat_state"]["recording"]
        return found

    async def both(self, true: Callable[[dict[str, Any]], object], why: str, timeout_s: float = 20) -> None:
        await wait_for(lambda: all(true(self.status(who)) for who in (self.doctor, self.patient)), timeout_s, why)

    async def agree(self) -> None:
        """The doctor asks, the patient says yes; returns when it is recorded."""
        asked = await self.doctor.ask("consent_ask", {"seat": self.seats[0], "own": "audio_video"})
        assert asked["ok"], asked
        answered = await self.patient.ask("consent_answer", {"seat": self.seats[1], "answer": "audio_video"})
        assert answered["ok"], answered
        await self.both(lambda status: status["light"] and status["running"], "it is recorded")

    def folders(self) -> list[Path]:
        return sorted((self.server.data / "recordings").glob("rc_*"))

    async def end(self) -> Path:
        """The doctor ends the call; the newest folder, sealed."""
        assert (await self.doctor.ask("consultation_end", {"seat": self.seats[0]}))["ok"]
        folder = max(self.folders(), key=lambda path: path.stat().st_mtime)
        sealed = lambda: b'"state":"sealed"' in (folder / "manifest.json").read_bytes()  # noqa: E731
        await wait_for(sealed, 30, "the recording is sealed")
        return folder


async def _in_call(person: Speaker, seat: str, other: str, browser: FakeBrowser) -> None:
    browser.want(other)
    wanted = [{"mid": mid, "seat": label} for mid, label in browser.wanted.items()]
    body = {"seat": seat, "peer": browser.peer, "sdp": await browser.offer(), "wanted": wanted}
    answer = await person.ask("peer_offer", body)
    assert answer["ok"], answer
    await browser.connect(answer["body"]["sdp"])


@asynccontextmanager
async def visit(server: Signaling) -> AsyncIterator[Visit]:
    """Two people who talk to each other."""
    async with aiohttp.ClientSession(cookie_jar=aiohttp.DummyCookieJar()) as session:
        visitors = Visitors(server, session)
        talkers: list[Talker] = []
        try:
            doctor, (patient, seat, _) = await visitors.doctor(), await visitors.patient()
            await patient.come()
            await doctor.come()
            await wait_for(lambda: "desk_state" in doctor.states, 10, "a desk")
            department = (await visitors.hospital())["departments"][0]["id"]  # type: ignore[index]
            assert (await doctor.ask("duty_set", {"departments": [department]}))["ok"]
            offer = await wait_for(lambda: doctor.states["desk_state"]["offer"], 15, "an offer")
            assert (await doctor.ask("offer_accept", {"offer": offer["id"]}))["ok"]
            own: str = await wait_for(lambda: doctor.states["desk_state"]["seat"], 10, "the doctor's seat")
            for who, which in ((doctor, own), (patient, seat)):
                await wait_for(partial(who.states.get, "seat_state"), 10, "a seat's state")
                await who.confirm(which)
            await wait_for(lambda: patient.states["seat_state"]["media_epoch"], 15, "a worker")
            browsers = FakeBrowser(own), FakeBrowser(seat)
            await _in_call(doctor, own, seat, browsers[0])
            await _in_call(patient, seat, own, browsers[1])
            talkers = [Talker(browsers[0]), Talker(browsers[1])]
            for talker in talkers:
                talker.start()
            await wait_for(lambda: patient.states["seat_state"]["state"] == "live", 15, "a live call")
            yield Visit(server, doctor, patient, (own, seat), (talkers[0], talkers[1]))
        finally:
            for talker in talkers:
                await talker.stop()
                with contextlib.suppress(Exception):
                    await talker.browser.close()
            with contextlib.suppress(Exception):
                await doctor.ask("duty_set", {"departments": []})
            for person in visitors.people:
                await person.leave()


async def test_a_call_is_recorded_from_the_last_yes_to_the_first_no_and_goes_on_after_it(recording_server: Signaling) -> None:
    async with visit(recording_server) as call:
        await call.agree()
        await asyncio.sleep(8)
        began = time.monotonic()
        assert (await call.patient.ask("consent_withdraw", {"seat": call.seats[1], "purpose": "audio_only"}))["ok"]
        await call.both(lambda status: not status["light"], "the light is out", 10)
        took = time.monotonic() - began
        await asyncio.sleep(2)
        folder = await call.end()
    opened = open_recording(recording_server.data, folder.name)
    for seat in call.seats:
        beeps, flashes = opened.seen(seat, "audio").onsets, opened.seen(seat, "video").onsets
        pairs = apart(beeps, flashes)
        assert len(pairs) >= 5
        assert max(map(abs, pairs)) <= 0.080
    assert {person.role for person in opened.manifest.people} == {"patient", "practitioner"}
    assert {consent.given for consent in opened.manifest.consents} >= {True, False}
    (gap,) = [gap for gap in opened.manifest.gaps if gap.reason == "withdrawn"]
    last = max(line.end_ms for line in opened.manifest.segments)
    assert last <= gap.from_ms + 100
    print(f"withdrawn to dark on both pages: {took * 1000:.0f} ms")
    assert took < 3


async def test_a_killed_recorder_leaves_a_true_gap(recording_server: Signaling) -> None:
    async with visit(recording_server) as call:
        await call.agree()
        await asyncio.sleep(6)
        (process,) = _children(recording_server, "recording.worker")
        os.kill(process, signal.SIGKILL)
        await wait_for(lambda: not call.status(call.doctor)["running"], 15, "everybody is told that nothing is recorded")
        await call.both(lambda status: status["running"], "it is recorded again", 30)
        await asyncio.sleep(6)
        folder = await call.end()
    opened = open_recording(recording_server.data, folder.name)
    (gap,) = [gap for gap in opened.manifest.gaps if gap.reason == "recorder_lost"]
    assert gap.to_ms is not None
    assert gap.to_ms - gap.from_ms < 20_000
    assert all(line.end_ms <= gap.from_ms or line.start_ms >= gap.to_ms - 20 for line in opened.manifest.segments)
    for seat in call.seats:
        assert opened.seen(seat, "audio").frames > 300


async def test_a_wrong_master_key_is_shown_to_the_doctor_and_mended(recording_server: Signaling) -> None:
    key = recording_server.data / "recording-key"
    good = key.read_bytes()
    (process,) = _children(recording_server, "recording.worker")
    key.write_bytes(b"short")
    os.kill(process, signal.SIGKILL)
    try:
        async with visit(recording_server) as call:
            assert (await call.doctor.ask("consent_ask", {"seat": call.seats[0], "own": "audio_video"}))["ok"]
            assert (await call.patient.ask("consent_answer", {"seat": call.seats[1], "answer": "audio_video"}))["ok"]
            told = lambda: call.status(call.doctor)["trouble"] == "master_key_wrong"  # noqa: E731
            await wait_for(told, 30, "the doctor is told why")
            assert not call.status(call.doctor)["running"]
            key.write_bytes(good)
            await call.both(lambda status: status["running"] and status["trouble"] is None, "it is recorded", 30)
            await asyncio.sleep(3)
            folder = await call.end()
    finally:
        key.write_bytes(good)
    assert open_recording(recording_server.data, folder.name).manifest.segments


def _children(server: Signaling, module: str) -> list[int]:
    """Processes of this server that run that module."""
    found = []
    for line in Path("/proc").glob("[0-9]*/cmdline"):
        with contextlib.suppress(OSError):  # it ended meanwhile
            words = line.read_bytes().decode(errors="replace").split("\0")
            if module in words and str(server.data.resolve()) in words:
                found.append(int(line.parent.name))
    return found
