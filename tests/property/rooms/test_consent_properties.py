"""Whatever people do in whatever order: nobody is copied before everybody said yes, nor after anybody took it back.

A sink stands at the end of the order and is handed a packet of every seat at every moment; what it lets through is judged by a
model that knows only what people said.
"""

from dataclasses import replace

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from common.errors import UserError
from common.ids import ConsultationId, HospitalId, RecordingId, SeatId
from rooms.consent import (
    RECORDINGS,
    UNDER_WAY,
    Purpose,
    RecordedTrack,
    Recording,
    RecordingOrder,
    RecordingState,
    Standing,
    order_of,
)
from rooms.consent_course import Ask, Confirm, Event, Reply, Room, Settle, Stop, Withdraw, first, handle

DOCTOR, PATIENT, COMPANION, INTERPRETER = (SeatId(f"s_{name}") for name in ("doctor", "patient", "companion", "interpreter"))
GUESTS = (COMPANION, INTERPRETER)
SEATS = (DOCTOR, PATIENT, *GUESTS)
SCOPES = st.sampled_from([Purpose.AUDIO_VIDEO, Purpose.AUDIO_ONLY])


class Consultation(RuleBasedStateMachine):
    """Four people, of whom two may come and go; `yes` is what each last said of their own free will."""

    def __init__(self) -> None:
        super().__init__()
        self.now = 1000.0
        self.recording: Recording | None = None
        self.here = {DOCTOR, PATIENT}
        self.left: set[SeatId] = set()
        self.over = False
        self.yes: dict[SeatId, set[str]] = {}
        self.copied: dict[SeatId, set[str]] = {}
        self.wanted_erased: dict[SeatId, set[str]] = {}
        self.lit = False
        self.worker: frozenset[RecordedTrack] = frozenset()

    @initialize(recorded=st.booleans(), companion=st.booleans(), erases=st.booleans(), data=st.data())
    def begin(self, recorded: bool, companion: bool, erases: bool, data: st.DataObject) -> None:
        """Half of the stories begin while everybody is recorded: all that can go wrong comes after that."""
        self.here |= {COMPANION} if companion else set()
        if recorded:
            self.ask(data.draw(SCOPES), teaching=False, erases=erases)
            for seat in sorted(self.here - {DOCTOR}):
                self.reply(seat, data.draw(SCOPES), teaching=False)
            self.carry_out()

    # --- what people do ---------------------------------------------------------------------------------------------------

    @rule(own=SCOPES, teaching=st.booleans(), erases=st.booleans())
    def ask(self, own: Purpose, teaching: bool, erases: bool) -> None:
        event = Ask(RecordingId("rc_one"), DOCTOR, own, teaching, erases)
        self.now += 1
        before = self.recording
        if self.over:
            return  # access_recording refuses it
        try:
            outcome = first(event, self.room(), self.now) if before is None else handle(before, event, self.room(), self.now)
        except UserError as refused:
            assert refused.code == "recording_under_way" and before is not None and before.state in UNDER_WAY
            return
        self.recording = outcome.recording
        self.yes = {DOCTOR: kinds(own)}
        assert all(self.recording.answer(seat).open for seat in self.here - {DOCTOR}), "everybody is asked anew"

    @rule(seat=st.sampled_from(SEATS), yes=SCOPES | st.none(), teaching=st.booleans())
    def reply(self, seat: SeatId, yes: Purpose | None, teaching: bool) -> None:
        if seat in self.here and self.do(Reply(seat, yes, teaching)):
            self.yes[seat] = kinds(yes)

    @rule(seat=st.sampled_from(SEATS), purpose=st.sampled_from(Purpose))
    def withdraw(self, seat: SeatId, purpose: Purpose) -> None:
        if seat in self.left or not self.do(Withdraw(seat, purpose)):
            return
        gone = {"audio", "video"} if purpose is Purpose.AUDIO_ONLY else {"video"} if purpose is Purpose.AUDIO_VIDEO else set()
        self.yes[seat] = self.yes.get(seat, set()) - gone

    @rule()
    def stop(self) -> None:
        assert self.do(Stop())

    # --- who is there -------------------------------------------------------------------------------------------------------

    @rule(seat=st.sampled_from(GUESTS))
    def come(self, seat: SeatId) -> None:
        """Comes, or comes back after a reload: what was said before still holds."""
        if seat not in self.left:
            self.here.add(seat)
            self.do(Settle())

    @rule(seat=st.sampled_from(GUESTS))
    def go(self, seat: SeatId) -> None:
        self.here.discard(seat)
        self.do(Settle())

    @rule(seat=st.sampled_from(GUESTS))
    def leave(self, seat: SeatId) -> None:
        self.left.add(seat)
        self.go(seat)

    @precondition(lambda self: self.recording is not None)
    @rule(chance=st.integers(0, 9))
    def end(self, chance: int) -> None:
        if chance == 0:
            self.over = True
            self.do(Settle())

    # --- whoever carries the order out ----------------------------------------------------------------------------------------

    @rule()
    def carry_out(self) -> None:
        """Says what it will copy before it does, and that it copies nothing after it stopped; late, twice or not at all."""
        self.now += 1
        order = self.order()
        if order is None:
            return
        if order.tracks:
            self.do(Confirm(True, self.now))
        self.worker = order.tracks
        if not order.tracks:
            self.do(Confirm(False, self.now))

    @rule(age=st.floats(0, 5))
    def confirm_late(self, age: float) -> None:
        """A word that was on its way while everything changed."""
        moved = self.recording.moved_at if self.recording is not None else self.now
        self.do(Confirm(False, moved - 0.1 - age if self.worker else self.now))

    # --- what must hold at every moment -----------------------------------------------------------------------------------------

    @invariant()
    def nobody_is_copied_whom_not_everybody_agreed_to(self) -> None:
        order = self.order()
        for seat in SEATS:
            for kind in ("audio", "video"):
                if order is not None and any(track.seat == seat and track.kind == kind for track in order.tracks):
                    assert not self.over and seat not in self.left
                    assert kind in self.yes.get(seat, set()), f"{kind} of {seat} reaches the sink without a yes"
                    assert all("audio" in self.yes.get(one, set()) for one in self.here), "somebody here has not said yes"
                    self.copied.setdefault(seat, set()).add(kind)

    @invariant()
    def everybody_agreed_means_on(self) -> None:
        """No answer is lost either: when all have said yes nothing waits."""
        if self.recording is not None and self.recording.state in UNDER_WAY and not self.over:
            agreed = all("audio" in self.yes.get(one, set()) for one in self.here)
            assert agreed == (self.recording.state is RecordingState.ON)

    @invariant()
    def the_light_is_never_out_while_something_may_be_copied(self) -> None:
        recording = self.recording
        if recording is not None and recording.state is RecordingState.ON:
            assert recording.copying
        if self.worker and recording is not None:
            assert recording.copying, "packets flow in the dark"

    @invariant()
    def nothing_is_wanted_of_whom_nothing_is_kept(self) -> None:
        if self.recording is not None:
            for answer in self.recording.answers:
                assert answer.recorded or answer.seat not in self.copied or answer.seat in self.wanted_erased

    # --- inside -----------------------------------------------------------------------------------------------------------------

    def room(self) -> Room:
        return Room(frozenset(self.here), self.over)

    def order(self) -> RecordingOrder | None:
        staying = [seat for seat in SEATS if seat not in self.left]
        return order_of(self.recording, ConsultationId("c_one"), HospitalId("h_one"), staying)

    def do(self, event: Event) -> bool:
        """Whether it was taken; none of it may move the recording otherwise than the table."""
        self.now += 1
        before = self.recording
        if before is None:
            return isinstance(event, Stop)
        try:
            outcome = handle(before, event, self.room(), self.now)
        except UserError as refused:
            assert refused.code in {"not_asked", "nothing_to_withdraw"}
            return False
        at = before.state
        for step in outcome.steps:
            assert step.before is at and RECORDINGS[at][step.reason] is step.after
            at = step.after
        assert at is outcome.recording.state
        for erasure in outcome.erasures:
            assert before.erases and erasure.seat in self.copied, "what was never recorded need not be destroyed"
            self.wanted_erased.setdefault(erasure.seat, set()).update(erasure.kinds)
        self.recording = outcome.recording
        assert handle(self.recording, Settle(), self.room(), self.now).steps == (), "it rests"
        return True


def kinds(yes: Purpose | None) -> set[str]:
    return {None: set(), Purpose.AUDIO_ONLY: {"audio"}, Purpose.AUDIO_VIDEO: {"audio", "video"}}.get(yes, set())


TestConsultation = Consultation.TestCase
TestConsultation.settings = settings(max_examples=400, stateful_step_count=30, deadline=None)


def test_a_seat_that_reloads_keeps_its_answer() -> None:
    room = Room(frozenset({DOCTOR, PATIENT, COMPANION}))
    recording = first(Ask(RecordingId("rc_one"), DOCTOR, Purpose.AUDIO_VIDEO, False, True), room, 1.0).recording
    for seat in (PATIENT, COMPANION):
        recording = handle(recording, Reply(seat, Purpose.AUDIO_VIDEO, False), room, 2.0).recording
    without = replace(room, people=room.people - {COMPANION})
    assert recording.state is RecordingState.ON
    for people in (without, room):
        outcome = handle(recording, Settle(), people, 3.0)
        assert (outcome.steps, outcome.recording) == ((), recording)


def test_a_yes_taken_back_is_given_again_only_when_asked_for() -> None:
    room = Room(frozenset({DOCTOR, PATIENT}))
    ask = Ask(RecordingId("rc_one"), DOCTOR, Purpose.AUDIO_VIDEO, False, True)
    recording = first(ask, room, 1.0).recording
    recording = handle(recording, Reply(PATIENT, Purpose.AUDIO_VIDEO, False), room, 2.0).recording
    recording = handle(recording, Reply(PATIENT, Purpose.AUDIO_ONLY, False), room, 3.0).recording
    assert recording.answer(PATIENT).audio_video is Standing.WITHDRAWN
    assert recording.state is RecordingState.ON, "without the picture it goes on"
    try:
        handle(recording, Reply(PATIENT, Purpose.AUDIO_VIDEO, False), room, 4.0)
    except UserError as refused:
        assert refused.code == "not_asked"
    else:
        raise AssertionError("the picture came back unasked")
