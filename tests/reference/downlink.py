"""A queue before a receiver, seen in what its reports do not have yet; and what the link carries meanwhile.

A receiver's estimate (REMB) tells of a full link by falling; where a link is narrow from the beginning, or gets so by and by,
there is nothing to fall from. But each report names the highest number that has arrived, and the relay knows when it sent what
came after it: what is under way for longer than the path's own trip stands in a queue. That trip is known from connectivity
checks, the first of which come before all media. Pure: reports and the time go in.
"""

WINDOW_S = 0.25
"""Between two reports that are compared; several come at once with NACKs."""
QUEUE_S, EMPTY_S = 0.35, 0.15
"""A queue, when two reports in a row say so: a radio link, or a busy phone, may stall once."""
DEEP_S, DRAIN_S = 0.7, 1.0
SHORT_QUEUE_S, LOSSES = 0.2, 0.15
"""What bears out a receiver that says it can take next to nothing."""
TROUBLE = 0.02
UNKNOWN_TRIP_S = 0.6
SHARE, SHARE_DEEP = 0.85, 0.3
SILENCE_S, SILENT_PART = 2.5, 2
"""Browsers report every 0.5 to 1.5 s; what is carried meanwhile is a guess."""
LIFE_S = 3.0
"""A receiver reports each second; older words are of another link."""
HEAD_BYTES = 40
"""Of a packet's header with its extensions and libsrtp's trailer, which are not among the octets a sender counts."""


class Downlink:
    """One sink's way to its receiver."""

    def __init__(self) -> None:
        self._highest: int | None = None
        self._lost = 0
        self._packets = self._octets = self._size = 0
        self._at = 0.0
        self._late_reports = 0
        self.late_s = 0.0
        """How long the queue is."""
        self._bps = self._firm_bps = 0

    def reported(self, highest: int, lost: int, late_s: float, sent: tuple[int, int], now: float) -> None:
        """A report says that `highest` (32 bits) has arrived and `lost` did not, of all so far.

        What is under way has been so for `late_s` more than it should; `sent` are packets and octets so far.
        """
        self.late_s, self._firm_bps = late_s, 0
        if sent[0] > self._packets:
            self._size = (sent[1] - self._octets) // (sent[0] - self._packets) + HEAD_BYTES
        if now - self._at > LIFE_S:
            self._late_reports = self._bps = 0
        elif self._highest is not None and now - self._at < WINDOW_S:
            return
        elif self._highest is not None:
            self._judge((highest - self._highest + (1 << 31)) % (1 << 32) - (1 << 31) - (lost - self._lost), now)
        elif late_s < EMPTY_S:
            self._bps = 0  # the silence is over, and nothing stood behind it
        self._highest, self._lost, self._at = highest, lost, now
        self._packets, self._octets = sent

    def _judge(self, came: int, now: float) -> None:
        self._late_reports = self._late_reports + 1 if self.late_s > QUEUE_S else 0
        if self._late_reports >= 2:
            carried = max(1, int(max(0, came) * self._size * 8 / (now - self._at)))
            self._bps = (self._bps + carried) // 2 if self._bps else carried
        elif self.late_s < EMPTY_S:
            self._bps = 0

    def silent(self, seconds: float, rate_bps: int, now: float) -> None:
        """Nothing was reported for so long, while `rate_bps` were sent: reports are generated each second, so they stand in a
        queue, or all that they would tell of does (RFC 8083 ends a stream for less)."""
        self.late_s, self._at, self._highest, self._firm_bps = seconds, now, None, 0
        self._bps = max(1, rate_bps // SILENT_PART)

    def checked(self, bps: int, firm_bps: int, late_s: float, now: float) -> None:
        """Checks tell of a queue, or that there is none (0); `firm_bps` is by what was counted before it was deep."""
        self._firm_bps = firm_bps
        self._bps, self.late_s, self._at, self._highest, self._late_reports = bps, late_s, now, None, 0

    def bps(self, now: float) -> int:
        """What the link carries while there is a queue; 0: there is none."""
        return self._bps if now - self._at <= LIFE_S else 0

    def limit(self, now: float) -> int:
        """What to tell the sender; 0: nothing."""
        bps, deep = self.bps(now), self.late_s > DEEP_S
        if not bps:
            return 0
        return max(1, int(SHARE_DEEP * max(bps, self._firm_bps)) if deep else int(SHARE * bps))  # the smaller is a part already

    def is_full(self, lost_share: float, now: float) -> bool:
        """Whether there is any sign of a full link: a queue, though a short one, or losses."""
        return self._waits(now) or lost_share > LOSSES

    def is_troubled(self, lost_share: float, now: float) -> bool:
        """Whether the ladder must look at it: a queue, or any losses to speak of."""
        return self._waits(now) or lost_share > TROUBLE

    def _waits(self, now: float) -> bool:
        return now - self._at <= LIFE_S and (self._bps > 0 or self.late_s > SHORT_QUEUE_S)

    def must_drain(self, now: float) -> bool:
        """So much waits that nothing more should be sent than must."""
        return self.bps(now) > 0 and self.late_s > DRAIN_S

    @property
    def counted(self) -> tuple[int, float, float]:
        """What it carried, how long the queue was, and when that was last heard."""
        return self._bps, self.late_s, self._at


class Losses:
    """What a receiver has not got of one stream, over a second: with NACKs come reports of a few packets each."""

    SPAN_S = 1.0

    def __init__(self) -> None:
        self._highest: int | None = None
        self._lost = 0
        self._at = 0.0
        self.share = 0.0

    @property
    def began(self) -> bool:
        """Whether anything was reported yet."""
        return self._highest is not None

    def reported(self, highest: int, lost: int, now: float) -> None:
        """Both count from the stream's beginning; `lost` sinks when a packet comes twice."""
        if self._highest is not None and now - self._at < self.SPAN_S:
            return
        if self._highest is not None:
            expected = (highest - self._highest) % (1 << 32)
            self.share = min(1.0, max(0, lost - self._lost) / expected) if 0 < expected < 1 << 31 else 0.0
        self._highest, self._lost, self._at = highest, lost, now
