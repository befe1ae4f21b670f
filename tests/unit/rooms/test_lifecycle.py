"""The table of the lifecycle: what follows what, what is late, what is a bug; and its picture in the docs."""

from pathlib import Path

import pytest

from rooms.errors import InvalidTransition
from rooms.lifecycle import (
    GRACE_S,
    LAPSE_S,
    LATE,
    TABLE,
    Close,
    Course,
    OfferMade,
    OfferTaken,
    PatientArrived,
    Principal,
    PrincipalSeen,
    Seal,
    Step,
    TimePassed,
    Transition,
    deadline,
    diagram,
    handle,
    next_state,
)
from rooms.model import EndedReason, Ignored, Role, State

DOCS = Path(__file__).resolve().parents[3] / "docs" / "LIFECYCLE.md"


def live(now: float = 100.0) -> Course:
    """A consultation with both principals in the room."""
    course = Course(State.SCHEDULED, Principal(connected=True, gone_since=now, absent_since=None))
    for event in (PatientArrived(), OfferMade(), OfferTaken(connected=True)):
        course = handle(course, event, now).course
    for role in (Role.PATIENT, Role.PRACTITIONER):
        course = handle(course, PrincipalSeen(role, True, True, now), now).course
    assert course.state is State.LIVE
    return course


def test_every_pair_is_a_step_or_late_or_a_bug_and_never_two_of_them() -> None:
    for state in State:
        for step in Step:
            assert not (step in TABLE[state] and step in LATE[state])
            if step in TABLE[state]:
                assert next_state(state, step) is TABLE[state][step]
            elif step in LATE[state]:
                assert isinstance(next_state(state, step), Ignored)
            else:
                with pytest.raises(InvalidTransition):
                    next_state(state, step)


def test_it_can_end_from_everywhere_and_only_the_end_is_sealed() -> None:
    for state in set(State) - {State.ENDED, State.SEALED}:
        assert next_state(state, Step.ENDED) is State.ENDED
        with pytest.raises(InvalidTransition):
            next_state(state, Step.SEALED)
    assert next_state(State.ENDED, Step.SEALED) is State.SEALED


def test_the_way_through_a_whole_consultation() -> None:
    course = live(100.0)
    assert course.live_since == 100.0
    ended = handle(course, Close(EndedReason.COMPLETED), 160.0)
    assert (ended.course.state, ended.course.ended_reason, ended.course.ended_at) == (State.ENDED, EndedReason.COMPLETED, 160.0)
    assert [step.step for step in ended.transitions] == [Step.ENDED]
    assert handle(ended.course, Seal(), 200.0).course.state is State.SEALED


def test_an_absence_within_grace_changes_nothing() -> None:
    course = handle(live(100.0), PrincipalSeen(Role.PATIENT, False, True, 110.0), 110.0).course
    assert deadline(course) == 110.0 + GRACE_S
    back = handle(course, PrincipalSeen(Role.PATIENT, True, True, 119.9), 119.9)
    assert (back.course.state, back.transitions) == (State.LIVE, ())


def test_words_alone_are_a_call_and_no_interruption() -> None:
    course = handle(live(100.0), PrincipalSeen(Role.PATIENT, True, False, 110.0), 110.0).course
    course = handle(course, PrincipalSeen(Role.PATIENT, True, False, 113.0, in_writing=True), 113.0).course
    assert deadline(course) is None
    back = handle(course, PrincipalSeen(Role.PATIENT, True, True, 190.0), 190.0)
    assert (back.course.state, back.transitions) == (State.LIVE, ())


def test_a_consultation_begins_in_writing_where_there_is_no_media_from_the_start() -> None:
    course = Course(State.CONNECTING, Principal(True, False, 100.0, None), Principal(True, True, None, None))
    course = handle(course, PrincipalSeen(Role.PATIENT, True, False, 104.0, in_writing=True), 104.0).course
    assert (course.state, course.live_since) == (State.LIVE, 104.0)
    gone = handle(course, PrincipalSeen(Role.PATIENT, False, False, 110.0, in_writing=True), 110.0).course
    assert handle(gone, TimePassed(), 120.0).course.state is State.INTERRUPTED  # writing needs a line


@pytest.mark.parametrize("role", [Role.PATIENT, Role.PRACTITIONER])
def test_an_absence_past_grace_interrupts_and_a_return_goes_on(role: Role) -> None:
    course = handle(live(100.0), PrincipalSeen(role, True, False, 110.0), 110.0).course
    interrupted = handle(course, TimePassed(), 120.0)
    assert interrupted.course.state is State.INTERRUPTED
    assert interrupted.transitions == (Transition(State.LIVE, State.INTERRUPTED, Step.ONE_GONE, "gone_past_grace"),)
    back = handle(interrupted.course, PrincipalSeen(role, True, True, 130.0), 130.0).course
    assert (back.state, back.live_since) == (State.LIVE, 100.0)


def test_grace_runs_from_the_first_who_is_gone() -> None:
    course = handle(live(100.0), PrincipalSeen(Role.PATIENT, False, False, 110.0), 110.0).course
    course = handle(course, PrincipalSeen(Role.PRACTITIONER, False, False, 118.0), 118.0).course
    assert deadline(course) == 120.0


def test_a_return_that_comes_after_grace_still_tells_of_the_interruption() -> None:
    course = handle(live(100.0), PrincipalSeen(Role.PATIENT, True, False, 110.0), 110.0).course
    late = handle(course, PrincipalSeen(Role.PATIENT, True, True, 125.0), 125.0)
    assert [step.step for step in late.transitions] == [Step.ONE_GONE, Step.BOTH_IN]


def test_an_absence_told_after_the_fact_counts_from_its_beginning() -> None:
    told = handle(live(100.0), PrincipalSeen(Role.PATIENT, False, False, 110.0), 121.0)
    assert told.course.state is State.INTERRUPTED


def test_both_gone_for_an_hour_lapses_but_one_who_waits_keeps_it() -> None:
    course = live(100.0)
    for role in (Role.PATIENT, Role.PRACTITIONER):
        course = handle(course, PrincipalSeen(role, False, False, 200.0), 200.0).course
    lapsed = handle(course, TimePassed(), 200.0 + LAPSE_S)
    assert [step.step for step in lapsed.transitions] == [Step.ONE_GONE, Step.ENDED]
    assert lapsed.course.ended_reason is EndedReason.LAPSED

    waiting = handle(course, PrincipalSeen(Role.PATIENT, True, False, 300.0), 300.0).course
    assert handle(waiting, TimePassed(), 300.0 + 10 * LAPSE_S).course.state is State.INTERRUPTED


def test_a_patient_in_line_who_went_away_lapses_after_an_hour() -> None:
    course = handle(Course(State.SCHEDULED, Principal(gone_since=5.0, absent_since=5.0)), PatientArrived(), 5.0).course
    assert deadline(course) == 5.0 + LAPSE_S
    assert handle(course, TimePassed(), 5.0 + LAPSE_S).course.ended_reason is EndedReason.LAPSED


def test_ending_twice_is_late_not_wrong() -> None:
    ended = handle(live(), Close(EndedReason.COMPLETED), 200.0).course
    again = handle(ended, Close(EndedReason.PATIENT_LEFT), 201.0)
    assert (again.course, again.transitions) == (ended, ())
    assert isinstance(again.steps[0], Ignored)


def test_the_picture_in_the_docs_is_the_table() -> None:
    text = DOCS.read_text()
    drawn = text.partition("```mermaid\n")[2].partition("\n```\n<!-- /lifecycle -->")[0]
    assert drawn == diagram(), f"put this into {DOCS.name}:\n{diagram()}"
