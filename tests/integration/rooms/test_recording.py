"""Consent over a real database: whatever turn a change comes with, the recording follows in the same transaction."""

from collections.abc import Callable

import pytest

from common.errors import UserError
from common.ids import SeatId
from rooms.consent import Purpose, RecordingOrder, RecordingState
from rooms.effects import Effect, EraseRecorded, RecordingChanged
from rooms.link import Joiner, LinkKind
from rooms.model import SeatGrant
from rooms.recordings import RecordingPolicy
from rooms.timeline import EventCode
from tests.integration.rooms.conftest import NODE, Node

ALLOWED = RecordingPolicy(allowed=True, erases=True)
BOTH, SOUND = Purpose.AUDIO_VIDEO, Purpose.AUDIO_ONLY


async def asked(node: Node, policy: RecordingPolicy = ALLOWED) -> tuple[SeatGrant, SeatId]:
    patient, doctor, _ = await node.call()
    await node.rooms.recordings.ask(doctor, policy, BOTH, teaching=False)
    return patient, doctor


async def recorded(node: Node, policy: RecordingPolicy = ALLOWED) -> tuple[SeatGrant, SeatId]:
    patient, doctor = await asked(node, policy)
    effects = await node.rooms.recordings.answer(patient.seat, BOTH, teaching=False)
    assert changed(effects)
    await node.rooms.recording_confirmed(patient.consultation, True, node.clock.now())
    return patient, doctor


async def companion(node: Node, patient: SeatGrant) -> SeatId:
    """Comes in by a link; joining is a yes to its card. Not connected yet."""
    link, _ = await node.rooms.entrance.create_link(patient.seat, LinkKind.COMPANION)
    grant, _ = await node.rooms.entrance.exchange(link.token, Joiner("Bai Lan"))
    return grant.seat


def changed(effects: list[Effect]) -> bool:
    return any(isinstance(one, RecordingChanged) for one in effects)


async def order(node: Node, patient: SeatGrant) -> RecordingOrder:
    found = await node.rooms.recording_order(patient.consultation)
    assert found is not None
    return found


async def light(node: Node, seat: SeatId) -> tuple[RecordingState, bool]:
    view = await node.rooms.seat_view(seat)
    assert view is not None and view.recording is not None
    return view.recording.state, view.recording.copying


async def events(node: Node, patient: SeatGrant) -> list[tuple[EventCode, str]]:
    who = await node.rooms.entrance._identity(patient.seat)
    from rooms.timelines import Timelines

    page = await Timelines(node.rooms.entrance._store, node.clock, node.rooms.turns).page(who, 0)
    codes = [(one.draft.code, one.draft.reason) for one in page.entries if one.draft.code is not None]
    return [(code, reason) for code, reason in codes if code.startswith("recording")]


async def test_it_begins_with_the_last_yes_and_is_the_same_after_a_restart(open_node: Callable[[], Node]) -> None:
    node = open_node()
    await node.rooms.heartbeat(NODE)
    patient, doctor = await asked(node)
    assert await node.rooms.recording_order(patient.consultation) is None
    view = await node.rooms.seat_view(doctor)
    assert view is not None and view.unanswered == (patient.seat,)
    await node.rooms.recordings.answer(patient.seat, SOUND, teaching=False)
    before = await order(node, patient)
    assert before.state == "on" and {(one.seat, one.kind) for one in before.tracks} == {
        (doctor, "audio"),
        (doctor, "video"),
        (patient.seat, "audio"),
    }
    again = open_node()  # another process, or this one started anew: it reads what is stored
    assert await order(again, patient) == before
    assert await again.rooms.recordings.under_way() == [patient.consultation]
    assert await light(again, patient.seat) == (RecordingState.ON, True)


async def test_a_hospital_that_never_said_so_records_nothing(node: Node) -> None:
    _, doctor, _ = await node.call()
    with pytest.raises(UserError) as refused:
        await node.rooms.recordings.ask(doctor, RecordingPolicy(allowed=False, erases=False), BOTH, teaching=False)
    assert refused.value.code == "recording_off"


async def test_only_the_doctor_asks_and_stops(node: Node) -> None:
    patient, doctor = await recorded(node)
    for act in (
        node.rooms.recordings.ask(patient.seat, ALLOWED, BOTH, teaching=False),
        node.rooms.recordings.stop(patient.seat),
    ):
        with pytest.raises(UserError) as refused:
            await act
        assert refused.value.code == "not_allowed"
    assert changed(await node.rooms.recordings.stop(doctor))
    assert not changed(await node.rooms.recordings.stop(doctor)), "twice is as good as once"


async def test_a_newcomer_pauses_it_and_leaving_lets_it_go_on(node: Node) -> None:
    patient, _ = await recorded(node)
    guest = await companion(node, patient)
    assert (await order(node, patient)).state == "on", "nobody is there yet"
    assert changed(await node.rooms.seat_connected(guest, NODE))
    paused = await order(node, patient)
    assert (paused.state, paused.reason, paused.tracks) == ("paused", "joined", frozenset())
    assert await light(node, guest) == (RecordingState.PAUSED, True), "until it is known that nothing is copied"
    await node.rooms.recording_confirmed(patient.consultation, False, node.clock.now())
    assert await light(node, guest) == (RecordingState.PAUSED, False)

    await node.rooms.recordings.answer(guest, None, teaching=False)
    assert (await order(node, patient)).reason == "declined"
    assert changed(await node.rooms.leave(guest))
    assert (await order(node, patient)).state == "on"
    assert await events(node, patient) == [
        (EventCode.RECORDING_ASKED, ""),
        (EventCode.RECORDING_ON, ""),
        (EventCode.RECORDING_PAUSED, "joined"),
        (EventCode.RECORDING_PAUSED, "declined"),
        (EventCode.RECORDING_ON, "again"),
    ]


async def test_a_companion_whose_window_is_closed_blocks_nobody_and_is_asked_on_return(node: Node) -> None:
    patient, _ = await recorded(node)
    guest = await companion(node, patient)
    await node.rooms.seat_connected(guest, NODE)
    assert changed(await node.rooms.seat_disconnected(guest, NODE))
    assert (await order(node, patient)).state == "on"
    assert changed(await node.rooms.seat_connected(guest, NODE))
    assert (await order(node, patient)).state == "paused"
    await node.rooms.recordings.answer(guest, SOUND, teaching=False)
    for reload in (node.rooms.seat_disconnected, node.rooms.seat_connected):
        assert not changed(await reload(guest, NODE)), "whoever said yes may reload"
    assert (await order(node, patient)).state == "on"


async def test_a_no_ends_the_question_and_not_the_call(node: Node) -> None:
    patient, doctor = await asked(node)
    await node.rooms.recordings.answer(patient.seat, None, teaching=False)
    assert await node.state(patient) == "live"
    assert await node.rooms.recording_order(patient.consultation) is None
    assert await events(node, patient) == [(EventCode.RECORDING_ASKED, ""), (EventCode.RECORDING_OFF, "declined")]
    await node.rooms.recordings.ask(doctor, ALLOWED, BOTH, teaching=False)
    assert (await light(node, patient.seat))[0] is RecordingState.ASKED


async def test_a_yes_taken_back_stops_it_and_orders_the_erasure_once(node: Node) -> None:
    patient, _ = await recorded(node)
    effects = await node.rooms.recordings.withdraw(patient.seat, SOUND)
    assert changed(effects) and EraseRecorded(patient.consultation) in effects
    stopped = await order(node, patient)
    assert (stopped.state, stopped.reason, stopped.tracks) == ("paused", "withdrawn", frozenset())
    assert await node.state(patient) == "live"
    (erasure,) = await node.rooms.recordings.erasures()
    assert (erasure.recording, erasure.seat, erasure.kinds) == (stopped.recording, patient.seat, ("audio", "video"))
    for _ in range(2):
        await node.rooms.recordings.erased(erasure)
    assert await node.rooms.recordings.erasures() == []
    acts = await node.audit(stopped.recording)  # type: ignore[arg-type]
    assert acts == ["recording_asked", "recording_on", "recording_off", "erasure_ordered", "recording_erased"]
    assert (await node.audit(patient.seat))[-1] == "consent_withdrawn"  # type: ignore[arg-type]


async def test_after_the_end_the_patient_may_still_take_it_back(node: Node) -> None:
    patient, doctor = await recorded(node)
    assert changed(await node.rooms.end(doctor))
    over = await order(node, patient)
    assert (over.state, over.tracks) == ("over", frozenset())
    assert await node.rooms.recordings.under_way() == [patient.consultation], "until it is known that nothing is copied"
    await node.rooms.recording_confirmed(patient.consultation, False, node.clock.now())
    assert await node.rooms.recordings.under_way() == []
    effects = await node.rooms.recordings.withdraw(patient.seat, SOUND)
    assert EraseRecorded(patient.consultation) in effects and len(await node.rooms.recordings.erasures()) == 1
    with pytest.raises(UserError) as refused:
        await node.rooms.recordings.answer(patient.seat, BOTH, teaching=False)
    assert refused.value.code == "not_asked"


async def test_where_the_hospital_keeps_nothing_is_ordered_to_be_erased(node: Node) -> None:
    patient, _ = await recorded(node, RecordingPolicy(allowed=True, erases=False))
    effects = await node.rooms.recordings.withdraw(patient.seat, SOUND)
    assert changed(effects) and await node.rooms.recordings.erasures() == []


async def test_a_dead_worker_changes_nothing_about_what_people_agreed_to(node: Node) -> None:
    patient, _ = await recorded(node)
    placement, _ = await node.rooms.place_session(patient.consultation, "w_one", "e1")
    before = await order(node, patient)
    _, effects = await node.rooms.displace(placement.worker, placement.epoch)
    assert await order(node, patient) == before and not changed(effects)
