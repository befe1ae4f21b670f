"""What is promised of media under attack, one test a promise: consent, replay, every malformed datagram, a flood."""

import asyncio
import os
import random
from pathlib import Path

import pytest

import media.core.path
from common.ids import new_id
from media.control.client import WorkerClient
from media.control.messages import RecordedStream, RecordingSet, RecordingTaps, WorkerDump, WorkerPing, WorkerStatus, WorkerTable
from media.core.path import Address
from media.core.routes import SinkKey, SourceKey
from media.plane.native import MAX_PLAIN_BYTES
from tests.adversarial.test_media_attacks import call_behind_nat, handled, taken
from tests.integration.media.test_worker_process import workers
from tests.peers.browser import FakeBrowser
from tests.peers.calls import Call
from tests.property.media.test_plane import SINK_SSRC, Sender, Stage
from tests.property.media.test_tap import Ear

CONSENT_S = 30.0
"""RFC 7675, 5.1."""
SHORT_CONSENT_S = 3.0
FLOOD_TIMES, FLOOD_LOSS = 20, 0.005
FLOOD_S = float(os.environ.get("CONSILIUM_FLOOD_S", "4"))
"""The promise is about 30 s; what a flood does it does in four."""
PACKETS_PER_S = 170
LONGEST = 1600


async def test_nothing_is_sent_to_whoever_stopped_answering(monkeypatch: pytest.MonkeyPatch) -> None:
    """Consent with a tenth of its life, so that the test is short; the life itself is RFC 7675's."""
    assert media.core.path.FAILED_AFTER_S == CONSENT_S
    monkeypatch.setattr(media.core.path, "FAILED_AFTER_S", SHORT_CONSENT_S)
    monkeypatch.setattr(media.core.path, "CONSENT_EVERY_S", media.core.path.PROBE_EVERY_S)
    async with call_behind_nat() as (_, call, nat, gone, stays):
        await call.assert_alive(stays, gone)
        loop = asyncio.get_running_loop()
        nat.cut_upwards, cut_at = True, loop.time()
        while (gone.peer, "failed") not in call.states:
            assert loop.time() - cut_at < 10 * SHORT_CONSENT_S, "consent has ended"
            await stays.send_audio()
            await stays.send_frame(key=True)
            await asyncio.sleep(0.02)
        assert loop.time() - cut_at >= SHORT_CONSENT_S - 1.0, "not sooner than the last answer allows"
        await asyncio.sleep(0.1)  # what was under way, and the goodbye
        delivered = nat.delivered
        for _ in range(50):
            await stays.send_audio()
            await stays.send_frame(key=True)
            await asyncio.sleep(0.01)
        assert nat.delivered == delivered


async def test_replayed_packets_are_neither_forwarded_nor_recorded(tmp_path: Path) -> None:
    ear = Ear(tmp_path / "ear")
    async with call_behind_nat() as (_, call, nat, one, two):
        streams = [
            RecordedStream(label=one.label, kind="audio", stream=0),
            RecordedStream(label=one.label, kind="video", stream=1),
        ]
        order = RecordingSet(recording=new_id("r"), socket=ear.path, streams=streams)
        assert isinstance(await call.worker.request("recording_set", call.session, order), RecordingTaps)
        nat.capturing = True
        await call.assert_alive(one, two)
        nat.capturing = False
        captured = [datagram for datagram in nat.captured if datagram[0] >= 128]
        copies = len(ear.hear())
        assert copies >= 40
        forwarded = await sent_to(call.worker, two.peer)
        replays = (captured * (10_000 // len(captured) + 1))[:10_000]
        for start in range(0, len(replays), 200):
            before = await taken(call)
            for datagram in replays[start : start + 200]:
                nat.inject(datagram)
            await handled(call, 200, before)
        assert ear.hear() == []
        assert await sent_to(call.worker, two.peer) == forwarded
        await call.assert_alive(one, two)
    ear.close()


async def sent_to(worker: WorkerClient, peer: str) -> int:
    """Packets that a peer was sent so far."""
    table = await worker.request("worker_dump", None, WorkerDump())
    assert isinstance(table, WorkerTable)
    return sum(sink.packets for sink in table.sinks if sink.peer == peer)


class _Crowd(Stage):
    """A call whose loop may hand STUN and DTLS up, as it must with foreign bytes."""

    handed_up = 0

    def datagram_received(self, data: bytes, address: Address, at: float) -> None:
        assert 1 <= len(data) <= 1500
        assert data[0] < 4 or 20 <= data[0] < 64
        self.handed_up += 1


@pytest.mark.parametrize("who", ["a stranger", "a participant"])
def test_every_length_behind_every_first_byte(who: str) -> None:
    """410,000 datagrams each: nothing is sent on account of any, and the call goes on as if there had been none."""
    sender = Sender(1, 11, 500, 9000, 7)
    stage = _Crowd([sender])
    stage.route(sender)
    stage.arrive(sender.packet(key=True, padding=False), sender)
    assert len(stage.received()) == 1
    stage.asked(sender)
    address = sender.address if who == "a participant" else ("198.51.100.1", 9)
    filler = random.Random(19).randbytes(LONGEST)
    for first in range(256):
        head = bytes((first,))
        for length in range(LONGEST + 1):
            stage.relay.datagram((head + filler)[:length], address, stage.now)
        while stage.relay.take_up():
            pass
        assert stage.relay.sent() == []
    assert stage.handed_up > 0
    for turn in range(5):
        stage.arrive(sender.packet(key=turn == 0, padding=False), sender)
    assert len(stage.received()) == 5


def test_every_length_under_genuine_encryption() -> None:
    """A participant who means it ill has keys: all lengths and first bytes that libsrtp lets through, once for each shape."""
    sender = Sender(1, 11, 500, 9000, 7)
    stage = _Crowd([sender])
    stage.route(sender)
    stage.arrive(sender.packet(key=True, padding=False), sender)
    stage.received()
    filler = random.Random(23).randbytes(LONGEST)
    accepted = 0
    for shape in range(0x80, 0xC0):
        for length in range(12, MAX_PLAIN_BYTES, 31 if shape % 16 else 7):
            sequence = (sender.sequence + accepted).to_bytes(3, "big")[1:]
            plain = bytes((shape, 0x60)) + sequence + bytes(4) + sender.ssrc.to_bytes(4, "big") + filler
            try:
                data = sender.send.protect(plain[:length])
            except Exception:  # pylibsrtp's limits are not ours to test
                continue
            accepted += 1
            stage.arrive(data, sender)
            for packet in stage.received():
                assert len(packet) <= MAX_PLAIN_BYTES + 2
    assert accepted > 1000
    sender.sequence = (sender.sequence + accepted) % (1 << 16)
    stage.relay.route_clear(SinkKey(stage.receiver.number, SINK_SSRC))
    stage.relay.route_set(SinkKey(stage.receiver.number, SINK_SSRC), SourceKey(sender.number, sender.ssrc))
    for turn in range(5):
        stage.arrive(sender.packet(key=turn == 0, padding=False), sender)
    assert len(stage.received()) == 5


async def test_a_flood_costs_the_other_calls_nothing() -> None:
    """One participant sends twenty times what a camera does; another call on the same worker loses next to nothing."""
    async with workers() as started:
        calls, people = [], []
        for _ in range(2):
            call = await Call.begin(started.client)
            one, two = FakeBrowser(), FakeBrowser()
            one.want(two.label)
            two.want(one.label)
            await call.join(one)
            started.client.on_notice = call.heard
            await call.join(two)
            calls.append(call)
            people.append((one, two))
        (flooder, _), (speaker, listener) = people
        before = await status(started.client)
        stop = asyncio.Event()
        flooding = asyncio.create_task(flood(flooder, stop))
        sent_before, sent = await sent_to(started.client, listener.peer), 0
        loop = asyncio.get_running_loop()
        until_s = loop.time() + FLOOD_S
        await speaker.send_frame(key=True)
        sent += 1
        while loop.time() < until_s:
            await speaker.send_audio()
            await speaker.send_frame()
            sent += 2
            await asyncio.sleep(0.02)
        stop.set()
        flooded = await flooding
        assert flooded >= 5 * sent, "that was a flood"

        async def arrived() -> int:
            return await sent_to(started.client, listener.peer) - sent_before

        while await arrived() < sent * (1 - FLOOD_LOSS):
            assert loop.time() < until_s + 10, f"{sent} sent, {await arrived()} forwarded"
            await asyncio.sleep(0.1)
        after = await status(started.client)
        assert after.packets_in - before.packets_in >= flooded * 0.5
        assert after.rss_bytes - before.rss_bytes < 16 << 20
        for call in calls:
            await call.close()


async def status(worker: WorkerClient) -> WorkerStatus:
    found = await worker.request("worker_ping", None, WorkerPing())
    assert isinstance(found, WorkerStatus)
    return found


async def flood(sender: FakeBrowser, stop: asyncio.Event) -> int:
    """Genuine packets at twenty times a camera's and a microphone's rate, or as many as this process manages."""
    sent, loop = 0, asyncio.get_running_loop()
    began = loop.time()
    while not stop.is_set():
        while sent < (loop.time() - began) * PACKETS_PER_S * FLOOD_TIMES and sent % 64 != 63:
            await sender.send_frame(key=sent == 0, size=900)
            sent += 1
        await sender.send_frame(size=900)
        sent += 1
        await asyncio.sleep(0.001)
    return sent
