"""The timeline over a real database of either kind: numbers without gaps whoever writes, one entry for a key, and who may."""

import asyncio
import itertools
import statistics
import time
from collections.abc import Callable
from dataclasses import replace

import pytest

from common.errors import UserError
from common.ids import SeatId
from rooms.access import TIMELINE_OPEN_S
from rooms.effects import ConsultationChanged, QueueChanged, TimelineGrew
from rooms.link import Joiner, LinkKind
from rooms.model import Desk, Rung, SeatGrant, SeatIdentity, State
from rooms.stills import Stills
from rooms.store.sql import SqlRoomsStore
from rooms.timeline import MOST_ENTRIES, Entry, EntryKind, EventCode
from rooms.timelines import Timelines
from tests.integration.rooms.conftest import DAY, HOSPITAL, NODE, Node


def timelines(node: Node) -> Timelines:
    return Timelines(SqlRoomsStore(node.database), node.clock, node.rooms.turns)


async def holder(node: Node, seat: SeatId) -> SeatIdentity:
    async with SqlRoomsStore(node.database).reading() as work:
        found = await work.consultations.identity(seat)
    assert found is not None
    return found


async def told(node: Node, who: SeatIdentity, after: int = 0) -> list[Entry]:
    """The whole timeline, page by page."""
    found: list[Entry] = []
    while True:
        page = await timelines(node).page(who, after)
        if not page.entries:
            assert page.last == after
            return found
        found += page.entries
        after = page.entries[-1].number


async def code_of(refused) -> str:  # type: ignore[no-untyped-def]
    with pytest.raises(UserError) as error:
        await refused
    return error.value.code


def events(entries: list[Entry]) -> list[tuple[str, str]]:
    return [(str(one.draft.code), one.draft.reason) for one in entries if one.draft.kind is EntryKind.EVENT]


async def test_two_nodes_write_and_turns_go_on_and_no_number_is_missing_or_twice(open_node: Callable[[], Node]) -> None:
    """Posts take no turn; turns of the same consultation (presence, media, rungs) write events between them."""
    nodes = [open_node(), open_node()]
    grant, seat, _ = await nodes[0].call()
    patient, doctor = await holder(nodes[0], grant.seat), await holder(nodes[0], seat)
    stories: dict[str, list[int]] = {}

    async def write(name: str, node: Node, who: SeatIdentity) -> None:
        for number in range(15):
            entry, effects = await timelines(node).post(who, f"{name}-{number:08}", f"{name} {number}")
            assert effects == [TimelineGrew(grant.consultation)]
            stories.setdefault(name, []).append(entry.number)

    async def meddle(node: Node, who: SeatIdentity) -> None:
        for turn in range(8):
            await node.rooms.seat_media(who.seat, bool(turn % 2), True)
            await timelines(node).take_rung(who, Rung.TEXT if turn % 2 == 0 else Rung.MEDIA, "no_path")
            await timelines(node).read(who, turn)

    async with asyncio.timeout(60), asyncio.TaskGroup() as group:
        for number, node in enumerate(nodes):
            group.create_task(write(f"patient-{number}", node, patient))
            group.create_task(write(f"doctor-{number}", node, doctor))
            group.create_task(meddle(node, (patient, doctor)[number]))
    entries = await told(nodes[1], patient)
    assert [one.number for one in entries] == list(range(1, len(entries) + 1))
    texts = [one for one in entries if one.draft.kind is EntryKind.TEXT]
    assert len(texts) == 60
    for name, numbers in stories.items():
        assert numbers == sorted(numbers)
        assert [one.number for one in texts if one.draft.text.startswith(name)] == numbers
    for who in (patient, doctor):
        mine = [str(one.draft.code) for one in entries if one.draft.seat == who.seat and "media" in str(one.draft.code)]
        assert mine == ["media_lost", "media_back"] * 4, "once for each change"
    view = await nodes[0].rooms.seat_view(patient.seat)
    assert view is not None and view.last_entry == len(entries)
    assert {person.seat: person.read for person in view.people} == {patient.seat: 7, doctor.seat: 7}


async def test_the_same_key_again_is_the_same_entry_also_at_once_and_elsewhere(open_node: Callable[[], Node]) -> None:
    first, second = open_node(), open_node()
    patient = await holder(first, (await first.patient()).seat)
    racing = [timelines(node).post(patient, "key-key-key", "Good morning") for node in [first, second] * 3]
    entries = {entry for entry, _ in await asyncio.gather(*racing)}
    assert len(entries) == 1
    again, effects = await timelines(second).post(patient, "key-key-key", "Good morning")
    assert again in entries and effects == []
    other = await holder(first, (await first.patient()).seat)
    mine, _ = await timelines(first).post(other, "key-key-key", "Another seat's key is another key")
    assert mine.draft.text.startswith("Another")
    assert len([one for one in await told(first, patient) if one.draft.kind is EntryKind.TEXT]) == 1


@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)  # one writer at a time is what SQLite is
async def test_a_post_waits_for_no_turn_and_no_turn_for_a_post(open_node: Callable[[], Node]) -> None:
    """While a turn of the hospital is under way (elsewhere: PostgreSQL's lock, not ours) posts and reads go through."""
    node = open_node()
    patient = await holder(node, (await node.patient()).seat)
    before = await node.rooms.versions()
    async with SqlRoomsStore(open_node().database).transaction() as work:
        await work.lines.lock(HOSPITAL)
        async with asyncio.timeout(2):
            await timelines(node).post(patient, "during-a-turn", "Is anybody there?")
            await timelines(node).read(patient, 1)
    after = await node.rooms.versions()
    assert after.queues == before.queues, "a message is no change of the queue"
    assert after.consultations[patient.consultation] > before.consultations[patient.consultation], "but polls find it"


async def test_what_a_turn_read_before_a_post_does_not_undo_it(open_node: Callable[[], Node]) -> None:
    node = open_node()
    grant = await node.patient()
    patient = await holder(node, grant.seat)
    (stale,) = await timelines(node).consultations([grant.consultation])
    entry, _ = await timelines(node).post(patient, "between-times", "between")
    await timelines(node).read(patient, entry.number)
    changed = stale.with_seat(replace(stale.seats[0], microphone=True))
    async with SqlRoomsStore(node.database).transaction() as work:
        await work.consultations.save(stale, changed, None, node.clock.now())
    (stored,) = await timelines(node).consultations([grant.consultation])
    assert (stored.last_entry, stored.seats[0].read, stored.seats[0].microphone) == (entry.number, entry.number, True)
    assert stored.revision > stale.revision + 1


async def test_a_consultation_is_told_from_the_arrival_to_the_end(node: Node) -> None:
    grant, seat, _ = await node.call()
    patient, doctor = await holder(node, grant.seat), await holder(node, seat)
    link, _ = await node.rooms.entrance.create_link(seat, LinkKind.COMPANION)
    guest, _ = await node.rooms.entrance.exchange(link.token, Joiner("Li Na"))
    await node.rooms.seat_in_call(grant.seat, False)
    node.clock.at += 11
    await node.rooms.tick()
    await timelines(node).take_rung(patient, Rung.STILLS, "no_path")
    await node.rooms.seat_in_call(grant.seat, True)
    await timelines(node).take_rung(patient, Rung.MEDIA, None)
    await node.rooms.leave(guest.seat)
    await node.rooms.end(seat)
    entries = await told(node, patient)
    assert events(entries) == [
        ("joined", ""),
        ("accepted", ""),
        ("confirmed", ""),
        ("confirmed", ""),
        ("live", ""),
        ("joined", ""),
        ("interrupted", "media"),
        ("media_lost", "no_path"),
        ("live", "again"),
        ("media_back", ""),
        ("left", ""),
        ("ended", "completed"),
    ]
    whose = [one.draft.seat for one in entries]
    assert [*whose[:2], *whose[4:7]] == [patient.seat, doctor.seat, None, guest.seat, patient.seat]
    assert entries[1].practitioner == doctor.practitioner and entries[5].name == "Li Na"
    assert entries[6].draft.code is EventCode.INTERRUPTED, "with who is out of the room"


async def test_who_may_read_and_write_and_until_when(node: Node) -> None:
    grant, seat, doctor_id = await node.call()
    patient, doctor = await holder(node, grant.seat), await holder(node, seat)
    link, _ = await node.rooms.entrance.create_link(seat, LinkKind.COMPANION)
    stays = await holder(node, (await node.rooms.entrance.exchange(link.token, Joiner("Li Na")))[0].seat)
    link, _ = await node.rooms.entrance.create_link(seat, LinkKind.INTERPRETER)
    leaves = await holder(node, (await node.rooms.entrance.exchange(link.token, Joiner("Liu Yang")))[0].seat)
    foreign = await holder(node, (await node.patient("Somebody else")).seat)
    lines = timelines(node)
    await lines.post(stays, "companion", "I am here too")
    assert "I am here too" in [one.draft.text for one in await told(node, patient)]
    assert all(not one.draft.text for one in await told(node, foreign)), "nothing of another consultation"

    await node.rooms.leave(leaves.seat)
    for act in (lines.post(leaves, "still-here", "?"), lines.page(leaves, 0), lines.read(leaves, 1), lines.access(leaves)):
        assert await code_of(act) == "seat_unknown"

    await node.rooms.end(seat)
    for act in (lines.post(stays, "afterwards", "?"), lines.page(stays, 0), lines.access(stays)):
        assert await code_of(act) == "not_allowed"
    _, effects = await lines.post(patient, "afterwards", "One more question")
    assert effects == [TimelineGrew(grant.consultation)] and QueueChanged(HOSPITAL) not in effects
    assert await node.rooms.seat_of_practitioner(doctor_id, seat) == doctor, "the doctor still speaks for the seat"
    await lines.post(doctor, "afterwards", "Gladly")
    node.clock.at += 24 * 3600 - 1
    await lines.post(patient, "last-minute", "Thank you")
    node.clock.at += 1
    for act in (lines.post(patient, "too-late-now", "?"), lines.page(doctor, 0), lines.read(doctor, 1)):
        assert await code_of(act) == "timeline_closed"


async def test_read_marks_only_grow_and_end_at_the_last_entry(node: Node) -> None:
    patient = await holder(node, (await node.patient()).seat)
    lines = timelines(node)
    await lines.post(patient, "one-one-one", "one")
    assert await lines.read(patient, 2) == [ConsultationChanged(patient.consultation)]
    assert await lines.read(patient, 1) == []
    assert await lines.read(patient, 10**9) == []
    (found,) = await lines.consultations([patient.consultation])
    assert found.seats[0].read == found.last_entry == 2


async def test_a_desk_shows_ended_consultations_with_what_is_unread(node: Node, open_node: Callable[[], Node]) -> None:
    other = open_node()
    grant, seat, doctor_id = await node.call()
    patient, doctor = await holder(node, grant.seat), await holder(node, seat)
    lines, midnight = timelines(node), node.clock.at - 3600

    async def desk(at: Node) -> tuple[int, list[tuple[SeatId, int]]]:
        view = await at.rooms.desk_view(HOSPITAL, Desk(doctor_id, (DAY,), midnight))
        return view.revision, [(one.seat, one.unread) for one in view.recent]

    assert (await desk(node))[1] == []
    await lines.read(doctor, 10**6)
    before, _ = await desk(other)
    await node.rooms.end(seat)
    revision, shown = await desk(other)
    assert shown == [(seat, 0)] and revision > before
    await lines.post(patient, "afterwards", "One more question")
    await lines.post(doctor, "answer-once", "One answer")
    for where in (node, other):
        after, shown = await desk(where)
        assert shown == [(seat, 1)] and after > revision
    await lines.read(doctor, 10**6)
    again, shown = await desk(other)
    assert shown == [(seat, 0)] and again > after
    view = await node.rooms.desk_view(HOSPITAL, Desk(doctor_id, (DAY,), midnight))
    assert view.recent[0].name == "Bai Yun"

    tomorrow = Desk(doctor_id, (DAY,), node.clock.at + 1)  # midnight has passed since
    assert (await open_node().rooms.desk_view(HOSPITAL, tomorrow)).recent == ()
    await lines.post(patient, "in-the-night", "And one in the night")
    assert [one.unread for one in (await node.rooms.desk_view(HOSPITAL, tomorrow)).recent] == [1], "not lost at midnight"


async def test_a_conversation_that_closes_by_time_alone_goes_from_the_desk(node: Node) -> None:
    _, seat, doctor_id = await node.call()
    desk = Desk(doctor_id, (DAY,), node.clock.at - 3600)
    await node.rooms.end(seat)
    node.clock.at += TIMELINE_OPEN_S - 1
    assert len((await node.rooms.desk_view(HOSPITAL, desk)).recent) == 1
    node.clock.at += 2
    assert (await node.rooms.desk_view(HOSPITAL, desk)).recent == ()


async def test_a_timeline_is_bounded(node: Node, monkeypatch: pytest.MonkeyPatch) -> None:
    assert MOST_ENTRIES >= 1000
    monkeypatch.setattr("rooms.timelines.MOST_ENTRIES", 3)
    grant, seat, _ = await node.call()
    patient = await holder(node, grant.seat)
    assert await code_of(timelines(node).post(patient, "one-too-many", "?")) == "timeline_full"
    await node.rooms.end(seat)
    assert events(await told(node, patient))[-1] == ("ended", "completed"), "events are told in any case"


@pytest.mark.parametrize("rung", [Rung.STILLS, Rung.TEXT])
async def test_who_comes_to_a_call_without_media_is_told_when_it_begins(node: Node, rung: Rung) -> None:
    doctor = await node.doctor()
    grant: SeatGrant = await node.patient()
    patient = await holder(node, grant.seat)
    await timelines(node).take_rung(patient, rung, "no_webrtc")
    assert events(await told(node, patient)) == [("joined", "")]
    offer = await node.offer(doctor)
    assert offer is not None
    await node.rooms.accept_offer(doctor, offer.offer)
    lost = [one.draft for one in await told(node, patient) if one.draft.code is EventCode.MEDIA_LOST]
    assert [one.seat for one in lost] == [grant.seat]
    view = await node.rooms.seat_view(grant.seat)
    assert view is not None and view.people[0].rung is rung


async def test_twenty_posts_a_second_leave_a_turn_quick(node: Node) -> None:
    """Real time: a hospital's turn while two people write faster than anybody can, beside one while nobody does; by turns, so
    that both are measured on the same machine."""
    grant = await node.patient()
    patient = await holder(node, grant.seat)
    await node.rooms.seat_connected(grant.seat, NODE)
    lines, quiet, busy = timelines(node), list[float](), list[float]()
    keys = (f"key-{number:08}" for number in itertools.count())

    async def write() -> None:
        while True:
            await lines.post(patient, next(keys), "x" * 200)
            await asyncio.sleep(0.05)

    async def act(turns: list[float]) -> None:
        stop = time.monotonic() + 0.4
        while time.monotonic() < stop:
            began = time.monotonic()
            await node.rooms.seat_media(grant.seat, bool(len(turns) % 2), False)
            turns.append(1000 * (time.monotonic() - began))
            await asyncio.sleep(0.02)

    for _ in range(4):
        await act(quiet)
        writing = asyncio.create_task(write())
        await act(busy)
        writing.cancel()
        await asyncio.gather(writing, return_exceptions=True)
    alone, among = statistics.median(quiet), statistics.median(busy)
    print(f"posts up to {next(keys)}; a turn {alone:.1f} ms alone, {among:.1f} ms among them")
    assert among < 4 * alone + 5


async def paired_without_media(node: Node) -> tuple[SeatIdentity, SeatIdentity]:
    """A patient without WebRTC and a doctor whose sound and picture reach the relay."""
    doctor_id = await node.doctor()
    patient = await holder(node, (await node.patient()).seat)
    await timelines(node).take_rung(patient, Rung.TEXT, "no_webrtc")
    offer = await node.offer(doctor_id)
    assert offer is not None
    seat, _ = await node.rooms.accept_offer(doctor_id, offer.offer)
    return patient, await holder(node, seat)


async def state_of(node: Node, who: SeatIdentity) -> State:
    (found,) = await timelines(node).consultations([who.consultation])
    return found.state


async def test_a_consultation_in_text_alone_is_a_consultation(node: Node) -> None:
    """Live when both said yes to the card, not interrupted for want of media, completed when it ends."""
    patient, doctor = await paired_without_media(node)
    await node.rooms.seat_in_call(doctor.seat, True)
    assert await state_of(node, patient) is State.CONNECTING, "nobody is in the room before the card is confirmed"
    await node.confirm(doctor.seat)
    assert await state_of(node, patient) is State.CONNECTING
    await node.confirm(patient.seat)
    assert await state_of(node, patient) is State.LIVE
    node.clock.at += 60
    await node.rooms.tick()
    assert await state_of(node, patient) is State.LIVE
    await node.rooms.seat_disconnected(patient.seat, NODE)
    node.clock.at += 11
    await node.rooms.tick()
    assert await state_of(node, patient) is State.INTERRUPTED, "a closed browser is an absence all the same"
    await node.rooms.seat_connected(patient.seat, NODE)
    assert await state_of(node, patient) is State.LIVE
    await node.rooms.end(doctor.seat)
    assert events(await told(node, patient))[-1] == ("ended", "completed")


async def test_a_lost_path_is_no_interruption_for_who_goes_on_in_text(node: Node) -> None:
    grant, seat, _ = await node.call()
    patient, doctor = await holder(node, grant.seat), await holder(node, seat)
    await node.rooms.seat_in_call(patient.seat, False)
    node.clock.at += 5
    await timelines(node).take_rung(patient, Rung.STILLS, "no_path")
    await node.rooms.seat_in_call(doctor.seat, False)  # the relay is gone for both
    node.clock.at += 5
    await timelines(node).take_rung(doctor, Rung.STILLS, "no_path")
    node.clock.at += 60
    await node.rooms.tick()
    assert await state_of(node, patient) is State.LIVE
    await timelines(node).take_rung(patient, Rung.MEDIA, None)  # it will try again
    node.clock.at += 11
    await node.rooms.tick()
    assert await state_of(node, patient) is State.INTERRUPTED
    await node.rooms.seat_in_call(patient.seat, True)
    assert await state_of(node, patient) is State.LIVE


async def test_a_still_lives_as_long_as_its_call(node: Node) -> None:
    stills = Stills(SqlRoomsStore(node.database), node.clock)
    waiting = await holder(node, (await node.patient("Somebody waiting")).seat)
    assert await code_of(stills.show(waiting, b"image")) == "not_in_call"
    await node.rooms.leave(waiting.seat)
    grant, seat, _ = await node.call()
    patient, doctor = await holder(node, grant.seat), await holder(node, seat)
    await timelines(node).take_rung(patient, Rung.STILLS, "no_path")
    revision = (await timelines(node).consultations([grant.consultation]))[0].revision
    assert await stills.show(patient, b"first") == [TimelineGrew(grant.consultation)]
    assert await code_of(stills.admit(patient)) == await code_of(stills.show(patient, b"too soon")) == "too_many_messages"
    node.clock.at += 2
    await stills.show(patient, b"second")
    await stills.show(doctor, b"the doctor's")
    shown = {one.seat: one.image for one in await stills.latest(grant.consultation)}
    assert shown == {patient.seat: b"second", doctor.seat: b"the doctor's"}, "the latest of each"
    assert (await timelines(node).consultations([grant.consultation]))[0].revision > revision, "polls find it"
    await timelines(node).take_rung(patient, Rung.MEDIA, None)
    assert [one.seat for one in await stills.latest(grant.consultation)] == [doctor.seat]
    await node.rooms.end(seat)
    assert await stills.latest(grant.consultation) == []
    assert await code_of(stills.show(patient, b"afterwards")) == "consultation_over"
    assert not any("still" in act for act in await node.audit(grant.consultation))
