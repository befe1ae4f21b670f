"""Pictures on their way out to readers who read, who do not, and who go: places, octets and time, over real sockets."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from aiohttp import ClientSession, web
from aiohttp.test_utils import TestServer

from common.errors import ConsiliumError
from signaling.http.outflow import Bounds, Outflow, Place
from signaling.http.security import error_response
from tests.processes import wait_for

PICTURE = bytes(range(256)) * (9_000_000 // 256)  # more than the kernel's buffers of a connection take


@asynccontextmanager
async def serving(outflow: Outflow, most: int = 6) -> AsyncIterator[TestServer]:
    async def load() -> bytes:
        return PICTURE

    async def answer(request: web.Request) -> web.StreamResponse:
        try:
            return await outflow.send(request, Place(request.match_info["seat"], "picture", most), load)
        except ConsiliumError as error:
            return error_response(error)

    app = web.Application()
    app.router.add_get("/{seat}", answer)
    server = TestServer(app)
    async with server:
        yield server


async def stalled(server: TestServer, seat: str) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    """A reader who takes the head of the answer and then nothing."""
    reader, writer = await asyncio.open_connection(server.host, server.port, limit=4096)
    writer.write(f"GET /{seat} HTTP/1.1\r\nHost: x\r\n\r\n".encode())
    await reader.readline()
    return reader, writer


async def asked(server: TestServer, seat: str) -> tuple[int, str | None, int]:
    async with ClientSession() as session, session.get(server.make_url(f"/{seat}")) as response:
        return response.status, response.headers.get("Retry-After"), len(await response.read())


async def test_octets_on_their_way_are_bounded_and_come_free_when_a_reader_goes() -> None:
    outflow = Outflow(Bounds(most_octets=3 * len(PICTURE) - 1))
    async with serving(outflow) as server:
        readers = [await stalled(server, f"seat-{number}") for number in range(2)]
        assert outflow.octets == 2 * len(PICTURE)
        status, again, _ = await asked(server, "seat-2")
        assert (status, again) == (503, "5"), "a third does not fit"
        readers[0][1].transport.abort()
        await wait_for(lambda: outflow.octets == len(PICTURE), 5, "the octets of the one who went")
        assert await asked(server, "seat-2") == (200, None, len(PICTURE))
        readers[1][1].transport.abort()
        await wait_for(lambda: outflow.octets == 0 and not outflow._places, 5, "nothing to be held any more")


async def test_a_seat_has_so_many_places_and_others_have_their_own() -> None:
    outflow = Outflow()
    async with serving(outflow, most=2) as server:
        writers = [(await stalled(server, "slow"))[1] for _ in range(2)]
        assert (await asked(server, "slow"))[:2] == (429, "1")
        assert (await asked(server, "other"))[0] == 200
        for writer in writers:
            writer.transport.abort()
        await wait_for(lambda: not outflow._places, 5, "the places to come free")
        assert (await asked(server, "slow"))[0] == 200


async def test_one_seat_has_its_share_of_the_octets_and_no_more() -> None:
    outflow = Outflow(Bounds(most_octets=9 * len(PICTURE), most_octets_of_one=2 * len(PICTURE)))
    async with serving(outflow) as server:
        writers = [(await stalled(server, "slow"))[1] for _ in range(2)]
        assert (await asked(server, "slow"))[:2] == (429, "1"), "though it has places left"
        assert (await asked(server, "other"))[0] == 200
        for writer in writers:
            writer.transport.abort()
        await wait_for(lambda: not outflow._held_by, 5, "the share to come free")
        assert (await asked(server, "slow"))[0] == 200


async def test_a_reader_who_does_not_read_is_cut_off() -> None:
    outflow = Outflow(Bounds(least_s=0.3, least_rate=1e9))
    async with serving(outflow) as server:
        reader, writer = await stalled(server, "slow")
        assert outflow.octets == len(PICTURE)
        await wait_for(lambda: outflow.octets == 0 and not outflow._places, 5, "the cut")
        got = 0
        with pytest.raises(ConnectionError):
            while part := await reader.read(65536):
                got += len(part)
            raise ConnectionError  # an end without a reset is a cut as well, if it comes too early
        assert got < len(PICTURE)
        writer.close()


async def test_asked_for_the_head_only_no_picture_follows() -> None:
    async with serving(Outflow()) as server, ClientSession() as session:
        async with session.head(server.make_url("/one")) as response:
            assert (response.status, response.content_length) == (200, len(PICTURE))
        async with session.get(server.make_url("/one")) as response:
            assert await response.read() == PICTURE
            assert response.headers["Cache-Control"] == "private, max-age=86400"


def test_a_large_picture_may_take_longer_but_not_for_ever() -> None:
    assert Bounds().patience_s(50_000) == 60
    assert 270 < Bounds().patience_s(9_000_000) < 300
