"""Retransmissions, layers and codecs on a relay in this process, over real UDP, ICE, DTLS and SRTP."""

import asyncio
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager
from itertools import permutations
from pathlib import Path
from typing import Any, ClassVar

import pytest

from common.ids import new_id
from media.control.messages import PeerAnswer, PeerClose, PeerOffer
from media.core import rtp
from tests.peers.browser import FakeBrowser, repairing_ssrc, vp8_payload
from tests.peers.calls import Call, relay_in_process
from tests.peers.offers import H264, RTX, VP8
from tests.peers.waiting import until
from tests.processes import wait_for
from tests.reference import rtcp
from tests.reference.vp8 import parse

PACE_S = 0.01


@asynccontextmanager
async def call_of(*browsers: FakeBrowser) -> AsyncIterator[Call]:
    """All of them connected, each watching each."""
    async with relay_in_process() as (_, client):
        call = await Call.begin(client)
        for browser in browsers:
            browser.want(*(other.label for other in browsers if other is not browser))
        try:
            for browser in browsers:
                await call.join(browser)
            yield call
        finally:
            await call.close()


def with_rtx() -> FakeBrowser:
    browser = FakeBrowser()
    browser.rtx = True
    browser.lines[1].repair_ssrc = (browser.lines[1].ssrc or 0) ^ 1
    return browser


async def test_a_nack_is_answered_in_a_stream_of_its_own() -> None:
    one, two = FakeBrowser(), with_rtx()
    async with call_of(one, two) as call:
        sink = call.sink(two, one.label, "video")
        again = repairing_ssrc(call.answers[two.peer], sink)
        await one.send_frame(key=True)
        await until(lambda: two.count(sink) == 1, "the frame arrives")
        sent = two.received[sink][0]
        first = rtp.parse(sent)
        assert first is not None
        await asyncio.sleep(0.03)  # a packet is sent again 20 ms after it was sent, not before
        await two.send_rtcp(rtcp.Nack(7, sink, (first.sequence,)))
        await until(lambda: two.count(again) == 1, "it comes again")
        packet = two.received[again][0]
        header = rtp.parse(packet)
        assert header is not None
        assert (header.payload_type, header.timestamp, header.marker) == (RTX[VP8], first.timestamp, first.marker)
        assert packet[header.payload_start :] == sent[2:4] + sent[first.payload_start :]
        assert rtp.extension(packet, header, 4) == two.lines[3].mid.encode(), "it says which line it mends"
        await asyncio.sleep(0.03)
        await two.send_rtcp(rtcp.Nack(7, sink, (first.sequence,)))
        await until(lambda: two.count(again) == 2, "a retransmission that was lost too comes again")
        numbers = [int.from_bytes(each[2:4], "big") for each in two.received[again]]
        assert numbers[1] == (numbers[0] + 1) % (1 << 16)


async def test_a_retransmission_of_a_browser_fills_the_gap_once() -> None:
    one, two = with_rtx(), FakeBrowser()
    async with call_of(one, two) as call:
        sink = call.sink(two, one.label, "video")
        repair = one.lines[1].repair_ssrc
        assert repair is not None
        await one.send_frame(key=True)
        stream = one.streams["video"]
        lost = one.packet(stream, vp8_payload(stream.picture, key=False), marker=True)
        stream.sequence, stream.picture = (stream.sequence + 1) % (1 << 16), (stream.picture + 1) % (1 << 15)
        await one.send_frame()
        await until(lambda: two.count(sink) == 2, "what was not lost arrives")
        await one.send_again(repair, lost, 5)
        await one.send_again(repair, lost, 6)
        await one.send_frame()
        await until(lambda: two.count(sink) == 4, "the lost one too")
        numbers = [int.from_bytes(each[2:4], "big") for each in two.received[sink]]
        assert [(number - numbers[0]) % (1 << 16) for number in numbers] == [0, 2, 1, 3]


async def test_who_has_only_h264_is_met_in_h264_where_all_can() -> None:
    one, two = FakeBrowser(), FakeBrowser()
    one.video, two.video = (VP8, H264), (H264,)
    async with relay_in_process() as (_, client):
        call = await Call.begin(client)
        one.want(two.label)
        two.want(one.label)
        await call.join(one)
        assert "VP8/90000" in call.answers[one.peer] and "H264" not in call.answers[one.peer]
        await call.join(two)
        sink = call.sink(two, one.label, "video")
        await one.send_frame(key=True)
        answer = await call.negotiate(one)  # as a browser does when somebody came
        assert "H264/90000" in answer and "VP8" not in answer
        stream = one.streams["video"]
        stream.payload_type = H264

        async def send(payload: bytes) -> None:
            await one._send(stream, payload, marker=True)

        await send(b"\x65" + bytes(30))
        await send(b"\x18\x00\x04\x67abc\x00\x04\x68abc")
        await send(b"\x65" + bytes(30))
        await until(lambda: two.count(sink) == 2, "from the parameter sets on everything passes, and nothing in VP8")
        header = rtp.parse(two.received[sink][0])
        assert header is not None and header.payload_type == H264
        assert two.received[sink][0][header.payload_start] == 0x18
        await call.close()


async def test_firefox_that_lacks_h264_keeps_the_room_in_vp8() -> None:
    one, two, three = FakeBrowser(), FakeBrowser(), FakeBrowser()
    one.video, two.video = (VP8, H264), (H264, VP8)
    async with call_of(one, two, three) as call:
        await call.assert_alive(one, two)
        await call.assert_alive(two, three)
        await call.assert_alive(three, one)


Send = Callable[[], Coroutine[Any, Any, None]]
REPORT_S = 0.2


class Layered:
    """Somebody who sends three layers of different sizes all the time, and answers each request for a key frame."""

    SIZES: ClassVar = {"q": 60, "h": 250, "f": 900}

    def __init__(self, browser: FakeBrowser) -> None:
        self.browser = browser
        self.rids = tuple(self.SIZES)
        self.task: asyncio.Task[None] | None = None

    async def send(self) -> None:
        asked: set[int] = set()
        while True:
            for packet in self.browser.feedback:
                if isinstance(packet, rtcp.PictureLoss):
                    asked.add(packet.media)
            self.browser.feedback.clear()
            for rid in self.rids:
                key = self.browser.streams[rid].ssrc in asked
                asked.discard(self.browser.streams[rid].ssrc)
                await self.browser.send_layer(rid, key=key, size=self.SIZES[rid])
            await asyncio.sleep(PACE_S)


def size_of(packet: bytes) -> int:
    header = rtp.parse(packet)
    assert header is not None
    return header.payload_end - header.payload_start


async def test_each_receiver_gets_the_layer_that_its_line_carries() -> None:
    one, two, three = FakeBrowser(), FakeBrowser(), FakeBrowser()
    one.send_layers("q", "h", "f")
    async with call_of(one, two, three) as call:
        layered = Layered(one)
        layered.task = asyncio.create_task(layered.send())
        sinks = {browser: call.sink(browser, one.label, "video") for browser in (two, three)}
        stop = asyncio.Event()

        async def report(browser: FakeBrowser, bps: int) -> None:
            """What its line does not carry is lost."""
            sink, seen, lost = sinks[browser], 0, 0.0
            while not stop.is_set():
                packets = browser.received[sink][seen:]
                seen += len(packets)
                came_bps = sum(map(len, packets)) * 8 / REPORT_S
                lost += len(packets) * max(0.0, 1 - bps / max(1.0, came_bps))
                highest = int.from_bytes(browser.received[sink][-1][2:4], "big") if seen else 0
                block = rtcp.ReportBlock(sink, 0, round(lost), highest, 0, 0, 0)
                await browser.send_rtcp(rtcp.ReceiverReport(7, (block,) if seen else ()), rtcp.Remb(7, bps, (sink,)))
                await asyncio.sleep(REPORT_S)

        reports = [asyncio.create_task(report(two, 60_000)), asyncio.create_task(report(three, 5_000_000))]

        async def sorted_out() -> bool:
            last = {browser: size_of(browser.received[sink][-1]) for browser, sink in sinks.items() if browser.count(sink)}
            return last == {two: Layered.SIZES["q"] + 6, three: Layered.SIZES["f"] + 6}

        try:
            await wait_for(sorted_out, 40, "the narrow line to be given the small layer, the wide one the whole picture")
        finally:
            stop.set()
            layered.task.cancel()
            await asyncio.gather(layered.task, *reports, return_exceptions=True)
        for browser, sink in sinks.items():
            check_one_picture(browser.received[sink])


def check_one_picture(packets: list[bytes]) -> None:
    """However often the layer changed: numbers without a gap, pictures and time rising, each layer from its key frame on."""
    before = None
    for packet in packets:
        header = rtp.parse(packet)
        assert header is not None
        picture = parse(packet[header.payload_start :])
        assert picture is not None
        size = header.payload_end - header.payload_start
        if before is None or before[3] != size:
            assert picture.key_start
        if before is not None:
            assert header.sequence == (before[0] + 1) % (1 << 16)
            assert 0 < (header.timestamp - before[1]) % (1 << 32) < 1 << 31
            assert picture.picture_id == (before[2] + 1) % (1 << 15)
        before = (header.sequence, header.timestamp, picture.picture_id, size)


async def test_in_a_room_of_two_the_largest_layer_that_flows_is_sent() -> None:
    one, two = FakeBrowser(), FakeBrowser()
    one.send_layers("q", "h", "f")
    async with call_of(one, two) as call:
        layered = Layered(one)
        layered.task = asyncio.create_task(layered.send())
        sink = call.sink(two, one.label, "video")

        async def shows(rid: str) -> bool:
            return two.count(sink) > 0 and size_of(two.received[sink][-1]) == Layered.SIZES[rid] + 6

        try:
            await wait_for(lambda: shows("f"), 20, "the whole picture")
            layered.rids = ("q", "h")  # the sender's line narrows: browsers leave out the largest first
            await wait_for(lambda: shows("h"), 20, "the largest of what is left")
            layered.rids = ("q", "h", "f")
            await wait_for(lambda: shows("f"), 20, "the whole picture again")
        finally:
            layered.task.cancel()
            await asyncio.gather(layered.task, return_exceptions=True)
        check_one_picture(two.received[sink])


CORPUS = Path(__file__).parents[2] / "corpora" / "sdp"


async def offered(call: Call, name: str, peer: str, label: str) -> str:
    """The answer to an offer of the corpus."""
    sdp = (CORPUS / f"{name}.sdp").read_bytes().decode()
    reply = await call.worker.request("peer_offer", call.session, PeerOffer(peer=peer, label=label, sdp=sdp, wanted=[]))
    assert isinstance(reply, PeerAnswer)
    return reply.sdp


@pytest.mark.parametrize("order", list(permutations(["chromium", "firefox", "constructed_safari"])))
async def test_chromium_firefox_and_an_offer_of_safaris_shape_share_one_room(order: tuple[str, ...]) -> None:
    async with relay_in_process() as (_, client):
        call = await Call.begin(client)
        for browser in order:
            answer = await offered(call, f"{browser}_two_sending", new_id("p"), new_id("s"))
            assert "VP8/90000" in answer and "H264" not in answer and "opus/48000/2" in answer
            assert "rtx/90000" in answer and answer.count("a=mid:") == 2


async def test_a_room_speaks_h264_while_somebody_without_vp8_is_there() -> None:
    async with relay_in_process() as (_, client):
        call = await Call.begin(client)
        chromium, safari = (new_id("p"), new_id("s")), (new_id("p"), new_id("s"))
        assert "VP8/90000" in await offered(call, "chromium_two_sending", *chromium)
        assert "H264/90000" in await offered(call, "constructed_safari_h264_only", *safari)
        assert "H264/90000" in await offered(call, "chromium_two_sending", *chromium)
        firefox = await offered(call, "firefox_two_sending", new_id("p"), new_id("s"))
        assert "VP8/90000" in firefox, "who lacks H.264 keeps a line of its own"
        await call.worker.request("peer_close", call.session, PeerClose(label=safari[1]))
        assert "VP8/90000" in await offered(call, "chromium_two_sending", *chromium)
