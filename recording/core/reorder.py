"""Puts packets of one RTP source back into order, waiting for a late one no longer than a window allows. Pure.

It decides when a missing packet is given up; it never looks into one. A recording can wait where a call cannot, so the window
is long enough for a retransmission over any path that a call is bearable on.
"""

from typing import NamedTuple

WINDOW_US = 500_000
MOST_HELD = 1024
"""Packets behind one that is missing: half a second of 20 Mbit/s. More is no reordering, and memory must end somewhere."""
RESTART_AFTER = 3000
"""A jump by more is another numbering (RFC 3550, A.1, MAX_DROPOUT)."""


class Packet(NamedTuple):
    """One RTP packet without its header. `at_us` is when it was sent, on the recorder's line, where that is known already.

    A tuple: one is made for each packet, and a frozen dataclass takes three times as long.
    """

    timestamp: int
    marker: bool
    payload: bytes
    at_us: int | None


Ready = tuple[int, Packet]
"""A packet in order, and how many before it will never come."""


class Reorder:
    """`lost` counts packets given up, `late` those that came after that, or twice."""

    def __init__(self, window_us: int = WINDOW_US) -> None:
        self._window_us = window_us
        self._next: int | None = None
        self._held: dict[int, tuple[int, Packet]] = {}
        self.lost = 0
        self.late = 0

    def push(self, sequence: int, packet: Packet, now_us: int) -> list[Ready]:
        """Takes a packet of this 16-bit number; returns those that are in order now."""
        if self._next is None:
            self._next = sequence
        number = self._next + ((sequence - self._next + 0x8000) & 0xFFFF) - 0x8000
        ahead = number - self._next
        if ahead == 0 and not self._held:  # nearly always
            self._next += 1
            return [(0, packet)]
        if abs(ahead) > RESTART_AFTER:
            ready = self.flush()
            self._next = number + 1
            return [*ready, (0, packet)]
        if ahead < 0 or number in self._held:
            self.late += 1
            return self.due(now_us)
        self._held[number] = (now_us, packet)
        return self.due(now_us)

    def due(self, now_us: int) -> list[Ready]:
        """Those that are in order, or must be taken for it, by now."""
        ready: list[Ready] = []
        while self._held and self._next is not None:
            held = self._held.pop(self._next, None)
            if held is not None:
                ready.append((0, held[1]))
                self._next += 1
                continue
            oldest = next(iter(self._held.values()))[0]  # in order of arrival
            if now_us - oldest < self._window_us and len(self._held) <= MOST_HELD:
                break
            ready.append(self._skip())
        return ready

    def flush(self) -> list[Ready]:
        """All that is held, now."""
        ready: list[Ready] = []
        while self._held:
            ready.append(self._skip())
        return ready

    def _skip(self) -> Ready:
        """The first that there is, over those that are missing."""
        assert self._next is not None
        first = min(self._held)
        missing = first - self._next
        self.lost += missing
        self._next = first + 1
        return missing, self._held.pop(first)[1]
