"""Where rooms and media meet: calls find a worker, orphans are swept. A real store and a real worker in this process."""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

import pytest

import media.stats
from common.errors import Unavailable
from common.ids import ConsultationId, new_id
from media.control.client import WorkerClient
from media.control.messages import SessionList, SessionOpen, SessionsOpen
from rooms.effects import Effect
from rooms.model import MediaWorker
from signaling.placement import Placements
from signaling.reconciler import Reconciler
from tests.integration.rooms.conftest import NODE, Node
from tests.peers.calls import relay_in_process
from tests.processes import wait_for

WAIT_S = 5.0


@asynccontextmanager
async def placements(node: Node) -> AsyncIterator[Placements]:
    """Placements of a process that starts no worker of its own."""
    effects: list[Effect] = []

    async def connect(path: str) -> WorkerClient:
        raise Unavailable("worker_absent", "no media worker listens there")

    placing = Placements(node.rooms, node.clock, effects.extend, connect)
    try:
        yield placing
    finally:
        placing.let_go()
        await placing.stop()


def _reconciler(node: Node, placing: Placements) -> Reconciler:
    async def settle() -> None: ...

    return Reconciler(
        node=NODE, rooms=node.rooms, placements=placing, clock=node.clock, carry_out=lambda _effects: None,
        hear=lambda _hint: None, own_workers=list, report_presence=lambda: None, settle=settle,
    )  # fmt: skip


async def sessions(worker: WorkerClient) -> set[str]:
    listed = await worker.request("session_list", None, SessionList())
    assert isinstance(listed, SessionsOpen)
    return set(listed.sessions)


async def test_a_session_that_no_call_has_is_swept_and_nothing_else(open_node: Callable[[], Node]) -> None:
    node = open_node()
    grant, _, _ = await node.call()
    async with relay_in_process() as (relay, worker), placements(node) as placing:
        placing.add(worker)
        await placing.open(grant.consultation)
        orphan, probe = ConsultationId(new_id("c")), ConsultationId(new_id("q"))
        await worker.request("session_open", orphan, SessionOpen())
        await worker.request("session_open", probe, SessionOpen(purpose="probe"))
        await placing.sweep()
        assert await sessions(worker) == {grant.consultation}
        assert relay._status().probes == 1
        await node.rooms.end(grant.seat)  # and the order to close is lost
        await placing.sweep()
        assert await sessions(worker) == set()


async def test_a_call_without_a_worker_goes_to_the_first_that_comes(open_node: Callable[[], Node]) -> None:
    node = open_node()
    grant, _, _ = await node.call()
    async with relay_in_process() as (_, worker), placements(node) as placing:
        await placing.open(grant.consultation)
        assert await node.rooms.placement(grant.consultation) is None
        placing.add(worker)

        async def opened() -> bool:
            return grant.consultation in await sessions(worker)

        await wait_for(opened, WAIT_S, "the call to be placed")


async def test_a_full_worker_takes_a_call_that_lost_its_own_but_no_new_one(
    open_node: Callable[[], Node], monkeypatch: pytest.MonkeyPatch
) -> None:
    node = open_node()
    grant, _, _ = await node.call()
    async with relay_in_process() as (relay, worker), placements(node) as placing:
        monkeypatch.setattr(relay._load, "headroom", 0.0)
        monkeypatch.setattr(media.stats.LoadMeter, "_sum_up", lambda meter, now: setattr(meter, "_samples", 0))
        with pytest.raises(Unavailable):
            await placing.choose(0.05)
        placing._workers[(worker.worker, worker.epoch)] = worker  # known before: nothing is placed by its coming
        await placing.open(grant.consultation)
        assert await node.rooms.placement(grant.consultation) is None
        reconciler = _reconciler(node, placing)
        await reconciler.mend()
        assert await node.rooms.placement(grant.consultation) is None
        await node.rooms.place_session(grant.consultation, "lost", "epoch")
        await node.rooms.displace("lost", "epoch")  # and whoever saw that found nobody, or ended itself
        await reconciler.mend()
        assert await sessions(worker) == {grant.consultation}


async def test_a_call_placed_on_a_worker_as_it_dies_is_moved_though_a_heartbeat_enters_it_again(
    open_node: Callable[[], Node],
) -> None:
    """What was under way when it died, a placement and a heartbeat, is stored after its calls were moved. The clock stands
    still, so nobody waits for it to fall silent."""
    node = open_node()
    grant, _, _ = await node.call()
    async with relay_in_process() as (_, dying), relay_in_process() as (_, other), placements(node) as placing:
        entry = MediaWorker(dying.worker, NODE, "/gone", dying.epoch, node.clock.at)
        await node.rooms.worker_heartbeat(entry)
        placing.add(dying)
        await placing.open(grant.consultation)
        assert await sessions(dying) == {grant.consultation}
        dying._die()

        async def displaced() -> bool:
            return await node.rooms.placement(grant.consultation) is None and not await node.rooms.workers()

        await wait_for(displaced, WAIT_S, "the call to lose its place")
        await node.rooms.worker_heartbeat(entry)
        await node.rooms.place_session(grant.consultation, dying.worker, dying.epoch)
        await placing.open(grant.consultation)  # goes on to open the session there
        placing.add(other)

        async def moved() -> bool:
            return await sessions(other) == {grant.consultation}

        await wait_for(moved, WAIT_S, "the call to be moved")


async def test_a_loss_that_cannot_be_stored_is_stored_later(
    open_node: Callable[[], Node], monkeypatch: pytest.MonkeyPatch
) -> None:
    node = open_node()
    grant, _, _ = await node.call()
    displace, failures = node.rooms.displace, iter([Unavailable("queue_busy", "not now")])

    async def displace_later(worker: str, epoch: str) -> tuple[list[ConsultationId], list[Effect]]:
        for failure in failures:
            raise failure
        return await displace(worker, epoch)

    monkeypatch.setattr(node.rooms, "displace", displace_later)
    async with relay_in_process() as (_, dying), relay_in_process() as (_, other), placements(node) as placing:
        placing.add(dying)
        await placing.open(grant.consultation)
        placing.add(other)
        dying._die()

        async def moved() -> bool:
            return await sessions(other) == {grant.consultation}

        await wait_for(moved, WAIT_S, "the call to be moved")
