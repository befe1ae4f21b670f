"""A line that suddenly carries far less than it is sent, seen in what its receiver asks for again (NACK).

A queue that is soon full is too short for the checks (checks.py) to tell of it, and reports name losses once a second: by then
nothing could be decoded for a second. But a browser asks for what is missing as soon as it sees the gap, which is when the queue
has passed; a tenth of a second of that tells how much is lost. What an outage of a radio swallows is asked for all at once, and
what comes of chance is far less. Pure: numbers and the time go in.
"""

WINDOW_S, SPREAD_S, YOUNG_S = 0.5, 0.04, 0.15
"""What is missed within the one is counted together; what is told of within the other was lost at once. Until the
third it is open whether it is one: a key frame that is asked for now would come into the full queue, and browsers do not listen
to the next request, of the layer that fits."""
LEAST, PART = 12, 3
"""So many packets, and that part of all: three layers of a picture are far apart."""
LEAST_DRAIN_S = 0.2
ROOM, LONGEST_ROOM_S = 0.3, 0.15
"""So long a queue empties before a smaller layer's key frame is asked for, which then comes within a tenth of a second: of one
that finds no room a part is lost, and comes a round trip through the whole queue later."""


class Flood:
    """Of one sink."""

    def __init__(self) -> None:
        self._highest: int | None = None
        self._before = self._missed = 0
        self._since = 0.0

    def missed(self, number: int, now: float) -> float:
        """The receiver asks for `number`, which counts on without end. What share it misses, where that is a flood; else 0."""
        if self._highest is not None and number <= self._highest:
            return 0.0  # once more
        if self._highest is None or now - self._since > WINDOW_S:
            self._before, self._missed, self._since = number - 1, 0, now
        self._highest = number
        self._missed += 1
        span = number - self._before
        is_one = self._missed >= LEAST and self._missed * PART >= span and now - self._since >= SPREAD_S
        return self._missed / span if is_one else 0.0

    def is_young(self, now: float) -> bool:
        """Whether it began so lately that it is not known yet whether it is one."""
        return self._highest is not None and now - self._since <= YOUNG_S
