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

from common.errors import Unavailable
from recording.core import manifest as manifests
from recording.core.manifest import segment_name
from recording.keys import FileMaster, RecordingKeys, holder
from recording.sealing import unseal
from tests.disks import REFUSALS, small_disk
from tests.integration.signaling.conftest import Visitors
from tests.integration.signaling.test_archive import staff
from tests.opened import apart, open_recording
from tests.peers.browser import FakeBrowser
from tests.peers.talker import Talker
from tests.peers_signaling import Speaker
from tests.processes import wait_for, waits_for_input
from tests.services import kept
from tests.signaling_process import Signaling, children, discard_all


@pytest.fixture(scope="module")
def recording_server(request: pytest.FixtureRequest) -> Iterator[Signaling]:
    """With a media worker on loopback; the sample hospital records."""
    service = Signaling(workers=1, media_addresses="127.0.0.1")
    try:
        service.start()
        yield service
    finally:
        service.discard(keep_log_in=kept(request))


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

    async def join_again(self) -> None:
        """Both come to the call's present worker with new peers, and talk."""
        for talker in self.talkers:
            await talker.stop()
            with contextlib.suppress(Exception):
                await talker.browser.close()
        browsers = FakeBrowser(self.seats[0]), FakeBrowser(self.seats[1])
        for who, seat, other, browser in zip((self.doctor, self.patient), self.seats, self.seats[::-1], browsers, strict=True):
            await _in_call(who, seat, other, browser)
        self.talkers = Talker(browsers[0]), Talker(browsers[1])
        for talker in self.talkers:
            talker.start()

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
        made: Visit | None = None
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
            made = Visit(server, doctor, patient, (own, seat), (talkers[0], talkers[1]))
            yield made
        finally:
            for talker in made.talkers if made is not None else talkers:
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
    recorded_on_s = opened.manifest.clock.zero_us / 1e6 + last / 1000 - began
    print(f"withdrawn to dark on both pages: {took * 1000:.0f} ms; recorded for {recorded_on_s * 1000:.0f} ms more")
    assert recorded_on_s < 1, "a yes that is taken back stops it within a second"
    assert took < 3


async def test_a_killed_recorder_leaves_a_true_gap(recording_server: Signaling) -> None:
    async with visit(recording_server) as call:
        await call.agree()
        await asyncio.sleep(6)
        (process,) = children(recording_server, "recording.worker")
        os.kill(process, signal.SIGKILL)
        await wait_for(lambda: not call.status(call.doctor)["running"], 15, "everybody is told that nothing is recorded")
        await call.both(lambda status: status["running"], "it is recorded again", 30)
        await asyncio.sleep(6)
        folder = await call.end()
    opened = open_recording(recording_server.data, folder.name)
    (gap,) = [gap for gap in opened.manifest.gaps if gap.reason == "recorder_lost"]
    assert gap.to_ms is not None
    assert gap.to_ms - gap.from_ms < 20_000
    assert all(line.end_ms <= gap.from_ms or line.start_ms >= gap.to_ms for line in opened.manifest.segments)
    for seat in call.seats:
        assert opened.seen(seat, "audio").frames > 300


async def test_a_killed_media_worker_leaves_one_recording_that_tells_of_it(recording_server: Signaling) -> None:
    """While the call has no worker everybody is told that nothing is copied; nobody is asked again, and it goes on."""
    before = sorted((recording_server.data / "recordings").glob("rc_*"))
    async with visit(recording_server) as call:
        await call.agree()
        await asyncio.sleep(6)
        own = [call.status(who)["own"] for who in (call.doctor, call.patient)]
        epoch = call.patient.states["seat_state"]["media_epoch"]
        killed = await lose_worker(call)
        assert [call.status(who)["own"] for who in (call.doctor, call.patient)] == own
        assert {call.status(who)["state"] for who in (call.doctor, call.patient)} == {"on"}
        await wait_for(lambda: call.patient.states["seat_state"]["media_epoch"] not in (None, epoch), 30, "another worker")
        await call.join_again()
        joined = time.monotonic()
        await call.both(lambda status: status["running"], "it is recorded again", 30)
        await asyncio.sleep(6)
        folder = await call.end()
        assert set(call.folders()) == {*before, folder}
    opened = open_recording(recording_server.data, folder.name)
    assert {consent.given for consent in opened.manifest.consents if consent.purpose == "audio_video"} == {True}
    zero_s = opened.manifest.clock.zero_us / 1e6
    print(killed - zero_s, joined - zero_s, *opened.manifest.gaps, sep="\n")
    for seat in call.seats:
        for kind in ("audio", "video"):
            gaps = [gap for gap in opened.manifest.gaps if (gap.seat, gap.kind) == (seat, kind)]
            (gap,) = [gap for gap in gaps if gap.from_ms / 1000 > killed - zero_s - 1]
            assert gap.reason == "no_media"
            assert abs(gap.from_ms / 1000 - (killed - zero_s)) < 1
            assert (gap.to_ms or 0) / 1000 >= joined - zero_s - 0.1
            assert opened.segments(seat, kind)[-1].start_ms >= (gap.to_ms or 0) - 20
        assert len(apart(opened.seen(seat, "audio").onsets, opened.seen(seat, "video").onsets)) >= 8


async def test_a_call_that_moves_to_another_process_stays_one_recording(
    postgres_url: str, request: pytest.FixtureRequest
) -> None:
    """The recorder of the process whose worker was killed lets go of the folder, and the other one's goes on in it."""
    first = Signaling(workers=1, media_addresses="127.0.0.1", database_url=postgres_url)
    second = Signaling(
        workers=1, media_addresses="127.0.0.1", database_url=postgres_url, sample="false", data=str(first.data)
    )  # fmt: skip
    try:
        await asyncio.to_thread(first.start)
        async with visit(first) as call:
            await asyncio.to_thread(second.start)  # not before: the call might go to its worker at once
            await call.agree()
            await asyncio.sleep(6)
            await move_to_another_process(call)
            await call.join_again()
            await call.both(lambda status: status["running"] and status["trouble"] is None, "it is recorded again", 30)
            await asyncio.sleep(6)
            folder = await call.end()
            assert call.folders() == [folder]
        opened = open_recording(first.data, folder.name)
        (gap,) = [gap for gap in opened.manifest.gaps if (gap.seat, gap.reason) == ("", "recorder_lost")]
        for seat in call.seats:
            for kind in ("audio", "video"):
                assert opened.segments(seat, kind)[-1].start_ms >= (gap.to_ms or 0)
            assert len(apart(opened.seen(seat, "audio").onsets, opened.seen(seat, "video").onsets)) >= 8
    finally:
        discard_all((first, second), kept(request))


async def move_to_another_process(call: Visit) -> None:
    """Kills the call's worker while its own process has no other: that of the other process takes the call."""
    await wait_for(lambda: any(map(waits_for_input, children(call.server, "media.worker"))), 20, "a spare worker")
    epoch = call.patient.states["seat_state"]["media_epoch"]
    workers = children(call.server, "media.worker")
    spare = next(filter(waits_for_input, workers))
    os.kill(spare, signal.SIGSTOP)
    try:
        for worker in workers:
            if worker != spare:
                os.kill(worker, signal.SIGKILL)
        await wait_for(lambda: call.patient.states["seat_state"]["media_epoch"] not in (None, epoch), 30, "another worker")
    finally:
        os.kill(spare, signal.SIGKILL)


async def lose_worker(call: Visit) -> float:
    """Kills the worker of the call, and its successor after a while in which there is none; when the call lost it."""
    await wait_for(lambda: any(map(waits_for_input, children(call.server, "media.worker"))), 20, "a spare worker")
    workers = children(call.server, "media.worker")
    (spare,) = filter(waits_for_input, workers)
    os.kill(spare, signal.SIGSTOP)
    try:
        for worker in workers:
            if worker != spare:
                os.kill(worker, signal.SIGKILL)
        killed = time.monotonic()
        await call.both(lambda status: not status["running"], "everybody is told that nothing is copied", 10)
    finally:
        os.kill(spare, signal.SIGKILL)
    return killed


async def test_whoever_does_something_with_the_recording_stands_in_the_patients_own_log(recording_server: Signaling) -> None:
    async with visit(recording_server) as call, aiohttp.ClientSession(cookie_jar=aiohttp.DummyCookieJar()) as session:
        await call.agree()
        await asyncio.sleep(4)
        path = f"/api/archive/recordings/{(await call.end()).name}"
        archivist = await staff(Visitors(recording_server, session), "1901")
        for _ in range(60):  # at a pace that the archive bears
            if (await archivist.ask("GET", path))[0] == 200:
                break
            await asyncio.sleep(0.5)
        for method, what, body, status in (
            ("POST", "plays", {"purpose": "complaint"}, 201),
            ("PUT", "retention", {"retention": "medical_record"}, 200),
            ("POST", "hold", {"reason": "case 7"}, 200),
            ("POST", "verifications", None, 200),
            ("POST", "exports", {"purpose": "legal", "language": "en"}, 202),
        ):
            assert (await archivist.ask(method, f"{path}/{what}", body))[0] == status
        log = await call.patient.ask("access_get", {"seat": call.seats[1]})
        assert log["ok"], log
        looks = [(look["act"], look["reason"], look["role"]) for look in log["body"]["looks"]]
        assert looks[:5] == [
            ("copy_made", "legal", "archivist"),
            ("recording_checked", "", "archivist"),
            ("recording_held", "", "archivist"),
            ("recording_classified", "", "archivist"),
            ("recording_played", "complaint", "archivist"),
        ]


async def test_a_picture_taken_back_in_the_call_is_erased_and_the_sound_stays(recording_server: Signaling) -> None:
    """The recording goes on without it; when the visit is over what was recorded before cannot be seen by anybody."""
    async with visit(recording_server) as call:
        await call.agree()
        await asyncio.sleep(4)
        taken_back = await call.patient.ask("consent_withdraw", {"seat": call.seats[1], "purpose": "audio_video"})
        assert taken_back["ok"], taken_back
        await asyncio.sleep(3)
        folder = await call.end()
    manifest = manifests.decode((folder / "manifest.json").read_bytes())
    sealed = {line.number: (folder / segment_name(line.number)).read_bytes() for line in manifest.segments}
    erased = lambda: holder(call.seats[1], "video").encode() not in (folder / "key").read_bytes()  # noqa: E731
    await wait_for(erased, 40, "the key of the picture is gone")
    keys = RecordingKeys.read((folder / "key").read_bytes(), folder.name, FileMaster(recording_server.data))
    gone = []
    for line in manifest.segments:
        try:
            assert unseal(sealed[line.number], keys)
        except Unavailable as error:
            assert error.code == "person_erased"
            gone.append((line.seat, line.kind))
    assert set(gone) == {(call.seats[1], "video")}
    assert max(line.end_ms for line in manifest.segments if (line.seat, line.kind) == (call.seats[1], "audio")) > 6000


async def test_a_wrong_master_key_is_shown_to_the_doctor_and_mended(recording_server: Signaling) -> None:
    key = recording_server.data / "recording-key"
    good = key.read_bytes()
    (process,) = children(recording_server, "recording.worker")
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


@pytest.mark.parametrize("code", REFUSALS)
async def test_a_disk_that_refuses_is_shown_to_the_doctor_and_mended(recording_server: Signaling, code: str) -> None:
    root = recording_server.data / "recordings"
    with small_disk(root):
        async with visit(recording_server) as call:
            await call.agree()
            await wait_for(lambda: len(list(root.rglob("*.seg"))) >= 2, 30, "something is sealed")
            with REFUSALS[code](root):
                sealed = {file: file.read_bytes() for file in root.rglob("*.seg")}
                await wait_for(lambda: call.status(call.doctor)["trouble"] == code, 40, "the doctor is told why")
                await call.both(lambda status: not status["running"], "nobody is told that it runs")
            assert {file: file.read_bytes() for file in sealed} == sealed
            await call.both(lambda status: status["running"] and status["trouble"] is None, "it is recorded again", 30)
            await asyncio.sleep(3)
            folder = await call.end()
        manifest = open_recording(recording_server.data, folder.name).manifest
        assert {file.name for file in sealed} <= {segment_name(line.number) for line in manifest.segments}
        assert any(gap.reason == "disk" for gap in manifest.gaps)
