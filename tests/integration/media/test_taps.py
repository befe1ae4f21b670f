"""Copies for a recorder out of a live call: nobody's before the order, nobody else's, none after it is taken back."""

import asyncio
from pathlib import Path

import pytest

from common.errors import ConsiliumError
from common.ids import new_id
from media.control.messages import RecordedStream, RecordingKeyframe, RecordingSet, RecordingTaps
from tests.peers.browser import FakeBrowser
from tests.peers.calls import Call, call_of_two
from tests.peers.waiting import until
from tests.property.media.test_tap import Ear
from tests.reference import rtcp
from tests.reference.tap import HEADER

RECORDING = new_id("r")


async def _order(call: Call, ear: Ear, *streams: tuple[FakeBrowser, str, int]) -> list[int]:
    named = [RecordedStream(label=who.label, kind=kind, stream=number) for who, kind, number in streams]  # type: ignore[arg-type]
    body = RecordingSet(recording=RECORDING, socket=ear.path, streams=named)
    reply = await call.worker.request("recording_set", call.session, body)
    assert isinstance(reply, RecordingTaps)
    return sorted(line.stream for line in reply.streams)


def _streams(copies: list[bytes]) -> set[int]:
    return {HEADER.unpack_from(copy)[3] for copy in copies}


async def test_exactly_what_is_ordered_is_copied(tmp_path: Path) -> None:
    ear = Ear(tmp_path / "ear")
    async with call_of_two() as (_, call, one, two):
        await call.assert_alive(one, two)
        assert ear.hear() == []
        assert await _order(call, ear, (one, "audio", 7)) == [7]
        await call.assert_alive(one, two)
        await call.assert_alive(two, one)
        copies = ear.hear()
        assert _streams(copies) == {7}
        assert len(copies) == 20
        assert await _order(call, ear, (one, "audio", 7), (two, "video", 9)) == [7, 9]
        await call.assert_alive(one, two)
        await call.assert_alive(two, one)
        assert _streams(ear.hear()) == {7, 9}
        assert await _order(call, ear) == []
        ear.hear()
        await call.assert_alive(one, two)
        await call.assert_alive(two, one)
        assert ear.hear() == []
    ear.close()


async def test_who_reloads_is_copied_again_only_while_the_order_names_them(tmp_path: Path) -> None:
    ear = Ear(tmp_path / "ear")
    async with call_of_two() as (_, call, one, two):
        await _order(call, ear, (one, "audio", 1), (one, "video", 2))
        again = FakeBrowser(one.label)
        again.want(two.label)
        await call.join(again)
        await until(lambda: (one.peer, "closed") in call.states, "the former peer is closed")
        ear.hear()
        await call.assert_alive(again, two)
        assert _streams(ear.hear()) == {1, 2}
        await _order(call, ear)
        third = FakeBrowser(one.label)
        third.want(two.label)
        await call.join(third)
        ear.hear()
        await call.assert_alive(third, two)
        assert ear.hear() == []
    ear.close()


async def test_a_recorder_that_comes_back_is_copied_to_when_the_order_is_said_again(tmp_path: Path) -> None:
    ear = Ear(tmp_path / "ear")
    async with call_of_two() as (_, call, one, two):
        await _order(call, ear, (one, "audio", 1))
        ear.hear()
        ear.close()
        await call.assert_alive(one, two)
        assert await _order(call, ear, (one, "audio", 1)) == []
        ear = Ear(tmp_path / "ear")
        assert await _order(call, ear, (one, "audio", 1)) == [1]
        await call.assert_alive(one, two)
        assert len(ear.hear()) == 20
    ear.close()


async def test_the_recorder_may_ask_the_sender_for_a_key_frame(tmp_path: Path) -> None:
    ear = Ear(tmp_path / "ear")
    async with call_of_two() as (_, call, one, two):
        await _order(call, ear, (one, "video", 3))
        await call.assert_alive(one, two)
        await asyncio.sleep(1.1)  # the plane asks at most so often
        one.feedback.clear()
        await call.worker.request("recording_keyframe", call.session, RecordingKeyframe(streams=[4]))
        await call.assert_alive(one, two)
        assert not any(isinstance(packet, rtcp.PictureLoss) for packet in one.feedback)
        await call.worker.request("recording_keyframe", call.session, RecordingKeyframe(streams=[3]))
        await until(lambda: any(isinstance(packet, rtcp.PictureLoss) for packet in one.feedback), "the sender is asked")
    ear.close()


async def test_a_new_copy_of_a_picture_begins_with_a_key_frame_and_an_order_said_again_asks_for_none(tmp_path: Path) -> None:
    """Whoever keeps it asks, too, but may do so before anything is copied."""
    ear = Ear(tmp_path / "ear")

    def asked() -> bool:
        return any(isinstance(packet, rtcp.PictureLoss) for packet in one.feedback)

    async with call_of_two() as (_, call, one, two):
        await call.assert_alive(one, two)
        await asyncio.sleep(1.1)  # the plane asks at most so often
        one.feedback.clear()
        await _order(call, ear, (one, "audio", 2))
        assert not asked()
        await _order(call, ear, (one, "audio", 2), (one, "video", 3))
        await until(asked, "the sender is asked")
        await asyncio.sleep(1.1)
        one.feedback.clear()
        await _order(call, ear, (one, "audio", 2), (one, "video", 3))
        await call.assert_alive(one, two)
        assert not asked()
    ear.close()


async def test_a_session_that_is_not_there_is_told(tmp_path: Path) -> None:
    async with call_of_two() as (_, call, _one, _two):
        with pytest.raises(ConsiliumError) as refused:
            body = RecordingSet(recording=RECORDING, socket=str(tmp_path / "ear"), streams=[])
            await call.worker.request("recording_set", type(call.session)(new_id("c")), body)
        assert refused.value.code == "session_unknown"
