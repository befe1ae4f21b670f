"""What recording costs: the same calls unrecorded and recorded, in one run; ours against Janus writing .mjr files.

    python -m bench.recording [--calls 5,20]

Janus appends packets to a file as they come, unencrypted; muxing them is another program's work, later. Ours makes playable
segments and seals them meanwhile; the CPU of its process is counted with the worker's. Leaves bench/results/recording.json.
"""

import argparse
import asyncio
import contextlib
import json
import logging
import os
import shutil
import sys
import tempfile
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from bench.relay import HOST, IN_NAMESPACE, RESULTS, enter_namespace

WARM_S, MEASURE_S = 3.0, 12.0


@dataclass(frozen=True)
class Cost:
    """Of one relay at one load. CPU in % of a core, `recorded` of relay and recorder together."""

    relay: str
    calls: int
    packets_per_s: float
    unrecorded_pct: float
    recorded_pct: float
    recorder_pct: float
    added_us_per_packet: float
    mb_per_s: float
    dropped: int


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--calls", default="5,20")
    calls = [int(part) for part in parser.parse_args().calls.split(",")]
    if IN_NAMESPACE not in os.environ:
        return enter_namespace("bench.recording")
    return asyncio.run(run(calls))


async def run(calls: list[int]) -> int:
    from bench import generator, relays  # noqa: PLC0415  (only here: inside the namespace)
    from bench.measure import pin_to  # noqa: PLC0415

    logging.getLogger("asyncio").setLevel(logging.CRITICAL)
    pin_to(int(relays.LOAD_CORE))
    generator.prepare(HOST)
    found: list[Cost] = []
    for count in calls:
        async with relays.consilium(HOST) as relay, recorder() as sink:
            found.append(await measure("consilium", relay, count, lambda: sink.record(relay), sink))
        if shutil.which("janus") is not None:
            with tempfile.TemporaryDirectory() as folder:
                async with relays.janus(HOST) as other:
                    found.append(
                        await measure("janus .mjr", other, count, lambda: other.record(Path(folder)), None, Path(folder))
                    )
        print(table(found[-2:]), flush=True)
    RESULTS.mkdir(exist_ok=True)
    (RESULTS / "recording.json").write_text(json.dumps([asdict(each) for each in found], indent=1) + "\n")
    print("\n" + table(found))
    return 0


def table(found: list[Cost]) -> str:
    """Markdown, a row a run."""
    names = list(Cost.__dataclass_fields__)
    rows = [names, ["---"] * len(names), *([str(value) for value in asdict(each).values()] for each in found)]
    return "\n".join("| " + " | ".join(row) + " |" for row in rows)


async def measure(
    name: str, relay: Any, calls: int, record: Callable[[], Awaitable[object]], sink: "Sink | None", folder: Path | None = None
) -> Cost:
    """The calls are set up once; CPU without, then with recording."""
    from bench.generator import Generator  # noqa: PLC0415
    from bench.measure import _connected, cpu_s  # noqa: PLC0415

    peers = [peer for _ in range(calls) for peer in await relay.call()]
    await _connected(peers)
    generator = Generator()
    pids = [relay.pid, *([sink.pid] if sink is not None else [])]
    try:
        for peer in peers:
            generator.add(peer)
        generator.start()
        await asyncio.sleep(WARM_S)

        async def spent() -> tuple[list[float], float]:
            before = [cpu_s(pid) for pid in pids]
            generator.measure(True)  # counts from here
            await asyncio.sleep(MEASURE_S)
            generator.measure(False)
            used = [(cpu_s(pid) - was) / MEASURE_S * 100 for pid, was in zip(pids, before, strict=True)]
            return used, generator.counts()[0] / MEASURE_S

        plain, _ = await spent()
        await record()
        await asyncio.sleep(WARM_S)
        root = sink.data if sink is not None else folder
        assert root is not None
        stored = _octets(root)
        with_it, pps = await spent()
        grown = (_octets(root) - stored) / MEASURE_S / 1e6
        return Cost(
            relay=name,
            calls=calls,
            packets_per_s=round(pps),
            unrecorded_pct=round(plain[0], 2),
            recorded_pct=round(sum(with_it), 2),
            recorder_pct=round(sum(with_it[1:]), 2),
            added_us_per_packet=round((sum(with_it) - sum(plain)) * 1e4 / max(1.0, pps), 2),
            mb_per_s=round(grown, 2),
            dropped=await sink.dropped() if sink is not None else 0,
        )
    finally:
        generator.close()
        for peer in peers:
            await peer.close()


def _octets(root: Path) -> int:
    return sum(file.stat().st_size for file in root.rglob("*") if file.is_file())


class Sink:
    """A recorder's process."""

    def __init__(self, client: Any, pid: int, data: Path) -> None:
        self._client = client
        self.pid = pid
        self.data = data
        self._tasks: set[asyncio.Task[Any]] = set()

    async def record(self, relay: Any) -> None:
        """Every call of the worker, everybody's sound and picture."""
        from common.ids import new_id  # noqa: PLC0415
        from media.control import messages as control  # noqa: PLC0415
        from recording import messages as words  # noqa: PLC0415

        def heard(notice: object, session: Any) -> None:
            if isinstance(notice, words.KeyframeWanted):
                body = control.RecordingKeyframe(streams=notice.streams)
                task = asyncio.ensure_future(relay.client.request("recording_keyframe", session, body))
                self._tasks.add(task)
                task.add_done_callback(self._tasks.discard)

        self._client.on_notice = heard
        for session, labels in relay.calls:
            tracks = [words.OrderedTrack(seat=seat, kind=kind) for seat in labels for kind in ("audio", "video")]  # type: ignore[arg-type]
            order = words.Order(recording=new_id("rc"), hospital=new_id("h"), state="on", reason="", tracks=tracks)
            placed = await self._client.request("recording_order", session, order, timeout_s=30)
            streams = [control.RecordedStream(label=each.seat, kind=each.kind, stream=each.stream) for each in placed.streams]
            body = control.RecordingSet(recording=order.recording, socket=placed.socket, streams=streams)
            await relay.client.request("recording_set", session, body)

    async def dropped(self) -> int:
        from recording.messages import Ping  # noqa: PLC0415

        return int((await self._client.request("recorder_ping", None, Ping())).dropped)


@contextlib.asynccontextmanager
async def recorder() -> AsyncIterator[Sink]:
    """A recorder of this checkout, on the server's core."""
    from bench import relays  # noqa: PLC0415
    from media.control.unix import connect_unix  # noqa: PLC0415
    from recording.messages import RECORDER_WORDS  # noqa: PLC0415

    with tempfile.TemporaryDirectory() as folder:
        path, data = Path(folder) / "r.sock", Path(folder) / "data"
        words = ["--socket", str(path), "--taps", f"{folder}/t.sock", "--data", str(data), "--name", "bench-recorder"]
        process = relays.spawn([sys.executable, "-m", "recording.worker", *words], cwd=relays.ROOT)
        try:
            client = await relays._until(lambda: connect_unix(str(path), RECORDER_WORDS))
            try:
                yield Sink(client, process.pid, data)
            finally:
                await client.close()
        finally:
            relays.end(process)


if __name__ == "__main__":
    sys.exit(main())
