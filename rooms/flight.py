"""The flight recorder's memory of one person's line in a call, and the one plain reason why a call was bad. Pure.

A flight is a row of equal spans of time, each with the worst (losses, round trip, the picture's size), the mean (rates) or the
sum (standstill) of what was heard in it. It stays a few kB however long the call: when it is full, its spans double.

Thresholds: a round trip of 400 ms is ITU-T G.114's 150 ms each way and a jitter buffer at both ends, beyond which people begin to
talk into each other; at 5 % loss Opus' own repair begins to be heard.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import TypeVar

from common.ids import SeatId

N = TypeVar("N", int, float)

SPAN_S = 10
MOST_SPANS = 360
"""An hour of ten-second spans."""
BAD_LOSS = 0.05
BAD_ROUND_TRIP_MS = 400
BAD_STANDSTILL = 0.1
"""Of a span's time, of somebody else's picture."""
NARROW_BPS = 120_000
"""Below this there is hardly room for more than a voice and a small picture."""
BAD_FROM_S, BAD_SHARE = 10.0, 0.03
"""What lasted shorter than both is forgotten by the people, too."""


@dataclass(frozen=True, slots=True)
class Span:
    """What was heard of one seat in one span of time. None: nothing was said of it.

    `rate_bps` is what came from the seat, `loss_up` the share lost on its way to the relay, `loss_down` from there to whom it
    reached worst; `frozen_ms` is how long the others' pictures stood still here. `clarity` and `path` are codes.
    """

    rate_bps: int | None = None
    estimate_bps: int | None = None
    loss_up: float | None = None
    loss_down: float | None = None
    round_trip_ms: int | None = None
    frozen_ms: int = 0
    clarity: str | None = None
    path: str | None = None

    def joined(self, other: "Span") -> "Span":
        """Both as one: the worst of what hurts, the latest code. Rates are the smaller one: a short dip must stay visible."""
        return Span(
            _least(self.rate_bps, other.rate_bps),
            _least(self.estimate_bps, other.estimate_bps),
            _most(self.loss_up, other.loss_up),
            _most(self.loss_down, other.loss_down),
            _most(self.round_trip_ms, other.round_trip_ms),
            self.frozen_ms + other.frozen_ms,
            other.clarity or self.clarity,
            other.path or self.path,
        )


@dataclass(frozen=True, slots=True)
class Flight:
    """One seat's spans from `began_at` (seconds since 1970 UTC) on; a span in which nothing was heard is none."""

    began_at: float
    span_s: int = SPAN_S
    spans: tuple[Span | None, ...] = ()

    def heard(self, at: float, span: Span) -> "Flight":
        """The same with what was heard at this time; what was before the beginning belongs to the first span."""
        index = max(0, int((at - self.began_at) // self.span_s))
        if index >= MOST_SPANS:
            return self._halved().heard(at, span)
        spans = [*self.spans, *[None] * (index + 1 - len(self.spans))]
        known = spans[index]
        spans[index] = span if known is None else known.joined(span)
        return replace(self, spans=tuple(spans))

    @classmethod
    def of(cls, at: float, span: Span) -> "Flight":
        """A flight that begins with what was heard at this time; spans of all flights begin at the same times."""
        return cls(at - at % SPAN_S).heard(at, span)

    def followed(self, other: "Flight") -> "Flight":
        """Both of one seat as one, whichever was heard first."""
        whole, later = (self, other) if self.began_at <= other.began_at else (other, self)
        while whole.span_s < later.span_s:
            whole = whole._halved()
        for index, span in enumerate(later.spans):
            if span is not None:
                whole = whole.heard(later.began_at + index * later.span_s, span)
        return whole

    def at(self, when: float) -> Span | None:
        """What was heard at a time."""
        index = int((when - self.began_at) // self.span_s)
        return self.spans[index] if 0 <= index < len(self.spans) else None

    def _halved(self) -> "Flight":
        pairs = [self.spans[at : at + 2] for at in range(0, len(self.spans), 2)]
        return replace(self, span_s=self.span_s * 2, spans=tuple(_pair(pair) for pair in pairs))


def _pair(pair: Sequence[Span | None]) -> Span | None:
    heard = [span for span in pair if span is not None]
    if not heard:
        return None
    return heard[0] if len(heard) == 1 else heard[0].joined(heard[1])


def _least(one: int | None, other: int | None) -> int | None:
    return min((value for value in (one, other) if value is not None), default=None)


def _most(one: N | None, other: N | None) -> N | None:
    return max((value for value in (one, other) if value is not None), default=None)


class Cause(StrEnum):
    """What was worst about a call, in this order where two lasted equally long."""

    INTERRUPTED = "interrupted"
    LOSS = "loss"
    NARROW = "narrow"
    DELAY = "delay"
    FROZEN = "frozen"


@dataclass(frozen=True, slots=True)
class Verdict:
    """Why a call was bad: whose line, for how many seconds of how many, and how bad at its worst.

    `worst` is a share of packets for loss, bit/s for narrow, milliseconds for delay, and none for the others.
    """

    cause: Cause
    seat: SeatId
    seconds: float
    of_seconds: float
    worst: float | None = None


def verdict(flights: Mapping[SeatId, Flight]) -> Verdict | None:
    """The one reason to name, or none when nothing was bad for long enough to be remembered."""
    length_s = max((flight.span_s * len(flight.spans) for flight in flights.values()), default=0.0)
    found = [
        one for seat in flights for one in _complaints(seat, flights) if one.seconds >= max(BAD_FROM_S, BAD_SHARE * length_s)
    ]
    order = list(Cause)
    return max(found, key=lambda one: (one.seconds * _WEIGHT[one.cause], -order.index(one.cause)), default=None)


_WEIGHT = {Cause.INTERRUPTED: 3.0, Cause.LOSS: 2.0, Cause.NARROW: 1.0, Cause.DELAY: 1.0, Cause.FROZEN: 1.0}


def _complaints(seat: SeatId, flights: Mapping[SeatId, Flight]) -> Iterable[Verdict]:
    """What can be said of one seat's line, each kind in full."""
    flight = flights[seat]
    others = [flights[other] for other in flights if other != seat]
    length_s = float(flight.span_s * len(flight.spans))

    def told(cause: Cause, values: Iterable[float | None]) -> Verdict:
        bad = [value for value in values if value is not None]
        worst = (min if cause is Cause.NARROW else max)(bad) if bad and cause not in _WITHOUT_WORST else None
        return Verdict(cause, seat, float(flight.span_s * len(bad)), length_s, worst)

    heard = [span for span in flight.spans if span is not None]
    yield told(Cause.INTERRUPTED, (1.0 for span in flight.spans if span is None))
    yield told(Cause.LOSS, (_over(loss, BAD_LOSS) for loss in _losses(flight, others)))
    yield told(Cause.NARROW, (_under(span.estimate_bps, NARROW_BPS) for span in heard))
    yield told(Cause.DELAY, (_over(span.round_trip_ms, BAD_ROUND_TRIP_MS) for span in heard))
    yield told(Cause.FROZEN, (_over(span.frozen_ms, BAD_STANDSTILL * 1000 * flight.span_s) for span in heard))


_WITHOUT_WORST = frozenset({Cause.INTERRUPTED, Cause.FROZEN})


def _losses(flight: Flight, others: Sequence[Flight]) -> Iterable[float | None]:
    """Span by span, the worse of the seat's way up and of its way down, which the only other one's packets tell."""
    for index, span in enumerate(flight.spans):
        down = None
        if len(others) == 1:  # with more listeners nobody knows whose way down it was
            sent = others[0].at(flight.began_at + index * flight.span_s)
            down = sent.loss_down if sent is not None else None
        yield _most(span.loss_up if span is not None else None, down)


def _over(value: float | None, limit: float) -> float | None:
    return value if value is not None and value >= limit else None


def _under(value: float | None, limit: float) -> float | None:
    return value if value is not None and value < limit else None
