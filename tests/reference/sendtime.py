"""abs-send-time on one clock: every sender stamps packets by its own, and a receiver's estimator mixes what it gets.

A receiver compares the stamps of all its streams with their arrival in one filter (libwebrtc does); two senders' clocks, or one
sender's before and after a reload, must look to it like a link gone mad. So each sender's stamps are moved to the relay's clock
by a constant: the least difference seen lately, which leaves the uplink's delay variation visible and takes drift away.
"""

_TICKS_PER_S = 1 << 18
"""24 bits of 6.18 fixed point seconds (draft-alvestrand-rmcat-remb, abs-send-time)."""
_MODULUS = 1 << 24
_WINDOW_S = 5.0
_JUMP_TICKS = 5 * _TICKS_PER_S
"""A larger change of the difference is another clock, not delay."""


class SendClock:
    """One sender's clock against the relay's."""

    def __init__(self) -> None:
        self._shift: int | None = None
        self._window_at = 0.0
        self._least = self._former_least = 0
        self.late_s = 0.0
        """How much later than the quickest of late the last packet came."""
        self.at = 0.0
        """When that was."""

    def translate(self, stamp: bytes, now: float) -> bytes:
        """The 3-byte stamp of a packet that arrived at `now` (seconds), on the relay's clock."""
        sent = int.from_bytes(stamp, "big")
        shift = self._observe(sent, now)
        return ((sent + shift) % _MODULUS).to_bytes(3, "big")

    def late(self, now: float) -> float:
        """How late packets come now; what was a second ago says nothing."""
        return self.late_s if now - self.at <= 1.0 else 0.0

    def _observe(self, sent: int, now: float) -> int:
        difference = int(now * _TICKS_PER_S) - sent
        known = self._shift
        if known is not None:
            difference = known + (difference - known + _MODULUS // 2) % _MODULUS - _MODULUS // 2
        if known is None or abs(difference - known) > _JUMP_TICKS:
            self._least = self._former_least = difference
            self._window_at = now
        elif now - self._window_at >= _WINDOW_S:
            self._former_least, self._least = self._least, difference
            self._window_at = now
        self._least = min(self._least, difference)
        self._shift = min(self._least, self._former_least)
        self.late_s, self.at = (difference - self._shift) / _TICKS_PER_S, now
        return self._shift
