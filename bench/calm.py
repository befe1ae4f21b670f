"""Which moments of a run the machine was at its own speed in: a host that holds its clock down makes everybody slow.

Pure. On the machine of docs/PERFORMANCE.md both cores were seen to take 4 to 13 times as long for the same arithmetic, for a
tenth of a second of each one and a half, whatever ran. A relay that is slow then is slow by no fault of its own, and a relay
whose core is full cannot be made to look slower: ratios of whole runs compare the machine, too.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np

LOOK = np.dtype(
    [("at_ns", "i8"), ("server_cpu_ns", "i8"), ("sent", "u8"), ("received", "u8"), ("latencies", "u4"), ("probe_ns", "u4")]
)
"""The moment, and what there was until then (native/generator.h)."""
SLOW = 1.5
"""Times what the probe takes at the machine's own speed, which a tenth of all probes reach."""
BEFORE, AFTER = 1, 5
"""Looks (20 ms each) that a slow one spoils: it began before it was seen, and what waited then is caught up with."""


@dataclass(frozen=True)
class Calm:
    """What the server did in those moments."""

    cpu_us_per_packet: float
    """Infinite where it received nothing."""
    cpu_pct: float
    """Of a core."""
    latencies_ms: Any
    slowed_pct: float
    """Of the run, when the machine was slow, without what that spoiled afterwards."""
    left_pct: float
    """Of the run, what these figures are of."""
    probe_us: float
    """What a probe took at the machine's own speed: two runs in which it differs cannot be compared."""


def calm_looks(probes_ns: Any) -> Any:
    """For each look (an array of what its probe took) whether the machine had its speed, and had had it for a while."""
    slow = slow_looks(probes_ns)
    spoiled = slow.copy()
    for distance in range(1, AFTER + 1):
        spoiled[distance:] |= slow[:-distance]
    for distance in range(1, BEFORE + 1):
        spoiled[:-distance] |= slow[distance:]
    spoiled[:AFTER] = True  # what was before is not known
    return ~spoiled


def slow_looks(probes_ns: Any) -> Any:
    """For each look whether its probe was slow."""
    return probes_ns > SLOW * _own_ns(probes_ns)


def _own_ns(probes_ns: Any) -> float:
    return float(np.percentile(probes_ns, 10))


def calm_of(looks: Any, latencies_ms: Any) -> Calm | None:
    """The figures of a run's calm moments, from its looks (`LOOK`) and its latencies in order of arrival; None without any."""
    ends = calm_looks(looks["probe_ns"])[1:] if len(looks) > 1 else np.zeros(0, dtype=bool)
    if not ends.any():
        return None
    names = ("at_ns", "server_cpu_ns", "received")  # each span between two looks counts as the look that ends it
    took_ns, cpu_ns, packets = (int(np.diff(looks[name].astype(np.int64))[ends].sum()) for name in names)
    bounds = np.minimum(looks["latencies"].astype(np.int64), len(latencies_ms))
    spans = [latencies_ms[bounds[at] : bounds[at + 1]] for at in np.flatnonzero(ends)]
    return Calm(
        cpu_us_per_packet=cpu_ns / 1000 / packets if packets else float("inf"),
        cpu_pct=100 * cpu_ns / took_ns,
        latencies_ms=np.concatenate(spans),
        slowed_pct=100 * float(slow_looks(looks["probe_ns"]).mean()),
        left_pct=100 * float(ends.mean()),
        probe_us=_own_ns(looks["probe_ns"]) / 1000,
    )
