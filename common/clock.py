"""Wall time as an argument. Shells ask a clock; cores are told."""

import time
from typing import Protocol


class Clock(Protocol):
    """Gives the time in seconds since 1970-01-01 UTC."""

    def now(self) -> float: ...


class SystemClock:
    """The machine's own clock."""

    def now(self) -> float:
        return time.time()
