"""A call of real sound and picture, recorded by the real process: what is on the disk can be played, and is in step."""

import asyncio
import itertools
import os
import signal
import statistics
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from common.errors import ConsiliumError
from common.ids import ConsultationId, new_id
from common.wire import Wire
from media.control.client import WorkerClient
from media.control.messages import RecordedStream, RecordingKeyframe, RecordingSet, RecordingTaps
from recording.client import RecorderKeeper
from recording.messages import KeyframeWanted, Order, OrderedTrack, Placed, RecordingFailed
from tests.disks import REFUSALS, small_disk
from tests.opened import Opened, apart, open_recording, probe
from tests.peers.browser import FakeBrowser
from tests.peers.calls import Call, call_of_two
from tests.peers.talker import BEEP_S, Camera, Talker
from tests.peers.waiting import until


@dataclass
class Desk:
    """What signaling does, by hand: orders to the recorder, then to the worker."""

    call: Call
    keeper: RecorderKeeper
    data: Path
    recording: str = field(default_factory=lambda: new_id("r"))
    hospital: str = field(default_factory=lambda: new_id("h"))
    recorders: list[WorkerClient] = field(default_factory=list)
    failures: list[str] = field(default_factory=list)
    asked: int = 0
    tasks: set[asyncio.Task[Wire]] = field(default_factory=set)

    def met(self, recorder: WorkerClient) -> None:
        self.recorders.append(recorder)
        recorder.on_notice = self.heard

    def heard(self, notice: Wire, session: ConsultationId | None) -> None:
        if isinstance(notice, KeyframeWanted):
            self.asked += 1
            body = RecordingKeyframe(streams=notice.streams)
            task = asyncio.ensure_future(self.call.worker.request("recording_keyframe", self.call.session, body))
            self.tasks.add(task)
            task.add_done_callback(self.tasks.discard)
        if isinstance(notice, RecordingFailed):
            self.failures.append(notice.reason)

    async def order(self, state: str, *people: FakeBrowser, reason: str = "") -> Placed:
        tracks = [OrderedTrack(seat=who.label, kind=kind) for who in people for kind in ("audio", "video")]
        order = Order(recording=self.recording, hospital=self.hospital, state=state, reason=reason, tracks=tracks)  # type: ignore[arg-type]
        if state != "on":
            await self.tap([], "/nowhere")
        placed = await self.recorders[-1].request("recording_order", self.call.session, order, timeout_s=30)
        assert isinstance(placed, Placed)
        if state == "on":
            named = [RecordedStream(label=each.seat, kind=each.kind, stream=each.stream) for each in placed.streams]
            await self.tap(named, placed.socket)
        return placed

    async def tap(self, streams: list[RecordedStream], socket: str) -> RecordingTaps:
        body = RecordingSet(recording=self.recording, socket=socket, streams=streams)
        reply = await self.call.worker.request("recording_set", self.call.session, body)
        assert isinstance(reply, RecordingTaps)
        return reply

    def opened(self) -> Opened:
        return open_recording(self.data, self.recording)


@asynccontextmanager
async def recorded_call(tmp_path: Path, one_camera: Camera | None = None) -> AsyncIterator[tuple[Desk, Talker, Talker]]:
    """Two people who talk, and a recorder that records nothing yet."""
    async with call_of_two() as (_, call, one, two):
        recorders: list[WorkerClient] = []
        keeper = RecorderKeeper(tmp_path, tmp_path / "data", "recorder", lambda client: desk.met(client))  # noqa: PLW0108
        desk = Desk(call, keeper, tmp_path / "data", recorders=recorders)
        desk.keeper.start()
        talkers = Talker(one, one_camera or Camera()), Talker(two)
        try:
            await until(lambda: bool(desk.recorders), "the recorder answers", 30)
            for talker in talkers:
                talker.start()
            yield desk, *talkers
        finally:
            for talker in talkers:
                await talker.stop()
            await desk.keeper.stop()


def _in_step(opened: Opened, talker: Talker, least: int) -> None:
    """Within 80 ms, and what this machine kept the sender itself from being on time."""
    seat = talker.browser.label
    beeps, flashes = opened.seen(seat, "audio").onsets, opened.seen(seat, "video").onsets
    pairs = apart(beeps, flashes)
    assert len(pairs) >= least, (beeps, flashes, talker.late_s)
    assert statistics.median(map(abs, pairs)) <= 0.080 + talker.late_s, pairs
    late = [pair for pair in pairs if abs(pair) > 0.080]
    assert talker.late_s > 0.2 or len(late) <= talker.cut_beeps, (pairs, talker.cut_beeps)
    assert talker.late_s > 0.2 or all(abs(pair) <= 0.080 + BEEP_S for pair in late), pairs


async def test_two_people_are_recorded_playable_in_step_and_as_long_as_it_was(tmp_path: Path) -> None:
    async with recorded_call(tmp_path) as (desk, one, two):
        await asyncio.sleep(1)  # an unrecorded beginning
        began = time.monotonic()
        await desk.order("on", one.browser, two.browser)
        await asyncio.sleep(13)
        placed = await desk.order("over")
        lasted = time.monotonic() - began
        assert placed.sealed
        again = await desk.order("over")
        assert again.sealed
        assert desk.asked <= 2 * 4
    opened = desk.opened()
    assert opened.manifest.state == "sealed"
    assert abs(opened.manifest.duration_ms / 1000 - lasted) < 0.2 + 0.3
    for talker in (one, two):
        seat = talker.browser.label
        _in_step(opened, talker, 8)
        for kind in ("audio", "video"):
            segments = opened.segments(seat, kind)
            assert len(segments) >= 2
            assert all(line.duration_ms < 9000 for line in segments)
            told = sum(line.duration_ms for line in segments) / 1000
            there = (opened.manifest.duration_ms - segments[0].start_ms) / 1000
            assert abs(told - there) < 0.2, "all but the wait for the first key frame"
            for before, after in itertools.pairwise(segments):
                assert abs(after.start_ms - before.end_ms) <= 45
            for line in segments:
                found = probe(opened.files[line.number], tmp_path)
                (stream,) = found["streams"]
                assert stream["codec_name"] == line.codec
                assert int(stream["nb_read_frames"]) == line.frames
                assert abs(float(found["format"]["start_time"]) * 1000 - line.start_ms) <= 2
    assert not opened.manifest.gaps


async def test_nothing_readable_is_ever_on_the_disk(tmp_path: Path) -> None:
    """Opus of silence is the same octets again and again: a plain file of it would show them."""
    async with recorded_call(tmp_path) as (desk, one, two):
        await desk.order("on", one.browser, two.browser)
        await asyncio.sleep(6)
        await desk.order("over")
    opened = desk.opened()
    canaries = [file[at : at + 64] for file in opened.files.values() for at in (len(file) // 2, len(file) // 3)]
    for path in tmp_path.rglob("*"):
        if path.is_file():
            raw = path.read_bytes()
            assert b"webm" not in raw.replace(b'"container":"webm"', b"").replace(b'"webm"', b"")
            assert not any(canary in raw for canary in canaries if canary.count(canary[:1]) < 60)


@pytest.mark.parametrize("codec", ["vp8", "h264"])
async def test_another_size_is_another_segment(tmp_path: Path, codec: str) -> None:
    from recording.sink import Track
    from tests.integration.recording.copies import copied

    camera, track = Camera(codec), Track(new_id("s"), "video", 0, 0)
    track.new_source(codec)  # type: ignore[arg-type]
    for copy in copied(camera, 60, {20: (640, 480), 40: (160, 120)}):
        track.copy(*copy)
    track.end(4_000_000)
    assert [(line.width, line.height) for line in track.closed] == [(320, 240), (640, 480), (160, 120)]
    assert sum(line.frames for line in track.closed) == 60


async def test_a_silent_recorder_is_told_to_be_dead_before_the_next_one_comes(tmp_path: Path) -> None:
    told: list[str] = []

    def met(client: WorkerClient) -> None:
        told.append("met")
        client.on_died = lambda: told.append("died")

    keeper = RecorderKeeper(tmp_path, tmp_path / "data", "recorder", met)
    keeper.start()
    try:
        await until(lambda: told == ["met"], "a recorder", 30)
        assert keeper._process is not None
        os.kill(keeper._process.pid, signal.SIGSTOP)
        await until(lambda: told == ["met", "died", "met"], "another one", 30)
    finally:
        await keeper.stop()


async def test_who_sends_nothing_is_not_asked_for_key_frames() -> None:
    """A camera that is off, for an hour."""
    from recording.sink import Track
    from tests.integration.recording.copies import copied

    track = Track(new_id("s"), "video", 0, 0)
    track.new_source("vp8")
    for copy in copied(Camera(), 30, {}):
        track.copy(*copy)
    for ms in range(3000, 3_600_000, 50):
        track.tick(ms * 1000)
        assert not track.wants_key(ms * 1000)


async def test_muted_sound_lossy_links_and_changing_pictures(tmp_path: Path) -> None:
    async with recorded_call(tmp_path) as (desk, one, two):
        await desk.order("on", one.browser, two.browser)
        await asyncio.sleep(3)
        two.loss = 0.1
        one.camera.size = (640, 480)
        one.muted = True
        await asyncio.sleep(5)
        one.muted = False
        one.camera.size = (160, 120)
        await asyncio.sleep(5)
        await desk.order("over")
    opened = desk.opened()
    seat, lossy = one.browser.label, two.browser.label
    assert opened.seen(seat, "video").sizes == [(320, 240), (640, 480), (160, 120)]
    _in_step(opened, one, 5)
    (gap,) = [gap for gap in opened.manifest.gaps if gap.seat == seat and gap.kind == "audio"]
    assert gap.reason == "no_media"
    assert 4500 < (gap.to_ms or 0) - gap.from_ms < 5500
    _in_step(opened, two, 3)
    (quality,) = [line for line in opened.manifest.quality if (line.seat, line.kind) == (lossy, "audio")]
    assert 10 < quality.lost < 200


async def test_who_reloads_goes_on_in_the_same_track(tmp_path: Path) -> None:
    async with recorded_call(tmp_path) as (desk, one, two):
        await desk.order("on", one.browser, two.browser)
        await asyncio.sleep(4.5)  # between beeps: one sent, and its flash not, is paired with the next person's
        await one.stop()
        again = FakeBrowser(one.browser.label)
        again.want(two.browser.label)
        await desk.call.join(again)
        fresh = Talker(again)
        fresh.start()
        await asyncio.sleep(4.5)
        await desk.order("over")
        await fresh.stop()
    opened = desk.opened()
    _in_step(opened, one, 2)
    _in_step(opened, fresh, 2)
    assert opened.seen(one.browser.label, "audio").last_s > 7


async def test_a_killed_recorder_loses_a_segment_at_most_and_goes_on_with_the_gap_marked(tmp_path: Path) -> None:
    async with recorded_call(tmp_path) as (desk, one, two):
        await desk.order("on", one.browser, two.browser)
        await asyncio.sleep(7)
        process = desk.recorders[-1].process_id
        assert process is not None
        killed = time.monotonic()
        os.kill(process, signal.SIGKILL)
        await until(lambda: len(desk.recorders) == 2, "another recorder is there", 30)
        await desk.order("on", one.browser, two.browser)
        away = time.monotonic() - killed
        await asyncio.sleep(6)
        await desk.order("over")
    opened = desk.opened()
    (gap,) = [gap for gap in opened.manifest.gaps if not gap.seat]
    assert gap.reason == "recorder_lost"
    assert (gap.to_ms or 0) - gap.from_ms < 1000 * away + 6500
    for talker in (one, two):
        _in_step(opened, talker, 5)
        for kind in ("audio", "video"):
            segments = opened.segments(talker.browser.label, kind)
            lost = [after.start_ms - before.end_ms for before, after in itertools.pairwise(segments)]
            assert max(lost) < 1000 * away + 7500


async def test_a_pause_records_nothing_and_is_told_with_its_reason(tmp_path: Path) -> None:
    async with recorded_call(tmp_path) as (desk, one, two):
        await desk.order("on", one.browser, two.browser)
        await asyncio.sleep(3)
        await desk.order("paused", reason="withdrawn")
        paused_at = time.monotonic()
        await asyncio.sleep(3)
        paused = time.monotonic() - paused_at
        await desk.order("on", two.browser)
        await asyncio.sleep(3)
        await desk.order("over")
    opened = desk.opened()
    (gap,) = [gap for gap in opened.manifest.gaps if gap.reason == "withdrawn"]
    assert gap.to_ms is not None
    assert abs((gap.to_ms - gap.from_ms) / 1000 - paused) < 0.6
    for line in opened.manifest.segments:
        assert line.end_ms <= gap.from_ms + 100 or line.start_ms >= gap.to_ms - 20
    assert all(line.start_ms < gap.from_ms for line in opened.manifest.segments if line.seat == one.browser.label)


@pytest.mark.parametrize("code", REFUSALS)
async def test_a_disk_that_refuses_is_told_and_what_was_sealed_is_safe(tmp_path: Path, code: str) -> None:
    """A real small file system: filled by somebody else's file, or mounted read-only under the recording."""
    root = tmp_path / "data" / "recordings"
    with small_disk(root):
        async with recorded_call(tmp_path) as (desk, one, two):
            await desk.order("on", one.browser, two.browser)
            await until(lambda: len(list(root.rglob("*.seg"))) >= 2, "segments are sealed", 15)
            with REFUSALS[code](root):
                sealed = {file: file.read_bytes() for file in root.rglob("*.seg")}
                await until(lambda: bool(desk.failures), "the failure is told", 20)
                assert desk.failures[0] == code
                with pytest.raises(ConsiliumError) as refused:
                    await desk.order("on", one.browser, two.browser)
                assert refused.value.code == code
            assert {file: file.read_bytes() for file in sealed} == sealed
            await desk.order("on", one.browser, two.browser)
            await asyncio.sleep(4)
            await desk.order("over")
        opened = desk.opened()
        assert opened.manifest.state == "sealed"
        assert any(gap.reason == "disk" for gap in opened.manifest.gaps)
        opened.seen(one.browser.label, "video")
