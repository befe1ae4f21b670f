"""How busy a worker is: the loop's lag and the processor's idle share, measured each second. Decides nothing with them."""

import asyncio
import time

INTERVAL_S = 1.0
SAMPLES = 10
FULL_CPU_SHARE = 0.85
"""Of one core: beyond, packets wait noticeably for each other."""
FULL_LAG_MS = 50.0


class LoadMeter:
    """Samples ten times a second; `lag_ms` is the worst of the last second, `headroom` 0 (full) to 1 (idle)."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop
        self.lag_ms = 0.0
        self.headroom = 1.0
        self._worst_s = 0.0
        self._samples = 0
        self._cpu_s = time.process_time()
        self._second_at = loop.time()
        self._due = loop.time() + INTERVAL_S / SAMPLES
        self._timer = loop.call_at(self._due, self._sample)

    def close(self) -> None:
        self._timer.cancel()

    def _sample(self) -> None:
        now = self._loop.time()
        self._worst_s = max(self._worst_s, now - self._due)
        self._samples += 1
        if self._samples == SAMPLES:
            self._sum_up(now)
        self._due = now + INTERVAL_S / SAMPLES
        self._timer = self._loop.call_at(self._due, self._sample)

    def _sum_up(self, now: float) -> None:
        cpu_s = time.process_time()
        share = (cpu_s - self._cpu_s) / max(now - self._second_at, 0.001)
        self.lag_ms = self._worst_s * 1000
        self.headroom = max(0.0, 1.0 - max(share / FULL_CPU_SHARE, self.lag_ms / FULL_LAG_MS))
        self._cpu_s, self._second_at = cpu_s, now
        self._worst_s, self._samples = 0.0, 0
