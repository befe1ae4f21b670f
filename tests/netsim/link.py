"""One direction of a link, on virtual time: packets in, and later fewer of them out, or in another order. No socket, no clock.

A packet waits for the ones before it (rate), is dropped when too much waits already (queue), then travels (delay and jitter), may
be lost on the way, may be overtaken (reordering). The same seed, conditions and packets give the same outcome.
"""

import heapq
import itertools
import random
from bisect import bisect_right
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Conditions:
    """How a link is. Times in seconds, shares from 0 to 1; `queue_bytes` matters only with a rate."""

    rate_bps: float | None = None
    queue_bytes: int = 64_000
    delay_s: float = 0.0
    jitter_s: float = 0.0
    loss: float = 0.0
    reorder: float = 0.0
    reorder_s: float = 0.03
    """How much later than its place in the order a reordered packet comes."""
    cut: bool = False
    """Nothing passes, and what was under way is lost."""


_ROUNDING = 1e-3  # bytes: of times that are sums of fractions
PERFECT = Conditions()
CUT = Conditions(cut=True)
MOBILE_3G = Conditions(rate_bps=400_000, queue_bytes=30_000, delay_s=0.1, jitter_s=0.02, loss=0.02)
"""A phone at the edge of a cell: 400 kbit/s, 200 ms there and back, 2 % loss, two thirds of a second of queue."""


class Schedule:
    """Conditions over time: each holds from its moment to the next one's."""

    def __init__(self, *steps: tuple[float, Conditions]) -> None:
        self._steps = sorted(steps, key=lambda step: step[0])
        self._times = [at for at, _ in self._steps]

    def at(self, now: float) -> Conditions:
        """What holds now; a perfect link before the first moment."""
        index = bisect_right(self._times, now) - 1
        return self._steps[index][1] if index >= 0 else PERFECT


@dataclass(slots=True)
class Counters:
    """What became of the packets so far."""

    sent: int = 0
    delivered: int = 0
    lost: int = 0
    overflowed: int = 0
    cut: int = 0

    @property
    def dropped(self) -> int:
        """For whatever reason."""
        return self.lost + self.overflowed + self.cut


@dataclass(order=True, slots=True)
class _InFlight:
    due: float
    number: int
    packet: bytes = field(compare=False)
    tag: object = field(compare=False)
    left_at: float = field(compare=False)
    """When its last bit is on the wire."""
    travels_s: float = field(compare=False)
    keeps_order: bool = field(compare=False)


class Link:
    """`tag` is whatever the caller wants back with a packet (whose it is)."""

    def __init__(self, seed: int, conditions: Conditions | Schedule = PERFECT) -> None:
        self._random = random.Random(seed)
        self._schedule = conditions if isinstance(conditions, Schedule) else Schedule((float("-inf"), conditions))
        self._rate_bps: float | None = None
        """By which what waits was planned."""
        self._free_at = float("-inf")
        self._last_due = float("-inf")
        self._numbers = itertools.count()
        self._flight: list[_InFlight] = []
        self.counters = Counters()

    def become(self, now: float, conditions: Conditions) -> None:
        """From `now` on the link is like this, whatever was planned before."""
        self._schedule = Schedule((now, conditions))
        if conditions.cut:
            self._drop_all()
        self._follow(now, conditions.rate_bps)

    def send(self, packet: bytes, now: float, tag: object = None) -> None:
        """A packet comes to the link's entrance."""
        is_now = self._schedule.at(now)
        self.counters.sent += 1
        # All chances are drawn for every packet, so that one more condition does not shift the others' outcomes.
        lost, late, jitter = (self._random.random() for _ in range(3))
        if is_now.cut:
            self.counters.cut += 1
            return
        self._follow(now, is_now.rate_bps)
        left_at = self._leave(len(packet), now, is_now)
        if left_at is None:
            self.counters.overflowed += 1
            return
        if lost < is_now.loss:
            self.counters.lost += 1
            return
        keeps_order = late >= is_now.reorder  # else those behind do not wait for it
        travels_s = is_now.delay_s + jitter * is_now.jitter_s + (0.0 if keeps_order else is_now.reorder_s)
        one = _InFlight(0.0, next(self._numbers), packet, tag, left_at, travels_s, keeps_order)
        self._plan(one)
        heapq.heappush(self._flight, one)

    def deliver(self, now: float) -> list[tuple[bytes, object]]:
        """Packets that have arrived by now, in the order of arrival."""
        is_now = self._schedule.at(now)
        if self._flight and is_now.cut:
            self._drop_all()
        self._follow(now, is_now.rate_bps)
        arrived = []
        while self._flight and self._flight[0].due <= now:
            one = heapq.heappop(self._flight)
            self.counters.delivered += 1
            arrived.append((one.packet, one.tag))
        return arrived

    def deadline(self) -> float | None:
        """When to call `deliver` next."""
        return self._flight[0].due if self._flight else None

    @property
    def in_flight(self) -> int:
        return len(self._flight)

    def _leave(self, octets: int, now: float, is_now: Conditions) -> float | None:
        """When the packet's last bit is on the wire; none when the queue is full."""
        if is_now.rate_bps is None:
            self._free_at = now
            return now
        begins = max(self._free_at, now)
        waiting = (begins - now) * is_now.rate_bps / 8
        if waiting + octets > is_now.queue_bytes + _ROUNDING:
            return None
        self._free_at = begins + octets * 8 / is_now.rate_bps
        return self._free_at

    def _plan(self, one: _InFlight) -> None:
        one.due = one.left_at + one.travels_s
        if one.keeps_order:
            one.due = self._last_due = max(one.due, self._last_due)

    def _follow(self, now: float, rate_bps: float | None) -> None:
        """Where the rate is another one, what waits leaves at that, octet for octet: no line drops or holds anything for it."""
        former, self._rate_bps = self._rate_bps, rate_bps
        if former is None or former == rate_bps or self._free_at <= now:
            return
        stretch = former / rate_bps if rate_bps is not None else 0.0
        self._free_at = now + (self._free_at - now) * stretch
        self._last_due = float("-inf")
        for one in sorted(self._flight, key=lambda each: each.number):
            one.left_at = now + (one.left_at - now) * stretch if one.left_at > now else one.left_at
            self._plan(one)
        heapq.heapify(self._flight)

    def _drop_all(self) -> None:
        self.counters.cut += len(self._flight)
        self._flight.clear()
        self._free_at = self._last_due = float("-inf")
