"""How busy a worker is: the loop's lag, the processor's idle share and the memory in use. Decides nothing with them."""

import asyncio
import os
import resource
import time

INTERVAL_S = 1.0
SAMPLES = 5
FULL_CPU_SHARE = 0.85
"""Of one core: beyond, packets wait noticeably for each other."""
FULL_LAG_MS = 50.0


def resident_bytes() -> int:
    """Memory that this process has in use now; where the kernel does not say, the most it ever had."""
    try:
        with open("/proc/self/statm", "rb", buffering=0) as statm:  # noqa: PTH123  (a Path costs four times as much, each second)
            pages = statm.read(128).split()[1]
    except OSError:
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
    return int(pages) * os.sysconf("SC_PAGE_SIZE")


class LoadMeter:
    """Samples five times a second; `lag_ms` is the worst of the last second, `headroom` 0 (full) to 1 (idle): the scarcest of
    processor, promptness, and what is left of `memory_limit` bytes."""

    def __init__(self, loop: asyncio.AbstractEventLoop, memory_limit: int) -> None:
        self._loop = loop
        self._memory_limit = memory_limit
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
        memory = resident_bytes() / self._memory_limit
        self.headroom = max(0.0, 1.0 - max(share / FULL_CPU_SHARE, self.lag_ms / FULL_LAG_MS, memory))
        self._cpu_s, self._second_at = cpu_s, now
        self._worst_s, self._samples = 0.0, 0
