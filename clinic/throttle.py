"""How often sign-in may be tried, per account and per address. A pure core: keys and time in, yes or no out.

An attempt is counted when it begins and forgiven when it succeeds, so that many at once cannot slip through together.
Kept in memory, per process: n processes allow n times as much, which is still far from guessing a password.
"""

from collections import OrderedDict

WINDOW_S = 15 * 60.0
PER_ACCOUNT = 10
PER_ADDRESS = 30  # a hospital's desks may share one address
MOST_KEYS = 20_000  # the least recently tried are forgotten first


class Throttle:
    """Counts the attempts of each key in the last quarter of an hour."""

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._attempts: OrderedDict[str, list[float]] = OrderedDict()

    def begin(self, key: str, now: float) -> bool:
        """Counts an attempt, unless the key has used up what it has."""
        recent = [at for at in self._attempts.pop(key, ()) if at > now - WINDOW_S]
        allowed = len(recent) < self._limit
        if allowed:
            recent.append(now)
        if recent:
            self._attempts[key] = recent
        while len(self._attempts) > MOST_KEYS:
            self._attempts.popitem(last=False)
        return allowed

    def wait_s(self, key: str, now: float) -> float:
        """How long until the key may try again; 0 where it may now."""
        recent = [at for at in self._attempts.get(key, ()) if at > now - WINDOW_S]
        return recent[-self._limit] + WINDOW_S - now if len(recent) >= self._limit else 0.0

    def forgive(self, key: str, at: float) -> None:
        """Takes back the attempt that began at `at`: it succeeded, or was never judged."""
        attempts = self._attempts.get(key)
        if attempts and at in attempts:
            attempts.remove(at)
