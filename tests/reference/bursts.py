"""What a sender's own way to the relay carries, seen in its pictures before any queue stands there.

A picture of several packets leaves its browser at a few times the limit or all at once, and a narrow line spreads it: what
follows its first packet took so long to come, and was sent in so long. By that the next step of a limit is known to fit or not
before it is made. Summed up over half a second, since a moment in which nobody read the socket gathers what came apart. Pure:
sizes, stamps' lateness and the time go in.
"""

SPAN_S = 0.5
STALE_S = 1.5
"""Pictures of one packet each say nothing: what was counted before they began is not of now."""
LEAST_OCTETS = 2_000
GRAIN_S = 0.001
"""The relay reads its socket so often when there is much to read."""


class Bursts:
    """One video source's."""

    def __init__(self) -> None:
        self._timestamp: int | None = None
        self._first_at = self._first_late = 0.0
        self._last_at = self._last_late = 0.0
        self._octets = 0
        """Of this picture, after its first packet."""
        self._since = 0.0
        self._counted = 0
        self._came_s = self._sent_s = 0.0
        self.came_bps = self.sent_bps = 0
        """How fast pictures came in the last half second, and how fast they were sent."""
        self.at = 0.0
        """When that was; 0: never."""

    @property
    def counted(self) -> tuple[int, int, float]:
        """How fast pictures came and were sent, and when that was so."""
        return self.came_bps, self.sent_bps, self.at

    def arrived(self, octets: int, timestamp: int, late_s: float, now: float) -> None:
        """A packet of the picture of `timestamp` came `late_s` later than the quickest of late."""
        if timestamp == self._timestamp:
            self._octets += octets
            self._last_at, self._last_late = now, late_s
            return
        self._end(now)
        self._timestamp, self._octets = timestamp, 0
        self._first_at = self._last_at = now
        self._first_late = self._last_late = late_s

    def _end(self, now: float) -> None:
        """Another picture begins."""
        if now - self._since > STALE_S:
            self._since, self._counted, self._came_s, self._sent_s = now, 0, 0.0, 0.0
            return
        if self._octets:
            came = self._last_at - self._first_at
            sent = max(0.0, came - (self._last_late - self._first_late))
            self._counted += self._octets
            self._came_s += max(came, sent) + GRAIN_S
            self._sent_s += sent + GRAIN_S
        if now - self._since >= SPAN_S and self._counted >= LEAST_OCTETS:
            self.came_bps, self.sent_bps = (int(self._counted * 8 / span) for span in (self._came_s, self._sent_s))
            self.at = now
            self._since, self._counted, self._came_s, self._sent_s = now, 0, 0.0, 0.0
