"""The walls of security.md's web table, leaned on from outside: headers on every route, other origins, spoofed addresses, bodies
that are bombs, connections that drip. The server runs in this process, so that its router can be walked and its clocks set."""

import asyncio
import contextlib
import gzip
import logging
import re
import resource
import socket
import zlib
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

import aiohttp
import pytest
import structlog

from signaling.app import Server
from signaling.http.security import response_headers, same_origin
from signaling.settings import Settings
from tests.peers_signaling import CSRF
from tests.processes import wait_for

EXAMPLES = {"seat": "s_aaaaaaaaaaaaaaaa", "name": "mark.svg", "id": "p_aaaaaaaaaaaaaaaa", "key": "aaaaaaaaaaaa"}
SHORT_S = 1.0


@dataclass
class House:
    """A server in this process and how to reach it."""

    server: Server
    base: str
    port: int
    session: aiohttp.ClientSession

    async def raw(self, head: bytes) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        """A connection on which `head` was said, from an address of our own that nobody exempts."""
        reader, writer = await asyncio.open_connection("127.0.0.1", self.port, local_addr=("127.0.9.1", 0))
        writer.write(head)
        await writer.drain()
        return reader, writer


@pytest.fixture
async def house(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[House]:
    monkeypatch.setattr("signaling.app.HEAD_TIMEOUT_S", SHORT_S)
    monkeypatch.setattr("signaling.http.security.BODY_TIMEOUT_S", SHORT_S)
    monkeypatch.setattr("signaling.socket.server.CONNECT_TIMEOUT_S", SHORT_S)
    monkeypatch.chdir(tmp_path)  # no .env of anybody's
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.ERROR))
    listener = socket.socket()
    listener.bind(("127.0.0.1", 0))
    listener.listen(1024)
    listener.setblocking(False)
    server = Server(Settings(data=tmp_path / "data", media_workers=0, sample=False), listener)
    await server.start()
    port = listener.getsockname()[1]
    async with aiohttp.ClientSession(cookie_jar=aiohttp.DummyCookieJar()) as session:
        yield House(server, f"http://127.0.0.1:{port}", port, session)
    await server.stop()
    structlog.reset_defaults()


def routes(server: Server) -> list[tuple[str, str]]:
    """Every method and path that the router knows, with something plausible in place of each variable."""
    assert server.app is not None
    found = set()
    for route in server.app.router.routes():
        if route.resource is None:
            continue
        path = re.sub(r"\{(\w+)[^}]*\}", lambda match: EXAMPLES.get(match[1], "aaaaaaaa"), route.resource.canonical)
        found.add(("GET" if route.method == "*" else route.method, path))
    return sorted(found)


# --- headers -----------------------------------------------------------------------------------------------------------


async def test_every_route_and_every_error_bears_the_headers(house: House) -> None:
    known = routes(house.server)
    assert len(known) > 20, "the router was not walked"
    wanted = response_headers(house.server.settings)
    never = [("GET", "/nowhere"), ("PUT", "/api/hospitals"), ("GET", "/assets/none.js"), ("GET", "/..%2f..%2fetc/passwd")]
    for method, path in [*known, *never]:
        for headers in ({}, CSRF):
            async with house.session.request(method, house.base + path, headers=headers, allow_redirects=False) as response:
                body = await response.read()
                for name, value in wanted.items():
                    assert response.headers.get(name) == value, (method, path, response.status, name)
                assert response.headers["Server"] == "consilium"
                assert "Cache-Control" in response.headers
                assert "Access-Control-Allow-Origin" not in response.headers, (method, path)
                assert response.status < 500 or response.status == 503, (method, path, body)
                assert b"Traceback" not in body


@pytest.mark.parametrize(
    "head",
    [
        b"GARBAGE canary\r\n\r\n",
        b"GET / HTTP/9.9\r\nHost: x\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: x\r\ncanary header\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: x\r\nX-Long: " + b"canary" * 3000 + b"\r\n\r\n",
        b"POST /api/join HTTP/1.1\r\nHost: x\r\nContent-Length: canary\r\n\r\n",
        b"POST /api/join HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n",
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03canary\r\n\r\n",
    ],
)
async def test_what_is_no_http_is_refused_without_an_echo(house: House, head: bytes) -> None:
    reader, writer = await house.raw(head)
    async with asyncio.timeout(10):
        said = await reader.read()
    writer.close()
    assert said == b"" or said.startswith((b"HTTP/1.1 4", b"HTTP/1.0 4")), said[:80]
    assert b"canary" not in said and b"aiohttp" not in said.lower() and b"Traceback" not in said
    if said:
        assert b"X-Content-Type-Options: nosniff" in said and b"Content-Security-Policy: default-src 'none'" in said


# --- other origins -----------------------------------------------------------------------------------------------------

FOREIGN = [
    "http://evil.example",
    "null",
    "",
    "http://localhost",
    "https://127.0.0.1",
    "http://127.0.0.1:1",
    "file://",
    "x" * 5000,
]


async def test_no_unsafe_request_of_another_origin_reaches_a_handler(house: House) -> None:
    unsafe = [(method, path) for method, path in routes(house.server) if method not in ("GET", "HEAD", "OPTIONS")]
    assert len(unsafe) >= 4
    own = house.base
    for method, path in unsafe:
        for origin in [*FOREIGN, own.replace("http:", "https:"), own + ".evil.example", "http://evil@" + own[7:]]:
            async with house.session.request(method, house.base + path, headers=CSRF | {"Origin": origin}, json={}) as response:
                assert response.status == 403, (method, path, origin)
                assert (await response.json())["code"] == "cross_origin"
        async with house.session.request(method, house.base + path, headers={"Origin": own}, json={}) as response:
            assert response.status == 403, "our own origin without our header"
        async with house.session.request(method, house.base + path, headers=CSRF | {"Origin": own}, json={}) as response:
            assert b"cross_origin" not in await response.read(), (method, path)


async def test_no_preflight_is_ever_answered(house: House) -> None:
    ask = {
        "Origin": "http://evil.example",
        "Access-Control-Request-Method": "POST",
        "Access-Control-Request-Headers": "x-consilium",
    }
    for _, path in routes(house.server):
        async with house.session.options(house.base + path, headers=ask) as response:
            assert not any(name.lower().startswith("access-control-allow") for name in response.headers), path


@pytest.mark.parametrize("origin", [*FOREIGN[:-1], "http://127.0.0.1:{port}.evil.example", "http://127.0.0.1:{port}/"])
async def test_no_websocket_of_another_origin_opens(house: House, origin: str) -> None:
    url = f"{house.base}/socket.io/?EIO=4&transport=websocket"
    with pytest.raises(aiohttp.WSServerHandshakeError) as refused:
        await house.session.ws_connect(url, headers={"Origin": origin.replace("{port}", str(house.port))})
    assert refused.value.status in (400, 403)


def test_behind_a_proxy_only_the_public_url_is_our_origin(tmp_path: Path) -> None:
    settings = Settings(data=tmp_path, public_url="https://care.example.org")
    for origin, own in [
        ("https://care.example.org", True),
        ("http://care.example.org", False),
        ("https://care.example.org:8443", False),
        ("https://care.example.org.evil.example", False),
        ("https://evil.example", False),
        ("null", False),
        ("", False),
    ]:
        assert same_origin(settings, {"Origin": origin, "Host": "care.example.org"}) is own
        assert same_origin(settings, {"Origin": origin, "Host": origin.rpartition("/")[2]}) is own, "the Host is the attacker's"


# --- who asks ----------------------------------------------------------------------------------------------------------


async def test_a_spoofed_address_is_no_new_address(house: House) -> None:
    """Nobody is a proxy here: a header says nothing about who asks."""
    statuses = []
    for number in range(40):
        spoofed = {
            "X-Forwarded-For": f"198.51.100.{number}",
            "X-Real-IP": f"198.51.100.{number}",
            "Forwarded": f"for=10.0.0.{number}",
        }
        body = {"token": "A" * 43}
        async with house.session.post(f"{house.base}/api/join", json=body, headers=CSRF | spoofed) as response:
            statuses.append(response.status)
    assert statuses.count(429) >= 9, statuses
    for number in range(31):
        spoofed = {"X-Forwarded-For": f"198.51.100.{number}"}
        body = {"staff_number": str(5000 + number), "password": "guess"}
        async with house.session.post(f"{house.base}/api/staff/session", json=body, headers=CSRF | spoofed) as response:
            code = (await response.json())["code"]
    assert code == "too_many_attempts"


# --- bodies ------------------------------------------------------------------------------------------------------------


def memory_bytes() -> int:
    """What this process holds now."""
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * resource.getpagesize()


@pytest.mark.parametrize("packed", [gzip.compress(bytes(200_000_000), 9), zlib.compress(bytes(200_000_000), 9)])
async def test_a_compression_bomb_is_not_unpacked(house: House, packed: bytes) -> None:
    encoding = "gzip" if packed[:2] == b"\x1f\x8b" else "deflate"
    before = memory_bytes()
    for part in (packed[:60_000], packed):
        headers = CSRF | {"Content-Encoding": encoding, "Content-Type": "application/json"}
        async with house.session.post(f"{house.base}/api/join", data=part, headers=headers) as response:
            assert response.status in (400, 413)
    assert memory_bytes() - before < 20_000_000


async def test_a_body_without_a_length_is_bounded_all_the_same(house: House) -> None:
    async def endless() -> AsyncIterator[bytes]:
        for _ in range(1000):
            yield b" " * 65536

    before = memory_bytes()
    headers = CSRF | {"Content-Type": "application/json"}
    try:
        async with house.session.post(f"{house.base}/api/join", data=endless(), headers=headers) as response:
            assert response.status == 413
    except aiohttp.ClientError:
        pass  # the answer came and the connection was closed while we were still sending
    assert memory_bytes() - before < 20_000_000


async def websocket(house: House) -> aiohttp.ClientWebSocketResponse:
    link = await house.session.ws_connect(f"{house.base}/socket.io/?EIO=4&transport=websocket", compress=15, max_msg_size=0)
    assert (await link.receive()).data.startswith("0")
    return link


async def test_a_websocket_message_is_bounded_also_unpacked(house: House) -> None:
    before = memory_bytes()
    for size in (70_000, 50_000_000):
        link = await websocket(house)
        assert link.compress, "the bomb needs a compressed connection"
        with contextlib.suppress(ConnectionError):  # it may be cut while we are still sending
            await link.send_str("4" + "x" * size)
        async with asyncio.timeout(10):
            ended = await link.receive()
        assert ended.type in (aiohttp.WSMsgType.CLOSE, aiohttp.WSMsgType.CLOSED, aiohttp.WSMsgType.ERROR)
        await link.close()
    assert memory_bytes() - before < 120_000_000, "more than what the test itself holds"


# --- connections that drip ---------------------------------------------------------------------------------------------


async def closed(reader: asyncio.StreamReader) -> bytes:
    """What was said until the other side closed."""
    async with asyncio.timeout(20):
        try:
            return await reader.read()
        except ConnectionError:
            return b""


async def drip(writer: asyncio.StreamWriter, piece: bytes) -> None:
    """One piece now and then, as long as the other side listens."""
    try:
        while not writer.is_closing():
            writer.write(piece)
            await writer.drain()
            await asyncio.sleep(SHORT_S / 5)  # the attack itself, not a wait
    except ConnectionError:
        pass


POST = b"POST /api/walk-ins HTTP/1.1\r\nHost: x\r\nX-Consilium: 1\r\nContent-Type: application/json\r\n"


@pytest.mark.parametrize(
    ("head", "piece"),
    [
        (b"", b""),
        (b"GET / HTTP/1.1\r\nHost: x\r\n", b"X-Drip: 1\r\n"),
        (b"GET /socket.io/?EIO=4&transport=websocket HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\n", b"X-Drip: 1\r\n"),
        (POST + b"Content-Length: 60000\r\n\r\n", b" "),
        (POST + b"Transfer-Encoding: chunked\r\n\r\n", b"1\r\n \r\n"),
    ],
    ids=["silent", "head", "handshake", "body", "chunks"],
)
async def test_who_drips_is_cut_by_the_clock(house: House, head: bytes, piece: bytes) -> None:
    links = [await house.raw(head) for _ in range(50)]
    feeding = [asyncio.create_task(drip(writer, piece)) for _, writer in links if piece]
    began = asyncio.get_running_loop().time()
    try:
        async with house.session.get(f"{house.base}/health/live") as response:
            assert response.status == 200, "others are served meanwhile"
        said = await asyncio.gather(*(closed(reader) for reader, _ in links))
        assert asyncio.get_running_loop().time() - began < 15
    finally:
        for task in feeding:
            task.cancel()
        for _, writer in links:
            writer.close()
    assert {answer[:12] for answer in said} <= {b"", b"HTTP/1.1 408"}
    await wait_for(lambda: house.server.open_connections <= 2, 10, "the server to have let go of all of them")


async def test_a_websocket_that_never_says_who_it_is_is_cut(house: House) -> None:
    links = [await websocket(house) for _ in range(20)]

    async def cut(link: aiohttp.ClientWebSocketResponse) -> None:
        async with asyncio.timeout(10):
            while (await link.receive()).type not in (aiohttp.WSMsgType.CLOSE, aiohttp.WSMsgType.CLOSED):
                pass

    await asyncio.gather(*(cut(link) for link in links))
    for link in links:
        await link.close()


async def test_one_address_holds_so_many_connections_and_no_more(house: House) -> None:
    links = [await house.raw(b"") for _ in range(530)]
    shut = [asyncio.create_task(closed(reader)) for reader, _ in links]
    await wait_for(lambda: sum(task.done() for task in shut) >= 18, 5, "those above the bound to be turned away")
    assert house.server.open_connections <= 512 + 2
    async with house.session.get(f"{house.base}/health/live") as response:
        assert response.status == 200, "another address is served"
    for _, writer in links:
        writer.close()
    await asyncio.gather(*shut)


async def test_who_comes_back_again_and_again_is_slowed_down(house: House) -> None:
    source = aiohttp.TCPConnector(local_addr=("127.0.9.2", 0), limit=50)
    async with aiohttp.ClientSession(connector=source) as session:

        async def come() -> int:
            async with session.get(f"{house.base}/socket.io/?EIO=4&transport=websocket") as response:
                return response.status

        statuses = await asyncio.gather(*(come() for _ in range(600)))
    assert statuses.count(429) > 200
