"""One peer's path through the network: where it is sent to, whether it is still there.

It decides the address (RFC 8445, RFC 7675): one that answered a check of ours, and that the browser nominates or sends its media
from, or, when the one in use has fallen silent, the last that was heard of. It never sends; and an address that merely claims to
be the peer gets no media, since a claim may be forged towards a victim.
"""

from dataclasses import dataclass
from enum import StrEnum

Address = tuple[str, int]

PROBE_EVERY_S = 0.9
"""Of an address in use that has not answered the last check."""
CALM_PROBE_S = 2.9
"""After the last word of one that has answered it and sends no media: one lost check is made good before the silence is told."""
CONSENT_EVERY_S = 4.0
"""While authentic media comes from the address in use: consent alone needs a check about every 5 s (RFC 7675, 5.1)."""
CALM_CONSENT_S = 5.0
"""While the browser's own checks come, and are heard at once; they are no consent."""
CALM_LOOK_S = 1.9
"""While media flows: its end is noticed early enough to be asked after, and told within five seconds."""
SILENT_AFTER_S = 4.0
"""Then another address that answers takes over, though the browser has not nominated it."""
DISCONNECTED_AFTER_S = 4.0
"""Leaves a second to tell people within five."""
FAILED_AFTER_S = 30.0
"""RFC 7675, 5.1: consent expires 30 s after the last answer."""
ANSWER_LIFE_S = 10.0
MAX_ADDRESSES = 16


class PathState(StrEnum):
    CONNECTED = "connected"
    DISCONNECTED = "disconnected"
    FAILED = "failed"


@dataclass(slots=True)
class _Seen:
    checked_at: float
    answered_at: float | None = None


class Path:
    """The addresses of a connected peer; times are seconds of one monotonic clock."""

    def __init__(self, address: Address, now: float) -> None:
        self.address = address
        self._seen: dict[Address, _Seen] = {address: _Seen(now, now)}
        self._nominee: Address | None = None
        self._media_from: Address | None = None
        self._media_at = self._heard_at = now
        self._probed_at = now

    def checked(self, address: Address, nominated: bool, now: float) -> bool:
        """A genuine check came from `address`. Returns whether `self.address` changed."""
        self._heard_at = now
        seen = self._seen.get(address)
        if seen is None:
            self._make_room()
            seen = self._seen[address] = _Seen(now)
        seen.checked_at = now
        if nominated:
            self._nominee = address
        return self._choose(address, now)

    def answered(self, address: Address, now: float) -> bool:
        """`address` answered a check of ours. Returns whether `self.address` changed."""
        self._heard_at = now
        seen = self._seen.get(address)
        if seen is None:
            return False
        seen.answered_at = now
        return self._choose(address, now)

    def wants_probe(self, address: Address, now: float) -> bool:
        """Whether `address` must answer a check of ours before media may go there; an old answer may be another host's."""
        seen = self._seen.get(address)
        return seen is not None and (seen.answered_at is None or now - seen.answered_at >= ANSWER_LIFE_S)

    def probe_due(self, now: float) -> bool:
        """Whether the address in use is to be checked now; notes that it is."""
        due = now >= self._due_at(now)
        if due:
            self._probed_at = now
        return due

    def look_again_at(self, now: float) -> float:
        """When `state` and `probe_due` may have something new to say; until then nobody need ask."""
        if self._flows(now):
            return now + CALM_LOOK_S
        if not self._is_answered() and now > self._probed_at:
            return now  # in doubt: as often as anybody likes to ask
        return self._due_at(now)

    def look_after_word(self, look_at: float, now: float) -> float:
        """`look_again_at` when a check or an answer has just come: it says what the next look was for. What flows is looked at as
        it was to be, since a look is more than that there."""
        return look_at if self._flows(now) else self.look_again_at(now)

    def _flows(self, now: float) -> bool:
        return self._media_from == self.address and now - self._media_at < PROBE_EVERY_S

    def _is_answered(self) -> bool:
        answered_at = self._seen[self.address].answered_at
        return answered_at is not None and answered_at >= self._probed_at

    def _due_at(self, now: float) -> float:
        """When the next check of the address in use is to be sent. One of the browser's own tells as much as an answer, but of
        consent nothing."""
        if self._flows(now):
            return self._probed_at + CONSENT_EVERY_S
        if not self._is_answered():
            return self._probed_at + PROBE_EVERY_S
        calm_until = max(self._probed_at, self._seen[self.address].checked_at) + CALM_PROBE_S
        return min(self._probed_at + CALM_CONSENT_S, calm_until)

    def received(self, at: float, address: Address | None) -> None:
        """The last authentic packet came at `at` from `address`."""
        self._heard_at = max(self._heard_at, at)
        self._media_at = max(self._media_at, at)
        self._media_from = address or self._media_from

    def moved(self, address: Address, now: float) -> None:
        """An authentic packet came from an address that was not known before: one that answers is where the peer is now."""
        self.received(now, address)
        if address not in self._seen:
            self._make_room()
            self._seen[address] = _Seen(now)

    @property
    def elsewhere(self) -> Address | None:
        """Where media comes from, when that is not where it is sent to."""
        return self._media_from if self._media_from != self.address else None

    def state(self, now: float) -> PathState:
        """What to call the path now; `FAILED` is final."""
        silence = now - self._heard_at
        answered_at = self._seen[self.address].answered_at
        unanswered = now - answered_at if answered_at is not None else silence
        if silence >= FAILED_AFTER_S or unanswered >= FAILED_AFTER_S:
            return PathState.FAILED
        return PathState.DISCONNECTED if silence >= DISCONNECTED_AFTER_S else PathState.CONNECTED

    def _choose(self, address: Address, now: float) -> bool:
        if address == self.address or self.wants_probe(address, now):
            return False
        if address not in (self._nominee, self._media_from) and not self._is_silent(now):
            return False
        self.address = address
        return True

    def _is_silent(self, now: float) -> bool:
        used = self._seen[self.address]
        media_at = self._media_at if self._media_from == self.address else 0.0
        return now - max(used.checked_at, used.answered_at or 0.0, media_at) >= SILENT_AFTER_S

    def _make_room(self) -> None:
        if len(self._seen) >= MAX_ADDRESSES:
            oldest = min((address for address in self._seen if address != self.address), key=lambda a: self._seen[a].checked_at)
            del self._seen[oldest]
