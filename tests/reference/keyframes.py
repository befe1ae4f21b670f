"""When a source is asked for a key frame. Decides only the pace; who needs one is known elsewhere."""

MIN_INTERVAL_S = 0.2
"""However many ask: a key frame costs about ten ordinary ones, and browsers make no more than a few a second."""
KEYFRAME_BITS, LONGEST_S = 250_000, 1.5
"""And never before the last one can have come through what the sender is limited to: asked each 200 ms for what takes a second, a
browser sends nothing but beginnings of key frames."""
WAITING_INTERVAL_S = 0.5
"""Between repetitions while a closed gate waits: a key frame takes that long over a slow uplink."""

HEEDED_INTERVAL_S = 0.35
"""A sender of several layers takes a request for one of them for all, and does not listen for 0.3 s after it came (libwebrtc's
EncoderRtcpFeedback). What is asked meanwhile is in vain, unless its encoder makes key frames of one layer by itself."""

GIVEN_UP_INTERVAL_S, GIVEN_UP_LEAST_S, GIVEN_UP_BITS = 2.0, 0.5, 125_000
"""For what was asked for in vain: a large picture's key frame is 60 kB, and one after the other fills any line. Of a picture of
so few bits a second it is small; what limits the sender further still counts."""


class Heeded:
    """When a sender was last asked for a key frame of any of its pictures, and listened."""

    def __init__(self) -> None:
        self._at = float("-inf")

    @property
    def at(self) -> float:
        """When that was."""
        return self._at

    def is_fresh(self, now: float) -> bool:
        """Whether it does not listen now."""
        return now - self._at < HEEDED_INTERVAL_S

    def asked(self, now: float) -> None:
        if not self.is_fresh(now):
            self._at = now


class KeyframeRequests:
    """The pace of picture-loss indications towards one source; `heeded` is its sender's."""

    def __init__(self, heeded: Heeded) -> None:
        self._heeded = heeded
        self._sent_at = self._tried_at = self._began_at = float("-inf")
        self._begun: int | None = None
        self._came = False
        """Whether a whole one came since it was last asked for."""

    def saw(self, timestamp: int, now: float, *, begins: bool, ends: bool) -> None:
        """A packet of the picture of this timestamp: the first of a key frame, the last of whatever it is."""
        if begins:
            self._begun, self._began_at = timestamp, now
        if ends and self._begun == timestamp:
            self._begun, self._came = None, True

    def ordered(self, now: float, limit_bps: int = 0) -> bool:
        """For a copy, or for who just came: what has come needs no more time to come, and may have come just before. It is not
        held back for another layer's request, since it is not repeated; but if it may be in vain, what a shut gate asks is not
        held back for it either."""
        return self._ask(now, max(MIN_INTERVAL_S, 0.0 if self._came else _passage_s(limit_bps)), ordered=True)

    def needed(self, now: float, limit_bps: int = 0) -> bool:
        """Somebody lost the picture or began to watch: whether to ask a sender of this limit (0: none) now."""
        return self._ask(now, max(MIN_INTERVAL_S, _passage_s(limit_bps)))

    def still_waiting(self, now: float, limit_bps: int = 0) -> bool:
        """A packet met a closed gate: whether to ask again now. What another layer was asked for may bring this one's, too."""
        other = self._heeded.at if self._began_at < self._heeded.at else self._sent_at
        interval = max(WAITING_INTERVAL_S, _passage_s(limit_bps))
        return now - max(self._sent_at, other) >= interval and self._ask(now, interval)

    def given_up(self, now: float, rate_bps: int, limit_bps: int = 0) -> bool:
        """Something will not come any more, and nobody has asked yet: whether to ask now."""
        interval = min(GIVEN_UP_INTERVAL_S, max(GIVEN_UP_LEAST_S, rate_bps / GIVEN_UP_BITS))
        return self._ask(now, max(interval, _passage_s(limit_bps)))

    def _ask(self, now: float, interval_s: float, *, ordered: bool = False) -> bool:
        if now - self._sent_at < interval_s:
            return False
        if self._heeded.is_fresh(now) and self._sent_at < self._heeded.at:
            if not ordered or now - self._tried_at < MIN_INTERVAL_S:
                return False
            self._tried_at = now
            return True
        self._heeded.asked(now)
        self._sent_at, self._came = now, False
        return True


def _passage_s(limit_bps: int) -> float:
    return min(LONGEST_S, KEYFRAME_BITS / limit_bps) if limit_bps else 0.0
