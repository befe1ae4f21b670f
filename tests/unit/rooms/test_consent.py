"""What people say about being recorded and what follows, step by step; and the pictures of both tables."""

from pathlib import Path

import pytest

from common.errors import UserError
from common.ids import ConsultationId, HospitalId, RecordingId, SeatId
from rooms.consent import (
    Purpose,
    RecordedTrack,
    Recording,
    RecordingOrder,
    RecordingState,
    Standing,
    Turnout,
    diagram,
    order_of,
)
from rooms.consent_course import Ask, Confirm, Event, Outcome, Reply, Room, Settle, Stop, Withdraw, first, handle

DOCS = Path(__file__).resolve().parents[3] / "docs" / "CONSENT.md"
DOCTOR, PATIENT, COMPANION = SeatId("s_doctor"), SeatId("s_patient"), SeatId("s_companion")
TWO, THREE = Room(frozenset({DOCTOR, PATIENT})), Room(frozenset({DOCTOR, PATIENT, COMPANION}))
BOTH, SOUND = Purpose.AUDIO_VIDEO, Purpose.AUDIO_ONLY


def ask(*, teaching: bool = False, erases: bool = True) -> Ask:
    return Ask(RecordingId("rc_one"), DOCTOR, BOTH, teaching, erases)


def on(room: Room = TWO, *, erases: bool = True, teaching: bool = False) -> Recording:
    recording = first(ask(erases=erases, teaching=teaching), room, 1.0).recording
    for seat in room.people - {DOCTOR}:
        recording = handle(recording, Reply(seat, BOTH, teaching), room, 2.0).recording
    assert recording.state is RecordingState.ON
    return recording


def after(recording: Recording, *events: tuple[Event, Room]) -> Outcome:
    for at, (event, room) in enumerate(events, 10):
        outcome = handle(recording, event, room, float(at))
        recording = outcome.recording
    return outcome


def order(recording: Recording, *here: SeatId) -> RecordingOrder:
    found = order_of(recording, ConsultationId("c_one"), HospitalId("h_one"), here or (DOCTOR, PATIENT))
    assert found is not None
    return found


def test_nothing_is_ordered_before_the_last_yes() -> None:
    asked = first(ask(), THREE, 1.0).recording
    assert asked.state is RecordingState.ASKED and not asked.copying
    one = handle(asked, Reply(PATIENT, BOTH, False), THREE, 2.0).recording
    assert order_of(one, ConsultationId("c_one"), HospitalId("h_one"), THREE.people) is None
    both = handle(one, Reply(COMPANION, BOTH, False), THREE, 3.0).recording
    assert both.copying, "the light is on before anything is copied"
    assert len(order(both, *THREE.people).tracks) == 6


def test_sound_alone_of_one_person_is_that_persons_choice_alone() -> None:
    recording = first(ask(), TWO, 1.0).recording
    recording = handle(recording, Reply(PATIENT, SOUND, False), TWO, 2.0).recording
    assert order(recording).tracks == {
        RecordedTrack(DOCTOR, "audio"),
        RecordedTrack(DOCTOR, "video"),
        RecordedTrack(PATIENT, "audio"),
    }


def test_one_no_is_enough_and_the_question_is_over() -> None:
    outcome = after(first(ask(), THREE, 1.0).recording, (Reply(COMPANION, None, False), THREE))
    assert outcome.recording.state is RecordingState.OFF and outcome.recording.reason is Turnout.DECLINED
    with pytest.raises(UserError) as refused:
        handle(outcome.recording, Reply(PATIENT, BOTH, False), THREE, 9.0)
    assert refused.value.code == "not_asked"


def test_a_newcomer_pauses_until_their_yes_and_their_no_keeps_it_paused_while_they_stay() -> None:
    joined = after(on(), (Settle(), THREE)).recording
    assert (joined.state, joined.reason) == (RecordingState.PAUSED, Turnout.JOINED)
    assert order(joined, *THREE.people).tracks == frozenset() and order(joined).state == "paused"
    refused = after(joined, (Reply(COMPANION, None, False), THREE)).recording
    assert (refused.state, refused.reason) == (RecordingState.PAUSED, Turnout.DECLINED)
    assert after(refused, (Settle(), TWO)).recording.state is RecordingState.ON, "who left blocks nobody"
    changed = after(refused, (Reply(COMPANION, SOUND, False), THREE)).recording
    assert changed.state is RecordingState.ON, "and may think again"
    assert after(joined, (Reply(COMPANION, BOTH, False), THREE)).recording.state is RecordingState.ON


def test_a_yes_taken_back_stops_everything_and_erases_that_person_where_the_hospital_erases() -> None:
    outcome = after(on(), (Withdraw(PATIENT, SOUND), TWO))
    assert outcome.recording.state is RecordingState.OFF and order(outcome.recording).tracks == frozenset()
    assert order(outcome.recording).state == "paused" and order(outcome.recording).reason == "withdrawn"
    assert [(one.seat, one.kinds) for one in outcome.erasures] == [(PATIENT, ("audio", "video"))]
    assert after(on(erases=False), (Withdraw(PATIENT, SOUND), TWO)).erasures == ()
    assert after(on(), (Reply(PATIENT, None, False), TWO)).recording.reason is Turnout.WITHDRAWN, "a no after a yes is the same"


def test_the_picture_alone_is_taken_back_and_the_sound_goes_on() -> None:
    outcome = after(on(), (Withdraw(PATIENT, BOTH), TWO))
    assert outcome.recording.state is RecordingState.ON
    assert RecordedTrack(PATIENT, "video") not in order(outcome.recording).tracks
    assert RecordedTrack(PATIENT, "audio") in order(outcome.recording).tracks
    assert [one.kinds for one in outcome.erasures] == [("video",)]


def test_teaching_is_another_question() -> None:
    recording = on(teaching=True)
    assert recording.answer(PATIENT).teaching is Standing.GIVEN
    outcome = after(recording, (Withdraw(PATIENT, Purpose.TEACHING), TWO))
    assert outcome.recording.answer(PATIENT).teaching is Standing.WITHDRAWN
    assert (outcome.recording.state, outcome.erasures) == (RecordingState.ON, ())
    assert on().answer(PATIENT).teaching is Standing.UNASKED


def test_after_the_end_a_yes_can_still_be_taken_back() -> None:
    over = after(on(), (Settle(), Room(frozenset(), over=True))).recording
    assert over.state is RecordingState.OVER and order(over).state == "over"
    outcome = after(over, (Withdraw(PATIENT, SOUND), Room(frozenset(), over=True)))
    assert (outcome.steps, len(outcome.erasures)) == ((), 1)
    again = after(outcome.recording, (Settle(), Room(frozenset(), over=True)))
    with pytest.raises(UserError) as refused:
        after(again.recording, (Withdraw(PATIENT, SOUND), Room(frozenset(), over=True)))
    assert refused.value.code == "nothing_to_withdraw"


def test_the_light_goes_out_only_when_nothing_is_known_to_be_copied() -> None:
    stopped = after(on(), (Stop(), TWO)).recording
    assert stopped.state is RecordingState.OFF and stopped.copying
    assert after(stopped, (Confirm(False, at=11.0), TWO)).recording.copying is False
    assert after(stopped, (Confirm(False, at=9.0), TWO)).recording.copying, "a word from before is none"
    assert after(on(), (Confirm(False, at=11.0), TWO)).recording.copying, "and while it is wanted the light stays on"


def test_asking_again_asks_everybody_anew() -> None:
    stopped = after(on(), (Stop(), TWO), (Confirm(False, 20.0), TWO)).recording
    asked = after(stopped, (ask(), TWO)).recording
    assert asked.state is RecordingState.ASKED and asked.answer(PATIENT).open and asked.answer(DOCTOR).yes
    assert asked.id == stopped.id and order(asked).reason == "asked"
    with pytest.raises(UserError) as refused:
        after(asked, (ask(), TWO))
    assert refused.value.code == "recording_under_way"


def test_the_pictures_in_the_docs_are_the_tables() -> None:
    drawn = DOCS.read_text().partition("do not edit between the marks -->\n")[2].partition("\n<!-- /consent -->")[0]
    assert drawn == diagram(), f"put this into {DOCS.name}:\n{diagram()}"
