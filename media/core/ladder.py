"""The ladder: how a person's picture is sent, from a large one down to none, by what the way to the others carries.

It decides a rung and a limit for the picture from what the relay counts and the browsers report; sound keeps its place on every
rung but the last, where people are told to write. It never measures, sends or waits; time is an argument.

The limit is what reacts: down at once, up in growing steps while all is well (after a step that failed the next one waits
longer). The rung follows from the limit, from loss, delay and frozen pictures, at most once in `HOLD_S`: down as soon as that
allows, up only after `UP_HOLD_S` of good signals. A browser's own estimate rises by 8 % a second; these steps need five seconds
for what takes that one twenty (docs/PERFORMANCE.md, bench-adapt).
"""

from dataclasses import dataclass
from enum import StrEnum

from media.core.room import UNKNOWN, Belief, Room


class Rung(StrEnum):
    """From the top: a picture of full, half and quarter size; sound with a still every few seconds; sound alone; writing."""

    HD = "hd"
    SD = "sd"
    LOW = "low"
    STILLS = "stills"
    AUDIO = "audio"
    TEXT = "text"

    @property
    def height(self) -> int:
        """Rungs above the ground."""
        return _HEIGHTS[self]

    @property
    def moves(self) -> bool:
        """Whether a moving picture is sent."""
        return self in _MOVING


_DOWNWARD = tuple(Rung)
_HEIGHTS = {rung: height for height, rung in enumerate(reversed(_DOWNWARD))}
_MOVING = frozenset((Rung.HD, Rung.SD, Rung.LOW))


class Reason(StrEnum):
    """Why the rung is what it is."""

    START = "start"
    BANDWIDTH = "bandwidth"
    LOSS = "loss"
    DELAY = "delay"
    FREEZES = "freezes"
    BETTER = "better"


@dataclass(frozen=True, slots=True)
class Signals:
    """What is known of one sender's way to those who see them; of several receivers the worst.

    Rates in bit/s, shares from 0 to 1, times in seconds; none where nobody has said lately.
    """

    rate_bps: int = 0
    """Of the picture, as it comes to the relay."""
    estimate_bps: int | None = None
    """What its receivers can take of it, by their browsers (REMB) or by what a full line carries."""
    carried_bps: int | None = None
    """The most that a line which is full can carry of it, where that is told with the estimate."""
    congested: bool = False
    """That is less than the rate: a queue is growing somewhere."""
    receiver_fell_bps: int = 0
    """What the receiver's own way to here carries since a sudden fall, while a queue stands on it; 0: none does. What is known of
    the way to the receiver stands in that queue."""
    loss: float = 0.0
    sound_loss: float = 0.0
    queue_s: float = 0.0
    """How long packets wait before receivers, by checks that go through it or by what these have not reported."""
    queue_known: bool = False
    """That was just seen: a round trip, of which some browsers tell every four seconds, is not needed to guess it."""
    uplink_late_s: float = 0.0
    """How long they waited before the relay."""
    is_own_way: bool | None = None
    """It is the sender's own way that is full, a receiver's, or one of them."""
    room: Room = UNKNOWN
    """What both let through at once."""
    pictures_per_s: float | None = None
    """How many of them come; none where that is not known."""
    round_trip_s: float | None = None
    frozen_s: float = 0.0
    """How long receivers' pictures have stood still since the last step."""
    relayed_tcp: bool = False
    """The path is TURN over TCP or TLS: losses show as delay only."""


@dataclass(frozen=True, slots=True)
class Decision:
    """`limit_bps` is for the picture; 0 where none moves, or none is sent until a queue is gone."""

    rung: Rung
    reason: Reason
    limit_bps: int


HOLD_S = 1.5
"""Between two changes of the rung: a browser needs up to 0.7 s to follow one."""
UP_HOLD_S = 2.0
START_BPS = 350_000
"""A first key frame of this rate is through a 400 kbit/s link in a quarter of a second; a good link is at the top 5 s later."""
MOST_BPS = 1_500_000
MOST_FOR_ONE, MOST_FOR_FEW_BPS = 70_000, 850_000
"""Bits of one picture, above which no limit is raised, and what all of them may have however few they are: at ten a second 1.5
Mbit/s are 19 kB each, which no eye needs, and each of which takes a line that falls to 300 kbit/s half a second. 9 kB take a
quarter, and less than half where one is half again as large as others."""
LEAST_BPS = 60_000
LOW_PROBE_BPS = 100_000
BACK_OFF = 0.95
"""Of an estimate that is 0.85 of what arrived already."""
STEP_S = 1.2
"""A browser follows a limit in 0.7 s, and a queue shows half a second later."""
FIRST_STEP, STEP_GROWTH, LARGEST_STEP, LEAP = 1.25, 1.2, 2.2, 3.5
"""The last only where a line is seen to let so much through: a picture that is half as large in between costs two seconds."""
LEAST_GAIN = 1.02
"""A smaller step is none: up to what a line is seen to let through is little left."""
ESTIMATED = 0.85
"""Of what arrived, where an estimate comes alone."""
FULL, PROVEN_S, FULL_AT_MOST = 1.2, 0.5, 2.5
"""What a line carried is known to a tenth. Up to there and just past it steps are small: a wrong one makes a queue of a third of
a second. When so many times what it carried comes for so long, it is another line, and steps are large. No line is believed to
carry more than so many times what is sent after its fall."""
LEAST_SHARE, DOUBTED_S = 0.5, 0.3
"""Of what was told first of a fall: less, in its aftermath, may be of a moment in which hardly anything was counted."""
USED, UNUSED_S = 0.75, 5.0
"""A limit of which less than this is sent, or arrives, has not been tried yet. Where nobody moves before the camera it never is:
after so long a time without a fault it rises all the same, or a quiet picture would stay small for ever."""
WAIT_S, LONGEST_WAIT_S = 1.5, 2.0
"""After a fall, before the next step up; doubled with each step that failed."""
RETRY_S, LONGEST_RETRY_S = 5.0, 20.0
"""Without a picture, before one is tried again."""
PAUSE_SHARE, PAUSE_ABOVE_BPS = 0.5, 200_000
"""Where a line suddenly carries less than this share of what was allowed, its queue is full before any encoder has followed a
limit (0.7 s), and what is sent on is lost: nothing is sent until the queue is gone, which a browser follows in 25 ms."""
PAUSE_S, LONGEST_PAUSE_S, PAUSED_AGAIN_S = 0.5, 2.0, 6.0
PEAK_LASTS = 0.9
GONE_BPS = 60_000
"""Less than this still comes of what was sent before the pause."""
TRIAL_S = 4.0
PLENTY = 1.5
"""With so much more than the next rung needs, it is not waited for: on the lower one the limit could not be tried."""
QUEUE_S = 0.5
"""More than the path's least round trip: a queue of half a second."""
CALM_S, SHORT_QUEUE_S, EMPTY_S = 0.2, 0.12, 0.08
"""With more than this above the least round trip, or with a longer queue, nothing is raised; with less than the last there is
none, on a busy machine either."""
SLOW_S, SLOW_TRIPS = 1.5, 2
"""Two people interrupt each other from here; what is not sound must go. One trip alone may be a machine that stood still."""
FROZEN_S = 0.5
"""Whatever made pictures stand still, the smallest that moves is worth a try; a line that cannot carry it shows otherwise."""
PATIENCE_S = 2.0
"""How long loss, delay or frozen pictures must last before the rung follows, and a full line before the picture goes: a burst
is over by then."""
FORGETS = 0.5
"""Of a second in which nobody says that the line is full: of a queue that lets next to nothing through nobody tells always."""
AFTERMATH_S, FALLS = 4.0, 0.95
"""After a fall, the queue that told of it still costs loss, delay and pictures: they say nothing new. Of a limit that can
hardly fall there is no aftermath: on a line for sound alone it would never end."""

SETTLED_S = 2.0
"""Since anything moved; a browser follows in 0.7 s, and a second later reports tell how it went."""
SETTLED_LOSS, SETTLED_FROZEN_S = 0.02, 0.05

_BY_LOSS = ((0.08, Rung.HD), (0.18, Rung.SD), (0.35, Rung.LOW), (0.5, Rung.STILLS), (0.65, Rung.AUDIO))
"""What is lost at most on each rung; retransmission repairs the first."""
_BY_LIMIT = ((650_000, Rung.HD), (330_000, Rung.SD), (LEAST_BPS, Rung.LOW))
"""What a picture of that size needs at least."""
_EASE = 0.8
"""To go up, signals must be better by this than what would keep the rung."""


def ceiling_by_loss(loss: float, ease: float = 1.0) -> Rung:
    """The highest rung that bears this loss."""
    return next((rung for most, rung in _BY_LOSS if loss <= most * ease), Rung.TEXT)


def ceiling_by_limit(limit_bps: float, ease: float = 1.0) -> Rung:
    """The highest rung whose picture this rate carries; without one, sound with stills."""
    return next((rung for least, rung in _BY_LIMIT if limit_bps * ease >= least), Rung.STILLS)


def lower(*rungs: Rung) -> Rung:
    """The lowest of them."""
    return min(rungs, key=lambda rung: rung.height)


class Ladder:
    """One sender's. `step` is to be called a few times a second; the pace is the caller's."""

    def __init__(self, now: float) -> None:
        self._began = now
        self._rung, self._reason = Rung.SD, Reason.START
        self._changed_at = now - HOLD_S
        self._limit = float(START_BPS)
        self._step = 1.5
        self._raise_at = now + STEP_S
        self._raised_at = float("-inf")
        self._wait = WAIT_S
        self._fell_at = float("-inf")
        self._least = 0.0
        """What a word of a moment after it may lower the limit to."""
        self._doubted_since: float | None = None
        self._full_at = float("inf")
        """What the line did not carry, as far as is known."""
        self._proven = False
        """That it carries more than that now: not a step has been made by it yet."""
        self._by_line = False
        """Why the limit last fell; else pictures stood still for whatever reason, and what the line lets through is no answer."""
        self._belief = Belief()
        self._told_full_at = float("-inf")
        self._paused_at = float("-inf")
        self._pauses = False
        self._before_pause = self._limit
        self._blind_bps = 0
        """What there is room for, as far as the receiver's own line tells, while nothing is known of the way to it."""
        self._more_since: float | None = None
        self._peak = 0.0
        """What came lately, before a queue let less through."""
        self._full_s = 0.0
        self._stepped_at = now
        self._least_trip: float | None = None
        self._trip: float | None = None
        self._slow_trips = 0
        self._bad_since: float | None = None
        self._good_since: float | None = now
        self._retry = RETRY_S
        self._trial_until = float("-inf")
        self._frozen = 0.0

    def step(self, signals: Signals, now: float) -> Decision:
        """The rung and the limit from now on."""
        self._count_slow(signals.round_trip_s)
        self._peak = max(signals.rate_bps, PEAK_LASTS * self._peak)
        if self._pauses:
            self._end_pause(signals, now)
        if self._rung.moves:
            self._move_limit(signals, now)
        self._move_rung(signals, now)
        sends = self._rung.moves and not self._pauses
        return Decision(self._rung, self._reason, round(self._limit) if sends else 0)

    def fell_lately(self, now: float) -> bool:
        """Whether a sudden fall of this way stopped the picture, and what is known of it may still stand in its queue."""
        return now - self._paused_at <= LONGEST_PAUSE_S and not self._blind_bps

    def _end_pause(self, signals: Signals, now: float) -> None:
        """When what stood in the queue has come, or after so long that the words about it must be wrong."""
        since = now - self._paused_at
        gone = signals.rate_bps < GONE_BPS and signals.queue_s < QUEUE_S and not (self._blind_bps and signals.receiver_fell_bps)
        if since < PAUSE_S or (not gone and since < LONGEST_PAUSE_S):
            return
        if self._blind_bps:
            self._fall_to(BACK_OFF * self._blind_bps, self._blind_bps / ESTIMATED, now, own_way=False)
        self._pauses, self._blind_bps = False, 0

    def is_settled(self, signals: Signals, now: float) -> bool:
        """At the top, with nothing amiss and nothing about to move: it may be looked at less often until something is."""
        clean = not signals.congested and signals.loss <= SETTLED_LOSS and signals.queue_s <= SHORT_QUEUE_S
        still = now - max(self._changed_at, self._raised_at, self._fell_at) >= SETTLED_S and self._bad_since is None
        return self._rung is Rung.HD and clean and still and self._frozen + signals.frozen_s < SETTLED_FROZEN_S

    def _count_slow(self, trip: float | None) -> None:
        """A trip is known for as long as there is no newer one."""
        if trip != self._trip:
            self._trip, self._slow_trips = trip, self._slow_trips + 1 if trip is not None and trip > SLOW_S else 0

    # --- the limit ---

    def _move_limit(self, signals: Signals, now: float) -> None:
        since, self._stepped_at = min(1.0, now - self._stepped_at), now
        if not self._pauses:  # else it is the queue of that fall
            self._full_s = self._full_s + since if signals.congested else max(0.0, self._full_s - FORGETS * since)
        if signals.congested and signals.estimate_bps is not None:
            self._hear_of_full(signals.estimate_bps, signals, now)
        elif signals.receiver_fell_bps:
            self._pause_before(signals.receiver_fell_bps, now, blind=True)
        elif self._queues(signals) and now - self._fell_at >= AFTERMATH_S:
            self._fall_to(0.75 * self._limit, self._limit, now)
        elif not self._pauses:
            self._notice_another_line(signals, now)
            if now >= self._raise_at and self._may_rise(signals, now):
                self._rise(signals, now)

    def _hear_of_full(self, estimate_bps: int, signals: Signals, now: float) -> None:
        """The line is full, and carries what is told."""
        self._told_full_at = now
        carried = signals.carried_bps or estimate_bps / ESTIMATED
        if self._pauses and self._blind_bps:
            if signals.queue_s >= QUEUE_S:  # of a shorter one some was counted before the fall, and is told late
                self._blind_bps = max(self._blind_bps, estimate_bps)
            return
        doubted = self._doubts(estimate_bps, now)
        if doubted and not self._pauses:
            self._raise_at, self._more_since = now + self._wait, None
            return
        if self._pauses:  # the longer a queue is seen to leave, the better it is known how fast
            self._limit = self._before_pause
        told = self._least if doubted else estimate_bps
        if not self._pauses:
            self._pause_before(told, now)
        self._fall_to(BACK_OFF * told, max(carried, told), now, signals.is_own_way)

    def _doubts(self, estimate_bps: float, now: float) -> bool:
        """In the aftermath of a fall a word may be of a moment in which hardly anything was counted: less than half of what was
        told first must be told for a while."""
        if now - self._fell_at >= AFTERMATH_S or estimate_bps >= self._least:
            self._doubted_since = None
            return False
        self._doubted_since = _since(self._doubted_since, True, now)
        if self._doubted_since is not None and now - self._doubted_since < DOUBTED_S:
            return True
        self._least, self._doubted_since = LEAST_SHARE * estimate_bps, None
        return False

    def _pause_before(self, estimate_bps: float, now: float, *, blind: bool = False) -> None:
        """The limit is about to fall to what the line carries; or may have to, where that is not known of it yet."""
        sent = min(self._limit, self._peak)
        severe = sent >= PAUSE_ABOVE_BPS and estimate_bps < PAUSE_SHARE * sent
        if severe and now - self._paused_at >= PAUSED_AGAIN_S:
            self._paused_at, self._pauses = now, True
            self._before_pause = self._limit
        if blind and self._paused_at == now:
            self._blind_bps = round(estimate_bps)

    def _fall_to(self, bps: float, carried_bps: float, now: float, own_way: bool | None = None, *, by_line: bool = True) -> None:
        """What the receivers can take. More words about the same fall may lower it further, never raise it."""
        is_same = now - self._fell_at < AFTERMATH_S
        is_news = self._limit > LOW_PROBE_BPS and bps < FALLS * self._limit
        if is_news and by_line:
            self._belief.fell(own_way, now, anew=not is_same)
        if is_news:
            self._by_line = by_line
        if is_news and not is_same:
            failed = now - self._raised_at < 2 * STEP_S
            self._wait = min(2 * self._wait, LONGEST_WAIT_S) if failed else WAIT_S
            self._fell_at, self._least, self._doubted_since = now, LEAST_SHARE * bps, None
        # What is said once may be a stall of a second: the smallest picture stays until it has been said for longer.
        lasts = self._full_s >= PATIENCE_S
        self._limit = max(min(self._limit, bps), LEAST_BPS * 0.9 if lasts else LEAST_BPS)
        full = min(max(FULL * carried_bps, self._limit), FULL_AT_MOST * self._limit)
        keeps = is_same and not self._pauses and not self._is_free  # while a queue empties less comes than the line would carry
        self._full_at = max(full, self._full_at) if keeps else full
        self._proven, self._more_since = False, None
        self._step = FIRST_STEP
        self._raise_at = now + self._wait

    def _may_rise(self, signals: Signals, now: float) -> bool:
        """What was allowed so far is used, or was not for long, and arrives well."""
        quiet = signals.rate_bps > 0 and now - max(self._began, self._raised_at, self._fell_at) >= UNUSED_S
        known_to_fit = not self._is_free and FULL * self._limit <= self._full_at
        used = signals.rate_bps >= USED * self._limit or quiet or known_to_fit or self._proven
        trip, least = signals.round_trip_s, self._least_trip
        known = signals.queue_known and not signals.relayed_tcp
        quick = (known or trip is None or least is None or trip <= least + CALM_S) and _queue_of(signals) <= SHORT_QUEUE_S
        lost = signals.loss > _BY_LOSS[0][0] and now - self._told_full_at >= AFTERMATH_S  # else it is of that queue
        most = _most(signals)
        fits = self._limit < most and self._next(signals, now) >= min(LEAST_GAIN * self._limit, MOST_BPS)
        return used and quick and not lost and fits

    @property
    def _is_free(self) -> bool:
        """Whether the line has carried all that was tried since the last fall."""
        return self._full_at == float("inf")

    def _notice_another_line(self, signals: Signals, now: float) -> None:
        """Where more than the line carried comes for a while, and nothing waits, it carries more now."""
        comes = signals.rate_bps >= self._full_at
        carries = comes or self._belief.proves(self._full_at, signals.room, now)
        more = not self._is_free and carries and _queue_of(signals) <= EMPTY_S
        self._more_since = _since(self._more_since, more, now)
        if self._more_since is not None and now - self._more_since >= PROVEN_S:
            self._full_at, self._step, self._proven = float("inf"), LARGEST_STEP, True
            if not comes:
                self._belief.proved(signals.room, now)
            if not comes and self._by_line:
                self._step, self._raise_at = LEAP, now
            elif self._raised_at > self._fell_at:  # the last step has been seen to pass
                self._raise_at = min(self._raise_at, self._raised_at + STEP_S)

    def _wanted(self, signals: Signals) -> float:
        """The limit one step up."""
        step = self._step if self._belief.sees(signals.room) else min(self._step, LARGEST_STEP)
        return min(self._limit * (step if self._is_free else FIRST_STEP), _most(signals))

    def _next(self, signals: Signals, now: float) -> float:
        """The part of that which is known to fit, or not known not to."""
        return self._belief.bounded(self._wanted(signals), FIRST_STEP * self._limit, signals.room, now)

    def _rise(self, signals: Signals, now: float) -> None:
        wanted, before = self._wanted(signals), self._limit
        self._limit = self._next(signals, now)
        if self._limit >= min(wanted, FIRST_STEP * before):
            self._belief.stepped(now)
        self._step = min(self._step * STEP_GROWTH if self._limit >= wanted else self._step, LARGEST_STEP)
        self._proven = False
        self._raised_at = now
        self._raise_at = now + (STEP_S if self._limit < self._full_at else 2 * STEP_S)  # past that the first must be seen to pass

    def _queues(self, signals: Signals) -> bool:
        trip = signals.round_trip_s
        if trip is None:
            return False
        self._least_trip = trip if self._least_trip is None else min(trip, self._least_trip * 1.001)
        if signals.queue_known and not signals.relayed_tcp:
            return False
        return trip > self._least_trip + (QUEUE_S if not signals.relayed_tcp else QUEUE_S / 2)

    # --- the rung ---

    def _move_rung(self, signals: Signals, now: float) -> None:
        self._frozen = self._frozen * 0.9 + signals.frozen_s
        ceiling, reason = self._ceiling(signals, now)
        higher = ceiling.height > self._rung.height
        eased = self._ceiling(signals, now, _EASE)[0] if higher else ceiling  # never above the ceiling itself
        self._bad_since = _since(self._bad_since, ceiling.height < self._rung.height, now)
        self._good_since = _since(self._good_since, eased.height > self._rung.height, now)
        if now - self._changed_at < HOLD_S:
            return
        if self._bad_since is not None:
            carried = ceiling_by_limit(self._limit) if self._rung.moves else self._rung
            if now - self._bad_since >= PATIENCE_S:
                self._change(ceiling, reason, now)
            elif carried.height < self._rung.height:  # whatever else may take it lower after a while
                self._change(carried, Reason.BANDWIDTH, now)
        elif self._good_since is not None and self._is_time_to_go_up(self._good_since, now):
            self._go_up(eased, now)

    def _ceiling(self, signals: Signals, now: float, ease: float = 1.0) -> tuple[Rung, Reason]:
        """The highest rung that every signal allows, and the signal that allows the least."""
        found = [(Rung.HD, Reason.BETTER)]
        if self._rung.moves:
            found.append((ceiling_by_limit(self._limit, 1.0 if self._is_free else ease), Reason.BANDWIDTH))
        if now - self._fell_at >= AFTERMATH_S:
            found.append((ceiling_by_loss(signals.loss if self._rung.moves else signals.sound_loss, ease), Reason.LOSS))
            if self._is_slow(signals, ease):
                found.append((Rung.STILLS if self._rung.moves else Rung.AUDIO, Reason.DELAY))
            if self._rung.moves and self._frozen >= FROZEN_S:
                found.append((max(_below(self._rung), Rung.LOW, key=lambda rung: rung.height), Reason.FREEZES))
        return min(found, key=lambda each: each[0].height)

    def _is_slow(self, signals: Signals, ease: float) -> bool:
        """With `ease` below 1: whether it is not quick enough to go up either."""
        if signals.round_trip_s is None:
            return False
        return self._slow_trips >= SLOW_TRIPS if ease == 1.0 else signals.round_trip_s > SLOW_S * ease

    def _is_time_to_go_up(self, good_since: float, now: float) -> bool:
        """After a while of good signals; at once where the line is known to carry much more than the next rung needs."""
        free = self._is_free and self._rung.moves
        plenty = free and ceiling_by_limit(self._limit, 1 / PLENTY).height > self._rung.height
        return plenty or now - max(good_since, self._changed_at) >= UP_HOLD_S

    def _go_up(self, to: Rung, now: float) -> None:
        if self._rung.moves:
            self._change(to, Reason.BETTER, now)
        elif self._rung is not Rung.STILLS:
            self._change(lower(to, Rung.STILLS), Reason.BETTER, now)
        elif now - self._changed_at >= self._retry:
            self._limit, self._step = LOW_PROBE_BPS, FIRST_STEP
            self._raise_at = now + STEP_S
            self._trial_until = now + TRIAL_S
            self._change(Rung.LOW, Reason.BETTER, now)

    def _change(self, to: Rung, reason: Reason, now: float) -> None:
        if self._rung.moves and not to.moves:
            self._retry = min(2 * self._retry, LONGEST_RETRY_S) if now < self._trial_until + HOLD_S else RETRY_S
        if reason is Reason.FREEZES:  # a smaller picture of the same rate would stand still as well
            self._fall_to(self._limit / 2, self._limit, now, by_line=False)
        self._rung, self._reason, self._changed_at = to, reason, now
        self._bad_since = self._good_since = None
        self._frozen = 0.0


def _most(signals: Signals) -> float:
    """The highest limit that is worth anything, by how many pictures come."""
    many = signals.pictures_per_s
    return MOST_BPS if many is None else min(MOST_BPS, max(MOST_FOR_FEW_BPS, MOST_FOR_ONE * many))


def _queue_of(signals: Signals) -> float:
    """How long packets wait, on whichever way."""
    return max(signals.queue_s, signals.uplink_late_s)


def _since(known: float | None, holds: bool, now: float) -> float | None:
    """Since when something holds."""
    if not holds:
        return None
    return now if known is None else known


def _below(rung: Rung) -> Rung:
    """One rung down."""
    return _DOWNWARD[min(_DOWNWARD.index(rung) + 1, len(_DOWNWARD) - 1)]
