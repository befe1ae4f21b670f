"""Of `make bench`: our relay against Janus and against aiortc's MediaRelay, the same load, in one run, alternating.

    python -m bench.relay [--calls 2,5,20,60,100]

Then what no other relay is asked: a worker whose Python is busy half the time, and 300 connections that carry nothing.

Needs root for a network namespace of its own (Janus never uses loopback); installs Janus with apt where it can. Leaves
bench/results/relay.json (what is compared), bench/results/goals.json (what was promised and what was reached), and with --write
the tables and charts of docs/PERFORMANCE.md.
"""

import argparse
import asyncio
import contextlib
import functools
import json
import logging
import os
import shutil
import subprocess
import sys
from collections.abc import Awaitable, Callable, Iterator
from contextlib import AbstractAsyncContextManager
from pathlib import Path

RESULTS = Path(__file__).resolve().parent / "results"
HOST = "192.0.2.2"  # of documentation: an address of the namespace's own interface
CALLS = (2, 5, 20, 60, 100)
MEDIARELAY_AT_MOST = 2  # it decodes and encodes: a core is full at one call
JANUS_AT_MOST = 60  # its core is full there
STALLED_AT_MOST = 20
IDLE = 300
SAME_SPEED = 1.25
"""Between the quickest and the slowest run, as the machine goes when it is not held down."""
TRIES = 3
"""Of a run for which the machine had no time."""
IN_NAMESPACE = "CONSILIUM_BENCH_NAMESPACE"


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--calls", default=os.environ.get("CALLS") or ",".join(map(str, CALLS)))
    parser.add_argument("--write", action="store_true", help="bring docs/PERFORMANCE.md up to date")
    arguments = parser.parse_args()
    try:
        calls = [int(part) for part in arguments.calls.split(",") if part.strip()]
    except ValueError:
        parser.error("--calls takes numbers with commas between them, such as 5,20")
    if not calls or min(calls) < 1 or max(calls) > 200:
        parser.error("--calls takes numbers from 1 to 200")
    if IN_NAMESPACE not in os.environ:
        return enter_namespace()
    install_janus()
    return asyncio.run(run(calls, arguments.write))


def enter_namespace(module: str = "bench.relay") -> int:
    """Run again inside a network namespace whose only way out is to itself."""
    if os.geteuid() != 0:
        print("make bench needs root, for a network namespace of its own", file=sys.stderr)
        return 2
    install_janus()  # the registries are out of reach inside
    script = (
        f"ip link set lo up && ip link add bench0 type veth peer name bench1 && ip addr add {HOST}/24 dev bench0 "
        '&& ip link set bench0 up && ip link set bench1 up && exec "$@"'
    )
    command = ["unshare", "--net", "sh", "-c", script, "bench", sys.executable, "-m", module, *sys.argv[1:]]
    return subprocess.run(command, env={**os.environ, IN_NAMESPACE: "1"}, check=False).returncode


def install_janus() -> None:
    """Install Debian's package where there is none and we may; say so where we cannot."""
    if shutil.which("janus") is not None:
        return
    if IN_NAMESPACE not in os.environ and shutil.which("apt-get") is not None:
        print("installing janus with apt …", flush=True)
        quiet = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
        for words in (["update", "-qq"], ["install", "-qq", "-y", "--no-install-recommends", "janus"]):
            done = subprocess.run(
                ["apt-get", "-o", "DPkg::Lock::Timeout=120", *words], env=quiet, capture_output=True, check=False
            )
            if done.returncode != 0:
                break
    if shutil.which("janus") is None:
        print("Janus is not here and cannot be installed (Debian package janus): compared without it", flush=True)


def plan(calls: list[int]) -> Iterator[tuple[str, int]]:
    """Which relay at which load, alternating, so that a noisy hour is everybody's."""
    for count in calls:
        yield "consilium", count
        if count <= JANUS_AT_MOST and shutil.which("janus") is not None:
            yield "janus", count
    yield "mediarelay", min(MEDIARELAY_AT_MOST, *calls)


async def run(calls: list[int], write: bool) -> int:
    from bench import generator, goals, relays, report  # noqa: PLC0415  (only here: inside the namespace)
    from bench.measure import Figures, Idle, measure, measure_idle, pin_to  # noqa: PLC0415

    async def run_of(name: str, started: AbstractAsyncContextManager[relays.Relay], count: int) -> Figures:
        async with started as relay:
            figures = await measure(name, relay, count)
        print(figures.line, flush=True)
        return figures

    async def in_time(attempt: Callable[[], Awaitable[Figures]]) -> Figures:
        """A run made again while the machine had no time for it, at most `TRIES` times; the last one counts, whatever it was."""
        for _ in range(TRIES - 1):
            figures = await attempt()
            if not figures.is_late:
                return figures
            print("again …", end=" ", flush=True)
        return await attempt()

    logging.getLogger("asyncio").setLevel(logging.CRITICAL)  # of the generator's connections, which end with the process
    pin_to(int(relays.LOAD_CORE))
    generator.prepare(HOST)
    servers = {"consilium": relays.consilium, "janus": relays.janus, "mediarelay": relays.mediarelay}
    found: list[Figures] = []
    failed: list[str] = []

    def another(name: str, count: int) -> Awaitable[Figures]:
        return run_of(name, servers[name](HOST), count)

    for name, count in plan(calls):
        print(f"{name}, {count} {'call' if count == 1 else 'calls'} …", end=" ", flush=True)
        with _said(failed):
            found.append(await in_time(functools.partial(another, name, count)))
    stalled: Figures | None = None
    idle: Idle | None = None
    load = max(count for count in calls if count <= STALLED_AT_MOST or count == min(calls))
    print(f"consilium, {load} calls, its Python busy 50 ms of every 100 …", end=" ", flush=True)
    with _said(failed):
        stalled = await in_time(lambda: run_of("consilium", relays.consilium(HOST, "bench.stalled"), load))
    print(f"consilium, {IDLE} connections that carry nothing …", end=" ", flush=True)
    with _said(failed):
        async with relays.consilium(HOST) as relay:
            idle = await measure_idle(relay, IDLE)
        print(f"{idle.cpu_pct} % of a core ({idle.whole_cpu_pct} with the machine's slow moments)", flush=True)
    reached = goals.reached(found, stalled, idle)
    RESULTS.mkdir(exist_ok=True)
    (RESULTS / "relay.json").write_text(json.dumps([figures.compared() for figures in found], indent=1) + "\n")
    (RESULTS / "goals.json").write_text(json.dumps([goal.row() for goal in reached], indent=1) + "\n")
    print("\n" + report.table(found) + "\n" + report.ratios(found) + "\n\n" + goals.table(reached))
    measured = [figures for figures in (*found, stalled) if figures is not None and figures.relay != "mediarelay"]
    quickest = min((figures.probe_us for figures in measured), default=0.0)
    if late := [figures for figures in measured if figures.is_late or figures.probe_us > SAME_SPEED * quickest]:
        print(f"\n{len(late)} runs were on a machine without time for them: docs/PERFORMANCE.md is left as it was", flush=True)
    elif failed:
        print(f"\n{len(failed)} runs failed: docs/PERFORMANCE.md is left as it was", flush=True)
    elif write:
        report.write(found, reached)
    return 0 if found else 1


@contextlib.contextmanager
def _said(failed: list[str]) -> Iterator[None]:
    """A relay that cannot be measured is a line, not the end; it is noted in `failed`."""
    try:
        yield
    except (TimeoutError, RuntimeError, OSError) as error:
        failed.append(type(error).__name__)
        print(f"failed: {type(error).__name__} {error}", flush=True)


if __name__ == "__main__":
    sys.exit(main())
