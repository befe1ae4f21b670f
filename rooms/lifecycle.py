"""The life of one consultation, as a table and two clocks. A pure core: events and time in, transitions out.

Decides which state follows, when an absence interrupts a call and when an abandoned consultation lapses. It never stores,
audits or sends: whoever carries out a `Transition` writes exactly one audit entry for it in the same transaction.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import assert_never

from rooms.errors import InvalidTransition
from rooms.model import IN_LINE, OVER, EndedReason, Ignored, Role, State

GRACE_S = 10.0  # a network change or a reload is over in 5 s (spec M4); twice that is an interruption people should see
LAPSE_S = 3600.0  # nobody has been there for an hour: nobody comes back to this one
CALLBACK_LAPSE_S = 6 * 3600.0  # but somebody who waits to be called back may be anywhere


class Step(StrEnum):
    """What can happen to a consultation."""

    ARRIVED = "arrived"
    OFFERED = "offered"
    OFFER_CLOSED = "offer_closed"
    ACCEPTED = "accepted"
    BOTH_IN = "both_in"
    ONE_GONE = "one_gone"
    ENDED = "ended"
    SEALED = "sealed"


TABLE: dict[State, dict[Step, State]] = {
    State.SCHEDULED: {Step.ARRIVED: State.WAITING, Step.ENDED: State.ENDED},
    State.WAITING: {Step.OFFERED: State.OFFERED, Step.ENDED: State.ENDED},
    State.OFFERED: {Step.OFFER_CLOSED: State.WAITING, Step.ACCEPTED: State.CONNECTING, Step.ENDED: State.ENDED},
    State.CONNECTING: {Step.BOTH_IN: State.LIVE, Step.ENDED: State.ENDED},
    State.LIVE: {Step.ONE_GONE: State.INTERRUPTED, Step.ENDED: State.ENDED},
    State.INTERRUPTED: {Step.BOTH_IN: State.LIVE, Step.ENDED: State.ENDED},
    State.ENDED: {Step.SEALED: State.SEALED},
    State.SEALED: {},
}

LATE: dict[State, frozenset[Step]] = {
    State.SCHEDULED: frozenset(),
    State.WAITING: frozenset({Step.ARRIVED, Step.OFFER_CLOSED}),
    State.OFFERED: frozenset({Step.ARRIVED, Step.OFFERED}),
    State.CONNECTING: frozenset({Step.ARRIVED, Step.OFFER_CLOSED, Step.ACCEPTED, Step.ONE_GONE}),
    State.LIVE: frozenset({Step.ARRIVED, Step.OFFER_CLOSED, Step.ACCEPTED, Step.BOTH_IN}),
    State.INTERRUPTED: frozenset({Step.ARRIVED, Step.OFFER_CLOSED, Step.ACCEPTED, Step.ONE_GONE}),
    State.ENDED: frozenset(Step) - {Step.SEALED},
    State.SEALED: frozenset(Step),
}
"""What may still come in from another process after its moment has passed: ignored, not an error."""


def next_state(state: State, step: Step) -> State | Ignored:
    """The table, asked once. Raises InvalidTransition for a step that no lateness explains."""
    follows = TABLE[state].get(step)
    if follows is not None:
        return follows
    if step in LATE[state]:
        return Ignored(f"{step}_while_{state}")
    raise InvalidTransition(state, step)


@dataclass(frozen=True, slots=True)
class Principal:
    """Whether the patient or the practitioner is there: `connected` by a socket, `in_call` by a media path, `in_writing`
    where none is to be had: then words over the socket are the call.

    `gone_since` is set while they do not take part (a socket, and a media path or writing), `absent_since` while they are
    nowhere at all (neither socket nor media path).
    """

    connected: bool = False
    in_call: bool = False
    gone_since: float | None = 0.0
    absent_since: float | None = 0.0
    in_writing: bool = False

    def seen(self, connected: bool, in_call: bool, at: float, in_writing: bool = False) -> "Principal":
        """The same person after a change at `at`; an absence that goes on keeps its beginning."""
        takes_part = connected and (in_call or in_writing)
        gone = None if takes_part else (at if self.gone_since is None else self.gone_since)
        absent = None if connected or in_call else (at if self.absent_since is None else self.absent_since)
        return Principal(connected, in_call, gone, absent, in_writing)


@dataclass(frozen=True, slots=True)
class Course:
    """Where a consultation stands. The practitioner is none until an offer was accepted.

    `open_until` is when an invitation lapses that nobody followed; `callback`: the patient in line waits to be called back.
    """

    state: State
    patient: Principal
    practitioner: Principal | None = None
    ended_reason: EndedReason | None = None
    live_since: float | None = None
    ended_at: float | None = None
    open_until: float | None = None
    callback: bool = False


@dataclass(frozen=True, slots=True)
class PatientArrived:
    """The patient takes a place in line."""


@dataclass(frozen=True, slots=True)
class OfferMade:
    """The patient lies on a doctor's desk."""


@dataclass(frozen=True, slots=True)
class OfferClosed:
    """The offer ended without being accepted."""

    reason: str


@dataclass(frozen=True, slots=True)
class OfferTaken:
    """The doctor accepted; `connected` says whether the desk is."""

    connected: bool


@dataclass(frozen=True, slots=True)
class PrincipalSeen:
    """A principal's socket or media path came or went, at `at` (which may lie before now: a dead node's last word), or they
    go on in writing."""

    role: Role
    connected: bool
    in_call: bool
    at: float
    in_writing: bool = False


@dataclass(frozen=True, slots=True)
class Close:
    """Somebody ends it."""

    reason: EndedReason


@dataclass(frozen=True, slots=True)
class Seal:
    """Everything about it is archived: nothing changes from now on."""


@dataclass(frozen=True, slots=True)
class TimePassed:
    """Nothing but time: whatever is due happens."""


Event = PatientArrived | OfferMade | OfferClosed | OfferTaken | PrincipalSeen | Close | Seal | TimePassed


@dataclass(frozen=True, slots=True)
class Transition:
    """One step taken: one audit entry. `reason` is a code."""

    before: State
    after: State
    step: Step
    reason: str


@dataclass(frozen=True, slots=True)
class Outcome:
    """Where it stands now, and how it came there."""

    course: Course
    steps: tuple[Transition | Ignored, ...]

    @property
    def transitions(self) -> tuple[Transition, ...]:
        return tuple(step for step in self.steps if isinstance(step, Transition))


def handle(course: Course, event: Event, now: float) -> Outcome:
    """What was due until `now` happens first, then the event, then what follows from who is in the room.

    Raises InvalidTransition.
    """
    life = _Life(course)
    life.elapse(now)
    life.apply(event, now)
    life.elapse(now)  # the event may tell of an absence that began before now
    return Outcome(life.course, tuple(life.steps))


def deadline(course: Course) -> float | None:
    """When `TimePassed` would change something."""
    return min(_deadlines(course), default=None)


def _principals(course: Course) -> tuple[Principal, ...]:
    return (course.patient,) if course.practitioner is None else (course.patient, course.practitioner)


def _both_in(course: Course) -> bool:
    return course.practitioner is not None and all(person.gone_since is None for person in _principals(course))


def _deadlines(course: Course) -> Iterator[float]:
    gone = [person.gone_since for person in _principals(course) if person.gone_since is not None]
    absent = [person.absent_since for person in _principals(course) if person.absent_since is not None]
    if course.state is State.LIVE and gone:
        yield min(gone) + GRACE_S
    if course.state not in OVER | {State.SCHEDULED} and len(absent) == len(_principals(course)):
        yield max(absent) + (CALLBACK_LAPSE_S if course.callback and course.state in IN_LINE else LAPSE_S)
    if course.state is State.SCHEDULED and course.open_until is not None:
        yield course.open_until


class _Life:
    """One call of `handle` under way."""

    def __init__(self, course: Course) -> None:
        self.course = course
        self.steps: list[Transition | Ignored] = []

    def elapse(self, now: float) -> None:
        """At most two things can be due: the interruption, then the lapse."""
        due = deadline(self.course)
        while due is not None and due <= now:
            if self.course.state is State.LIVE:
                self._step(Step.ONE_GONE, "gone_past_grace")
            else:
                self._end(EndedReason.LAPSED, now)
            due = deadline(self.course)

    def apply(self, event: Event, now: float) -> None:
        match event:
            case PatientArrived():
                self._step(Step.ARRIVED)
            case OfferMade():
                self._step(Step.OFFERED)
            case OfferClosed(reason):
                self._step(Step.OFFER_CLOSED, reason)
            case OfferTaken(connected):
                if self._step(Step.ACCEPTED):
                    practitioner = Principal(connected, False, now, None if connected else now)
                    self.course = replace(self.course, practitioner=practitioner)
            case PrincipalSeen():
                self._seen(event, now)
            case Close(reason):
                self._end(reason, now)
            case Seal():
                self._step(Step.SEALED)
            case TimePassed():
                pass
            case _:
                assert_never(event)

    def _seen(self, event: PrincipalSeen, now: float) -> None:
        if self.course.state in OVER:
            self.steps.append(Ignored("over"))
            return
        if event.role is Role.PATIENT:
            patient = self.course.patient.seen(event.connected, event.in_call, event.at, event.in_writing)
            self.course = replace(self.course, patient=patient)
        elif event.role is Role.PRACTITIONER and self.course.practitioner is not None:
            practitioner = self.course.practitioner.seen(event.connected, event.in_call, event.at, event.in_writing)
            self.course = replace(self.course, practitioner=practitioner)
        else:
            self.steps.append(Ignored("not_a_principal"))
        if self.course.state in (State.CONNECTING, State.INTERRUPTED) and _both_in(self.course) and self._step(Step.BOTH_IN):
            self.course = replace(self.course, live_since=self.course.live_since or now)

    def _end(self, reason: EndedReason, now: float) -> None:
        if self._step(Step.ENDED, reason):
            self.course = replace(self.course, ended_reason=reason, ended_at=now)

    def _step(self, step: Step, reason: str = "") -> bool:
        before = self.course.state
        after = next_state(before, step)
        if isinstance(after, Ignored):
            self.steps.append(after)
            return False
        self.course = replace(self.course, state=after)
        self.steps.append(Transition(before, after, step, reason or step))
        return True


def diagram() -> str:
    """The table as a Mermaid state diagram, for the docs."""
    lines = ["stateDiagram-v2", f"    [*] --> {State.SCHEDULED}"]
    for before, steps in TABLE.items():
        lines += [f"    {before} --> {after}: {step}" for step, after in steps.items()]
    return "\n".join([*lines, f"    {State.SEALED} --> [*]"])
