"""A queue on a sender's way to the relay, seen in its stamps while it grows; and how little it must send until that is gone.

A receiver tells of a full link a second or more later, through that very link; by then 64 kB stand in it, and nothing else gets
through for two seconds. Pure: sizes, lateness and the time go in.
"""

WINDOW_S = 0.15
STALE_S = 1.0
"""After a pause this long the next packet begins anew."""
QUEUE_S = 0.12
"""Every packet of a window later than this, twice in a row, is a queue: a stall of a radio link ends in a burst, whose last is
early."""
EMPTY_S = 0.06
CALM_WINDOWS = 4
"""So many in a row that are not late are the end of it, too: a busy phone's packets are never quite in time."""
DEEP_S = 0.25
SHARE = 0.85
"""Of what comes through."""
DRAIN = 0.3
"""Of that, while the queue is deep: sound keeps its own."""


class Uplink:
    """One video source's way here."""

    def __init__(self) -> None:
        self._window_at = 0.0
        self._least = 0.0
        self._octets = 0
        self._late_windows = self._calm_windows = 0
        self.late_s = 0.0
        """How late all of the last window was."""
        self.bps = 0
        """What the link carries of it while there is a queue; 0: there is none."""

    def arrived(self, octets: int, late_s: float, now: float) -> bool:
        """A packet came `late_s` later than the quickest; whether a window ended with it, or a queue with
        the pause before it."""
        span = now - self._window_at
        if self._window_at == 0.0 or span > STALE_S:
            told, self._late_windows, self.bps, self.late_s = self.bps > 0, 0, 0, 0.0
            self._begin(late_s, now)
            return told
        self._octets += octets
        self._least = min(self._least, late_s)
        if span < WINDOW_S:
            return False
        self.late_s = self._least
        late = self._least > QUEUE_S
        self._late_windows, self._calm_windows = (self._late_windows + 1, 0) if late else (0, self._calm_windows + 1)
        if self._late_windows >= 2:
            carried = max(1, round(SHARE * self._octets * 8 / span))
            self.bps = (3 * self.bps + carried) // 4 if self.bps else carried  # a window holds five packets, or four, or six
        elif self._least < EMPTY_S or self._calm_windows >= CALM_WINDOWS:
            self.bps = 0
        self._begin(late_s, now)
        return True

    def aged(self, now: float) -> None:
        """To be asked each second: of what is not sent any more no queue is known."""
        if now - self._window_at > STALE_S:
            self._late_windows, self.bps, self.late_s = 0, 0, 0.0

    @property
    def is_deep(self) -> bool:
        """So much waits that nothing more should be sent than must."""
        return self.bps > 0 and self.late_s > DEEP_S

    def limit(self) -> int:
        """What to tell the sender; 0: nothing."""
        return max(1, round(DRAIN * self.bps)) if self.is_deep else self.bps

    def _begin(self, late_s: float, now: float) -> None:
        self._window_at, self._least, self._octets = now, late_s, 0
