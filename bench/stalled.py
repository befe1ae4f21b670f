"""A media worker whose Python is busy for 50 ms of every 100 ms: a collection, a parser, a slow disk, all the time.

Everything else is the product's own worker; media should not notice.
"""

import asyncio
import sys
import time

import media.worker
from media.relay import MediaRelay

EVERY_S = 0.1
BUSY_S = 0.05


class StalledRelay(MediaRelay):
    """The relay, with somebody in its event loop who does not let go."""

    def __init__(self, name: str, addresses: tuple[str, ...] = (), port: int = 0) -> None:
        super().__init__(name, addresses, port)
        self._later = asyncio.get_running_loop().call_later
        self._later(EVERY_S, self._stall)

    def _stall(self) -> None:
        until = time.perf_counter() + BUSY_S
        while time.perf_counter() < until:
            pass
        self._later(EVERY_S - BUSY_S, self._stall)


if __name__ == "__main__":
    media.worker.MediaRelay = StalledRelay  # type: ignore[misc]  # the one place where this stands in for the product's
    sys.exit(media.worker.main())
