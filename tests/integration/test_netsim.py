"""The proxy around the emulated link: what goes in comes out at the other end, from an outer address that may change."""

import asyncio
import socket
from collections.abc import AsyncIterator

import pytest

from tests.netsim.link import Conditions
from tests.netsim.proxy import LinkProxy, open_socket
from tests.processes import wait_for

WAIT_S = 2.0


class Far:
    """A worker's port: keeps what came and from where, and answers each packet with itself."""

    def __init__(self) -> None:
        self.socket = open_socket("127.0.0.1")
        self.port: int = self.socket.getsockname()[1]
        self.seen: list[tuple[bytes, tuple[str, int]]] = []
        asyncio.get_running_loop().add_reader(self.socket.fileno(), self._read)

    def _read(self) -> None:
        data, address = self.socket.recvfrom(2048)
        self.seen.append((data, address))
        self.socket.sendto(data, address)

    def close(self) -> None:
        asyncio.get_running_loop().remove_reader(self.socket.fileno())
        self.socket.close()


@pytest.fixture
async def far() -> AsyncIterator[Far]:
    end = Far()
    yield end
    end.close()


@pytest.fixture
async def proxy(far: Far) -> AsyncIterator[LinkProxy]:
    made = LinkProxy([far.port], seed=7)
    yield made
    made.close()


async def say(near: socket.socket, proxy: LinkProxy, far: Far, words: bytes) -> None:
    near.sendto(words, ("127.0.0.1", proxy.ports[far.port]))


async def hear(near: socket.socket) -> bytes:
    async with asyncio.timeout(WAIT_S):
        return await asyncio.get_running_loop().sock_recv(near, 2048)


async def test_each_inner_address_has_an_outer_one_and_gets_its_own_answers(proxy: LinkProxy, far: Far) -> None:
    one, two = open_socket("127.0.0.1"), open_socket("127.0.0.1")
    with one, two:
        await say(one, proxy, far, b"one")
        await say(two, proxy, far, b"two")
        assert (await hear(one), await hear(two)) == (b"one", b"two")
    assert len({address for _, address in far.seen}) == 2


async def test_a_rebind_changes_the_outer_port_and_address(proxy: LinkProxy, far: Far) -> None:
    with open_socket("127.0.0.1") as near:
        for words, host in ((b"1", None), (b"2", None), (b"3", "127.0.0.5")):
            if words != b"1":
                proxy.rebind(host)
            await say(near, proxy, far, words)
            assert await hear(near) == words
    outer = [address for _, address in far.seen]
    assert len(set(outer)) == 3 and [host for host, _ in outer] == ["127.0.0.1", "127.0.0.1", "127.0.0.5"]


async def test_delay_and_cut_are_the_links(proxy: LinkProxy, far: Far) -> None:
    loop = asyncio.get_running_loop()
    with open_socket("127.0.0.1") as near:
        proxy.become(Conditions(delay_s=0.1))
        began = loop.time()
        await say(near, proxy, far, b"slow")
        assert await hear(near) == b"slow" and 0.2 <= loop.time() - began < 1.0
        proxy.cut()
        await say(near, proxy, far, b"never")
        await wait_for(lambda: proxy.up.counters.cut == 1, WAIT_S, "the packet to be lost")
        proxy.mend()
        await say(near, proxy, far, b"again")
        assert await hear(near) == b"again"
    assert [words for words, _ in far.seen] == [b"slow", b"again"]
