"""Several nodes at once over one database: one wins, the others are told, and what is stored is whole."""

import asyncio
from collections import Counter
from collections.abc import Callable
from dataclasses import replace

import pytest
from sqlalchemy import insert

from common.errors import ConsiliumError
from common.ids import ConsultationId
from rooms.effects import ConsultationChanged, OpenRoom
from rooms.line import Line, Ticket
from rooms.link import Joiner, LinkKind
from rooms.model import Priority, SeatGrant, State
from rooms.ports import Conflict, WalkIn
from rooms.store import tables
from rooms.store.lines import SqlLines
from rooms.store.sql import SqlRoomsStore
from tests.integration.rooms.conftest import DAY, HOSPITAL, NODE, Node, doctor_id, offered


async def outcomes(*acts) -> Counter[str]:  # type: ignore[no-untyped-def]
    """How many succeeded, and the codes of the others."""
    done = await asyncio.gather(*acts, return_exceptions=True)
    for one in done:
        if isinstance(one, BaseException) and not isinstance(one, ConsiliumError):
            raise one
    return Counter(one.code if isinstance(one, ConsiliumError) else "done" for one in done)


async def test_of_racing_accepts_one_wins(open_node: Callable[[], Node]) -> None:
    first, second = open_node(), open_node()
    for _ in range(10):
        doctor = await first.doctor()
        grant = await first.patient()
        offer = await first.offer(doctor)
        assert offer is not None
        nodes = [first, second] * 2
        found = await outcomes(*(node.rooms.accept_offer(doctor, offer.offer) for node in nodes))
        assert found == {"done": 1, "offer_gone": 3}
        view = await second.rooms.seat_view(grant.seat)
        assert view is not None and len(view.people) == 2
        await first.rooms.end(grant.seat)


async def test_an_accept_racing_a_withdrawal_leaves_one_story(open_node: Callable[[], Node]) -> None:
    first, second = open_node(), open_node()
    for _ in range(10):
        doctor = await first.doctor()
        grant = await first.patient()
        offer = await first.offer(doctor)
        assert offer is not None
        found = await outcomes(first.rooms.accept_offer(doctor, offer.offer), second.rooms.leave(grant.seat))
        state = await first.state(grant)
        assert state is State.ENDED, "the patient left, before or after the doctor came"
        assert found in ({"done": 2}, {"done": 1, "offer_gone": 1})
        acts = await first.audit(grant.consultation)
        assert acts.count("consultation_ended") == 1
        assert await first.offer(doctor) is None


async def test_of_racing_exchanges_of_a_link_one_wins(open_node: Callable[[], Node]) -> None:
    first, second = open_node(), open_node()
    grant, seat, _ = await first.call()
    for _ in range(3):
        link, _ = await first.rooms.entrance.create_link(seat, LinkKind.COMPANION)
        found = await outcomes(*(node.rooms.entrance.exchange(link.token, Joiner("Li Na")) for node in [first, second] * 2))
        assert found == {"done": 1, "link_spent": 3}
    assert len(await first.rooms.seat_views(grant.consultation)) == 5


async def test_eight_tasks_over_two_engines_lose_nothing(open_node: Callable[[], Node]) -> None:
    """Everybody walks in, is offered to somebody, and is seen exactly once; the order is that of the arrivals."""
    nodes = [open_node(), open_node()]
    doctors = [await nodes[0].doctor(number) for number in range(4)]
    grants: list[SeatGrant] = []
    seen: list[ConsultationId] = []

    async def arrive(node: Node) -> None:
        for _ in range(5):
            grants.append(await node.patient())

    async def see(node: Node, number: int) -> None:
        while len(seen) < 40:
            offer = await node.offer(doctors[number])
            if offer is not None:
                seat, _ = await node.rooms.accept_offer(doctors[number], offer.offer)
                await node.rooms.end(seat)
                seen.append(offer.consultation)

    async with asyncio.timeout(60):
        async with asyncio.TaskGroup() as group:
            for number in range(8):
                group.create_task(arrive(nodes[number % 2]))
            for number in range(4):
                group.create_task(see(nodes[number % 2], number))
    assert sorted(seen) == sorted(grant.consultation for grant in grants)
    for grant in grants:
        assert await nodes[0].audit(grant.consultation) == [
            "consultation_waiting",
            "offer_shown",
            "consultation_offered",
            "consultation_connecting",
            "consultation_ended",
        ]
    async with nodes[0].database.reading() as connection:
        line = await SqlLines(connection).load(HOSPITAL)
    assert (line.arrivals, line.offers_made, line.tickets, line.offers) == (40, 40, {}, {})


async def test_a_change_by_another_node_is_seen_at_once(open_node: Callable[[], Node]) -> None:
    first, second = open_node(), open_node()
    await first.patient()  # both remember the line from here on
    one = (await second.rooms.places(HOSPITAL)).copy()
    other = await first.patient()
    assert len(one) == 1 and len(await second.rooms.places(HOSPITAL)) == 2
    view = await second.rooms.seat_view(other.seat)
    assert view is not None and view.place is not None and view.place.ahead == 1
    third = await second.patient()
    assert (await first.rooms.places(HOSPITAL))[third.consultation].ahead == 2


async def test_an_uncontended_event_reads_no_line_again(open_node: Callable[[], Node], monkeypatch: pytest.MonkeyPatch) -> None:
    first, second = open_node(), open_node()
    await first.patient()
    loads: list[object] = []
    whole = SqlLines.load

    async def counted(self: SqlLines, hospital) -> Line:  # type: ignore[no-untyped-def]
        loads.append(hospital)
        return await whole(self, hospital)

    monkeypatch.setattr(SqlLines, "load", counted)
    for _ in range(5):
        await first.patient()
    await first.rooms.places(HOSPITAL)
    assert loads == []
    await second.patient()
    assert loads == [HOSPITAL]


async def test_a_deadline_fires_once_on_two_nodes(open_node: Callable[[], Node]) -> None:
    first, second = open_node(), open_node()
    doctor = await first.doctor()
    grant = await first.patient()
    assert await first.offer(doctor) is not None
    first.clock.at += 30
    effects = await asyncio.gather(*(node.rooms.tick() for node in [first, second] * 3))
    assert sum(effect == ConsultationChanged(grant.consultation) for one in effects for effect in one) == 1
    assert (await first.audit(grant.consultation)).count("consultation_waiting") == 2


async def test_effects_that_were_never_carried_out_are_found_again(open_node: Callable[[], Node]) -> None:
    """A process dies between commit and emit: offers, states and calls without a room are all in the database."""
    dead = open_node()
    since = dead.clock.at
    doctor = await dead.doctor()
    grant = await dead.patient()
    heir = open_node()
    offer = await heir.offer(doctor)
    assert offer is not None
    found = await heir.rooms.versions(since)
    assert found.queues[HOSPITAL] > 0 and grant.consultation in found.consultations
    _, lost = await dead.rooms.accept_offer(doctor, offer.offer)
    assert OpenRoom(grant.consultation) in lost
    assert await heir.rooms.unplaced() == {grant.consultation: False}
    later = await heir.rooms.versions(found.at)
    assert later.queues[HOSPITAL] > found.queues[HOSPITAL]
    assert later.consultations[grant.consultation] > found.consultations[grant.consultation]
    assert grant.consultation in (await heir.rooms.versions()).consultations


async def test_a_turn_that_fails_leaves_nothing(open_node: Callable[[], Node], monkeypatch: pytest.MonkeyPatch) -> None:
    node = open_node()
    await node.doctor()
    before = await node.rooms.places(HOSPITAL)

    async def broken(*_: object) -> None:
        raise RuntimeError("the audit cannot be written")

    from rooms.store.sql import SqlWork

    with monkeypatch.context() as patched:
        patched.setattr(SqlWork, "audit", broken)
        with pytest.raises(RuntimeError):
            await node.rooms.walk_in(WalkIn(HOSPITAL, DAY, "Bai Yun", None, "", "zh"))
    assert await node.rooms.places(HOSPITAL) == before
    assert (await node.rooms.versions()).consultations == {}
    grant = await node.patient()
    assert await node.state(grant) is State.OFFERED, "the memory of the line was not spoilt either"


async def test_a_stale_version_is_refused(open_node: Callable[[], Node]) -> None:
    node = open_node()
    await node.patient()
    store = SqlRoomsStore(node.database)
    with pytest.raises(Conflict):
        async with store.transaction() as work:
            version = await work.lines.lock(HOSPITAL)
            line = await work.lines.load(HOSPITAL)
            await work.lines.save(line, replace(line.copy(), arrivals=99), version - 1, None)
    async with store.reading() as work:
        assert (await work.lines.load(HOSPITAL)).arrivals == 1


@pytest.mark.parametrize("same", ["consultation", "practitioner"])
async def test_the_database_itself_refuses_a_second_offer(open_node: Callable[[], Node], same: str) -> None:
    node = open_node()
    doctor = await node.doctor()
    grant, other = await node.patient(), await node.patient()
    twice = {
        "id": "o_aaaaaaaaaaaaaaaa",
        "hospital": HOSPITAL,
        "consultation": grant.consultation if same == "consultation" else other.consultation,
        "practitioner": doctor if same == "practitioner" else doctor_id(9),
        "department": DAY,
        "made_at": 0.0,
        "expires_at": 0.0,
    }
    with pytest.raises(Conflict):
        async with SqlRoomsStore(node.database).transaction() as work:
            await work.lines._connection.execute(insert(tables.queue_offer).values(twice))


async def test_the_database_itself_refuses_a_second_call_of_a_doctor(open_node: Callable[[], Node]) -> None:
    node = open_node()
    grant, _, doctor = await node.call()
    with pytest.raises(Conflict):
        async with SqlRoomsStore(node.database).transaction() as work:
            (found,) = await work.consultations.load([grant.consultation])
            twin = replace(found, id="c_aaaaaaaaaaaaaaaa", seats=())  # type: ignore[arg-type]
            await work.consultations.save(None, twin, None, 0.0)
    assert doctor == found.practitioner


async def test_conflicts_are_tried_again(open_node: Callable[[], Node], monkeypatch: pytest.MonkeyPatch) -> None:
    node = open_node()
    whole = SqlLines.save
    fails = [True, True, False]

    async def unlucky(self: SqlLines, *line) -> None:  # type: ignore[no-untyped-def]
        if fails.pop(0):
            raise Conflict
        await whole(self, *line)

    with monkeypatch.context() as patched:
        patched.setattr(SqlLines, "save", unlucky)
        grant, _ = await node.rooms.walk_in(WalkIn(HOSPITAL, DAY, "Bai Yun", None, "", "zh"))
        assert fails == []
        fails += [True] * 100
        with pytest.raises(ConsiliumError) as refused:
            await node.rooms.leave(grant.seat)
        assert refused.value.code == "queue_contended"
    await node.rooms.leave(grant.seat)


async def test_a_whole_line_survives_the_store(open_node: Callable[[], Node]) -> None:
    """What another node loads is exactly what this one stored, refusals and all."""
    node = open_node()
    for number in range(3):
        await node.doctor(number)
    for _ in range(5):
        await node.patient()
    offer = await node.offer(doctor_id(0))
    assert offer is not None
    await node.rooms.decline_offer(doctor_id(0), offer.offer)
    await node.rooms.desk_disconnected(doctor_id(1), HOSPITAL, NODE)
    remembered: Line = node.rooms._turns._standings[HOSPITAL].line
    async with SqlRoomsStore(node.database).reading() as work:
        assert await work.lines.load(HOSPITAL) == remembered
    assert any(ticket.refusals for ticket in remembered.tickets.values())
    assert isinstance(next(iter(remembered.tickets.values())), Ticket)
    assert all(ticket.priority is Priority.ROUTINE for ticket in remembered.tickets.values())


async def test_nobody_is_offered_twice_when_offers_come_from_both_nodes(open_node: Callable[[], Node]) -> None:
    first, second = open_node(), open_node()
    for number in range(6):
        await (first if number % 2 else second).doctor(number)
    grants = [WalkIn(HOSPITAL, DAY, "Bai Yun", None, "", "zh") for _ in range(6)]
    seats = await asyncio.gather(*((first, second)[n % 2].rooms.walk_in(one) for n, one in enumerate(grants)))
    found = await asyncio.gather(
        *((second, first)[n % 2].rooms.seat_connected(grant.seat, NODE) for n, (grant, _) in enumerate(seats))
    )
    made = [offer for effects in found for offer in offered(effects)]
    assert len({offer.consultation for offer in made}) == len({offer.practitioner for offer in made}) == len(made) == 6
