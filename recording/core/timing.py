"""Where the RTP timestamps of one source lie on the machine's monotonic clock. Pure; microseconds.

It decides the offset between the two. A source's clock tells the distance between frames far better than their arrival does, but
it may stand still while nothing is sent, jump, or run at another speed; so the offset is taken from the quickest packet of a
beginning, follows slowly, and is taken anew when the two jump apart for good. A mere jam of the network shows the same jump at
first and none a moment later: until that is known, `place` holds the answer back. A queue that fills slowly is no jump: sound and
picture stand in the same one, and must stay in step.
"""

DRIFT_US = 300_000
"""Apart by more than this from one packet to the next, and for good: another beginning.

After a pause Chromium's audio clock goes on where it stood.
"""
HOLD_US = 300_000
DRAINING_US = 40_000
"""A lag that has become less by as much since the jump is a jam that drains: a clock that stood still stays as late as it is."""
MOST_HOLD_US = 3_000_000
SETTLING_US = 1_000_000
"""After a beginning a quicker packet corrects the offset at once."""
LOWER_US = 5_000
"""A packet before its time proves the offset too late: it is corrected by as much with each, which nobody hears."""
WINDOW_US = 10_000_000
MOST_SLEW_US = 5_000
"""In a window: 500 ppm, five times what a bad oscillator does, and nobody hears it."""


class RtpLine:
    """`rate` is the clock's in Hz. `beginnings` counts how often the offset was taken anew."""

    def __init__(self, rate: int) -> None:
        self._rate = rate
        self._last: int | None = None
        self._offset: int | None = None
        self._begun_us = 0
        self._lag: int | None = None
        self._quickest: int | None = None
        self._window_end = 0
        self._maybe: int | None = None
        self._maybe_first = 0
        self._maybe_since = 0
        self.beginnings = 0

    @property
    def held(self) -> bool:
        """Whether it is not known yet what a drift means."""
        return self._maybe is not None

    def place(self, timestamp: int, arrived_us: int) -> int | None:
        """When what bears this 32-bit timestamp was sent, as nearly as its arrival allows; none while that is held back."""
        last = self._last if self._last is not None else timestamp
        self._last = last = last + ((timestamp - last + (1 << 31)) & 0xFFFFFFFF) - (1 << 31)
        sent = last * 1_000_000 // self._rate
        lag = arrived_us - sent
        before, self._lag = self._lag, lag
        jumped = before is not None and not -DRIFT_US <= lag - before <= DRIFT_US
        if not jumped and self._maybe is None and self._offset is not None:  # nearly always
            return sent + self._follow(lag, arrived_us)
        far = self._offset is None or abs(lag - self._offset) > DRIFT_US
        if far:
            self._doubt(lag, arrived_us)
        else:
            self._maybe = None
            self._follow(lag, arrived_us)
        return None if self._maybe is not None or self._offset is None else sent + self._offset

    def settle(self) -> None:
        """Ends a doubt: nothing more will come, or not in time."""
        if self._maybe is not None:
            self._begin(self._maybe, self._maybe_since)

    def at(self, timestamp: int) -> int:
        """The place of a timestamp near the last one, once nothing is held."""
        assert self._last is not None
        near = self._last + ((timestamp - self._last + (1 << 31)) & 0xFFFFFFFF) - (1 << 31)
        return near * 1_000_000 // self._rate + (self._offset or 0)

    def _doubt(self, lag: int, arrived_us: int) -> None:
        if self._maybe is None:
            self._maybe = self._maybe_first = lag
            self._maybe_since = arrived_us
        self._maybe = min(self._maybe, lag)
        held_us = arrived_us - self._maybe_since
        draining = self._offset is not None and self._offset < lag < self._maybe_first - DRAINING_US
        if held_us >= (MOST_HOLD_US if draining else HOLD_US):
            self._begin(self._maybe, arrived_us)

    def _begin(self, offset: int, now_us: int) -> None:
        self._offset, self._maybe, self._begun_us = offset, None, now_us
        self._quickest, self._window_end = None, now_us + WINDOW_US
        self.beginnings += 1

    def _follow(self, lag: int, arrived_us: int) -> int:
        """The offset, corrected by a packet that is near it."""
        assert self._offset is not None
        if lag < self._offset:
            settling = arrived_us - self._begun_us < SETTLING_US
            self._offset = lag if settling else max(lag, self._offset - LOWER_US)
        if self._quickest is None or lag < self._quickest:
            self._quickest = lag
        if arrived_us >= self._window_end:
            self._offset += max(-MOST_SLEW_US, min(MOST_SLEW_US, self._quickest - self._offset))
            self._quickest, self._window_end = None, arrived_us + WINDOW_US
        return self._offset
