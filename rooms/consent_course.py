"""What moves a recording: somebody asks, answers, takes a yes back or stops; somebody comes or goes. A pure core over consent.py.

Each event comes with who is in the room, and who is in the room has the last word: nobody is copied for a moment longer than
everybody there agrees. It never stores, sends or copies; whoever carries out a `Step` writes exactly one audit entry for it.
"""

from dataclasses import dataclass, replace
from typing import Literal, assert_never

from common.ids import RecordingId, SeatId
from rooms.consent import (
    RECORDINGS,
    STANDINGS,
    UNDER_WAY,
    Answer,
    Purpose,
    Recording,
    RecordingState,
    Said,
    Standing,
    Turnout,
)
from rooms.errors import InvalidTransition, not_asked, nothing_to_withdraw, recording_under_way


@dataclass(frozen=True, slots=True)
class Ask:
    """The doctor (`asker`, who says yes to `own` with it) asks everybody anew; `teaching`: for that too."""

    recording: RecordingId
    asker: SeatId
    own: Purpose
    teaching: bool
    erases: bool


@dataclass(frozen=True, slots=True)
class Reply:
    """Somebody who was asked answers: yes to `yes` (none: no), and yes or no to teaching."""

    seat: SeatId
    yes: Purpose | None
    teaching: bool


@dataclass(frozen=True, slots=True)
class Withdraw:
    """Somebody takes a yes back: the sound (and so everything), the picture alone, or teaching alone."""

    seat: SeatId
    purpose: Purpose


@dataclass(frozen=True, slots=True)
class Stop:
    """The doctor needs no recording any more, or no answer."""


@dataclass(frozen=True, slots=True)
class Settle:
    """Nothing but who is in the room: somebody came, somebody went, the consultation ended."""


@dataclass(frozen=True, slots=True)
class Confirm:
    """What is known of copying at `at`: `on` before the first copy, off once nothing is copied any more."""

    on: bool
    at: float


Event = Ask | Reply | Withdraw | Stop | Settle | Confirm


@dataclass(frozen=True, slots=True)
class Room:
    """Who has to say yes: everybody who may be seen or heard. `over`: the consultation has ended."""

    people: frozenset[SeatId]
    over: bool = False


@dataclass(frozen=True, slots=True)
class Step:
    """The recording moved; `reason` is told to everybody."""

    before: RecordingState
    after: RecordingState
    reason: Turnout


@dataclass(frozen=True, slots=True)
class Erasure:
    """What was recorded of this person until now is to be destroyed: all of it, or the picture alone."""

    seat: SeatId
    kinds: tuple[Literal["audio", "video"], ...]


@dataclass(frozen=True, slots=True)
class Outcome:
    """Where the recording stands now, how it came there, and what is to be destroyed."""

    recording: Recording
    steps: tuple[Step, ...] = ()
    erasures: tuple[Erasure, ...] = ()


def first(ask: Ask, room: Room, now: float) -> Outcome:
    """The first time that anybody asks in this consultation. UserError as in `handle`."""
    fresh = Recording(ask.recording, RecordingState.OFF, Turnout.ASKED, now, ask.teaching, ask.erases, moved_at=now)
    return handle(fresh, ask, room, now)


def handle(recording: Recording, event: Event, room: Room, now: float) -> Outcome:
    """What the event changes, then what follows from who is in the room.

    UserError: recording_under_way, not_asked, nothing_to_withdraw. Raises InvalidTransition.
    """
    course = _Course(recording, room, now)
    course.take(event)
    course.settle()
    return Outcome(course.recording, tuple(course.steps), tuple(course.erasures))


class _Course:
    """One call of `handle`."""

    def __init__(self, recording: Recording, room: Room, now: float) -> None:
        self.recording = recording
        self.room = room
        self.now = now
        self.steps: list[Step] = []
        self.erasures: list[Erasure] = []

    def take(self, event: Event) -> None:
        match event:
            case Ask():
                self._ask(event)
            case Reply():
                self._reply(event)
            case Withdraw(seat, purpose):
                self._withdraw(self.recording.answer(seat), purpose)
            case Stop():
                if self.recording.state in UNDER_WAY:
                    self._step(Turnout.STOPPED)
            case Confirm(on, at):
                self._confirm(on, at)
            case Settle():
                pass
            case _:
                assert_never(event)

    def settle(self) -> None:
        """Nobody is copied for a moment longer than everybody in the room agrees, nor after the end."""
        state = self.recording.state
        if self.room.over:
            if state is not RecordingState.OVER:
                self._step(Turnout.ENDED)
            return
        if state not in UNDER_WAY:
            return
        for seat in sorted(self.room.people):
            if self.recording.answer(seat).audio_only is Standing.UNASKED:
                self._asked(seat)
        self._follow(state)

    def _follow(self, state: RecordingState) -> None:
        answers = [self.recording.answer(seat) for seat in self.room.people]
        if any(one.open for one in answers):
            turnout = Turnout.JOINED
        elif any(not one.yes for one in answers):
            turnout = Turnout.DECLINED
        else:
            turnout = Turnout.ALL_YES
        if state is RecordingState.ASKED and any(not one.yes and not one.open for one in answers):
            turnout = Turnout.DECLINED  # one no is enough; nobody need answer any more
        waits = state is RecordingState.ASKED and turnout is Turnout.JOINED
        stays = state is RecordingState.ON and turnout is Turnout.ALL_YES
        said = state is RecordingState.PAUSED and turnout is self.recording.reason
        if not (waits or stays or said):
            self._step(turnout)

    # --- what people say ------------------------------------------------------------------------------------------------

    def _ask(self, event: Ask) -> None:
        if self.recording.state is not RecordingState.OFF:
            raise recording_under_way()
        self.recording = replace(self.recording, teaching=event.teaching, erases=event.erases, asked_at=self.now)
        for seat in sorted(self.room.people | {one.seat for one in self.recording.answers}):
            self._asked(seat)  # anew: a yes is good for what was asked, and for as long as nobody took one back
        self._step(Turnout.ASKED)
        self._reply(Reply(event.asker, event.own, event.teaching))

    def _asked(self, seat: SeatId) -> None:
        teaching = (Purpose.TEACHING,) if self.recording.teaching else ()
        self._say(seat, dict.fromkeys((Purpose.AUDIO_VIDEO, Purpose.AUDIO_ONLY, *teaching), Said.ASK))

    def _reply(self, event: Reply) -> None:
        answer = self.recording.answer(event.seat)
        if self.recording.state not in UNDER_WAY or answer.audio_only is Standing.UNASKED:
            raise not_asked()
        if event.yes is None:
            self._withdraw(answer, Purpose.AUDIO_ONLY) if answer.yes else self._say(answer.seat, _no(answer))
            return
        said = {Purpose.AUDIO_ONLY: Said.GIVE}
        if event.yes is Purpose.AUDIO_VIDEO:
            said[Purpose.AUDIO_VIDEO] = Said.GIVE
        elif answer.audio_video is Standing.GIVEN:
            self._withdraw(answer, Purpose.AUDIO_VIDEO)
        else:
            said |= _no(answer, Purpose.AUDIO_VIDEO)
        if self.recording.teaching:
            said |= {Purpose.TEACHING: Said.GIVE} if event.teaching else _no(answer, Purpose.TEACHING)
        self._say(answer.seat, said)

    def _withdraw(self, answer: Answer, purpose: Purpose) -> None:
        """Taken back again, or after the end, it is as good: what was recorded since the last erasure goes."""
        sound, picture = purpose is Purpose.AUDIO_ONLY, purpose is not Purpose.TEACHING
        given = answer.of(purpose) is Standing.GIVEN
        if not given and not (picture and answer.recorded):
            raise nothing_to_withdraw()
        self._say(answer.seat, _no(answer, *(Purpose if sound else (purpose,))))
        if picture and answer.recorded and self.recording.erases:
            self.erasures.append(Erasure(answer.seat, ("audio", "video") if sound else ("video",)))
            if sound:
                self.recording = self.recording.with_answer(replace(self.recording.answer(answer.seat), recorded=False))
        if sound and given and self.recording.state in UNDER_WAY:
            self._step(Turnout.WITHDRAWN)

    def _confirm(self, on: bool, at: float) -> None:
        """A word that is older than what is wanted now may light, but never put out."""
        wanted = self.recording.state is RecordingState.ON
        stale = not on and at < self.recording.moved_at
        if not stale:
            self.recording = replace(self.recording, running=on, copying=on or wanted)

    # --- carrying out ---------------------------------------------------------------------------------------------------

    def _say(self, seat: SeatId, said: dict[Purpose, Said]) -> None:
        answer = self.recording.answer(seat)
        moved = {purpose: _next(answer.of(purpose), word) for purpose, word in said.items()}
        changed = replace(
            answer,
            audio_video=moved.get(Purpose.AUDIO_VIDEO, answer.audio_video),
            audio_only=moved.get(Purpose.AUDIO_ONLY, answer.audio_only),
            teaching=moved.get(Purpose.TEACHING, answer.teaching),
        )
        if changed != answer:
            self.recording = self.recording.with_answer(replace(changed, at=self.now))

    def _step(self, turnout: Turnout) -> None:
        before = self.recording.state
        after = RECORDINGS[before].get(turnout)
        if after is None:
            raise InvalidTransition(before, turnout)
        self.recording = replace(self.recording, state=after, reason=turnout, moved_at=self.now)
        self.steps.append(Step(before, after, turnout))
        if after is RecordingState.ON:
            answers = tuple(replace(one, recorded=one.recorded or one.yes) for one in self.recording.answers)
            started = self.now if self.recording.started_at is None else self.recording.started_at
            self.recording = replace(self.recording, started_at=started, copying=True, answers=answers)


def _no(answer: Answer, *purposes: Purpose) -> dict[Purpose, Said]:
    """Saying no to these (none named: to all): a yes is taken back, a question answered."""
    words = {Standing.GIVEN: Said.WITHDRAW, Standing.ASKED: Said.DECLINE}
    standings = {purpose: answer.of(purpose) for purpose in purposes or Purpose}
    return {purpose: words[standing] for purpose, standing in standings.items() if standing in words}


def _next(standing: Standing, said: Said) -> Standing:
    follows = STANDINGS[standing].get(said)
    if follows is None:
        raise not_asked()
    return follows
