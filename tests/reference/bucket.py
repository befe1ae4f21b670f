"""What may go out beside what must: octets of a share of a rate, saved up for half a second. Pure: rates and the time go in."""

SAVED_S = 0.5


class Bucket:
    """Full at first."""

    def __init__(self, least: float) -> None:
        """`least` octets may be spent at once, however low the rate is."""
        self._least = least
        self._octets: float | None = None
        self._at = 0.0

    def take(self, rate: float, octets: float, now: float) -> bool:
        """Whether so many may be spent now, at `rate` octets a second; if so, they are."""
        most = max(self._least, rate * SAVED_S)
        held = most if self._octets is None else self._octets + rate * (now - self._at)
        self._octets, self._at = min(held, most), now
        if self._octets < octets:
            return False
        self._octets -= octets
        return True
