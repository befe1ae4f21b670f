"""One port for both families: people on IPv6, on IPv4 and on one of each in the same call, and no address that was only named."""

import re
import socket
from contextlib import closing

import pytest

from media.control.messages import PeerAnswer, PeerOffer
from tests.peers.browser import LOOPBACK, FakeBrowser
from tests.peers.calls import Call, relay_in_process
from tests.peers.waiting import until

LOOPBACK_6 = "::1"


@pytest.mark.parametrize("hosts", [(LOOPBACK_6, LOOPBACK_6), (LOOPBACK, LOOPBACK_6), (LOOPBACK, LOOPBACK)])
async def test_a_call_between_any_two_families(hosts: tuple[str, str]) -> None:
    async with relay_in_process(LOOPBACK, LOOPBACK_6) as (relay, client):
        call = await Call.begin(client)
        one, two = (FakeBrowser(host=host) for host in hosts)
        one.want(two.label)
        two.want(one.label)
        await call.join(one)
        await call.join(two)
        found = re.findall(r"a=candidate:\d+ 1 udp \d+ (\S+) (\d+) typ host", call.answers[one.peer])
        assert found == [(LOOPBACK, str(relay.port)), (LOOPBACK_6, str(relay.port))]
        await call.assert_alive(one, two)
        await call.assert_alive(two, one)
        await call.close()


@pytest.mark.parametrize("named", ["::1", "fd00::1", "fe80::1", "ff02::1", "::ffff:127.0.0.1", "64:ff9b::7f00:1"])
async def test_no_ipv6_address_that_a_client_names_is_ever_sent_anything(named: str) -> None:
    with closing(socket.socket(socket.AF_INET6, socket.SOCK_DGRAM)) as stranger:
        stranger.bind(("::", 0))
        stranger.setblocking(False)
        port = stranger.getsockname()[1]
        async with relay_in_process(LOOPBACK, LOOPBACK_6) as (_, client):
            call = await Call.begin(client)
            browser = FakeBrowser(host=LOOPBACK_6)
            offer = await browser.offer() + f"a=candidate:1 1 udp 2130706431 {named} {port} typ host\r\n"
            body = PeerOffer(peer=browser.peer, label=browser.label, sdp=offer, wanted=[])
            reply = await client.request("peer_offer", call.session, body)
            call.browsers.append(browser)
            assert isinstance(reply, PeerAnswer)
            await browser.connect(reply.sdp)
            await until(lambda: (browser.peer, "connected") in call.states, "the peer connects")
            with pytest.raises(BlockingIOError):
                stranger.recv(2000)
            await call.close()
