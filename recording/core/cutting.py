"""Where one person's sound or picture is cut into segments, and when a key frame is worth asking for. Pure; microseconds.

A segment of a picture begins with a key frame, and asking the sender for one costs quality: so those that come by themselves
are used, and one is asked for only when a segment has become long. A segment is all that a crash may cost, hence a few seconds.
"""

from dataclasses import dataclass
from enum import Enum, auto

SEGMENT_US = 5_000_000
EARLY_US = 3_000_000
"""From here on a key frame that came by itself begins the next segment of a picture."""
STARVED_AGAIN_US = 250_000
"""Where nothing is kept until a key frame comes."""
ASK_AGAIN_US = 1_500_000
"""A request or its key frame may be lost; the plane holds requests of all who ask at a bounded pace besides."""
PAUSE_US = 1_000_000
"""Frames further apart than this are no flow: what is between them is told as a gap."""
IDLE_US = 2_000_000
"""A segment to which nothing came for so long is closed, so that no crash can cost it any more."""
MOST_OCTETS = 32 << 20
"""50 Mbit/s for five seconds; without a key frame what comes then is left out."""


class Cut(Enum):
    """What to do with a frame."""

    ADD = auto()
    BEGIN = auto()
    """Close the segment that is open, if one is, and begin another with this frame."""
    LEAVE_OUT = auto()
    """It needs a key frame that was not kept."""


@dataclass(slots=True)
class _Open:
    begun_us: int
    octets: int
    setup: object


class Cutter:
    """The cuts of one track. `setup` is what a decoder is set up with: its change is a cut."""

    def __init__(self, *, picture: bool) -> None:
        self._picture = picture
        self._open: _Open | None = None
        self._last_us: int | None = None
        self._asked_us: int | None = None

    def frame(self, at_us: int, octets: int, *, key: bool, setup: object) -> Cut:
        """The next frame, in order of time."""
        cut = self._decide(at_us, octets, key=key, setup=setup)
        if cut is Cut.LEAVE_OUT:
            return cut
        self._last_us = at_us
        if cut is Cut.BEGIN:
            self._open = _Open(at_us, 0, setup)
            self._asked_us = None
        assert self._open is not None
        self._open.octets += octets
        return cut

    def _decide(self, at_us: int, octets: int, *, key: bool, setup: object) -> Cut:
        open_ = self._open
        if open_ is None:
            return Cut.BEGIN if key else Cut.LEAVE_OUT
        if not key:
            return Cut.ADD if open_.octets + octets <= MOST_OCTETS else Cut.LEAVE_OUT
        long_enough = at_us - open_.begun_us >= (EARLY_US if self._picture else SEGMENT_US)
        paused = self._last_us is not None and at_us - self._last_us >= PAUSE_US
        return Cut.BEGIN if long_enough or paused or setup != open_.setup or open_.octets >= MOST_OCTETS else Cut.ADD

    def wants_key(self, now_us: int, *, starved: bool) -> bool:
        """Whether to ask the sender now; true at most once in a while. `starved`: nothing can be kept without one."""
        if not self._picture:
            return False
        starved = starved or self._open is None
        due = starved or (self._open is not None and now_us - self._open.begun_us >= SEGMENT_US)
        again_us = STARVED_AGAIN_US if starved else ASK_AGAIN_US
        if not due or (self._asked_us is not None and now_us - self._asked_us < again_us):
            return False
        self._asked_us = now_us
        return True

    def idle(self, now_us: int) -> bool:
        """Whether the open segment is to be closed for want of frames; it is closed then."""
        if self._open is None or self._last_us is None or now_us - self._last_us < IDLE_US:
            return False
        self.close()
        return True

    def close(self) -> None:
        """The open segment was closed: the next frame must begin another."""
        self._open = None
