"""The last packets of a video sink, by sequence number, and how much of them is under way. Pure: packets and the time go in."""

from dataclasses import dataclass

HISTORY_PACKETS = 128
"""About a second of video: what a NACK may still ask for. Kept as ciphertext where packets are sent again as they were, which
costs no crypto; plain where the receiver has a stream of its own for them (RFC 4588)."""
MARKS, MARK_EVERY, PAUSE_S = 64, 16, 0.25


@dataclass(slots=True)
class Kept:
    sequence: int
    data: bytes
    sent_at: float
    again: bool = False


class History:
    """The last packets of a sink, by sequence number; the oldest is overwritten."""

    def __init__(self) -> None:
        self._sent: list[Kept | None] = [None] * HISTORY_PACKETS
        self._newest: int | None = None
        self._marks: dict[int, tuple[int, float]] = {}
        """When each sixteenth packet was sent: a queue may be longer than what is kept."""

    def keep(self, sequence: int, data: bytes, now: float) -> None:
        former = self._sent[sequence % HISTORY_PACKETS]
        if former is not None and 0 < (former.sequence - sequence) % (1 << 16) < 1 << 15:
            return  # a late one takes no newer one's place
        self._sent[sequence % HISTORY_PACKETS] = Kept(sequence, data, now)
        if self._newest is None or 0 < (sequence - self._newest) % (1 << 16) < 1 << 15:
            self._newest = sequence
            if sequence % MARK_EVERY == 0:
                self._marks[sequence // MARK_EVERY % MARKS] = sequence, now

    def has(self, sequence: int) -> bool:
        return self.kept(sequence) is not None

    @property
    def is_empty(self) -> bool:
        """Nothing was sent yet."""
        return self._newest is None

    def under_way(self, highest: int) -> float:
        """How long it took to send what came after `highest` (16 bits), as far as it is kept; 0 when that is ahead of all.

        In a pause a queue empties, and what was lost at its end says nothing: a pause counts for little.
        """
        newest = self._newest
        if newest is None or (ahead := (newest - highest) % (1 << 16)) >= 1 << 15:
            return 0.0
        last = self.kept(newest)
        if last is None:
            return 0.0
        if ahead >= HISTORY_PACKETS:
            first_at = self._marked(highest, ahead)
            return max(0.0, last.sent_at - first_at) if first_at is not None else 0.0
        waiting, before = 0.0, None
        for back in range(ahead - 1, -1, -1):
            kept = self.kept((newest - back) % (1 << 16))
            if kept is not None:
                waiting += min(PAUSE_S, max(0.0, kept.sent_at - before)) if before is not None else 0.0
                before = kept.sent_at
        return waiting

    def _marked(self, highest: int, ahead: int) -> float | None:
        """When the first of the marks after `highest` was sent."""
        for step in range(max(0, ahead // MARK_EVERY - MARKS + 1), ahead // MARK_EVERY + 1):
            sequence = ((highest // MARK_EVERY + 1 + step) * MARK_EVERY) % (1 << 16)
            marked, at = self._marks.get(sequence // MARK_EVERY % MARKS, (-1, 0.0))
            if marked == sequence:
                return at
        return None

    def kept(self, sequence: int) -> Kept | None:
        """The packet of this number (16 bits)."""
        kept = self._sent[sequence % HISTORY_PACKETS]
        return kept if kept is not None and kept.sequence == sequence else None
