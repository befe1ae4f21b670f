"""One recording while it runs: its tracks, what becomes of their segments, and the manifest that tells of it.

It carries out orders, each the whole of what is wanted now. Sealing happens in threads; what waits for it is bounded, and what
is beyond is lost and told as a gap: a slow disk must not take the memory of every other recording. One that cannot be written
fails with a code and goes on when it is ordered on again.
"""

import asyncio
import contextlib
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

import structlog

from common.errors import Unavailable
from common.evidence.signing import Signer
from recording.core.losses import losses
from recording.core.manifest import Clock, Consent, Gap, Kind, Manifest, Person, Quality, State
from recording.folder import KEY, Folder
from recording.intake import Intake
from recording.keys import Master
from recording.messages import Order, Placed, PlacedStream
from recording.sealing import Closed, Sealer
from recording.sink import Track

MOST_WAITING_OCTETS = 64 << 20
"""Of segments that wait for the disk: half a minute of ten calls."""
PUBLISH_S = 15.0
"""Between manifests while nothing but segments is new; each segment proves itself meanwhile."""
FLUSH_S = 20.0
"""For the segments of a recording that ends to reach the disk."""
_log = structlog.get_logger(__name__)


def now_us() -> int:
    """Of CLOCK_MONOTONIC, which the copies' arrival is told in."""
    return time.monotonic_ns() // 1000


def _boot() -> str:
    with contextlib.suppress(OSError):
        return Path("/proc/sys/kernel/random/boot_id").read_text().strip()
    return ""


@dataclass(frozen=True, slots=True)
class Means:
    """What all recordings of a recorder share. `failed` is told (recording, code) when one cannot be written any more."""

    root: Path
    master: Master
    signer: Signer
    intake: Intake
    pool: ThreadPoolExecutor
    failed: Callable[[str, str], None]


class Running:
    """Made by `open`; `close` must be called."""

    def __init__(self, sealer: Sealer, means: Means) -> None:
        kept = sealer.kept
        self.recording = kept.recording
        self._sealer = sealer
        self._intake = means.intake
        self._pool = means.pool
        self._tell_failed = means.failed
        self._zero_us = _zero_us(kept)
        self._gaps = list(kept.gaps)
        self._people = {person.seat: person for person in kept.people}
        self._consents = kept.consents
        self._before = {(line.seat, line.kind): line for line in kept.quality}
        self._counted: dict[tuple[str, Kind], Quality] = {}
        self._tracks: dict[tuple[str, Kind], Track] = {}
        self._streams: dict[tuple[str, Kind], int] = {}
        self._closed: asyncio.Queue[Closed] = asyncio.Queue()  # bounded by octets, in `_collect`
        self.waiting_octets = 0
        self.on = False
        self.failure: str | None = None
        self._published = 0.0
        self._lock = asyncio.Lock()
        self._disk = asyncio.Lock()
        """One thing at a time reaches this folder; the pool writes several recordings at once."""
        self._sealing = asyncio.get_running_loop().create_task(self._seal_all())

    @classmethod
    async def open(cls, means: Means, consultation: str, order: Order) -> "Running":
        """Begins the recording, or goes on with the one on the disk. Raises `Unavailable` (see recording/sealing.py)."""
        folder = Folder(means.root / order.recording)

        def opened() -> Sealer:
            if folder.has(KEY):
                return Sealer.go_on(folder, order.recording, means.master, means.signer)
            return Sealer.begin(folder, _first(order, consultation), means.master, means.signer)

        sealer = await asyncio.get_running_loop().run_in_executor(means.pool, opened)
        running = cls(sealer, means)
        running._mark_lost()
        return running

    # --- orders ---

    async def carry_out(self, order: Order) -> Placed:
        """Brings the recording to what is ordered; when this returns it is so, and on the disk. Raises `Unavailable`."""
        async with self._lock:
            self._people |= {person.seat: Person(person.seat, person.role) for person in order.people}
            self._consents = tuple(Consent(c.seat, c.purpose, c.given, c.at_ms) for c in order.consents) or self._consents
            if order.state == "on":
                await self._go_on(order)
                streams = [PlacedStream(seat=s, kind=k, stream=n) for (s, k), n in self._streams.items()]
                return Placed(socket=self._intake.path, streams=streams, sealed=False)
            await self._pause(order)
            if order.state == "over":
                await self._publish("sealed")
            return Placed(socket=self._intake.path, streams=[], sealed=order.state == "over")

    async def close(self) -> None:
        """Seals what there is and lets the folder go; the recording may be gone on with later."""
        async with self._lock:
            self._end_tracks(list(self._tracks))
            with contextlib.suppress(Unavailable):
                await self._flush()
                if self._sealer.kept.state == "open":
                    await self._publish("open")
            self._sealing.cancel()
            await asyncio.gather(self._sealing, return_exceptions=True)
            self._sealer.close()

    async def _go_on(self, order: Order) -> None:
        wanted = {(track.seat, track.kind) for track in order.tracks}
        resumed = not self.on or self.failure is not None
        self.failure = None
        self._end_tracks([place for place in self._tracks if place not in wanted])
        if resumed:
            await self._publish("open")  # a disk that refuses is told before anything is copied
        at_us = now_us()
        if resumed:
            self._close_gap(at_us)
        for seat, kind in sorted(wanted - self._tracks.keys()):
            self._people.setdefault(seat, Person(seat, ""))
            track = self._tracks[seat, kind] = Track(seat, kind, self._zero_us, at_us)
            self._streams[seat, kind] = self._intake.open(track)
        self.on = True

    async def _pause(self, order: Order) -> None:
        was_on, self.on = self.on, False
        self._end_tracks(list(self._tracks))
        if order.state == "over":
            self._close_gap(now_us())
        elif was_on:
            self._gaps.append(Gap("", "", self._ms(now_us()), None, order.reason or order.state))
        if self.failure is None or order.state == "over":
            await self._flush()
            await self._publish("open")

    def _end_tracks(self, places: list[tuple[str, Kind]]) -> None:
        self._intake.end([self._streams.pop(place) for place in places])
        for place in places:
            track = self._tracks.pop(place)
            track.end(now_us())
            self._collect(track)
            self._counted[place] = _sum(self._counted.get(place), track.quality)

    # --- what tracks give ---

    def tick(self, at_us: int) -> list[int]:
        """Time passes. The streams whose senders are to be asked for a key frame."""
        wanting = []
        for place, track in self._tracks.items():
            track.tick(at_us)
            if track.closed or track.gaps:
                self._collect(track)
            if track.wants_key(at_us):
                wanting.append(self._streams[place])
        return wanting

    def _collect(self, track: Track) -> None:
        self._gaps += track.gaps
        closed, track.closed, track.gaps = track.closed, [], []
        for segment in closed:
            if self.failure is not None or self.waiting_octets + len(segment.file) > MOST_WAITING_OCTETS:
                self._lose(segment)
                continue
            self.waiting_octets += len(segment.file)
            self._closed.put_nowait(segment)

    def _lose(self, segment: Closed) -> None:
        self._gaps.append(Gap(segment.seat, segment.kind, segment.start_ms, segment.start_ms + segment.duration_ms, "disk"))

    # --- the disk ---

    async def _seal_all(self) -> None:
        while True:
            segment = await self._closed.get()
            try:
                if self.failure is not None:
                    self._lose(segment)
                    continue
                await self._in_thread(partial(self._sealer.seal, segment))
                if time.monotonic() - self._published >= PUBLISH_S:
                    await self._publish("open")
            except Unavailable as error:
                self._lose(segment)
                self._fail(error.code)
            except Exception:
                _log.exception("sealing failed", recording=self.recording)
                self._lose(segment)
                self._fail("recorder_fault")
            finally:
                self.waiting_octets -= len(segment.file)
                self._closed.task_done()

    def _fail(self, code: str) -> None:
        if self.failure is None:
            _log.error("recording failed", recording=self.recording, code=code)
            self.failure = code
            self._tell_failed(self.recording, code)

    async def _flush(self) -> None:
        try:
            async with asyncio.timeout(FLUSH_S):
                await self._closed.join()
        except TimeoutError:
            raise Unavailable("disk_slow", "the disk of the recordings takes too long") from None

    async def _publish(self, state: State) -> None:
        told = replace(
            self._sealer.kept,
            state=state,
            duration_ms=self._end_ms(),
            clock=Clock(_boot(), self._zero_us),
            people=tuple(sorted(self._people.values(), key=lambda person: person.seat)),
            gaps=tuple(sorted(self._gaps, key=lambda gap: (gap.from_ms, gap.seat, gap.kind))),
            consents=self._consents,
            quality=self._quality(),
        )
        await self._in_thread(partial(self._sealer.publish, told))
        self._published = time.monotonic()

    async def _in_thread(self, work: Callable[[], object]) -> None:
        async with self._disk:
            await asyncio.get_running_loop().run_in_executor(self._pool, work)

    # --- figures ---

    @property
    def segments(self) -> int:
        return len(self._sealer.lines)

    def _quality(self) -> tuple[Quality, ...]:
        lines = dict(self._before)
        for place, line in self._counted.items():
            lines[place] = _sum(lines.get(place), line)
        for place, track in self._tracks.items():
            lines[place] = _sum(lines.get(place), track.quality)
        return tuple(lines[place] for place in sorted(lines))

    def _end_ms(self) -> int:
        """Up to when the recording tells anything."""
        segments = max((line.end_ms for line in self._sealer.lines), default=0)
        gaps = max((gap.from_ms if gap.to_ms is None else gap.to_ms for gap in self._gaps), default=0)
        return max(segments, gaps, self._ms(now_us()) if self.on else 0)

    def _mark_lost(self) -> None:
        """What is on the disk ended without a word: what is missing up to there, and all from there on, are gaps."""
        if self._sealer.lines and not any(gap.to_ms is None for gap in self._gaps):
            self._gaps += losses(self._sealer.lines, self._gaps, self._end_ms())

    def _close_gap(self, at_us: int) -> None:
        to_ms = self._ms(at_us)
        self._gaps = [replace(gap, to_ms=max(gap.from_ms, to_ms)) if gap.to_ms is None else gap for gap in self._gaps]

    def _ms(self, at_us: int) -> int:
        return max(0, at_us - self._zero_us) // 1000


def _first(order: Order, consultation: str) -> Manifest:
    return Manifest(
        format="consilium-recording/1",
        recording=order.recording,
        consultation=consultation,
        hospital=order.hospital,
        state="open",
        started_at_ms=int(time.time() * 1000),
        duration_ms=0,
        clock=Clock(_boot(), now_us()),
        people=(),
        segments=(),
        gaps=(),
        consents=(),
        quality=(),
        key="00" * 8,  # filled in by the sealer, as the chain
        chain="00" * 32,
    )


def _zero_us(kept: Manifest) -> int:
    """Where the recording's line begins on this boot's clock; on another boot only the wall clock can tell."""
    if kept.clock.boot == _boot():
        return kept.clock.zero_us
    passed_ms = max(int(time.time() * 1000) - kept.started_at_ms, kept.duration_ms)
    return now_us() - passed_ms * 1000


def _sum(one: Quality | None, other: Quality) -> Quality:
    if one is None:
        return other
    return replace(
        other,
        packets=one.packets + other.packets,
        lost=one.lost + other.lost,
        frames=one.frames + other.frames,
        frames_broken=one.frames_broken + other.frames_broken,
    )
