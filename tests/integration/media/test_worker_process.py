"""A real worker process behind its Unix socket: calls through it, kills, silence, orphans, drains."""

import asyncio
import os
import signal
import stat
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

import media.supervisor
from common.errors import Unavailable
from common.ids import ConsultationId, new_id
from media.control.client import WorkerClient
from media.control.keeping import LONGEST_WAIT, ChildKeeper
from media.control.messages import SessionClose, SessionOpen, WorkerDump, WorkerPing, WorkerStatus
from media.control.unix import connect_unix
from media.stats import LoadMeter, resident_bytes
from media.supervisor import Supervisor
from tests.peers.browser import FakeBrowser
from tests.peers.calls import Call
from tests.peers.waiting import until
from tests.processes import unused_port, waits_for_input

LOOPBACK = ("127.0.0.1",)


class Workers:
    """A supervisor and what it told."""

    def __init__(self, folder: Path, count: int, first_port: int, memory_mb: int) -> None:
        self.told: list[tuple[str, str]] = []
        self.supervisor = Supervisor(
            count=count,
            folder=folder,
            node="n",
            on_worker=self.add,
            addresses=LOOPBACK,
            first_port=first_port,
            memory_mb=memory_mb,
        )

    def add(self, client: WorkerClient) -> None:
        self.told.append(("ready", client.epoch))
        client.on_died = lambda: self.told.append(("died", client.epoch))

    @property
    def client(self) -> WorkerClient:
        return self.supervisor.clients[0]

    @property
    def pid(self) -> int:
        process = self.supervisor._keepers[0]._process
        assert process is not None
        return process.pid


@asynccontextmanager
async def workers(count: int = 1, first_port: int = 0, memory_mb: int = 1024) -> AsyncIterator[Workers]:
    with tempfile.TemporaryDirectory(prefix="c-") as folder:
        started = Workers(Path(folder), count, first_port, memory_mb)
        await started.supervisor.start()
        try:
            yield started
        finally:
            await started.supervisor.stop(0)


async def test_a_call_of_three_through_a_worker_process() -> None:
    async with workers() as started:
        call = await Call.begin(started.client)
        one, two, three = FakeBrowser(), FakeBrowser(), FakeBrowser()
        one.want(two.label)
        two.want(one.label)
        await call.join(one)
        await call.join(two)
        await call.assert_alive(one, two)
        await call.assert_alive(two, one)
        three.want(one.label, two.label)
        await call.join(three)
        await call.assert_alive(one, three)
        again = FakeBrowser(two.label)
        again.want(one.label)
        await call.join(again)
        await call.assert_alive(again, one)
        await call.assert_alive(again, three)
        await call.close()


async def test_the_control_socket_is_its_owners_alone_and_serves_several() -> None:
    async with workers() as started:
        [(_, epoch, path)] = started.supervisor.registered()
        assert stat.S_IMODE(Path(path).stat().st_mode) == 0o600
        second = await connect_unix(path)
        assert second.epoch == epoch == started.client.epoch
        status = await second.request("worker_ping", None, WorkerPing())
        assert isinstance(status, WorkerStatus) and 0 <= status.headroom <= 1
        await second.close()
        assert started.client.alive


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGINT, signal.SIGABRT])
async def test_a_killed_worker_fails_what_is_pending_at_once_and_is_replaced(number: signal.Signals) -> None:
    async with workers() as started:
        client, pid = started.client, started.pid
        os.kill(pid, signal.SIGSTOP)  # so that the request is surely pending
        pending = asyncio.create_task(client.request("worker_dump", None, WorkerDump()))
        await asyncio.sleep(0)
        os.kill(pid, number)
        os.kill(pid, signal.SIGCONT)
        async with asyncio.timeout(2):
            try:
                await pending
            except Unavailable as error:
                assert error.code == "worker_died"
            await client.wait_closed()
        await until(lambda: len(started.told) == 3, "a successor comes", timeout_s=15)
        first, second = started.told[0][1], started.told[2][1]
        assert started.told == [("ready", first), ("died", first), ("ready", second)] and first != second
        assert not Path(f"/proc/{pid}").exists()


async def test_a_silent_worker_is_ended_within_seconds() -> None:
    async with workers() as started:
        pid = started.pid
        os.kill(pid, signal.SIGSTOP)
        await until(lambda: ("died", started.told[0][1]) in started.told, "the silence is noticed", timeout_s=8)
        await until(lambda: not Path(f"/proc/{pid}").exists(), "its process is gone")


async def test_a_worker_that_waits_for_a_core_is_given_longer_and_not_for_ever(monkeypatch: pytest.MonkeyPatch) -> None:
    """Its media flow, in a thread that goes first; another would have to wait as well, and every call would be cut."""
    loop, patience_s = asyncio.get_running_loop(), media.supervisor.SILENT_AFTER_S
    async with workers() as started:
        pid, died = started.pid, ("died", started.told[0][1])
        monkeypatch.setattr(ChildKeeper, "_waited_s", lambda _: loop.time())  # as the kernel would say of one that gets no core
        os.kill(pid, signal.SIGSTOP)
        stopped_at = loop.time()
        await until(lambda: died in started.told, "it is ended after all", timeout_s=6 * patience_s)
        assert loop.time() - stopped_at > LONGEST_WAIT * patience_s - 1


async def test_how_long_a_process_waits_for_a_core_is_what_the_kernel_says() -> None:
    async with workers() as started:
        keeper, pid = started.supervisor._keepers[0], started.pid
        before = keeper._waited_s()
        said = int(Path(f"/proc/{pid}/schedstat").read_text().split()[1]) / 1e9
        assert before <= said <= keeper._waited_s() and said > 0


async def test_a_worker_with_too_much_memory_in_use_is_replaced(capfd: pytest.CaptureFixture[str]) -> None:
    async with workers(memory_mb=16) as started:  # less than the interpreter has after its imports
        first = started.told[0][1]
        await until(lambda: ("died", first) in started.told, "the limit is enforced", timeout_s=8)
        await until(lambda: len(started.told) >= 3, "a successor comes", timeout_s=15)
    assert "most recent call first" in capfd.readouterr().err  # the stacks, for whoever looks for the leak


async def test_a_worker_near_its_memory_limit_has_no_room_for_another_call() -> None:
    loop, used = asyncio.get_running_loop(), resident_bytes()
    tight, ample = LoadMeter(loop, used), LoadMeter(loop, 100 * used)
    try:
        await until(lambda: tight.headroom < ample.headroom, "both have measured", timeout_s=10)
        assert tight.headroom == 0.0
    finally:
        tight.close()
        ample.close()


async def test_a_draining_worker_takes_nothing_new_and_ends_with_its_last_session() -> None:
    async with workers() as started:
        client = started.client
        session = ConsultationId(new_id("c"))
        await client.request("session_open", session, SessionOpen())
        os.kill(started.pid, signal.SIGTERM)

        async def refused() -> bool:
            other = ConsultationId(new_id("c"))
            try:
                await client.request("session_open", other, SessionOpen())
            except Unavailable as error:
                return error.code == "worker_full"
            await client.request("session_close", other, SessionClose())
            return False

        async with asyncio.timeout(5):
            while not await refused():
                pass
        await client.request("session_close", session, SessionClose())
        async with asyncio.timeout(5):
            await client.wait_closed()


async def test_stopping_leaves_no_process() -> None:
    async with workers(2) as started:
        pids = [keeper._process.pid for keeper in started.supervisor._keepers if keeper._process is not None]
        await started.client.request("session_open", ConsultationId(new_id("c")), SessionOpen())
        await started.supervisor.stop(0.2)
        assert [Path(f"/proc/{pid}").exists() for pid in pids] == [False, False]
        assert started.supervisor.clients == []


async def test_a_port_that_an_older_worker_still_has_is_waited_for() -> None:
    """A killed process leaves its worker and its calls behind, on the port that the operator opened in the firewall."""
    port = unused_port()
    async with workers(first_port=port) as older, workers(first_port=port) as newer:
        assert newer.supervisor.clients == [] and older.client.alive
        await older.supervisor.stop(0)
        await until(lambda: newer.supervisor.clients != [], "the port is taken over", timeout_s=15)
        assert newer.client.media_port == port


async def test_a_spare_takes_the_place_of_a_dead_worker_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(media.supervisor, "SPARE_AFTER_S", 0.0)
    async with workers() as started:
        spare = started.supervisor._spare
        await until(lambda: spare._process is not None, "a spare is made")
        waiting = spare._process
        assert waiting is not None
        await until(lambda: waits_for_input(waiting.pid), "it has loaded everything", timeout_s=30)
        os.kill(started.pid, signal.SIGKILL)
        await until(lambda: len(started.told) == 3, "a successor comes", timeout_s=2)
        assert started.pid == waiting.pid
        await until(lambda: spare._process is not None, "another spare is made")
        last = spare._process
    assert last is not None and last.returncode is not None


async def test_a_worker_that_cannot_start_is_told() -> None:
    with tempfile.TemporaryDirectory(prefix="c-") as folder:
        told: list[WorkerClient] = []
        supervisor = Supervisor(count=1, folder=Path(folder), node="n", on_worker=told.append, addresses=("not-an-address",))
        with pytest.raises(Unavailable):
            await supervisor.start()
        assert told == []
