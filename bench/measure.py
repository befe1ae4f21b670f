"""What a run cost: CPU by the scheduler's own account, memory, latency and loss."""

import asyncio
import os
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
from aiortc import RTCPeerConnection

from bench.calm import Calm, calm_of
from bench.generator import Generator
from bench.relays import Relay

WARM_S, MEASURE_S = 8.0, 10.0
"""By then the ladders are settled: in a consultation's first six seconds they cost a relay of ours up to a third more."""
CONNECT_S = 30.0
LATE_AT_MOST_PCT, CALM_AT_LEAST_PCT = 1.5, 40
COMPARED = (
    "relay", "calls", "pps", "cpu_us_per_packet", "p50_ms", "p99_ms", "loss_pct", "kb_per_call", "generator_cpu_pct",
    "calm_pct", "whole_cpu_us_per_packet", "whole_p50_ms", "whole_p99_ms",
)  # fmt: skip


@dataclass(frozen=True)
class Figures:
    """One relay at one load."""

    relay: str
    calls: int
    pps: float
    cpu_us_per_packet: float
    """This and the latencies: while the machine had its own speed (bench/calm.py); all else is of the whole run."""
    p50_ms: float
    p99_ms: float
    loss_pct: float
    kb_per_call: float
    generator_cpu_pct: float
    setup_ms_per_peer: float
    cpu_pct: float
    kernel_pct: float
    """Of the CPU time, what the kernel had."""
    late_pct: float
    """What the generator sent less than it should have: the machine had no time for it, and the figures say little."""
    slowed_pct: float
    """How long the machine was slower than itself."""
    calm_pct: float
    """What the first figures are of."""
    probe_us: float
    """What the generator's piece of arithmetic took at the machine's own speed."""
    whole_cpu_us_per_packet: float
    whole_p50_ms: float
    whole_p99_ms: float

    def row(self) -> dict[str, object]:
        """Everything."""
        return asdict(self)

    def compared(self) -> dict[str, object]:
        """What bench/results/relay.json holds of it."""
        return {name: value for name, value in asdict(self).items() if name in COMPARED}

    @property
    def line(self) -> str:
        """The essence."""
        late = (
            f" (the generator sent {self.late_pct} % less than it should, {self.calm_pct} % calm: no time)"
            if self.is_late
            else ""
        )
        whole = f"{self.whole_cpu_us_per_packet} and {self.whole_p99_ms} with the {self.slowed_pct} % when the machine was slow"
        return f"{self.cpu_us_per_packet} µs a packet, p99 {self.p99_ms} ms ({whole}), lost {self.loss_pct} %{late}"

    @property
    def is_late(self) -> bool:
        """Whether the machine was too busy with something else for these figures to mean much."""
        return self.late_pct > LATE_AT_MOST_PCT or self.calm_pct < CALM_AT_LEAST_PCT


def cpu_s(pid: int) -> float:
    """Seconds on a core of all threads of a process (schedstat: nanoseconds, not ticks)."""
    total = 0
    for thread in Path(f"/proc/{pid}/task").iterdir():
        try:
            total += int((thread / "schedstat").read_text().split()[0])
        except OSError:
            continue  # it ended meanwhile
    return total / 1e9


def ticks(pid: int) -> tuple[int, int]:
    """Clock ticks of a process in its own code and in the kernel's, by sampling."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return int(fields[11]), int(fields[12])


def rss_kb(pid: int) -> int:
    """Memory in use."""
    line = next(line for line in Path(f"/proc/{pid}/status").read_text().splitlines() if line.startswith("VmRSS"))
    return int(line.split()[1])


async def measure(name: str, relay: Relay, calls: int) -> Figures:
    """Set up the calls, warm up, measure."""
    memory, before = rss_kb(relay.pid), cpu_s(relay.pid)
    peers: list[RTCPeerConnection] = []
    for _ in range(calls):
        peers += await relay.call()
    await _connected(peers)
    setup_ms = (cpu_s(relay.pid) - before) * 1000 / len(peers)
    generator = Generator()
    try:
        for peer in peers:
            generator.add(peer)
        generator.watch(relay.pid)
        generator.start()
        await asyncio.sleep(WARM_S)
        return await _run(name, relay, calls, generator, setup_ms, memory)
    finally:
        generator.close()


async def _run(name: str, relay: Relay, calls: int, generator: Generator, setup_ms: float, memory: int) -> Figures:
    loop = asyncio.get_running_loop()
    generator.measure(True)
    began, cpu, own, (user, kernel) = loop.time(), cpu_s(relay.pid), generator.cpu_s(), ticks(relay.pid)
    await asyncio.sleep(MEASURE_S)
    took, cpu, own = loop.time() - began, cpu_s(relay.pid) - cpu, generator.cpu_s() - own
    user, kernel = (after - before for after, before in zip(ticks(relay.pid), (user, kernel), strict=True))
    generator.measure(False)
    sent, received = generator.counts()
    latencies = generator.latencies_ms()
    whole = cpu * 1e6 / max(1, received)
    calm = calm_of(generator.looks(), latencies) or Calm(whole, 100 * cpu / took, latencies, 100.0, 0.0, 0.0)
    return Figures(
        relay=name,
        calls=calls,
        pps=round(received / took),
        cpu_us_per_packet=round(calm.cpu_us_per_packet, 2),
        p50_ms=_percentile(calm.latencies_ms, 50),
        p99_ms=_percentile(calm.latencies_ms, 99),
        loss_pct=round(max(0.0, 100 * (1 - received / max(1, sent))), 3),
        kb_per_call=round((rss_kb(relay.pid) - memory) / calls),
        generator_cpu_pct=round(100 * own / took, 1),
        setup_ms_per_peer=round(setup_ms, 2),
        cpu_pct=round(100 * cpu / took, 1),
        kernel_pct=round(100 * kernel / max(1, user + kernel)),
        late_pct=round(max(0.0, 100 * (1 - sent / (took * 2 * calls * generator.packets_per_s))), 1),
        slowed_pct=round(calm.slowed_pct, 1),
        calm_pct=round(calm.left_pct),
        whole_cpu_us_per_packet=round(whole, 2),
        probe_us=round(calm.probe_us, 1),
        whole_p50_ms=_percentile(latencies, 50),
        whole_p99_ms=_percentile(latencies, 99),
    )


def _percentile(latencies_ms: Any, percent: float) -> float:
    return round(float(np.percentile(latencies_ms, percent)), 3) if len(latencies_ms) else -1.0


@dataclass(frozen=True)
class Idle:
    """What connections cost that carry nothing."""

    connections: int
    cpu_pct: float
    """While the machine had its own speed."""
    whole_cpu_pct: float


async def measure_idle(relay: Relay, connections: int) -> Idle:
    """Connect, send nothing, measure what keeping them costs."""
    peers: list[RTCPeerConnection] = []
    for _ in range(connections // 2):
        peers += await relay.call()
        await asyncio.sleep(0)
    await _connected(peers)
    await asyncio.sleep(WARM_S)
    generator = Generator()  # of no peers: it watches
    try:
        generator.watch(relay.pid)
        generator.start()
        generator.measure(True)
        loop = asyncio.get_running_loop()
        began, cpu = loop.time(), cpu_s(relay.pid)
        await asyncio.sleep(MEASURE_S)
        whole = 100 * (cpu_s(relay.pid) - cpu) / (loop.time() - began)
        calm = calm_of(generator.looks(), generator.latencies_ms())
    finally:
        generator.close()
    return Idle(
        len(peers), round(calm.cpu_pct if calm is not None and calm.left_pct >= CALM_AT_LEAST_PCT else whole, 2), round(whole, 2)
    )


async def _connected(peers: list[RTCPeerConnection]) -> None:
    async with asyncio.timeout(CONNECT_S):
        while any(peer.connectionState != "connected" for peer in peers):
            await asyncio.sleep(0.05)


def pin_to(core: int) -> None:
    """This process and all that it starts, on one core; servers choose their own."""
    if (os.cpu_count() or 1) > 1:
        os.sched_setaffinity(0, {core})
