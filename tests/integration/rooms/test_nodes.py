"""Nodes and media workers that come, go and die: presence follows the living, calls are placed once and again."""

import asyncio
from collections.abc import Callable
from dataclasses import replace

import pytest

from common.errors import UserError
from rooms.effects import OpenRoom
from rooms.model import MediaWorker, State
from tests.integration.rooms.conftest import HOSPITAL, NODE, Node


async def test_a_silent_node_loses_its_seats_and_learns_of_it(open_node: Callable[[], Node]) -> None:
    first, second = open_node(), open_node()
    assert await first.rooms.heartbeat(NODE) is False, "unknown: it must report its sockets"
    assert await first.rooms.heartbeat(NODE) is True
    await second.rooms.heartbeat("n_two")
    grant, _, _ = await first.call()
    second.clock.at += 9
    await second.rooms.heartbeat("n_two")
    assert await second.rooms.reap() == []
    second.clock.at += 1
    await second.rooms.reap()
    assert await second.state(grant) is State.INTERRUPTED, "gone since the node was last heard of: grace is over"
    assert await first.rooms.heartbeat(NODE) is False
    assert await second.rooms.reap() == []


async def test_whoever_came_back_elsewhere_in_time_was_never_gone(open_node: Callable[[], Node]) -> None:
    first, second = open_node(), open_node()
    await first.rooms.heartbeat(NODE)
    grant, _, doctor = await first.call()
    second.clock.at += 3
    await second.rooms.heartbeat("n_two")
    await second.rooms.seat_connected(grant.seat, "n_two")
    await second.rooms.desk_connected(doctor, HOSPITAL, "n_two")
    second.clock.at += 7
    await second.rooms.reap()
    assert await second.state(grant) is State.LIVE
    view = await second.rooms.seat_view(grant.seat)
    assert view is not None and all(person.present for person in view.people)


async def test_two_nodes_reap_together_once(open_node: Callable[[], Node]) -> None:
    nodes = [open_node(), open_node()]
    await nodes[0].rooms.heartbeat(NODE)
    grant, _, _ = await nodes[0].call()
    nodes[0].clock.at += 20
    await asyncio.gather(*(node.rooms.reap() for node in nodes * 2))
    assert (await nodes[0].audit(grant.consultation)).count("consultation_interrupted") == 1


async def test_a_node_that_says_goodbye_is_gone_at_once_but_grace_runs(node: Node) -> None:
    grant, _, _ = await node.call()
    await node.rooms.node_stopped(NODE)
    view = await node.rooms.seat_view(grant.seat)
    assert view is not None and not any(person.present for person in view.people)
    assert view.state is State.LIVE
    assert await node.rooms.next_deadline() == node.clock.at + 10


async def test_more_orphans_than_one_look_takes_are_found_by_the_next(node: Node) -> None:
    for _ in range(60):
        await node.patient()
    node.clock.at += 10
    await node.rooms.reap()
    await node.rooms.reap()
    assert not any(view.people[0].present for view in await node.rooms.waiting_views(HOSPITAL))


async def test_the_first_to_place_a_call_wins(open_node: Callable[[], Node]) -> None:
    first, second = open_node(), open_node()
    grant, _, _ = await first.call()
    placed = await asyncio.gather(
        first.rooms.place_session(grant.consultation, "w1", "e1"),
        second.rooms.place_session(grant.consultation, "w2", "e2"),
        first.rooms.place_session(grant.consultation, "w1", "e1"),
    )
    assert len({placement for placement, _ in placed}) == 1
    assert sum(bool(effects) for _, effects in placed) == 1
    assert await second.rooms.unplaced() == {}


async def test_a_dead_worker_gives_its_calls_back_and_the_browsers_start_afresh(node: Node) -> None:
    grant, seat, _ = await node.call()
    await node.rooms.place_session(grant.consultation, "w1", "e1")
    assert await node.rooms.displace("w1", "another-epoch") == ([], [])
    moved, effects = await node.rooms.displace("w1", "e1")
    assert moved == [grant.consultation] and OpenRoom(grant.consultation) in effects
    view = await node.rooms.seat_view(seat)
    assert view is not None and view.media_epoch is None and not any(person.in_call for person in view.people)
    assert await node.rooms.unplaced() == {grant.consultation: True}
    placement, _ = await node.rooms.place_session(grant.consultation, "w1", "e2")
    assert placement.generation == 2
    assert await node.rooms.displace_session(grant.consultation, "w1", "e1") == [], "the old epoch's word counts no more"
    view = await node.rooms.seat_view(seat)
    assert view is not None and view.media_epoch == "2" and view.state is State.LIVE
    for one in (grant.seat, seat):
        await node.rooms.seat_in_call(one, True)
    node.clock.at += 60
    await node.rooms.tick()
    assert await node.state(grant) is State.LIVE, "back within grace"


async def test_an_ended_call_has_no_place(node: Node) -> None:
    grant, seat, _ = await node.call()
    await node.rooms.place_session(grant.consultation, "w1", "e1")
    assert await node.rooms.placements("w1", "e1") == [grant.consultation]
    await node.rooms.end(seat)
    assert await node.rooms.placements("w1", "e1") == []
    assert await node.rooms.placement(grant.consultation) is None
    with pytest.raises(UserError) as refused:
        await node.rooms.place_session(grant.consultation, "w1", "e1")
    assert refused.value.code == "not_in_call"


async def test_workers_are_registered_renewed_and_forgotten_by_epoch(node: Node) -> None:
    worker = MediaWorker("w1", NODE, "/run/w1.sock", "e1", 1.0)
    await node.rooms.worker_heartbeat(worker)
    await node.rooms.worker_heartbeat(replace(worker, epoch="e2", heartbeat=2.0))
    await node.rooms.worker_gone("w1", "e1")
    assert await node.rooms.workers() == [replace(worker, epoch="e2", heartbeat=2.0)]
    await node.rooms.worker_gone("w1", "e2")
    assert await node.rooms.workers() == []
