"""The attacks that broke stock aiortc calls (F1 to F6) and their kin, delivered to a live call that must go on."""

import asyncio
import random
import re
import secrets
import socket
import struct
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager

import pytest
from aioice import stun as aioice_stun

from common.errors import ProtocolError
from media.control.messages import PeerAnswer, PeerOffer, WorkerPing, WorkerStatus
from media.core import stun
from media.relay import MediaRelay
from media.rtc.offer import MAX_BYTES, parse_offer
from tests.peers.browser import FakeBrowser
from tests.peers.calls import Call, call_of_two, relay_in_process
from tests.peers.nat import Nat
from tests.peers.waiting import until

LOOPBACK = "127.0.0.1"


@pytest.fixture
def stranger() -> Iterator[socket.socket]:
    """A socket that no peer owns."""
    opened = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    opened.bind((LOOPBACK, 0))
    opened.setblocking(False)
    yield opened
    opened.close()


async def handled(call: Call, datagrams: int, before: int) -> None:
    """Waits until the relay has taken that many more datagrams in."""
    async with asyncio.timeout(10):
        while True:
            status = await call.worker.request("worker_ping", None, WorkerPing())
            assert isinstance(status, WorkerStatus)
            if status.packets_in >= before + datagrams:
                return


async def taken(call: Call) -> int:
    status = await call.worker.request("worker_ping", None, WorkerPing())
    assert isinstance(status, WorkerStatus)
    return status.packets_in


async def deliver(call: Call, relay_port: int, sender: socket.socket, datagrams: list[bytes]) -> None:
    """Sends in batches that the socket buffers hold, and waits until each was handled."""
    for start in range(0, len(datagrams), 200):
        batch = datagrams[start : start + 200]
        before = await taken(call)
        for datagram in batch:
            sender.sendto(datagram, (LOOPBACK, relay_port))
        await handled(call, len(batch), before)


async def test_f1_empty_datagrams_from_strangers_and_from_the_peer_itself(stranger: socket.socket) -> None:
    async with call_behind_nat() as (relay, call, nat, one, two):
        await deliver(call, relay.port, stranger, [b""] * 50)
        before = await taken(call)
        for _ in range(50):
            nat.inject(b"")
        await handled(call, 50, before)
        await call.assert_alive(one, two)


async def test_f2_datagrams_longer_than_libsrtp_can_take(stranger: socket.socket) -> None:
    async with call_of_two() as (relay, call, one, two):
        oversized = [
            bytes((first,)) + bytes(size) for first in (0x80, 0x90, 0xBF, 0x16, 0x00) for size in (1500, 1501, 4000, 60000)
        ]
        await deliver(call, relay.port, stranger, oversized)
        before = await taken(call)
        for datagram in oversized:
            one.send_raw(datagram)
        await handled(call, len(oversized), before)
        await call.assert_alive(one, two)


@asynccontextmanager
async def call_behind_nat() -> AsyncIterator[tuple[MediaRelay, Call, Nat, FakeBrowser, FakeBrowser]]:
    """A call of two, the first behind a NAT from whose outer address anything can be sent."""
    async with relay_in_process() as (relay, client):
        call = await Call.begin(client)
        nat = Nat((LOOPBACK, relay.port))
        one, two = FakeBrowser(), FakeBrowser()
        one.want(two.label)
        two.want(one.label)
        try:
            await call.join(one, nat.inner)
            await call.join(two)
            yield relay, call, nat, one, two
        finally:
            await call.close()
            nat.close()


def client_hello() -> bytes:
    """A DTLS 1.2 ClientHello as a stranger would forge it."""
    body = b"\xfe\xfd" + secrets.token_bytes(32) + b"\x00\x00" + b"\x00\x02\xc0\x2b" + b"\x01\x00"
    handshake = b"\x01" + len(body).to_bytes(3, "big") + bytes(5) + len(body).to_bytes(3, "big") + body
    return b"\x16\xfe\xff" + bytes(8) + len(handshake).to_bytes(2, "big") + handshake


async def test_f3_forged_client_hellos_while_calls_connect(stranger: socket.socket) -> None:
    async with relay_in_process() as (relay, client):
        call = await Call.begin(client)

        async def forge() -> None:
            while True:
                stranger.sendto(client_hello(), (LOOPBACK, relay.port))
                await asyncio.sleep(0.002)

        forging = asyncio.create_task(forge())
        one, two = FakeBrowser(), FakeBrowser()
        one.want(two.label)
        two.want(one.label)
        await call.join(one)
        await call.join(two)
        forging.cancel()
        await call.assert_alive(one, two)
        await call.close()


async def test_f4_floods_before_ice_completes_are_not_kept(stranger: socket.socket) -> None:
    async with relay_in_process() as (relay, client):
        call = await Call.begin(client)
        one, two = FakeBrowser(), FakeBrowser()
        one.want(two.label)
        two.want(one.label)
        answer = await call.negotiate(one)
        await deliver(call, relay.port, stranger, [b"\x16" + bytes(1400)] * 2000)
        # The owner of the credentials itself: checks from its address, DTLS piled on them, never an answer to our check.
        mine = signed_request(answer, await offered_ufrag(one))
        await deliver(call, relay.port, stranger, [mine] + [b"\x16" + bytes(1400)] * 2000)
        member = next(iter(relay._sessions.values()))._members[1]
        assert member.peer._seam._connection._queue.qsize() <= 64
        call.browsers.append(one)
        await one.connect(answer)
        await until(lambda: (one.peer, "connected") in call.states, "the flooded peer connects")
        await call.join(two)
        await call.assert_alive(one, two)
        await call.close()


async def offered_ufrag(browser: FakeBrowser) -> str:
    return str(re.findall(r"a=ice-ufrag:(\S+)", await browser.offer())[0])


def signed_request(answer: str, remote_ufrag: str, *, password: str | None = None) -> bytes:
    """A binding request that the answer's owner would take as genuine, unless `password` is another one."""
    ufrag = re.findall(r"a=ice-ufrag:(\S+)", answer)[0]
    key = (password or re.findall(r"a=ice-pwd:(\S+)", answer)[0]).encode()
    request = aioice_stun.Message(aioice_stun.Method.BINDING, aioice_stun.Class.REQUEST)
    request.attributes["USERNAME"] = f"{ufrag}:{remote_ufrag}"
    request.attributes["PRIORITY"] = 1
    request.attributes["ICE-CONTROLLING"] = 1
    request.attributes["USE-CANDIDATE"] = None
    request.add_message_integrity(key)
    return bytes(request)


async def test_f5_offers_mutated_at_random_are_refused_with_one_kind_of_error() -> None:
    async with relay_in_process() as (_, client):
        call = await Call.begin(client)
        browser = FakeBrowser()
        good = (await browser.offer()).split("\r\n")
        chance = random.Random(5)
        for _ in range(400):
            lines = list(good)
            for _ in range(chance.randint(1, 3)):
                at = chance.randrange(len(lines))
                match chance.randrange(4):
                    case 0:
                        del lines[at]
                    case 1:
                        lines.insert(at, lines[chance.randrange(len(lines))])
                    case 2:
                        lines[at] = lines[at][: chance.randrange(len(lines[at]) + 1)]
                    case 3:
                        lines[at] += chance.choice(["\x00", " 99999999999", ":", "=", "é", "\ud800", " -1"])
            text = "\r\n".join(lines) or "x"
            if any(0xD800 <= ord(c) < 0xE000 for c in text):
                text = text.replace("\ud800", "\ufffd")
            body = PeerOffer(peer=browser.peer, label=browser.label, sdp=text, wanted=[])
            try:
                await client.request("peer_offer", call.session, body)
            except ProtocolError:
                continue
        await call.join(FakeBrowser())
        await call.close()


def test_f5_an_offer_larger_than_the_bound_never_reaches_a_parser() -> None:
    candidates = "a=candidate:1 1 udp 1 192.0.2.1 9 typ host\r\n" * 200_000
    with pytest.raises(ProtocolError) as refused:
        parse_offer("v=0\r\n" + candidates)
    assert refused.value.code == "sdp_too_large"
    with pytest.raises(ProtocolError):
        parse_offer("v=0\r\n" + "a=x\r\n" * (MAX_BYTES // 5 - 10))


async def test_f6_no_address_that_a_client_names_is_ever_sent_anything(stranger: socket.socket) -> None:
    async with relay_in_process() as (_, client):
        call = await Call.begin(client)
        browser = FakeBrowser()
        host, port = stranger.getsockname()
        offer = await browser.offer() + f"a=candidate:1 1 udp 2130706431 {host} {port} typ host\r\n"
        body = PeerOffer(peer=browser.peer, label=browser.label, sdp=offer, wanted=[])
        reply = await client.request("peer_offer", call.session, body)
        call.browsers.append(browser)
        assert isinstance(reply, PeerAnswer)
        await browser.connect(reply.sdp)
        await until(lambda: (browser.peer, "connected") in call.states, "the peer connects")
        with pytest.raises(BlockingIOError):
            stranger.recv(2000)
        await call.close()


async def test_a_forged_check_moves_no_media_to_a_victim(stranger: socket.socket) -> None:
    """A participant that forges its own genuine checks from a victim's address gets few bytes sent there, and no media."""
    async with call_of_two() as (relay, call, one, two):
        forged = signed_request(call.answers[two.peer], await offered_ufrag(two))
        await deliver(call, relay.port, stranger, [forged])
        await call.assert_alive(one, two)
        received = []
        try:
            while True:
                received.append(stranger.recv(2000))
        except BlockingIOError:
            pass
        assert all(datagram[0] < 4 for datagram in received), "only STUN was sent"
        assert sum(map(len, received)) <= 3 * len(forged)


async def test_a_forged_check_does_not_take_a_neighbours_address() -> None:
    async with call_behind_nat() as (_, call, nat, victim, attacker):
        nat.inject(signed_request(call.answers[attacker.peer], await offered_ufrag(attacker)))
        await call.assert_alive(victim, attacker)
        await call.assert_alive(attacker, victim)


async def test_strangers_get_no_answer_whatever_they_send(stranger: socket.socket) -> None:
    async with call_of_two() as (relay, call, one, two):
        answer, ufrag = call.answers[one.peer], await offered_ufrag(one)
        unsigned = signed_request(answer, ufrag)[:20]
        guesses = [signed_request(answer, ufrag, password=secrets.token_hex(12)) for _ in range(100)]
        unasked = [struct.pack("!HHI", 0x0101, 0, stun.COOKIE) + secrets.token_bytes(12) for _ in range(100)]
        await deliver(call, relay.port, stranger, [unsigned[:2] + b"\0\0" + unsigned[4:], *guesses, *unasked])
        with pytest.raises(BlockingIOError):
            stranger.recv(2000)
        await call.assert_alive(one, two)


async def test_every_length_and_first_byte_from_strangers_and_from_the_peer(stranger: socket.socket) -> None:
    async with call_of_two() as (relay, call, one, two):
        chance = random.Random(7)
        lengths = [*range(1, 64), *range(64, 1601, 97)]
        firsts = [*range(4), 20, 22, 63, 64, 127, 128, 144, 160, 191, 192, 255]
        crafted = [(bytes((first,)) + chance.randbytes(1600))[:length] for first in firsts for length in lengths]
        await deliver(call, relay.port, stranger, crafted)
        before = await taken(call)
        for number, datagram in enumerate(crafted):
            one.send_raw(datagram)
            if number % 200 == 199:
                await handled(call, number + 1, before)
        await handled(call, len(crafted), before)
        await call.assert_alive(one, two)


async def test_malformed_rtp_and_rtcp_under_genuine_encryption() -> None:
    """A participant with keys may encrypt anything: nothing of it may end the session."""
    async with call_of_two() as (_, call, one, two):
        chance = random.Random(11)
        video = one.streams["video"].ssrc.to_bytes(4, "big")
        before = await taken(call)
        sent = 0
        for length in range(12, 200):
            header = bytes((0x80 | chance.randrange(64), 96, 0, length)) + chance.randbytes(4) + video
            sent += one.send_encrypted((header + chance.randbytes(200))[:length], control=False)
        assert sent > 50
        for kind in range(192, 224):
            for words in range(12):
                body = bytes((0x80 | chance.randrange(64), kind)) + chance.randbytes(2) + video + chance.randbytes(4 * words)
                sent += one.send_encrypted(body, control=True)
            await handled(call, sent, before)
        assert sent > 400
        one.streams["video"].sequence = secrets.randbits(16)
        await call.assert_alive(two, one)
        assert [state for peer, state in call.states if peer == one.peer] == ["connecting", "connected"]


async def test_a_wrong_fingerprint_never_gets_srtp() -> None:
    async with relay_in_process() as (_, client):
        call = await Call.begin(client)
        one, impostor = FakeBrowser(), FakeBrowser()
        await call.join(one)
        impostor.want(one.label)
        impostor.fingerprint = "sha-256 " + ":".join(["00"] * 32)
        answer = await call.negotiate(impostor)
        call.browsers.append(impostor)
        await impostor.connect(answer)  # its own side completes; ours must not
        await until(lambda: (impostor.peer, "failed") in call.states, "the impostor is refused")
        for _ in range(20):
            await one.send_frame(key=True)
            await one.send_audio()
        await taken(call)
        assert impostor.received == {}
        assert (impostor.peer, "connected") not in call.states
        await call.close()


@pytest.mark.parametrize("fingerprint", ["sha-1 " + ":".join(["00"] * 20), "sha-256 00:11", "", "md5 00"])
async def test_a_weak_or_missing_fingerprint_is_refused(fingerprint: str) -> None:
    async with relay_in_process() as (_, client):
        call = await Call.begin(client)
        browser = FakeBrowser()
        replacement = f"a=fingerprint:{fingerprint}\r\n" if fingerprint else ""
        sdp = re.sub(r"a=fingerprint:.*\r\n", replacement, await browser.offer())
        with pytest.raises(ProtocolError):
            await client.request(
                "peer_offer", call.session, PeerOffer(peer=browser.peer, label=browser.label, sdp=sdp, wanted=[])
            )
