"""Whose ladders have a round: a call in which nothing is about to move has one a second, and any trouble has the next."""

import pytest

from media.control.messages import PeerReport, PictureSeen, QualityChanged
from media.core.signals import Arrived, Heard, Observation
from media.ladders import CALM_TURNS, EVERY_S, HEARD_S, QUIET_EVERY_S, Ladders, Seen, Turn

DOCTOR, PATIENT = ("s_" + letter * 16 for letter in "ab")
PEER = "p_" + "d" * 16
PEERS = {1, 2}
GOOD_BPS = 1_400_000
LONG_TURNS = round(60 / EVERY_S)


class Call:
    """A minute and more of the doctor's good picture, looked at whenever it is due."""

    def __init__(self) -> None:
        self.told: list[QualityChanged] = []
        self.ladders = Ladders(self.told.append)
        self.turn = 0
        self.heard_at = float("-inf")
        self.rounds: list[int] = []

    @property
    def now(self) -> float:
        return 100 + self.turn * EVERY_S

    def next(self, *, heard: bool = True, troubled: bool = False, lost: float = 0.0) -> bool:
        """One turn; whether there was a round."""
        self.turn += 1
        self.heard_at = self.now if heard else self.heard_at
        lately = PEERS if self.now - self.heard_at < HEARD_S else set()
        turn = Turn(self.turn, lately, {1} if troubled else set(), self.now)
        if self.turn < self.ladders.next_turn and not troubled:
            return False  # the relay does not ask
        if not self.ladders.is_due(turn, PEERS):
            return False
        self.rounds.append(self.turn)
        came = Arrived(40 * self.turn, round(GOOD_BPS / 8 * EVERY_S) * self.turn, 0)
        word = Heard(lost, 0.05, self.now, 3_000_000, self.now)
        self.ladders.round([Seen(PEER, DOCTOR, Observation(None, came, (), [word], congested=False))], self.now)
        return True

    def settle(self) -> None:
        """Until nothing moves any more."""
        for _ in range(LONG_TURNS):
            self.next()
        assert self.ladders.settled and self.told[-1].rung == "hd"


@pytest.fixture
def call() -> Call:
    call = Call()
    call.settle()
    return call


def test_a_call_that_begins_is_looked_at_in_every_turn() -> None:
    call = Call()
    assert all(call.next() for _ in range(8))


def test_a_call_in_which_nothing_moves_has_one_round_in_several(call: Call) -> None:
    since = call.turn
    for _ in range(10 * CALM_TURNS):
        call.next()
    assert len([turn for turn in call.rounds if turn > since]) == 10


def test_people_are_told_as_often_as_before(call: Call) -> None:
    before = len(call.told)
    for _ in range(round(20 / EVERY_S)):
        call.next()
    assert len(call.told) - before >= 9  # every two seconds


def test_trouble_is_looked_at_in_its_first_turn_and_in_every_one_until_it_is_over(call: Call) -> None:
    while call.next():
        pass  # the turn after a round, where none is due
    assert call.next(troubled=True, lost=0.2)
    assert all(call.next(lost=0.2) for _ in range(3 * CALM_TURNS))
    assert call.told[-1].rung != "hd"


def test_a_picture_that_stood_still_is_looked_at_in_the_next_turn(call: Call) -> None:
    while call.next():
        pass
    report = PeerReport(label=PATIENT, limit_bps=None, path="udp", pictures=[PictureSeen(label=DOCTOR, frozen_ms=800)])
    call.ladders.reported(report, [DOCTOR, PATIENT], call.now)
    assert call.next()
    assert not call.ladders.settled


def test_one_packet_between_two_rounds_is_enough_for_the_next(call: Call) -> None:
    while call.next():
        pass
    assert any([call.next(), *(call.next(heard=False) for _ in range(CALM_TURNS))])


def test_nobody_heard_waits_for_long_and_not_for_ever(call: Call) -> None:
    while not call.next():
        pass  # of all that was heard there was a round now
    began = call.now
    while not call.next(heard=False):
        assert call.now - began < 3 * QUIET_EVERY_S
    assert call.now - began > QUIET_EVERY_S - CALM_TURNS * EVERY_S
