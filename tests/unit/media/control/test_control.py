"""The control channel over a real socket pair: pairing, errors, time limits, death, stale words, fuzzed frames."""

import asyncio
import json
import socket
import struct
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from common.errors import ProtocolError, Unavailable, UserError
from common.ids import ConsultationId, new_id
from common.wire import Wire
from media.control.client import WorkerClient, open_client
from media.control.framing import MAX_FRAME_BYTES, decode, encode, read_frame
from media.control.inprocess import InProcessCarrier
from media.control.messages import (
    Done,
    Frame,
    Notice,
    PeerClose,
    PeerState,
    SessionClose,
    SessionOpen,
    WorkerDrain,
    WorkerPing,
    WorkerReady,
)
from media.control.server import ControlServer
from tests.peers.waiting import until

SESSION = ConsultationId(new_id("c"))


class Worker:
    """Answers as its `script` says."""

    def __init__(self) -> None:
        self.handled = 0
        self.clients: list[int] = []
        self.release = asyncio.Event()
        self.server = ControlServer(self.handle, WorkerReady(worker="w", port=1), "epoch1", self.clients.append)

    async def handle(self, name: str, session: ConsultationId | None, body: Wire) -> Wire:
        self.handled += 1
        match name:
            case "session_open":
                return Done()
            case "session_close":
                raise UserError("no", "No.")
            case "worker_drain":
                raise RuntimeError("a bug")
            case "peer_close":
                await self.release.wait()
                return Done()
        raise ProtocolError("strange", "Strange.")


@asynccontextmanager
async def joined() -> AsyncIterator[tuple[Worker, InProcessCarrier, WorkerClient]]:
    worker = Worker()
    carrier = InProcessCarrier(worker.server)
    client = await carrier.connect()
    try:
        yield worker, carrier, client
    finally:
        worker.release.set()
        await client.close()
        await carrier.close()


async def test_each_kind_of_error_arrives_as_itself() -> None:
    async with joined() as (_, _, client):
        assert client.epoch == "epoch1" and client.worker == "w"
        assert await client.request("session_open", SESSION, SessionOpen()) == Done()
        with pytest.raises(UserError) as user:
            await client.request("session_close", SESSION, SessionClose())
        assert (user.value.code, user.value.sentence) == ("no", "No.")
        with pytest.raises(Unavailable) as fault:
            await client.request("worker_drain", None, WorkerDrain())
        assert fault.value.code == "worker_fault" and "bug" not in fault.value.sentence
        with pytest.raises(ProtocolError):
            await client.request("worker_ping", None, WorkerPing())
        with pytest.raises(ProtocolError):
            await client.request("no_such_thing", None, WorkerPing())


async def test_a_silent_worker_costs_no_more_than_the_time_limit() -> None:
    async with joined() as (_, _, client):
        with pytest.raises(Unavailable) as silent:
            await client.request("peer_close", SESSION, PeerClose(label=new_id("s")), timeout_s=0.05)
        assert silent.value.code == "worker_silent"
        assert client.alive


async def test_death_is_told_first_and_fails_everything_pending_at_once() -> None:
    async with joined() as (worker, _, client):
        told: list[str] = []
        client.on_died = lambda: told.append("died")
        pending = [asyncio.create_task(client.request("peer_close", SESSION, PeerClose(label=new_id("s")))) for _ in range(5)]
        for task in pending:
            task.add_done_callback(lambda _: told.append("failed"))
        await until(lambda: worker.handled == 5, "the requests are under way")
        worker.server.close()
        async with asyncio.timeout(1):
            await client.wait_closed()
            results = await asyncio.gather(*pending, return_exceptions=True)
        assert all(isinstance(result, Unavailable) and result.code == "worker_died" for result in results)
        assert told == ["died", *["failed"] * 5]
        with pytest.raises(Unavailable):
            await client.request("session_open", SESSION, SessionOpen())


async def test_notices_reach_every_client_and_a_broken_handler_breaks_nothing() -> None:
    async with joined() as (worker, carrier, first):
        second = await carrier.connect()
        heard: list[Notice] = []
        first.on_notice = lambda notice, session: 1 / 0  # type: ignore[assignment]
        second.on_notice = lambda notice, session: heard.append(notice)
        notice = PeerState(peer=new_id("p"), label=new_id("s"), state="connected")
        worker.server.notify(notice, SESSION)
        await until(lambda: heard == [notice], "the notice comes")
        assert await first.request("session_open", SESSION, SessionOpen()) == Done()
        await second.close()
        await until(lambda: worker.clients[-1] == 1, "the worker sees it go")


@asynccontextmanager
async def raw_client(worker: Worker) -> AsyncIterator[tuple[asyncio.StreamReader, asyncio.StreamWriter, asyncio.Task[None]]]:
    ours, theirs = socket.socketpair()
    serving = asyncio.create_task(worker.server.serve(*await asyncio.open_connection(sock=theirs)))
    reader, writer = await asyncio.open_connection(sock=ours)
    ready = await read_frame(reader)
    assert ready is not None and ready.name == "worker_ready"
    try:
        yield reader, writer, serving
    finally:
        writer.close()
        await asyncio.wait_for(serving, 2)


async def test_a_request_sent_twice_is_done_once_and_answered_again() -> None:
    worker = Worker()
    async with raw_client(worker) as (reader, writer, _):
        frame = encode(Frame(kind="request", id=7, name="session_open", session=SESSION, body={}))
        writer.write(frame)
        first = await read_frame(reader)
        writer.write(frame)
        assert await read_frame(reader) == first
        assert worker.handled == 1


async def test_a_request_meant_for_another_epoch_is_refused() -> None:
    worker = Worker()
    async with raw_client(worker) as (reader, writer, _):
        writer.write(encode(Frame(kind="request", id=1, name="session_open", session=SESSION, epoch="old", body={})))
        refusal = await read_frame(reader)
        assert refusal is not None and refusal.kind == "error" and refusal.body["code"] == "stale_epoch"
        assert worker.handled == 0


async def test_a_reply_of_another_epoch_ends_the_connection() -> None:
    ours, theirs = socket.socketpair()
    reader, writer = await asyncio.open_connection(sock=theirs)
    ready = WorkerReady(worker="w", port=1).model_dump()
    writer.write(encode(Frame(kind="notice", id=0, name="worker_ready", epoch="new", body=ready)))
    client = await open_client(*await asyncio.open_connection(sock=ours))
    pending = asyncio.create_task(client.request("session_open", SESSION, SessionOpen()))
    assert await read_frame(reader) is not None
    writer.write(encode(Frame(kind="reply", id=1, name="session_open", epoch="old", body={})))
    with pytest.raises(Unavailable):
        await pending
    assert not client.alive
    writer.close()
    await client.close()


async def test_whoever_does_not_introduce_itself_is_no_worker() -> None:
    ours, theirs = socket.socketpair()
    _, writer = await asyncio.open_connection(sock=theirs)
    writer.write(b"\xff" * 100)
    with pytest.raises(Unavailable):
        await open_client(*await asyncio.open_connection(sock=ours))
    writer.close()


@pytest.mark.parametrize(
    "sent",
    [
        b"\xff\xff\xff\xff",
        struct.pack("!I", MAX_FRAME_BYTES + 1),
        struct.pack("!I", 3) + b"{}x",
        struct.pack("!I", 0),
        encode(Frame(kind="notice", id=0, name="x", body={})),
    ],
)
async def test_a_client_that_breaks_the_protocol_is_cut_off_and_others_notice_nothing(sent: bytes) -> None:
    async with joined() as (worker, _, client):
        async with raw_client(worker) as (reader, writer, serving):
            writer.write(sent)
            await asyncio.wait_for(asyncio.shield(serving), 2)
            assert await reader.read() == b""
        assert await client.request("session_open", SESSION, SessionOpen()) == Done()


async def test_a_client_that_does_not_read_is_cut_off() -> None:
    async with joined() as (worker, _, client):
        async with raw_client(worker) as (_, _, serving):
            notice = PeerState(peer=new_id("p"), label=new_id("s"), state="connected")
            for _ in range(200):
                for _ in range(100):
                    worker.server.notify(notice, SESSION)
                await asyncio.sleep(0)
                if serving.done():
                    break
            await until(serving.done, "the slow client is cut off")
        assert client.alive


@given(st.binary(max_size=300))
@settings(max_examples=300, deadline=None)
def test_fuzzed_frames_raise_protocol_error_only(text: bytes) -> None:
    with suppress(ProtocolError):
        decode(text)


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=10),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=8,
)


@given(
    st.fixed_dictionaries(
        {
            "v": st.just(1) | json_values,
            "kind": st.sampled_from(["request", "reply", "x"]) | json_values,
            "id": st.integers() | json_values,
            "name": st.text(max_size=40),
            "body": json_values,
        }
    )
)
@settings(max_examples=200, deadline=None)
def test_frames_of_the_right_shape_and_wrong_values(fields: dict[str, object]) -> None:
    try:
        frame = decode(json.dumps(fields).encode())
    except ProtocolError:
        return
    assert decode(encode(frame)[4:]) == frame


def test_deep_nesting_is_no_fault() -> None:
    with pytest.raises(ProtocolError):
        decode(b'{"v":1,"kind":"request","id":1,"name":"x","body":{"a":' + b"[" * 30_000 + b"]" * 30_000 + b"}}")
