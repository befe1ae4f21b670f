"""Which layer of each picture one receiver gets, of those that its senders send (simulcast, RFC 8853).

Decides by what the relay itself sees before the receiver: down at once when a queue stands there or packets are lost, up, one
layer at a time, when there has been neither for a while; a layer that was too much is tried more and more seldom. What the
receiver says that it can take (REMB) only confirms a short queue, and lets it wait less for more: it never exceeds half again
what arrives, sinks to next to nothing on a busy machine, and browsers stop telling it (docs/LAYER_SWITCHES.md).
"""

from dataclasses import dataclass, replace

from media.core.routes import SinkKey

HOLD_DOWN_S = 1.5
"""After a change: what queued up before it must drain first."""
OVER_S = 0.4
"""So long must a sign of overload be there: a key frame alone is no reason."""
CALM_S, UNPROVEN_S = 2.0, 5.0
"""So long must a line be calm, and a layer be held, before the next: where the receiver says that more would pass or the relay
sees it, and where nobody does."""
SETTLE_S = 3.0
"""After more is sent than before, an estimate below that says nothing, and the first key frame is a short queue of its own."""
TRIED_S = 12.0
"""A line that is full so soon after a step up was so by that step: it is taken back."""
HELD_S = 30.0
"""A step that was held so long was right."""
FIRST_PAUSE_S, LONGEST_PAUSE_S = 4.0, 60.0
BELOW, ABOVE, FREE, NEAR = 0.9, 1.1, 1.25, 0.95
"""Parts of what is sent: below it a line is overloaded; so much above what would be sent it is enough; free of any bound; as good
as what failed before."""
QUEUE_S, SHORT_S = 0.35, 0.15
"""A queue that tells of an overload; and one with which nothing more is tried, and which an estimate makes an overload."""
ROOM = 0.8
"""Of what a line lets through at once: the rest is sound's, and a beginning is larger than what follows it."""
BELIEVED_BPS = 150_000
"""Less is what a busy machine says of any line."""
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
    """A receiver's line. What it says that it can take of all pictures (bits per second, none where it has not said lately); its
    share of loss; for how long packets wait before it, and what passes meanwhile, 0 where nothing waits (native/downlink.c);
    whether the plane has just stopped a picture because the line carries far less than it is sent (native/flood.c); and what it
    lets through at once of everything, 0 where that is not known (native/checks.c)."""

    estimate_bps: int | None
    lost: float
    queue_s: float = 0.0
    carried_bps: int = 0
    flooded: bool = False
    room_bps: int = 0

    @property
    def is_calm(self) -> bool:
        """Whether nothing speaks against sending more."""
        return self.lost < SOUND and self.queue_s < SHORT_S and self.carried_bps == 0

    @property
    def passes(self) -> int | None:
        """What passes a full line, as far as that is known."""
        said = self.estimate_bps if self.queue_s >= QUEUE_S and (self.estimate_bps or 0) >= BELIEVED_BPS else None
        return self.carried_bps or said


class LayerChoice:
    """The layers of one receiver."""

    def __init__(self) -> None:
        self._chosen: dict[SinkKey, int] = {}
        self._meant: dict[SinkKey, int] = {}
        """What the line carries: is chosen while it flows, and again as soon as it does."""
        self._changed_at = self._raised_at = float("-inf")
        self._before: dict[SinkKey, int] = {}
        """The layers before the last step up, which the line carried."""
        self._failed_bps: int | None = None
        """What was too much the last time, or what passed then."""
        self._again_at = float("-inf")
        self._pause_s = FIRST_PAUSE_S
        self._empties = False
        """Since the last fall its queue has not gone yet: while it empties it says nothing new."""
        self._over_since: float | None = None
        self._calm_since: float | None = None

    def choose(self, pictures: list[Picture], line: Line, now: float) -> dict[SinkKey, int]:
        """Layers by sink, for as long as the next call takes."""
        self._follow(pictures, now)
        taken = self._taken(pictures)
        self._over_since = _since(self._over_since, self._is_over(taken, line, now), now)
        self._calm_since = _since(self._calm_since, line.is_calm, now)
        self._empties = self._empties and not line.is_calm
        if HELD_S <= now - self._raised_at < float("inf"):
            self._failed_bps, self._pause_s = None, FIRST_PAUSE_S
        if line.flooded:
            self._lower(pictures, line, now)
        elif self._over_since is not None:
            if now - self._over_since >= OVER_S and now - self._changed_at >= HOLD_DOWN_S:
                self._lower(pictures, line, now)
        elif self._calm_since is not None:
            self._raise(pictures, taken, line, now)
        return dict(self._chosen)

    def _taken(self, pictures: list[Picture]) -> int:
        return sum(picture.rates_bps[self._chosen[picture.sink]] for picture in pictures)

    def _follow(self, pictures: list[Picture], now: float) -> None:
        """What is new begins with what it has; what stopped gives way to what flows."""
        meant = {picture.sink: self._meant.get(picture.sink, picture.layer) for picture in pictures}
        if meant.keys() - self._meant.keys():
            self._changed_at, self._before = now, {}
        self._meant = meant
        self._chosen = {
            each.sink: each.nearest(meant[each.sink]) if any(each.rates_bps) else meant[each.sink] for each in pictures
        }

    def _is_over(self, taken: int, line: Line, now: float) -> bool:
        """Whether the line carries less than it is sent, as far as anybody can tell at this moment."""
        if line.lost >= LOSSY:
            return True
        if line.carried_bps:
            return line.carried_bps < ABOVE * taken
        if self._empties:
            return False
        if line.queue_s >= QUEUE_S:
            return True
        confirmed = BELIEVED_BPS <= (line.estimate_bps or 0) < BELOW * taken
        return confirmed and line.queue_s >= SHORT_S and now - self._raised_at >= SETTLE_S

    def _lower(self, pictures: list[Picture], line: Line, now: float) -> None:
        """Takes back a step too far; else, and beyond it, the largest pictures first, until the line carries them; one layer
        where nobody knows what it carries."""
        before = dict(self._chosen)
        failed_bps = self._taken(pictures)
        passes = round(failed_bps * (1 - line.lost))
        carried = min(line.passes or passes, passes)  # what waits in a short queue is most of what was sent, and tells little
        if now - self._raised_at < TRIED_S and self._before.keys() == self._chosen.keys():
            self._chosen = {each.sink: each.nearest(self._before[each.sink]) for each in pictures}
        while self._chosen == before or self._taken(pictures) > carried:
            steps = [(picture, picture.below(self._chosen[picture.sink])) for picture in pictures]
            possible = [(picture, layer) for picture, layer in steps if layer is not None]
            if not possible:
                break
            picture, layer = max(possible, key=lambda step: step[0].rates_bps[self._chosen[step[0].sink]])
            self._chosen[picture.sink] = layer
        if self._chosen != before:  # else there is nothing smaller, and no step that failed
            self._fall(min(failed_bps, carried), now)

    def _fall(self, failed_bps: int, now: float) -> None:
        if now - self._raised_at < HELD_S:
            self._pause_s = min(LONGEST_PAUSE_S, 2 * self._pause_s)
        self._meant = dict(self._chosen)
        self._failed_bps, self._again_at = failed_bps, now + self._pause_s
        self._changed_at, self._raised_at = now, float("-inf")
        self._over_since, self._empties = None, True

    def _raise(self, pictures: list[Picture], taken: int, line: Line, now: float) -> None:
        """One picture by one layer, the smallest first."""
        steps = [(picture, picture.above(self._chosen[picture.sink])) for picture in pictures]
        possible = [(picture, layer) for picture, layer in steps if layer is not None]
        if not possible or self._calm_since is None:
            return
        picture, layer = min(possible, key=lambda step: (self._chosen[step[0].sink], step[0].sink.ssrc))
        would_take = taken - picture.rates_bps[self._chosen[picture.sink]] + picture.rates_bps[layer]
        if self._failed_bps is not None and would_take >= NEAR * self._failed_bps and now < self._again_at:
            return
        says_so = line.estimate_bps is not None and line.estimate_bps >= min(ABOVE * would_take, FREE * taken)
        known = says_so or ROOM * line.room_bps >= would_take
        if now - max(self._calm_since, self._changed_at) < (CALM_S if known else UNPROVEN_S):
            return
        self._before = dict(self._chosen)
        self._chosen[picture.sink] = self._meant[picture.sink] = layer
        self._changed_at = self._raised_at = now


def _since(known: float | None, holds: bool, now: float) -> float | None:
    """Since when something holds."""
    if not holds:
        return None
    return now if known is None else known


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
