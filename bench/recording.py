"""What recording costs: the same calls unrecorded and recorded in turns, in one run; ours against Janus writing .mjr files.

    python -m bench.recording [--calls 5,20] [--write]

Janus appends packets to a file as they come, unencrypted; muxing them is another program's work, later. Ours makes playable
segments and seals them meanwhile; the CPU of its process is counted with the worker's. That what was sent is in the files is
counted, not believed. Leaves bench/results/recording.json, and with --write a table and a chart in docs/RECORDING_COST.md.
"""

import argparse
import asyncio
import contextlib
import json
import logging
import os
import shutil
import statistics
import sys
import tempfile
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager
from pathlib import Path
from typing import Any, NamedTuple, Protocol

from bench import recording_report as report
from bench.mjr import packets_in
from bench.recording_report import Cost
from bench.relay import HOST, IN_NAMESPACE, JANUS_AT_MOST, RESULTS, enter_namespace

CALLS = (5, 20)
WARM_S, SETTLE_S, SPAN_S = 3.0, 1.5, 10.0
"""A span is two segments long, so that it has their share of closing and sealing whenever it begins."""
PAIRS = 3
"""Of a span without and one with recording, in the order u r r u u r: what gets slowly dearer falls on both."""


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--calls", default=os.environ.get("CALLS") or ",".join(map(str, CALLS)))
    parser.add_argument("--write", action="store_true", help="bring docs/RECORDING_COST.md up to date")
    arguments = parser.parse_args()
    calls = [int(part) for part in arguments.calls.split(",") if part.strip()]
    if IN_NAMESPACE not in os.environ:
        return enter_namespace("bench.recording")
    return asyncio.run(run([count for count in calls if count <= JANUS_AT_MOST], arguments.write))


async def run(calls: list[int], write: bool) -> int:
    from bench import generator, relays  # noqa: PLC0415  (only here: inside the namespace)
    from bench.measure import pin_to  # noqa: PLC0415

    logging.getLogger("asyncio").setLevel(logging.CRITICAL)
    pin_to(int(relays.LOAD_CORE))
    generator.prepare(HOST)
    kinds: dict[str, Callable[[], AbstractAsyncContextManager[Recorded]]] = {"consilium": ours}
    if shutil.which("janus") is not None:
        kinds["janus"] = theirs
    found: list[Cost] = []
    for count in calls:
        for name, start in kinds.items():
            print(f"{name}, {count} calls, unrecorded and recorded in turns …", end=" ", flush=True)
            async with start() as recorded:
                found.append(await measure(name, recorded, count))
            print(found[-1].line, flush=True)
    RESULTS.mkdir(exist_ok=True)
    (RESULTS / "recording.json").write_text(json.dumps([each.row() for each in found], indent=1) + "\n")
    print("\n" + report.table(found) + "\n\n" + report.ratios(found))
    if any(each.is_late for each in found):
        print("\nthe machine had no time for some of it: docs/RECORDING_COST.md is left as it was", flush=True)
    elif write:
        report.write(found)
    return 0 if found else 1


class Recorded(Protocol):
    """A relay with whatever records its calls; `pids` are all processes that have to do with it, the relay's first."""

    relay: Any
    pids: list[int]
    folder: Path

    async def on(self) -> None:
        """Records all calls from now on."""

    async def off(self) -> None:
        """Records nothing from now on; what was recorded is in the folder."""

    async def packets(self) -> int:
        """How many packets were recorded until now."""


class Span(NamedTuple):
    """CPU in % of a core, of each process; packets in a second; and how many of those due were not sent, in %."""

    used: list[float]
    pps: float
    late_pct: float


async def measure(name: str, recorded: Recorded, calls: int) -> Cost:
    """The calls are set up once; then spans without and with recording follow each other."""
    from bench.generator import Generator  # noqa: PLC0415
    from bench.measure import _connected  # noqa: PLC0415

    peers = [peer for _ in range(calls) for peer in await recorded.relay.call()]
    await _connected(peers)
    generator = Generator()
    try:
        for peer in peers:
            generator.add(peer)
        generator.start()
        await asyncio.sleep(WARM_S)
        plain: list[Span] = []
        with_it: list[Span] = []
        taken = sent = octets = 0.0
        for pair in range(PAIRS):
            for wanted in (False, True) if pair % 2 == 0 else (True, False):
                if wanted:
                    await recorded.on()
                await asyncio.sleep(SETTLE_S)
                packets, stored = await recorded.packets(), _octets(recorded.folder)
                span = await _span(generator, recorded.pids, len(peers))
                (with_it if wanted else plain).append(span)
                if wanted:
                    taken, sent = taken + await recorded.packets() - packets, sent + span.pps * SPAN_S
                    octets += _octets(recorded.folder) - stored
                    await recorded.off()
        return cost(name, calls, plain, with_it, 100 * taken / max(1.0, sent), octets / (PAIRS * SPAN_S))
    finally:
        generator.close()
        for peer in peers:
            await peer.close()


async def _span(generator: Any, pids: list[int], peers: int) -> Span:
    from bench.measure import cpu_s  # noqa: PLC0415

    loop = asyncio.get_running_loop()
    generator.measure(True)  # counts from here
    began, before = loop.time(), [cpu_s(pid) for pid in pids]
    await asyncio.sleep(SPAN_S)
    took = loop.time() - began
    used = [(cpu_s(pid) - was) / took * 100 for pid, was in zip(pids, before, strict=True)]
    generator.measure(False)
    sent, received = generator.counts()
    return Span(used, received / took, max(0.0, 100 * (1 - sent / (took * peers * generator.packets_per_s))))


def cost(name: str, calls: int, plain: list[Span], with_it: list[Span], share_pct: float, octets_per_s: float) -> Cost:
    """Each recorded span against the plain one beside it, so that an hour that is slower as a whole falls on both."""
    pps = statistics.mean(span.pps for span in (*plain, *with_it))
    added = [sum(after.used) - sum(before.used) for before, after in zip(plain, with_it, strict=True)]
    error = statistics.stdev(added) / len(added) ** 0.5 if len(added) > 1 else 0.0
    return Cost(
        relay=name,
        calls=calls,
        pps=round(pps),
        unrecorded_pct=round(statistics.mean(sum(span.used) for span in plain), 2),
        recorded_pct=round(statistics.mean(sum(span.used) for span in with_it), 2),
        recorder_pct=round(statistics.mean(sum(span.used[1:]) for span in with_it), 2),
        added_pct=round(statistics.mean(added), 2),
        added_us=round(statistics.mean(added) * 1e4 / max(1.0, pps), 2),
        error_us=round(error * 1e4 / max(1.0, pps), 2),
        share_pct=round(share_pct, 1),
        kb_per_s=round(octets_per_s / 1000),
        late_pct=round(max(span.late_pct for span in (*plain, *with_it)), 1),
    )


def _octets(root: Path) -> int:
    return sum(file.stat().st_size for file in root.rglob("*") if file.is_file())


class _Mjr:
    """Janus, whose plugin writes each end's media to two files."""

    def __init__(self, relay: Any, folder: Path) -> None:
        self.relay = relay
        self.folder = folder
        self.pids = [relay.pid]
        self._times = 0

    async def on(self) -> None:
        self._times += 1
        await self.relay.record(self.folder, f"{self._times}")

    async def off(self) -> None:
        await self.relay.record(self.folder, None)

    async def packets(self) -> int:
        return sum(packets_in(file) for file in self.folder.glob("*.mjr"))


class _Sealed:
    """Our media worker and a recorder's process."""

    def __init__(self, relay: Any, client: Any, pid: int, data: Path) -> None:
        from common.ids import new_id  # noqa: PLC0415

        self.relay = relay
        self.pids = [relay.pid, pid]
        self.folder = data
        self._client = client
        self._hospital = new_id("h")
        self._recordings: dict[str, str] = {}
        self._tasks: set[asyncio.Task[Any]] = set()
        client.on_notice = self._heard

    def _heard(self, notice: object, session: Any) -> None:
        from media.control import messages as control  # noqa: PLC0415
        from recording.messages import KeyframeWanted  # noqa: PLC0415

        if isinstance(notice, KeyframeWanted):
            body = control.RecordingKeyframe(streams=notice.streams)
            task = asyncio.ensure_future(self.relay.client.request("recording_keyframe", session, body))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)

    async def on(self) -> None:
        from media.control import messages as control  # noqa: PLC0415

        for session, labels in self.relay.calls:
            placed = await self._order(session, labels, "on")
            streams = [control.RecordedStream(label=each.seat, kind=each.kind, stream=each.stream) for each in placed.streams]
            await self._copy(session, placed.socket, streams)

    async def off(self) -> None:
        for session, labels in self.relay.calls:
            await self._copy(session, "/nowhere", [])
            await self._order(session, labels, "paused")

    async def packets(self) -> int:
        from recording.messages import Ping  # noqa: PLC0415

        return int((await self._client.request("recorder_ping", None, Ping())).packets)

    async def _copy(self, session: Any, socket: str, streams: list[Any]) -> None:
        from media.control import messages as control  # noqa: PLC0415

        body = control.RecordingSet(recording=self._recordings[session], socket=socket, streams=streams)
        await self.relay.client.request("recording_set", session, body)

    async def _order(self, session: Any, labels: list[str], state: str) -> Any:
        from common.ids import new_id  # noqa: PLC0415
        from recording import messages as words  # noqa: PLC0415

        recording = self._recordings.setdefault(session, new_id("rc"))
        kinds: tuple[Any, ...] = ("audio", "video") if state == "on" else ()
        tracks = [words.OrderedTrack(seat=seat, kind=kind) for seat in labels for kind in kinds]
        reason = "" if state == "on" else "stopped"
        order = words.Order(recording=recording, hospital=self._hospital, state=state, reason=reason, tracks=tracks)  # type: ignore[arg-type]
        return await self._client.request("recording_order", session, order, timeout_s=30)


@contextlib.asynccontextmanager
async def theirs() -> AsyncIterator[Recorded]:
    from bench import relays  # noqa: PLC0415

    with tempfile.TemporaryDirectory() as folder:
        async with relays.janus(HOST) as relay:
            yield _Mjr(relay, Path(folder))


@contextlib.asynccontextmanager
async def ours() -> AsyncIterator[Recorded]:
    """A worker and a recorder of this checkout, both on the server's core."""
    from bench import relays  # noqa: PLC0415
    from media.control.unix import connect_unix  # noqa: PLC0415
    from recording.messages import RECORDER_WORDS  # noqa: PLC0415

    with tempfile.TemporaryDirectory() as folder:
        path, data = Path(folder) / "r.sock", Path(folder) / "data"
        data.mkdir()
        words = ["--socket", str(path), "--taps", f"{folder}/t.sock", "--data", str(data), "--name", "bench-recorder"]
        process = relays.spawn([sys.executable, "-m", "recording.worker", *words], cwd=relays.ROOT)
        try:
            client = await relays._until(lambda: connect_unix(str(path), RECORDER_WORDS))
            try:
                async with relays.consilium(HOST) as relay:
                    yield _Sealed(relay, client, process.pid, data)
            finally:
                await client.close()
        finally:
            relays.end(process)


if __name__ == "__main__":
    sys.exit(main())
