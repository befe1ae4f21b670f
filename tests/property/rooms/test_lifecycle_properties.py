"""Whatever is told about a consultation in whatever order, its course keeps the table's promises."""

from hypothesis import given, settings
from hypothesis import strategies as st

from rooms.errors import InvalidTransition
from rooms.lifecycle import (
    CALLBACK_LAPSE_S,
    GRACE_S,
    LAPSE_S,
    TABLE,
    Close,
    Course,
    Event,
    OfferClosed,
    OfferMade,
    OfferTaken,
    Outcome,
    PatientArrived,
    Principal,
    PrincipalSeen,
    Seal,
    TimePassed,
    deadline,
    handle,
)
from rooms.model import IN_LINE, OVER, EndedReason, Role, State

seen = st.builds(
    PrincipalSeen,
    role=st.sampled_from([Role.PATIENT, Role.PRACTITIONER]),
    connected=st.booleans(),
    in_call=st.booleans(),
    at=st.just(0.0),
    in_writing=st.booleans(),
)
events: st.SearchStrategy[Event] = st.one_of(
    st.just(PatientArrived()),
    st.just(OfferMade()),
    st.just(OfferClosed("declined")),
    st.builds(OfferTaken, connected=st.booleans()),
    seen,
    seen,
    seen,
    st.just(TimePassed()),
    st.just(TimePassed()),
    st.builds(Close, st.sampled_from(EndedReason)),
    st.just(Seal()),
)
_HERE = Principal(connected=True, in_call=True, gone_since=None, absent_since=None)
_NOT_YET = Principal(connected=True, in_call=False, gone_since=1000.0, absent_since=None)
STARTS = [
    Course(State.SCHEDULED, Principal(gone_since=1000.0, absent_since=1000.0)),
    Course(State.SCHEDULED, Principal(gone_since=1000.0, absent_since=1000.0), open_until=1000.0 + LAPSE_S),
    Course(State.WAITING, Principal(gone_since=1000.0, absent_since=1000.0), callback=True),
    Course(State.CONNECTING, _NOT_YET, _NOT_YET),
    Course(State.LIVE, _HERE, _HERE, live_since=1000.0),
]
pauses = st.one_of(st.floats(0, 3), st.sampled_from([2.0, 4.0, 6.0, LAPSE_S]), st.floats(0, 30), st.floats(0, 2 * LAPSE_S))


@settings(max_examples=400, deadline=None)
@given(st.sampled_from(STARTS), st.lists(st.tuples(pauses, events), max_size=40))
def test_every_course_follows_the_table(course: Course, history: list[tuple[float, Event]]) -> None:
    now = 1000.0
    for pause, event in history:
        now += pause
        if isinstance(event, PrincipalSeen):
            event = PrincipalSeen(event.role, event.connected, event.in_call, now, event.in_writing)  # noqa: PLW2901
        try:
            outcome = handle(course, event, now)
        except InvalidTransition:
            continue  # the turn is rolled back: the course stays as it was
        check_steps(course, event, outcome)
        course = outcome.course
        check_state(course, now)


def check_steps(before: Course, event: Event, outcome: Outcome) -> None:
    """The transitions form an unbroken path in the table from one state to the other: as many audit entries as steps."""
    at, after, steps = before.state, outcome.course, outcome.transitions
    for step in steps:
        assert step.before is at
        assert TABLE[at][step.step] is step.after
        at = step.after
    assert at is after.state
    if before.state in OVER:
        assert after.state in OVER and after.ended_at == before.ended_at and after.ended_reason == before.ended_reason
    invited = before.state is State.SCHEDULED and before.open_until is not None
    if any(step.reason == "lapsed" for step in steps) and not isinstance(event, Close) and not invited:
        people = (before.patient, before.practitioner)
        assert all(one is None or one.absent_since is not None for one in people), "it lapsed with somebody there"


def check_state(course: Course, now: float) -> None:
    """Never live with a principal gone past grace, never under way when all are absent past the lapse, never due in the past."""
    due = deadline(course)
    assert due is None or due > now
    people = [course.patient] + ([course.practitioner] if course.practitioner else [])
    if course.state is State.LIVE:
        assert course.practitioner is not None and course.live_since is not None
        assert all(one.gone_since is None or now < one.gone_since + GRACE_S for one in people)
    if course.state not in OVER | {State.SCHEDULED}:
        patience = CALLBACK_LAPSE_S if course.callback and course.state in IN_LINE else LAPSE_S
        assert any(one.absent_since is None or now < one.absent_since + patience for one in people)
    if course.state is State.SCHEDULED:
        assert course.open_until is None or now < course.open_until
    assert (course.ended_at is not None) == (course.state in OVER) == (course.ended_reason is not None)
    for one in people:
        assert (one.gone_since is None) == (one.connected and (one.in_call or one.in_writing))
        assert (one.absent_since is None) == (one.connected or one.in_call)
