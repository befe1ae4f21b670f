"""How much a source may send: the least of what its receivers can take. Never measures; receivers do (REMB).

Where the sender is told a cap by other means (the ladder's, over its socket) and keeps to it, the estimate is for emergencies
only: it rises by 8 % a second, and never above half again what is sent, so a sender under a cap is told to be free while all is
well. Then nothing but the cap has to rise.
"""

from dataclasses import dataclass

REPORT_LIFE_S = 10.0
"""Browsers report about 4.5 times a second; an older report says nothing about the link of now."""
MIN_INTERVAL_S = 0.2
LAYERED_BPS = 2_500_000
"""More than all layers of a picture take."""
START_S = 2.0
START_BPS = 1_500_000
"""A receiver's first estimates say only that it has seen little yet: taken as they are, a call begins at 300 kbit/s and rises by
8 % a second. So for two seconds a receiver is believed to take this much; 770 kbit/s were measured in the second one."""
FREE_BPS = 1_500_000
"""For a sender under a cap: as much as the highest one."""
OBEYED = 1.3
"""A sender whose rate is above its cap by more than this does not keep to it."""
FALL, OVER, SEVERE = 0.92, 0.95, 0.6
"""An estimate that fell to less than this share of the one before, and lies below what is sent, tells of a growing queue; it is
over when the estimate reaches what is sent again. Below this share of the cap there is no time for the socket."""
STALE_S = 3.0
BELIEVED_BPS = 150_000
"""An estimate below this is believed only where the relay itself sees a queue or losses: it never exceeds half again what
comes, so that of a sender whose machine is busy, or who sits still, sinks to nothing on the best of lines. Where the line is so
narrow indeed, this much makes a queue that is seen within a second."""
PATIENCE_S = 1.5
"""In which a sender may follow a lower cap, which costs its own estimate nothing."""


@dataclass(slots=True)
class _Report:
    bps: int
    at: float
    first_at: float

    def limit_bps(self, now: float) -> int:
        bps = max(self.bps, 1)
        return max(bps, START_BPS) if now - self.first_at < START_S else bps


class Told:
    """The last limit that a sender was told."""

    def __init__(self) -> None:
        self.bps = 0
        self._at = float("-inf")

    def due(self, bps: int, now: float) -> int | None:
        """The limit when it is to be told now: a lower one at once, others no more often than every 0.2 s."""
        if bps >= self.bps and now - self._at < MIN_INTERVAL_S:
            return None
        self.bps, self._at = bps, now
        return bps


class LayeredLimit:
    """The limit of a peer that sends its picture in several layers.

    Who receives less gets a smaller layer, so the best receiver counts. One before whom nothing waits or is lost is free to take
    them all, whatever it says: an estimate never exceeds half again what comes, and may not come at all; no larger layer would
    ever begin. Else what the best says, and what the layers take that it does not get.
    """

    def __init__(self) -> None:
        self._told = Told()

    def due(self, layers: list[tuple[int, list[int]]], now: float, *, free: bool) -> int | None:
        """`layers` are the rate of each and its receivers' estimates; `free`: one of these shows no sign of a full line."""
        if free:
            return self._told.due(LAYERED_BPS, now)
        total = sum(rate for rate, _ in layers)
        offers = [bps + total - rate for rate, estimates in layers for bps in estimates]
        return self._told.due(min(LAYERED_BPS, max(offers)), now) if offers else None


class LeastEstimate:
    """The receivers' estimates for one source, in bits per second."""

    def __init__(self) -> None:
        self._reports: dict[int, _Report] = {}
        self._told = Told()
        self._least: int | None = None
        self._least_at = float("-inf")
        self.cap_bps = 0
        """What the sender was told by other means; 0: nothing."""
        self.congested_at: float | None = None
        """Since when the receivers can take less than is sent."""
        self._congested_free = False
        """Nobody had told it a cap then."""

    def capped(self, bps: int) -> None:
        """The sender is told a cap by other means, or none (0) any more. Estimates that fell while it had none say little: they
        follow what comes, and of a line on which nothing is seen they were not believed."""
        if not self.cap_bps and self._congested_free:
            self.congested_at = None
        self.cap_bps = bps

    def report(self, receiver: int, bps: int, rate_bps: int, now: float) -> None:
        """`receiver` can take `bps` of this source, which sends `rate_bps`."""
        known = self._reports.get(receiver)
        goes_on = known is not None and now - known.at <= REPORT_LIFE_S
        self._reports[receiver] = _Report(bps, now, known.first_at if known is not None and goes_on else now)
        self._notice(rate_bps, now)

    def forget(self, receiver: int) -> None:
        """`receiver` no longer receives this source; its limit goes with it."""
        self._reports.pop(receiver, None)

    def adopt(self, receiver: int, former: "LeastEstimate") -> None:
        """`receiver` takes this source in place of another one of the same sender: what it said holds for this one."""
        if receiver in former._reports:
            self._reports[receiver] = former._reports[receiver]

    def due(self, rate_bps: int, now: float, narrowest_bps: int = 0) -> int | None:
        """The limit to tell the source now: a lower one at once, others no more often than every 0.2 s.

        `narrowest_bps` is what queues on the ways to and from here leave it; 0: there are none.
        """
        limit = self._limit(rate_bps, now)
        if narrowest_bps:
            limit = min(limit or narrowest_bps, narrowest_bps)
        return self._told.due(limit, now) if limit is not None else None

    def limits(self, now: float) -> list[int]:
        """What each receiver said lately that it can take."""
        return [kept.limit_bps(now) for kept in self._fresh(now)]

    @property
    def told_bps(self) -> int:
        """The least that the sender was told, by an estimate or otherwise; 0: nothing."""
        told = self._told.bps
        return min(told or self.cap_bps, self.cap_bps or told)

    def _fresh(self, now: float) -> list[_Report]:
        self._reports = {receiver: kept for receiver, kept in self._reports.items() if now - kept.at <= REPORT_LIFE_S}
        return list(self._reports.values())

    def _notice(self, rate_bps: int, now: float) -> None:
        least, former = max(1, min(kept.bps for kept in self._fresh(now))), self._least
        if now - self._least_at > STALE_S:
            former = self.congested_at = None  # of a picture that has not been sent meanwhile
        self._least, self._least_at = least, now
        sent = min(rate_bps, self.cap_bps) if self.cap_bps else rate_bps
        if least >= OVER * sent:
            self.congested_at = None
        elif self.congested_at is None and former is not None and least < FALL * former:
            self.congested_at, self._congested_free = now, not self.cap_bps

    def _limit(self, rate_bps: int, now: float) -> int | None:
        if not self.cap_bps or rate_bps > OBEYED * self.cap_bps:
            return min(self.limits(now), default=None)
        least = min((max(kept.bps, 1) for kept in self._fresh(now)), default=FREE_BPS)
        if self.congested_at is None:
            return max(least, FREE_BPS)
        return least if least < SEVERE * self.cap_bps or now - self.congested_at > PATIENCE_S else None


def shares(total_bps: int, rates_bps: list[int]) -> list[int]:
    """What each of several streams to one receiver may take of its estimate, given what each takes now.

    At least an equal part, and all that the others leave: an equal part alone would drag everybody to the slowest sender's
    pace, since a receiver's estimate never exceeds half again what it receives.
    """
    equal = total_bps // max(1, len(rates_bps))
    return [max(equal, total_bps - (sum(rates_bps) - rate)) for rate in rates_bps]
