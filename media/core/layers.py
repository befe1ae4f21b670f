"""Which layer of each picture one receiver gets, of those that its senders send (simulcast, RFC 8853).

Decides by the receiver's own estimate and loss and by what the layers take now: down at once, up with patience. An estimate never
exceeds half again what arrives, so where it is well above what arrives a larger layer is tried, more seldom after each failure.
"""

from dataclasses import dataclass, replace

from media.core.routes import SinkKey

HOLD_UP_S = 2.0
"""Between a change and the next step up: estimates need that long to follow."""
HOLD_DOWN_S = 1.5
"""After a change: what queued up before it must drain first."""
OVER_S = 0.4
"""So long must an estimate lie below what is sent: a key frame alone is no reason."""
SETTLE_S, GROWING_S = 12.0, 3.0
"""After more is sent than before, an estimate below that says nothing at first: browsers raise theirs by 8 % a second. But it
must not fall, and soon be seen to grow; else, or with loss, the step was a mistake."""
FALLEN, GROWN = 0.95, 1.1
HELD_S = 30.0
"""A step that was held so long was right."""
FIRST_PAUSE_S, LONGEST_PAUSE_S = 4.0, 60.0
BELOW, ABOVE, FREE, NEAR = 0.9, 1.1, 1.25, 0.95
"""Parts of what is sent: below it a line is overloaded; so much above what would be sent it is enough; free of any bound; as good
as what failed before."""
QUEUE_S, SHORT_S = 0.35, 0.15
"""A queue that tells of an overload, and one with which nothing more is tried."""
LOSSY, SOUND = 0.1, 0.02
"""Shares of lost packets above which a line counts as overloaded, and below which more may be tried."""


@dataclass(frozen=True, slots=True)
class Picture:
    """What a receiver is sent at one sink: bits per second of its layers (one at least), smallest first, 0 where none flows;
    `most` is the largest layer that is worth sending there, `layer` the one that is sent now."""

    sink: SinkKey
    rates_bps: tuple[int, ...]
    most: int
    layer: int = 0

    def lowest(self) -> int:
        """The smallest layer that flows."""
        return next((layer for layer, rate in enumerate(self.rates_bps) if rate), 0)

    def nearest(self, layer: int) -> int:
        """The layer itself if it flows and is no larger than worth it, else the next smaller one that does, else the smallest."""
        fitting = [each for each, rate in enumerate(self.rates_bps) if rate and each <= min(layer, self.most)]
        return fitting[-1] if fitting else self.lowest()

    def above(self, layer: int) -> int | None:
        """The next larger layer that may be sent."""
        return next(
            (each for each in range(layer + 1, self.most + 1) if each < len(self.rates_bps) and self.rates_bps[each]), None
        )

    def below(self, layer: int) -> int | None:
        """The next smaller layer that flows."""
        return next((each for each in range(layer - 1, -1, -1) if self.rates_bps[each]), None)


@dataclass(frozen=True, slots=True)
class Line:
    """What a receiver reports: bits per second that it can take of all pictures, none before it has said; its share of loss; and
    for how long packets wait before it (media/plane/native/downlink.c)."""

    estimate_bps: int | None
    lost: float
    queue_s: float = 0.0


class LayerChoice:
    """The layers of one receiver."""

    def __init__(self) -> None:
        self._chosen: dict[SinkKey, int] = {}
        self._changed_at = float("-inf")
        self._raised_at: float | None = None
        self._raised_from: int | None = None
        """The estimate when more began to be sent."""
        self._before: dict[SinkKey, int] = {}
        """The layers before that, which the line carried."""
        self._failed_bps: int | None = None
        """What was too much the last time."""
        self._again_at = float("-inf")
        self._pause_s = FIRST_PAUSE_S
        self._over_since: float | None = None

    def choose(self, pictures: list[Picture], line: Line, now: float) -> dict[SinkKey, int]:
        """Layers by sink, for as long as the next call takes."""
        self._follow(pictures, line.estimate_bps, now)
        taken = self._taken(pictures)
        self._settle(taken, line.estimate_bps, now)
        if self._is_over(taken, line, now):
            self._lower(pictures, line, now)
        elif line.estimate_bps is not None and self._over_since is None and line.lost < SOUND and line.queue_s < SHORT_S:
            self._raise(pictures, taken, line.estimate_bps, now)
        return dict(self._chosen)

    def _taken(self, pictures: list[Picture]) -> int:
        return sum(picture.rates_bps[self._chosen[picture.sink]] for picture in pictures)

    def _follow(self, pictures: list[Picture], estimate_bps: int | None, now: float) -> None:
        """What is new begins with what it has; what stopped gives way to what flows."""
        chosen = {}
        for picture in pictures:
            layer = self._chosen.get(picture.sink, picture.layer)
            # A camera that is off comes back as it was.
            chosen[picture.sink] = picture.nearest(layer) if any(picture.rates_bps) else layer
        if chosen.keys() - self._chosen.keys():
            self._raised_at, self._raised_from, self._before = now, estimate_bps, {}
        self._chosen = chosen

    def _settle(self, taken: int, estimate_bps: int | None, now: float) -> None:
        """The estimate has followed, or has had time enough to."""
        if now - self._changed_at >= HELD_S and self._failed_bps is not None and taken >= NEAR * self._failed_bps:
            self._failed_bps, self._pause_s = None, FIRST_PAUSE_S
        if self._raised_at is None or estimate_bps is None:
            return
        if self._raised_from is None:
            self._raised_from = estimate_bps
        after_s, share = (HOLD_UP_S, 1.0) if estimate_bps >= taken else (SETTLE_S, BELOW)
        if estimate_bps >= share * taken and now - self._raised_at >= after_s:
            self._raised_at = None

    def _is_over(self, taken: int, line: Line, now: float) -> bool:
        if line.estimate_bps is None:
            return False
        if line.estimate_bps >= self._least(taken, now) and line.lost < LOSSY and line.queue_s < QUEUE_S:
            self._over_since = None
            return False
        if self._over_since is None:
            self._over_since = now
        return now - self._over_since >= OVER_S and now - self._changed_at >= HOLD_DOWN_S

    def _least(self, taken: int, now: float) -> float:
        """The estimate below which the line counts as overloaded."""
        if self._raised_at is None or self._raised_from is None or now - self._raised_at >= SETTLE_S:
            return BELOW * taken
        return min(BELOW * taken, self._raised_from * (FALLEN if now - self._raised_at < GROWING_S else GROWN))

    def _lower(self, pictures: list[Picture], line: Line, now: float) -> None:
        """Takes back a step too far; else the largest pictures first, until the line carries them, one where only loss speaks."""
        failed, self._raised_at = self._raised_at is not None, None
        held, self._changed_at, self._over_since = now - self._changed_at >= HELD_S, now, None
        if not held:
            self._failed_bps = self._taken(pictures)
            self._pause_s = min(LONGEST_PAUSE_S, 2 * self._pause_s)
        self._again_at = now + self._pause_s
        if failed and self._before.keys() == self._chosen.keys():
            self._chosen = {each.sink: each.nearest(self._before[each.sink]) for each in pictures}
            return
        while True:
            steps = [(picture, picture.below(self._chosen[picture.sink])) for picture in pictures]
            possible = [(picture, layer) for picture, layer in steps if layer is not None]
            if not possible:
                return
            picture, layer = max(possible, key=lambda step: step[0].rates_bps[self._chosen[step[0].sink]])
            self._chosen[picture.sink] = layer
            if line.estimate_bps is None or self._taken(pictures) <= line.estimate_bps:
                return

    def _raise(self, pictures: list[Picture], taken: int, estimate_bps: int, now: float) -> None:
        """One picture by one layer, the smallest first: when the estimate covers it, or as a trial when nothing bounds it."""
        if self._raised_at is not None or now - self._changed_at < HOLD_UP_S:
            return
        steps = [(picture, picture.above(self._chosen[picture.sink])) for picture in pictures]
        possible = [(picture, layer) for picture, layer in steps if layer is not None]
        if not possible:
            return
        picture, layer = min(possible, key=lambda step: (self._chosen[step[0].sink], step[0].sink.ssrc))
        would_take = taken - picture.rates_bps[self._chosen[picture.sink]] + picture.rates_bps[layer]
        if self._failed_bps is not None and would_take >= NEAR * self._failed_bps and now < self._again_at:
            return
        if estimate_bps < ABOVE * would_take and estimate_bps < FREE * taken:
            return
        self._before = dict(self._chosen)
        self._chosen[picture.sink] = layer
        self._changed_at = self._raised_at = now
        self._raised_from = estimate_bps


@dataclass(frozen=True, slots=True)
class _Flow:
    octets: int
    at: float
    grown_at: float
    rate_bps: float


class Flows:
    """What each stream takes now, from counters that are read now and then."""

    SILENT_S = 0.7
    SMOOTHED_S = 1.0

    def __init__(self) -> None:
        self._flows: dict[tuple[int, int], _Flow] = {}

    def seen(self, octets: dict[tuple[int, int], int], now: float) -> None:
        """The counters of all streams, by peer and SSRC; who is not among them is forgotten."""
        self._flows = {stream: self._next(self._flows.get(stream), count, now) for stream, count in octets.items()}

    def rate_bps(self, stream: tuple[int, int], now: float) -> int:
        """Bits per second, at least 1 while it flows; 0 when nothing came for a while."""
        flow = self._flows.get(stream)
        if flow is None or now - flow.grown_at >= self.SILENT_S:
            return 0
        return max(1, round(flow.rate_bps))

    def _next(self, former: _Flow | None, octets: int, now: float) -> _Flow:
        if former is None:
            return _Flow(octets, now, now if octets else float("-inf"), 0.0)
        step = now - former.at
        if step <= 0:
            return former
        part = min(1.0, step / self.SMOOTHED_S)
        rate = former.rate_bps + part * ((octets - former.octets) * 8 / step - former.rate_bps)
        flow = _Flow(octets, now, former.grown_at, rate)
        return replace(flow, grown_at=now) if octets > former.octets else flow
