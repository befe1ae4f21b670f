"""How often somebody may ask. Decides by token buckets on time given as an argument; knows no socket and no clock.

Addresses are kept only as keys in memory, bounded, and forgotten when their bucket is full again.
"""

import ipaddress
from collections import OrderedDict
from collections.abc import Collection
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Rate:
    """`per_s` requests a second on average, `burst` at once."""

    per_s: float
    burst: float


class Bucket:
    """One token bucket. `take` answers whether the request may pass."""

    __slots__ = ("_rate", "_then", "_tokens")

    def __init__(self, rate: Rate, now: float) -> None:
        self._rate = rate
        self._tokens = rate.burst
        self._then = now

    def take(self, now: float) -> bool:
        """Take one token; a clock that steps back gives none and takes none."""
        self._tokens = min(self._rate.burst, self._tokens + max(0.0, now - self._then) * self._rate.per_s)
        self._then = now
        if self._tokens < 1:
            return False
        self._tokens -= 1
        return True


class Limiter:
    """Buckets by key, at most `capacity` of them: when more come, the one unused longest is forgotten."""

    def __init__(self, rate: Rate, capacity: int = 20_000) -> None:
        self._rate = rate
        self._capacity = capacity
        self._buckets: OrderedDict[str, Bucket] = OrderedDict()

    def take(self, key: str, now: float) -> bool:
        """Whether `key` may ask once more now."""
        bucket = self._buckets.get(key)
        if bucket is None:
            bucket = self._buckets[key] = Bucket(self._rate, now)
            if len(self._buckets) > self._capacity:
                self._buckets.popitem(last=False)
        else:
            self._buckets.move_to_end(key)
        return bucket.take(now)


def address_key(remote: str | None, forwarded_for: str | None, trusted: Collection[str]) -> str:
    """The key under which somebody's requests are counted.

    The peer's own address; behind a proxy that the operator trusts, the last hop of X-Forwarded-For, which that proxy wrote
    itself. Of an IPv6 address the first 64 bits: a household owns that many.
    """
    address = remote or ""
    if address in trusted and forwarded_for:
        address = forwarded_for.rpartition(",")[2].strip()
    try:
        parsed = ipaddress.ip_address(address)
    except ValueError:
        return "unknown"
    if parsed.version == 6:
        return str(ipaddress.ip_network((parsed, 64), strict=False).network_address)
    return str(parsed)
