"""A media worker whose Python is busy for 50 ms of every 100 ms: a collection, a parser, a slow disk, all the time.

Everything else is the product's own worker; media should not notice.
"""

import asyncio
import sys
import time
from typing import Any

import media.worker
from media.relay import MediaRelay

EVERY_S = 0.1
BUSY_S = 0.05
FLOWS_PACKETS = 1000
"""It begins when media flows: what is asked is whether media suffers, not how long a busy worker takes to set calls up."""


class StalledRelay(MediaRelay):
    """The relay, with somebody in its event loop who does not let go."""

    def __init__(self, *arguments: Any, **more: Any) -> None:
        super().__init__(*arguments, **more)
        self._later = asyncio.get_running_loop().call_later
        self._later(EVERY_S, self._begin)

    def _begin(self) -> None:
        flows = self._port.relay.totals().packets_out >= FLOWS_PACKETS
        self._later(EVERY_S, self._stall if flows else self._begin)

    def _stall(self) -> None:
        until = time.perf_counter() + BUSY_S
        while time.perf_counter() < until:
            pass
        self._later(EVERY_S - BUSY_S, self._stall)


if __name__ == "__main__":
    media.worker.MediaRelay = StalledRelay  # type: ignore[attr-defined]  # the one place where this stands in for the product's
    sys.exit(media.worker.main())
