"""The ladders of one session's people: feeds each with counters and reports, and says what came of it.

It reads what it is given and tells; the session knows the peers, the plane the packets (ADR 27).
"""

from collections.abc import Callable, Collection, Sequence, Set
from dataclasses import dataclass, field, replace

from media.control.messages import PeerReport, QualityChanged
from media.core.ladder import LEAST_BPS, Decision, Ladder, Rung
from media.core.signals import Arrived, Heard, Observation, Quality, Senses
from media.core.steps import Step, Steps
from media.layering import ROOM_OF_TWO
from media.plane.interface import SinkCounters, SourceCounters

EVERY_S = 0.25
TELL_EVERY_S = 2.0
"""Where nothing changed: whoever missed a notice has it again."""
QUIET_EVERY_S = 30.0
"""Of people of whom nothing came since the last round."""
QUIET_TURNS = 5
"""Of so many rounds one takes up all who are due so: the counters of the whole worker are read for them."""
CALM_TURNS = 4
"""Of so many rounds people whose ladders are settled, and who are in no trouble, have one."""
HEARD_S = CALM_TURNS * EVERY_S
"""Whoever was heard within it is heard now: none is asked for less often than that."""
BURSTS_APART_S = 2.5
"""Of layers that flow at once; of a small one less than twice a second something is known."""
MOVED = 0.04
"""A limit that moved by less is the same."""
REPORT_LIFE_S = 10.0


@dataclass(slots=True)
class _Person:
    """Somebody's ladder; it outlives their connections, as their line does."""

    ladder: Ladder
    steps: Steps
    senses: Senses = field(default_factory=Senses)
    report: PeerReport | None = None
    reported_at: float = float("-inf")
    frozen: dict[str, float] = field(default_factory=dict)
    """Seconds that this person's picture stood still since the last round, by who saw it."""
    told: tuple[Decision, Step] | None = None
    told_at: float = float("-inf")


@dataclass(frozen=True, slots=True)
class Seen:
    """One connected peer with somebody to see and hear it."""

    peer: str
    label: str
    observation: Observation


@dataclass(frozen=True, slots=True)
class Turn:
    """What tells whose round it is: the plane's numbers of peers heard of in the last second, and of those in trouble."""

    number: int
    heard: Set[int]
    troubled: Set[int]
    now: float


class Ladders:
    """`tell` hands a notice on and never waits. `slot` spreads those who are settled over the turns."""

    def __init__(self, tell: Callable[[QualityChanged], None], slot: int = 0) -> None:
        self._tell = tell
        self._slot = slot
        self._rounded_at = float("-inf")
        self.next_turn = 0
        self._people: dict[str, _Person] = {}
        self.settled = False
        """After the last round: nobody's is about to move."""

    def is_due(self, turn: Turn, peers: Collection[int]) -> bool:
        """Whether a round of these peers has anything new to go by: where nobody was heard only time has passed, which can wait;
        where nothing is about to move and nobody is in trouble one round in several will do. To be asked in `next_turn`, and
        whenever one of them begins to be heard or is in trouble."""
        asked_for, self.next_turn = turn.number >= self.next_turn, turn.number + 1 + (self._slot - turn.number - 1) % CALM_TURNS
        patience_s = QUIET_EVERY_S if turn.number % QUIET_TURNS == 0 else 2 * QUIET_EVERY_S
        if turn.now - self._rounded_at >= patience_s:
            return True
        wanted = asked_for or not self.settled or not turn.troubled.isdisjoint(peers)
        return wanted and not turn.heard.isdisjoint(peers)

    def unsettle(self) -> None:
        """Something else than packets has changed: it is looked at in the next turn."""
        self.settled, self.next_turn = False, 0

    def reported(self, report: PeerReport, known: Sequence[str], now: float) -> None:
        """A browser's own words; pictures of people who are not in here are left out. `known` are all who are."""
        if report.label not in known:
            return
        person = self._person(report.label, now)
        person.report, person.reported_at = report, now
        if not self.settled or any(picture.frozen_ms for picture in report.pictures):
            self._rounded_at, self.next_turn = float("-inf"), 0  # looked at in the next turn, whether packets come or not
        if len(known) > ROOM_OF_TWO:
            return  # a picture that stands still there is that receiver's line, for which there are layers
        for picture in report.pictures:
            if picture.label in known and picture.label != report.label:
                seen = self._person(picture.label, now).frozen
                seen[report.label] = seen.get(report.label, 0.0) + picture.frozen_ms / 1000

    def is_tcp(self, label: str) -> bool:
        """Whether the browser of `label` says that its packets go through TCP."""
        person = self._people.get(label)
        return person is not None and person.report is not None and person.report.path in ("turn_tcp", "turn_tls")

    def round(self, seen: Sequence[Seen], now: float) -> dict[str, int]:
        """A step of every ladder. The cap of each sender whose browser says that it obeys one, by label."""
        caps = {}
        self._rounded_at = now
        self.settled = bool(seen)
        for one in sorted(seen, key=lambda each: not each.observation.uplink_bps):  # of whose fall the others hear
            person = self._person(one.label, now)
            frozen = max(person.frozen.values(), default=0.0)
            person.frozen.clear()
            quality = person.senses.quality(one.observation, frozen, now)
            others = [each for each in seen if each is not one]
            fell_bps = self._fell_to(others[0], now) if len(seen) == ROOM_OF_TWO else 0
            if fell_bps:
                quality = replace(quality, signals=replace(quality.signals, receiver_fell_bps=fell_bps))
            decision = person.ladder.step(quality.signals, now)
            person.steps.took(decision, now)
            self.settled = self.settled and person.ladder.is_settled(quality.signals, now)
            if now - person.reported_at <= REPORT_LIFE_S and person.report is not None and person.report.limit_bps is not None:
                caps[one.label] = decision.limit_bps or (LEAST_BPS if decision.rung.moves else 0)  # 0: nothing was told
            if _is_news(person, decision, now):
                person.told, person.told_at = (decision, person.steps.told), now
                self._tell(_notice(one, person.steps, decision, quality))
        if not self.settled:
            self.next_turn = 0
        return caps

    def _fell_to(self, one: Seen, now: float) -> int:
        """What the way from this person carries since a sudden fall; 0: there was none."""
        return one.observation.uplink_bps if self._person(one.label, now).ladder.fell_lately(now) else 0

    def rungs(self) -> dict[str, Rung]:
        """What everybody's ladder last decided, by label."""
        return {label: person.told[0].rung for label, person in self._people.items() if person.told is not None}

    def forget(self, labels: Sequence[str]) -> None:
        """Only `labels` are still expected."""
        for label in self._people.keys() - set(labels):
            del self._people[label]

    def _person(self, label: str, now: float) -> _Person:
        if label not in self._people:
            self._people[label] = _Person(Ladder(now), Steps(now))
        return self._people[label]


def _is_news(person: _Person, decision: Decision, now: float) -> bool:
    """Whether people must hear of it now; a limit that moved a little waits for the next time."""
    if person.told is None or now - person.told_at >= TELL_EVERY_S:
        return True
    before, step = person.told
    moved = abs(decision.limit_bps - before.limit_bps) > MOVED * before.limit_bps
    return moved or (decision.rung, decision.reason) != (before.rung, before.reason) or step != person.steps.told


def _notice(one: Seen, steps: Steps, decision: Decision, quality: Quality) -> QualityChanged:
    signals = quality.signals
    return QualityChanged(
        peer=one.peer,
        label=one.label,
        rung=decision.rung.value,
        reason=decision.reason.value,
        limit_bps=decision.limit_bps,
        told_rung=steps.told.rung.value,
        told_reason=steps.told.reason.value,
        rate_bps=signals.rate_bps,
        estimate_bps=signals.estimate_bps,
        loss_up=quality.loss_up,
        loss_down=quality.loss_down,
        round_trip_ms=None if signals.round_trip_s is None else signals.round_trip_s * 1000,
    )


def arrived_of(counters: Sequence[SourceCounters]) -> Arrived | None:
    """All layers of a picture together."""
    if not counters:
        return None
    if len(counters) == 1:  # nearly always
        only = counters[0]
        return Arrived(only.packets, only.octets, only.lost, only.pictures)
    figures = zip(*((one.packets, one.octets, one.lost, one.pictures) for one in counters), strict=True)
    return Arrived(*(sum(each) for each in figures))


def _flows_alone(picture: Sequence[SourceCounters]) -> SourceCounters | None:
    """The one layer that flows, if it is one: of several each has a part of the line."""
    if len(picture) == 1:
        return picture[0]
    newest = max((each.bursts_at for each in picture), default=0.0)
    flowing = [each for each in picture if each.bursts_at > newest - BURSTS_APART_S]
    return flowing[0] if len(flowing) == 1 else None


def observed(
    sound: Sequence[SourceCounters],
    picture: Sequence[SourceCounters],
    heard: tuple[Sequence[Heard], Sequence[Heard]],
    *,
    of_two: bool,
    relayed_tcp: bool,
) -> Observation:
    """Of one sender; `heard` of sound and of picture. In a room of more than two only the first hop counts: for the others' lines
    there are layers."""
    alone = _flows_alone(picture)
    return Observation(
        sound=arrived_of(sound),
        picture=arrived_of(picture),
        sound_heard=heard[0] if of_two else (),
        picture_heard=heard[1] if of_two else (),
        congested=of_two and any(each.congested for each in picture),
        uplink_bps=max((each.uplink_bps for each in picture), default=0),
        uplink_late_s=max((each.uplink_late_s for each in picture), default=0.0),
        came_bps=alone.came_bps if alone is not None else 0,
        sent_bps=alone.sent_bps if alone is not None else 0,
        bursts_at=alone.bursts_at if alone is not None else 0.0,
        relayed_tcp=relayed_tcp,
    )


def heard_by(counter: SinkCounters) -> Heard:
    """What the receiver of a sink last said."""
    return Heard(
        counter.lost,
        counter.round_trip_ms / 1000,
        counter.reported_at,
        counter.estimate_bps,
        counter.estimate_at,
        counter.downlink_bps,
        counter.downlink_late_s,
        counter.downlink_at,
        counter.room_bps,
        counter.room_at,
    )
