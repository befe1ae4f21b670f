"""When a source is asked for a key frame. Decides only the pace; who needs one is known elsewhere."""

MIN_INTERVAL_S = 0.2
"""However many ask: a key frame costs about ten ordinary ones, and browsers make no more than a few a second."""
WAITING_INTERVAL_S = 0.5
"""Between repetitions while a closed gate waits: a key frame takes that long over a slow uplink."""


class KeyframeRequests:
    """The pace of picture-loss indications towards one source."""

    def __init__(self) -> None:
        self._sent_at = float("-inf")

    def needed(self, now: float) -> bool:
        """Somebody lost the picture or began to watch: whether to ask now."""
        return self._ask(now, MIN_INTERVAL_S)

    def still_waiting(self, now: float) -> bool:
        """A packet met a closed gate: whether to ask again now."""
        return self._ask(now, WAITING_INTERVAL_S)

    def _ask(self, now: float, interval_s: float) -> bool:
        if now - self._sent_at < interval_s:
            return False
        self._sent_at = now
        return True
