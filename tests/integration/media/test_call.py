"""Two and three people on a relay in this process, over real UDP, ICE, DTLS and SRTP."""

import asyncio
import contextlib
import gc
import socket

import pytest
from OpenSSL import SSL

from common.errors import ProtocolError, Unavailable
from common.ids import ConsultationId, new_id
from media.control.messages import PeerClose, PeerOffer, SessionClose, WorkerDump, WorkerTable
from media.core import rtp
from tests.peers.browser import FakeBrowser
from tests.peers.calls import Call, call_of_two, relay_in_process
from tests.peers.nat import Nat
from tests.peers.waiting import until
from tests.processes import wait_for
from tests.reference import rtcp
from tests.reference.vp8 import parse


async def test_two_people_hear_and_see_each_other() -> None:
    async with call_of_two() as (_, call, one, two):
        await call.assert_alive(one, two)
        await call.assert_alive(two, one)
        assert one.srtp_profile == b"SRTP_AEAD_AES_256_GCM"


async def test_a_sink_gets_only_the_extensions_it_agreed_on() -> None:
    async with call_of_two() as (_, call, one, two):
        await call.assert_alive(one, two)
        packet = two.received[call.sink(two, one.label, "video")][0]
        header = rtp.parse(packet)
        assert header is not None
        assert len(rtp.extension(packet, header, 2) or b"") == 3
        assert rtp.extension(packet, header, 4) != b"1", "the sender's own mid"


async def test_every_packet_says_which_line_of_its_receiver_it_is_for() -> None:
    """So that one that comes before the answer is taken for no other line's (RFC 8843, 9.2)."""
    async with call_of_two() as (_, call, one, two):
        await call.assert_alive(one, two)
        await call.assert_alive(two, one)
        for receiver, sender in ((one, two), (two, one)):
            for line in receiver.lines:
                if receiver.wanted.get(line.mid) != sender.label:
                    continue
                packets = receiver.received[call.sink(receiver, sender.label, line.kind)]
                headers = [rtp.parse(packet) for packet in packets]
                said = {rtp.extension(packet, header, 4) for packet, header in zip(packets, headers, strict=True) if header}
                assert said == {line.mid.encode()} and len(headers) >= 20


async def test_video_begins_with_a_key_frame_and_asks_for_one() -> None:
    async with call_of_two() as (_, call, one, two):
        sink = call.sink(two, one.label, "video")
        for _ in range(5):
            await one.send_frame()
        await until(lambda: any(isinstance(p, rtcp.PictureLoss) for p in one.feedback), "the sender is asked for a key frame")
        assert two.count(sink) == 0
        await one.send_frame(key=True)
        await until(lambda: two.count(sink) == 1, "the key frame arrives")


async def test_a_lost_packet_is_sent_again_from_memory_and_one_never_seen_is_asked_for() -> None:
    async with call_of_two() as (_, call, one, two):
        sink = call.sink(two, one.label, "video")
        await one.send_frame(key=True)
        await until(lambda: two.count(sink) == 1, "the first frame arrives")
        first = rtp.parse(two.received[sink][0])
        assert first is not None
        await asyncio.sleep(0.03)  # a packet is sent again 20 ms after it was sent, not before
        await two.send_rtcp(rtcp.Nack(7, sink, (first.sequence,)))
        # The receiver's replay window drops the identical ciphertext, as it would drop any duplicate: count it at the relay.
        await until_retransmitted(call)
        one.streams["video"].sequence += 1
        await one.send_frame()
        await two.send_rtcp(rtcp.Nack(7, sink, ((first.sequence + 1) & 0xFFFF,)))
        await until(lambda: any(isinstance(p, rtcp.Nack) for p in one.feedback), "the sender is asked for the packet")
        asked = next(p for p in one.feedback if isinstance(p, rtcp.Nack))
        assert asked.media == one.streams["video"].ssrc
        assert asked.sequences == ((one.streams["video"].sequence - 2) & 0xFFFF,)


async def until_retransmitted(call: Call) -> None:
    async with asyncio.timeout(5):
        while True:
            table = await call.worker.request("worker_dump", None, WorkerDump())
            assert isinstance(table, WorkerTable)
            if any(sink.retransmitted for sink in table.sinks):
                return


async def test_reports_are_translated_and_senders_get_theirs() -> None:
    async with call_of_two() as (_, call, one, two):
        await call.assert_alive(one, two)
        sink = call.sink(two, one.label, "video")
        ntp = 0x1122334455667788
        source = one.streams["video"]
        await one.send_rtcp(rtcp.SenderReport(source.ssrc, ntp, source.timestamp, 20, 4000))
        await until(lambda: any(isinstance(p, rtcp.SenderReport) and p.ssrc == sink for p in two.feedback), "the report comes")
        report = next(p for p in two.feedback if isinstance(p, rtcp.SenderReport) and p.ssrc == sink)
        last = rtp.parse(two.received[sink][-1])
        assert last is not None
        assert report.ntp == ntp
        assert (report.timestamp - last.timestamp) % (1 << 32) == 3000
        await until(
            lambda: any(
                isinstance(p, rtcp.ReceiverReport)
                and any(b.ssrc == source.ssrc and b.last_report == 0x33445566 for b in p.blocks)
                for p in one.feedback
            ),
            "the sender learns how its stream arrives",
        )


async def test_the_least_estimate_reaches_the_sender() -> None:
    async with call_of_two() as (_, call, one, two):
        await call.assert_alive(one, two)
        sink = call.sink(two, one.label, "video")

        async def estimate() -> None:
            while not any(isinstance(p, rtcp.Remb) and p.bps == 2_000_000 for p in one.feedback):
                await two.send_rtcp(rtcp.ReceiverReport(7), rtcp.Remb(7, 2_000_000, (sink,)))
                await asyncio.sleep(0.2)

        async with asyncio.timeout(5):
            await estimate()
        told = next(p for p in one.feedback if isinstance(p, rtcp.Remb))
        assert told.ssrcs == (one.streams["video"].ssrc,)


async def test_a_reload_goes_on_in_the_same_lines() -> None:
    async with call_of_two() as (_, call, one, two):
        await call.assert_alive(one, two)
        video = call.sink(two, one.label, "video")
        last = rtp.parse(two.received[video][-1])
        assert last is not None
        picture = parse(two.received[video][-1][last.payload_start :])
        again = FakeBrowser(one.label)
        again.want(two.label)
        await call.join(again)
        assert (one.peer, "closed") in call.states
        before = two.count(video)
        await again.send_frame()
        await again.send_frame(key=True)
        await again.send_frame()
        await until(lambda: two.count(video) == before + 2, "the new page's picture comes on the old line")
        header = rtp.parse(two.received[video][before])
        assert header is not None and picture is not None
        assert header.sequence == (last.sequence + 1) & 0xFFFF
        assert 0 < (header.timestamp - last.timestamp) % (1 << 32) < 90_000 * 20
        resumed = parse(two.received[video][before][header.payload_start :])
        assert resumed is not None and resumed.picture_id == (picture.picture_id + 1) & 0x7FFF
        await call.assert_alive(two, again)
        with pytest.raises(ProtocolError):
            await call.negotiate(one)


async def test_a_third_person_joins_and_leaves() -> None:
    async with call_of_two() as (_, call, one, two):
        three = FakeBrowser()
        three.want(one.label, two.label)
        await call.join(three)
        for browser in (one, two):
            browser.want(three.label)
            await call.negotiate(browser)
        await call.assert_alive(three, one)
        await call.assert_alive(three, two)
        await call.assert_alive(one, three)
        await call.worker.request("peer_close", call.session, PeerClose(label=three.label))
        assert (three.peer, "closed") in call.states
        await call.assert_alive(one, two)


async def test_an_ssrc_that_the_offer_did_not_tell_is_learnt_from_packets() -> None:
    async with relay_in_process() as (_, client):
        call = await Call.begin(client)
        one, two = FakeBrowser(), FakeBrowser()
        for line in one.lines:
            line.ssrc = None
        two.want(one.label)
        await call.join(one)
        await call.join(two)

        async def both_learnt() -> bool:
            """The first packets teach the worker; those after them flow."""
            await one.send_audio()
            await one.send_frame(key=True)
            table = await client.request("worker_dump", None, WorkerDump())
            assert isinstance(table, WorkerTable)
            return len([source for source in table.sources if source.packets]) == 2

        await wait_for(both_learnt, 10, "the worker learns both SSRCs")
        await call.assert_alive(one, two)
        await call.close()


async def test_nothing_crosses_from_one_session_to_another() -> None:
    async with relay_in_process() as (_, client):
        first, second = await Call.begin(client), await Call.begin(client)
        one, stranger = FakeBrowser(), FakeBrowser()
        stranger.want(one.label)
        client.on_notice = first.heard
        await first.join(one)
        client.on_notice = second.heard
        await second.join(stranger)
        for _ in range(20):
            await one.send_audio()
            await one.send_frame(key=True)

        async def table() -> WorkerTable:
            found = await client.request("worker_dump", None, WorkerDump())
            assert isinstance(found, WorkerTable)
            return found

        async def all_arrived() -> bool:
            return sum(source.packets for source in (await table()).sources) >= 40

        await wait_for(all_arrived, 10, "the worker has counted what was sent")
        assert {sink.packets for sink in (await table()).sinks} == {0}
        assert stranger.received == {}
        await first.close()
        await second.close()


async def test_a_nat_that_changes_its_port_costs_nothing_but_a_moment() -> None:
    async with relay_in_process() as (relay, client):
        call = await Call.begin(client)
        nat = Nat(("127.0.0.1", relay.port))
        one, two = FakeBrowser(), FakeBrowser()
        one.want(two.label)
        two.want(one.label)
        await call.join(one, nat.inner)
        await call.join(two)
        await call.assert_alive(two, one)
        nat.rebind()
        pair = one._connection._nominated[1]
        request = one._connection.build_request(pair, nominate=True)
        password = one._connection.remote_password
        assert password is not None
        await pair.protocol.request(request, pair.remote_addr, integrity_key=password.encode())
        heard = one.count(call.sink(one, two.label, "audio"))
        async with asyncio.timeout(2):  # one round trip until the new address has answered the relay's own check
            while one.count(call.sink(one, two.label, "audio")) == heard:
                await two.send_audio()
                await asyncio.sleep(0.005)
        await call.assert_alive(two, one)
        await call.assert_alive(one, two)
        assert [state for peer, state in call.states if peer == one.peer] == ["connecting", "connected"]
        await call.close()
        nat.close()


async def test_sound_alone_tells_that_a_nat_has_changed_its_port() -> None:
    """Browsers check a path every few seconds: who waits for that is silent as long."""
    async with relay_in_process() as (relay, client):
        call = await Call.begin(client)
        nat = Nat(("127.0.0.1", relay.port))
        one, two = FakeBrowser(), FakeBrowser()
        one.want(two.label)
        two.want(one.label)
        await call.join(one, nat.inner)
        await call.join(two)
        await call.assert_alive(two, one)
        nat.rebind()
        async with asyncio.timeout(1):
            await call.assert_alive(one, two)
            await call.assert_alive(two, one)
        assert [state for peer, state in call.states if peer == one.peer] == ["connecting", "connected"]
        await call.close()
        nat.close()


async def test_a_captured_packet_sent_from_elsewhere_draws_no_media_there() -> None:
    async with relay_in_process() as (relay, client):
        call = await Call.begin(client)
        nat = Nat(("127.0.0.1", relay.port))
        one, two = FakeBrowser(), FakeBrowser()
        one.want(two.label)
        two.want(one.label)
        await call.join(one, nat.inner)
        await call.join(two)
        nat.capturing = nat.cut_upwards = True
        await one.send_audio()
        await until(lambda: any(packet[0] >> 6 == 2 for packet in nat.captured), "a packet is captured before the relay has it")
        nat.capturing = nat.cut_upwards = False
        captured = next(packet for packet in nat.captured if packet[0] >> 6 == 2)
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as thief:
            thief.setblocking(False)
            thief.bind(("127.0.0.1", 0))
            thief.sendto(captured, ("127.0.0.1", relay.port))
            await until(lambda: two.count(call.sink(two, one.label, "audio")) == 1, "the packet is genuine")
            await call.assert_alive(two, one)
            stolen = received(thief)
        assert 0 < len(stolen) <= 4 and all(packet[0] < 4 for packet in stolen), "checks, and never media"
        await call.close()
        nat.close()


def received(opened: socket.socket) -> list[bytes]:
    """All that waits at a socket."""
    found = []
    with contextlib.suppress(BlockingIOError):
        while True:
            found.append(opened.recv(2048))
    return found


async def test_a_peer_that_vanishes_is_told_within_five_seconds_and_may_come_back() -> None:
    async with relay_in_process() as (relay, client):
        call = await Call.begin(client)
        nat = Nat(("127.0.0.1", relay.port))
        one = FakeBrowser()
        await call.join(one, nat.inner)
        nat.cut_upwards = True
        await until(lambda: (one.peer, "disconnected") in call.states, "the loss is told", timeout_s=5.0)
        nat.cut_upwards = False
        await until(lambda: call.states[-1] == (one.peer, "connected"), "the return is told")
        await call.close()
        nat.close()


async def test_a_browser_that_says_goodbye_is_closed_at_once() -> None:
    async with call_of_two() as (_, call, one, _two):
        await one.close()
        await until(lambda: (one.peer, "closed") in call.states, "the goodbye is heard")


@pytest.mark.parametrize("turns", range(0, 12, 2))
async def test_who_is_closed_while_leaving_leaves_nothing_behind(turns: int) -> None:
    """A browser that reloads says goodbye, and its seat's new connection ends the old one, at any time after."""
    async with call_of_two() as (_, call, one, two):
        goodbye = asyncio.ensure_future(one.close())
        for _ in range(turns):
            await asyncio.sleep(0)
        await call.worker.request("peer_close", call.session, PeerClose(label=one.label))
        await goodbye
        await call.worker.request("peer_close", call.session, PeerClose(label=two.label))
        await two.close()
        await call.worker.request("session_close", call.session, SessionClose())
        waiting = [task for task in asyncio.all_tasks() if getattr(task.get_coro(), "__qualname__", "").startswith("RTC")]
        assert not waiting, waiting


async def test_what_openssl_holds_of_a_connection_goes_with_it_and_not_when_garbage_is_collected() -> None:
    gc.collect()
    gc.disable()
    try:
        before = count_of(SSL.Connection)
        async with call_of_two() as (_, call, one, two):
            assert count_of(SSL.Connection) == before + 4
            await one.close()
            await two.close()
            await call.worker.request("session_close", call.session, SessionClose())
            assert count_of(SSL.Connection) == before + 2  # those of the two browsers, who are still known here
    finally:
        gc.enable()


def count_of(kind: type) -> int:
    """How many there are, garbage among them."""
    return sum(type(each) is kind for each in gc.get_objects())


async def test_requests_about_what_is_not_there() -> None:
    async with relay_in_process() as (_, client):
        session = ConsultationId(new_id("c"))
        await client.request("peer_close", session, PeerClose(label=new_id("s")))
        await client.request("session_close", session, SessionClose())
        with pytest.raises(Unavailable) as refused:
            await client.request("peer_offer", session, PeerOffer(peer=new_id("p"), label=new_id("s"), sdp="v=0", wanted=[]))
        assert refused.value.code == "session_unknown"
        with pytest.raises(ProtocolError):
            await client.request("session_close", None, SessionClose())
