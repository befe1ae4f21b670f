"""The relays that are compared: each a process of its own, and how two peers come into a call on it."""

import asyncio
import contextlib
import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any, Protocol

import aiohttp
from aiortc import RTCPeerConnection, RTCSessionDescription

from bench.generator import Silent, new_connection, offering
from common.ids import ConsultationId, new_id
from media.control import messages as control
from media.control.client import WorkerClient
from media.control.unix import connect_unix

ROOT = Path(__file__).resolve().parents[1]
START_S = 20.0
SERVER_CORE, LOAD_CORE = "0", "1"


class Relay(Protocol):
    """A running relay."""

    pid: int

    async def call(self) -> list[RTCPeerConnection]:
        """Two peers who are each sent what the other sends; not connected yet."""


def spawn(command: list[str], **more: Any) -> subprocess.Popen[bytes]:
    """A server process on its own core where there are two."""
    pinned = ["taskset", "-c", SERVER_CORE] if (os.cpu_count() or 1) > 1 and shutil.which("taskset") else []
    return subprocess.Popen([*pinned, *command], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, **more)


async def _answered(connection: RTCPeerConnection, sdp: str) -> None:
    await connection.setRemoteDescription(RTCSessionDescription(sdp, "answer"))


class Consilium:
    """One of our media workers, asked through its control channel."""

    def __init__(self, client: WorkerClient, pid: int) -> None:
        self._client = client
        self.pid = pid
        self.calls: list[tuple[ConsultationId, list[str]]] = []
        """Session and labels of each (bench/recording.py)."""

    @property
    def client(self) -> WorkerClient:
        return self._client

    async def call(self) -> list[RTCPeerConnection]:
        session = ConsultationId(new_id("c"))
        await self._client.request("session_open", session, control.SessionOpen())
        labels = [new_id("s"), new_id("s")]
        self.calls.append((session, labels))
        peers = []
        for own, other in (labels, labels[::-1]):
            connection = await offering()
            mids = [transceiver.mid or "" for transceiver in connection.getTransceivers()]
            wanted = [control.WantedTrack(mid=mid, label=other) for mid in mids]
            sdp = connection.localDescription.sdp
            body = control.PeerOffer(peer=new_id("p"), label=own, sdp=sdp, wanted=wanted)
            answer = await self._client.request("peer_offer", session, body)
            assert isinstance(answer, control.PeerAnswer)
            await _answered(connection, candidates_on_every_line(answer.sdp))
            peers.append(connection)
        return peers


def candidates_on_every_line(sdp: str) -> str:
    """aiortc takes a bundle's candidates from its last m-line; RFC 8843 and browsers look at the first."""
    found = "".join(f"{line}\r\n" for line in sdp.split("\r\n") if line.startswith(("a=candidate:", "a=end-of-candidates")))
    return sdp.replace(found, "").replace("a=setup:passive\r\n", f"a=setup:passive\r\n{found}")


@contextlib.asynccontextmanager
async def consilium(host: str, module: str = "media.worker") -> AsyncIterator[Relay]:
    """A worker of this checkout; `module` is run in its place (bench/stalled.py)."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "0.sock"
        worker = spawn([sys.executable, "-m", module, "--socket", str(path), "--name", "bench-0", "--addresses", host], cwd=ROOT)
        try:
            client = await _until(lambda: connect_unix(str(path)))
            try:
                yield Consilium(client, worker.pid)
            finally:
                await client.close()
        finally:
            end(worker)


class Janus:
    """Janus' videocall plugin over its WebSocket API."""

    PLUGIN = "janus.plugin.videocall"

    def __init__(self, socket: aiohttp.ClientWebSocketResponse, pid: int) -> None:
        self._socket = socket
        self.pid = pid
        self._transactions: dict[str, asyncio.Future[dict[str, Any]]] = {}
        self._events: dict[int, asyncio.Queue[dict[str, Any]]] = {}
        self._count = 0
        self._sessions: list[int] = []
        self._ends: list[tuple[int, int]] = []
        self.tasks = [asyncio.ensure_future(self._read()), asyncio.ensure_future(self._keep_alive())]

    async def call(self) -> list[RTCPeerConnection]:
        names = [new_id("u"), new_id("u")]
        ends = [await self._register(name) for name in names]
        self._ends += ends
        caller = await offering()
        await self._message(ends[0], {"request": "call", "username": names[1]}, caller)
        incoming = await self._event(ends[1][1])
        callee = new_connection()
        for kind in ("audio", "video"):
            callee.addTrack(Silent(kind))
        await callee.setRemoteDescription(RTCSessionDescription(incoming["jsep"]["sdp"], "offer"))
        await callee.setLocalDescription(await callee.createAnswer())
        await self._message(ends[1], {"request": "accept"}, callee)
        accepted = await self._event(ends[0][1])
        while "jsep" not in accepted:
            accepted = await self._event(ends[0][1])
        await _answered(caller, accepted["jsep"]["sdp"])
        return [caller, callee]

    async def record(self, folder: Path, name: str | None) -> None:
        """Each end's media into .mjr files of this name, as the plugin does it; without a name no more of it."""
        for index, end in enumerate(self._ends):
            body: dict[str, Any] = {"request": "set", "record": name is not None}
            await self._message(end, body | ({"filename": str(folder / f"{name}-{index}")} if name is not None else {}))

    async def _register(self, name: str) -> tuple[int, int]:
        session = (await self._ask(janus="create"))["data"]["id"]
        self._sessions.append(session)
        handle = (await self._ask(janus="attach", session_id=session, plugin=self.PLUGIN))["data"]["id"]
        await self._message((session, handle), {"request": "register", "username": name})
        return session, handle

    async def _message(self, end: tuple[int, int], body: dict[str, Any], connection: RTCPeerConnection | None = None) -> None:
        more = {}
        if connection is not None:
            local = connection.localDescription
            more["jsep"] = {"type": local.type, "sdp": local.sdp}
        await self._ask(janus="message", session_id=end[0], handle_id=end[1], body=body, **more)

    async def _ask(self, **words: Any) -> dict[str, Any]:
        self._count += 1
        name = str(self._count)
        answer = self._transactions[name] = asyncio.get_running_loop().create_future()
        await self._socket.send_json({**words, "transaction": name})
        async with asyncio.timeout(10):
            said: dict[str, Any] = await answer
        if said["janus"] == "error" or said.get("plugindata", {}).get("data", {}).get("error"):
            raise RuntimeError(f"Janus refused: {said}")
        return said

    async def _event(self, handle: int) -> dict[str, Any]:
        async with asyncio.timeout(10):
            return await self._events.setdefault(handle, asyncio.Queue()).get()

    async def _read(self) -> None:
        async for message in self._socket:
            said = json.loads(message.data)
            waiting = self._transactions.get(said.get("transaction", ""))
            if waiting is not None and said["janus"] != "ack":
                del self._transactions[said["transaction"]]
                waiting.set_result(said)
            elif said["janus"] == "event":
                self._events.setdefault(said["sender"], asyncio.Queue()).put_nowait(said)

    async def _keep_alive(self) -> None:
        while True:
            await asyncio.sleep(20)
            for session in self._sessions:
                await self._socket.send_json({"janus": "keepalive", "session_id": session, "transaction": "keepalive"})


_JANUS = """
general: {{ configs_folder = "{folder}" plugins_folder = "{plugins}" transports_folder = "{transports}" debug_level = 2
  admin_secret = "{secret}" protected_folders = ["/nowhere"] }}
certificates: {{ }}
media: {{ ipv6 = false }}
nat: {{ nice_debug = false full_trickle = false ice_enforce_list = "{host}" }}
plugins: {{ disable = "{others}" }}
transports: {{ disable = "libjanus_http.so,libjanus_pfunix.so,libjanus_mqtt.so,libjanus_nanomsg.so,libjanus_rabbitmq.so" }}
events: {{ broadcast = false }}
"""
_WEBSOCKETS = 'general: {{ ws = true ws_port = {port} ws_interface = "lo" wss = false }}\nadmin: {{ admin_ws = false }}\n'
JANUS_PORT = 18188


def janus_installed() -> bool:
    return shutil.which("janus") is not None


@contextlib.asynccontextmanager
async def janus(host: str) -> AsyncIterator[Relay]:
    """Debian's Janus."""
    library = next(Path("/usr/lib").glob("*/janus"))
    with tempfile.TemporaryDirectory() as folder:
        others = ",".join(path.name for path in (library / "plugins").glob("*.so") if "videocall" not in path.name)
        words = {
            "folder": folder,
            "others": others,
            "plugins": library / "plugins",
            "transports": library / "transports",
            "host": host,
        }
        (Path(folder) / "janus.jcfg").write_text(_JANUS.format(**words, secret=new_id("x")))
        (Path(folder) / "janus.transport.websockets.jcfg").write_text(_WEBSOCKETS.format(port=JANUS_PORT))
        server = spawn(["janus", "-F", folder, "-C", f"{folder}/janus.jcfg"])
        try:
            async with aiohttp.ClientSession() as http:
                socket = await _until(
                    lambda: http.ws_connect(f"ws://127.0.0.1:{JANUS_PORT}/", protocols=["janus-protocol"], max_msg_size=0)
                )
                relay = Janus(socket, server.pid)
                try:
                    yield relay
                finally:
                    for task in relay.tasks:
                        task.cancel()
        finally:
            end(server)


class MediaRelayServer:
    """aiortc with its MediaRelay, as its examples have it (bench/mediarelay.py)."""

    def __init__(self, http: aiohttp.ClientSession, base: str, pid: int) -> None:
        self._http = http
        self._base = base
        self.pid = pid

    async def call(self) -> list[RTCPeerConnection]:
        call, peers = new_id("c"), []
        for _ in range(2):
            connection = await offering()
            body = {"call": call, "sdp": connection.localDescription.sdp}
            async with self._http.post(f"{self._base}/join", json=body) as answer:
                await _answered(connection, (await answer.json())["sdp"])
            peers.append(connection)
        return peers


@contextlib.asynccontextmanager
async def mediarelay(host: str) -> AsyncIterator[Relay]:
    """aiortc's own way."""
    port = 18189
    server = spawn([sys.executable, "-m", "bench.mediarelay", host, str(port)], cwd=ROOT)
    try:
        async with aiohttp.ClientSession() as http:
            base = f"http://127.0.0.1:{port}"
            async with await _until(lambda: http.get(f"{base}/")):
                yield MediaRelayServer(http, base, server.pid)
    finally:
        end(server)


async def _until(attempt: Any) -> Any:
    """What `attempt` gives once it succeeds."""
    async with asyncio.timeout(START_S):
        while True:
            try:
                return await attempt()
            except Exception:  # not up yet, in whatever way
                await asyncio.sleep(0.1)


def end(server: subprocess.Popen[bytes]) -> None:
    server.terminate()
    try:
        server.wait(5)
    except subprocess.TimeoutExpired:
        server.kill()
        server.wait()
