"""A hospital that runs for hours: calls with media, patients that come, reload and leave each few seconds. What grows, leaks.

    python -m tests.load.soak [--minutes 120] [--calls 20] [--write]     (make soak)

The whole product runs as it is installed: signaling on SQLite, a media worker, doctors and patients who speak the protocol, real
ICE, DTLS and SRTP. Every few seconds memory, descriptors and threads of both processes are written down, in
`bench/results/soak.json`; with `--write` docs/PERFORMANCE.md and docs/soak.svg are brought up to date.
"""

import argparse
import asyncio
import contextlib
import json
import os
import random
import sys
import time
from dataclasses import asdict, dataclass, field
from pathlib import Path
from statistics import mean
from typing import Any

import aiohttp
from aiortc import RTCPeerConnection, RTCSessionDescription
from socketio.exceptions import SocketIOError

from bench import generator
from bench.clip import payloads
from bench.measure import cpu_s, rss_kb
from bench.relays import candidates_on_every_line
from clinic.factors import FactorVault, new_key
from clinic.hospitals import Hospital
from common.ids import new_id
from common.kept import keep
from tests.load.hospital import FIRST_NUMBER, PASSWORD, SECRET, found_hospital, from_address
from tests.peers_signaling import Speaker, sign_in, walk_in
from tests.processes import wait_for
from tests.second_factor import Authenticator
from tests.signaling_process import Signaling

HOST = "127.0.0.1"
TALKS_S = (25.0, 95.0)
"""With twenty doctors somebody hangs up, and somebody else comes, each three seconds."""
RELOADS = 0.3
"""The share of patients who reload in the middle."""
STEP_S = 30.0
"""For anything that people wait for: a soak that hangs has failed."""


@dataclass(frozen=True)
class Sample:
    """One look at one process."""

    at_s: float
    rss_kb: int
    descriptors: int
    threads: int
    cpu_s: float


@dataclass
class Course:
    """What was seen. `lost` has the share of packets that did not arrive, for each call."""

    signaling: list[Sample] = field(default_factory=list)
    worker: list[Sample] = field(default_factory=list)
    calls: int = 0
    reloads: int = 0
    lost: list[float] = field(default_factory=list)
    broken: list[str] = field(default_factory=list)


class Person:
    """Somebody in a call: the line to signaling, and the connection to the relay."""

    def __init__(self, speaker: Speaker) -> None:
        self.speaker = speaker
        self.connection: RTCPeerConnection | None = None

    async def connect(self, seat: str, other: str) -> RTCPeerConnection:
        """A new connection for this seat, which hears and sees the other one."""
        await self.hang_up()
        self.connection = connection = await generator.offering()
        wanted = [{"mid": transceiver.mid, "seat": other} for transceiver in connection.getTransceivers()]
        body = {"seat": seat, "peer": new_id("p"), "sdp": connection.localDescription.sdp, "wanted": wanted}
        answer = await self.speaker.ask("peer_offer", body)
        if not answer["ok"]:
            raise AssertionError(f"offer refused: {answer}")
        sdp = candidates_on_every_line(answer["body"]["sdp"])
        await connection.setRemoteDescription(RTCSessionDescription(sdp, "answer"))
        await wait_for(lambda: connection.connectionState == "connected", STEP_S, "a media path")
        return connection

    async def hang_up(self) -> None:
        """Close the connection, if there is one. One that never came up may never end either: the soak goes on without it."""
        if self.connection is not None:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(STEP_S):
                    await self.connection.close()
            self.connection = None


class Practice:
    """A doctor with a room that is never empty for long."""

    def __init__(self, town: "Town", number: int) -> None:
        self._town = town
        self._number = number
        self._random = random.Random(number)
        self._patients = 0

    async def run(self, until: float) -> None:
        """One patient after the other until this time of the loop. Who lost the hospital comes again, and it is written down."""
        while asyncio.get_running_loop().time() < until:
            try:
                await self._work(until)
            except (AssertionError, TimeoutError, SocketIOError, aiohttp.ClientError) as error:
                self._broke(error)
                await asyncio.sleep(1)

    def _broke(self, error: Exception) -> None:
        self._town.course.broken.append(f"{type(error).__name__}: {error}"[:200])

    async def _work(self, until: float) -> None:
        town, loop = self._town, asyncio.get_running_loop()
        async with aiohttp.ClientSession(connector=from_address(2, self._number)) as session:
            staff_number = str(FIRST_NUMBER + self._number)
            cookie = await sign_in(session, town.server.base, staff_number, PASSWORD, await town.app.code(staff_number))
        doctor = Person(Speaker({"audience": "desk", "protocol": 1}, cookie, [town.server.base]))
        await doctor.speaker.come()
        try:
            await wait_for(lambda: "desk_state" in doctor.speaker.states, STEP_S, "a desk")
            if (left := doctor.speaker.states["desk_state"]["seat"]) is not None:  # of a call that broke
                await doctor.speaker.ask("consultation_end", {"seat": left})
            answer = await doctor.speaker.ask("duty_set", {"departments": [town.department(self._number)]})
            assert answer["ok"], answer
            while loop.time() < until:
                try:
                    await self._visit(doctor, min(self._random.uniform(*town.talks_s), max(3.0, until - loop.time())))
                    town.course.calls += 1
                except (AssertionError, TimeoutError) as error:
                    self._broke(error)
                    await asyncio.sleep(1)
        finally:
            await doctor.hang_up()
            await doctor.speaker.leave()

    async def _visit(self, doctor: Person, talk_s: float) -> None:
        town = self._town
        self._patients += 1
        async with aiohttp.ClientSession(connector=from_address(1, self._number)) as session:
            seat, cookie = await walk_in(
                session, town.server.base, town.hospital.id, town.department(self._number), f"P{self._patients}"
            )
        patient = Person(Speaker({"audience": "seat", "seat": seat, "protocol": 1}, cookie, [town.server.base]))
        await patient.speaker.come()
        try:
            desk = doctor.speaker.states
            await wait_for(lambda: desk["desk_state"]["offer"] is not None, STEP_S, "an offer")
            await doctor.speaker.ask("offer_accept", {"offer": desk["desk_state"]["offer"]["id"]})
            await wait_for(lambda: desk["desk_state"]["seat"] is not None, STEP_S, "the doctor's seat")
            own = desk["desk_state"]["seat"]
            await asyncio.gather(doctor.speaker.confirm(own), patient.speaker.confirm(seat))
            await wait_for(lambda: _epoch(patient.speaker, seat) and _epoch(doctor.speaker, own), STEP_S, "a place for the call")
            await self._talk(doctor, own, patient, seat, talk_s)
            await doctor.speaker.ask("consultation_end", {"seat": own})
            await wait_for(lambda: desk["desk_state"]["seat"] is None, STEP_S, "the desk to be free")
        finally:
            await asyncio.gather(doctor.hang_up(), patient.hang_up())
            await patient.speaker.leave()

    async def _talk(self, doctor: Person, own: str, patient: Person, seat: str, talk_s: float) -> None:
        await asyncio.gather(doctor.connect(own, seat), patient.connect(seat, own))
        parts = [talk_s / 2, talk_s / 2] if self._random.random() < RELOADS else [talk_s]
        for number, part_s in enumerate(parts):
            if number > 0:
                self._town.course.reloads += 1
                await asyncio.gather(doctor.connect(own, seat), patient.connect(seat, own))
            await self._flow([doctor, patient], part_s)

    async def _flow(self, people: list[Person], seconds: float) -> None:
        load = generator.Generator()
        try:
            for person in people:
                assert person.connection is not None
                load.add(person.connection)
            load.start()
            await asyncio.sleep(min(2.0, seconds / 4))
            load.measure(True)
            await asyncio.sleep(seconds)
            sent, received = load.counts()
        finally:
            load.close()
        self._town.course.lost.append(1 - received / sent if sent else 1.0)


def _epoch(speaker: Speaker, seat: str) -> bool:
    state = speaker.states.get("seat_state")
    return state is not None and state["seat"] == seat and state["media_epoch"] is not None


class Town:
    """The server, its doctors, and who looks at the processes."""

    def __init__(self, server: Signaling, hospital: Hospital, talks_s: tuple[float, float]) -> None:
        self.server = server
        self.hospital = hospital
        self.talks_s = talks_s
        self.app = Authenticator(SECRET)
        self.course = Course()
        self._began = time.monotonic()

    def department(self, number: int) -> str:
        """Each doctor's own, so that its patients come to it."""
        return self.hospital.departments[number].id

    def look(self) -> None:
        """Write down how both processes are."""
        at = time.monotonic() - self._began
        signaling = self.server.pid
        try:
            worker = worker_of(signaling)
        except AssertionError as none:  # one that died is replaced
            self.course.broken.append(f"{none}")
            return
        self.course.signaling.append(_sample(signaling, at))
        self.course.worker.append(_sample(worker, at))

    async def watch(self, every_s: float) -> None:
        """Look until cancelled."""
        while True:
            self.look()
            await asyncio.sleep(every_s)


def worker_of(signaling: int) -> int:
    """The media worker's process; the spare, which waits for its arguments, is none."""
    for child in Path(f"/proc/{signaling}/task/{signaling}/children").read_text().split():
        words = Path(f"/proc/{child}/cmdline").read_bytes().split(b"\0")
        if b"media.worker" in words and _listens(int(child)):
            return int(child)
    raise AssertionError("there is no media worker")


def _listens(pid: int) -> bool:
    """A worker has a UDP port; a spare has none."""
    sockets = set()
    for descriptor in Path(f"/proc/{pid}/fd").iterdir():
        with contextlib.suppress(OSError):
            sockets.add(str(descriptor.readlink()).removeprefix("socket:[").rstrip("]"))
    lines = [line.split() for name in ("udp", "udp6") for line in Path(f"/proc/{pid}/net/{name}").read_text().splitlines()[1:]]
    return any(line[9] in sockets for line in lines)


def _sample(pid: int, at_s: float) -> Sample:
    descriptors = len(list(Path(f"/proc/{pid}/fd").iterdir()))
    threads = len(list(Path(f"/proc/{pid}/task").iterdir()))
    return Sample(round(at_s, 1), rss_kb(pid), descriptors, threads, round(cpu_s(pid), 2))


async def soak(server: Signaling, calls: int, seconds: float, talks_s: tuple[float, float], every_s: float) -> Course:
    """Runs calls for a time. The first sample is before the first call, the last after the last one, when all have gone."""
    generator.prepare(HOST)
    payloads()  # the clip is made before anybody waits for anything
    vault = FactorVault(keep(server.data / "factor-key", new_key))
    url = f"sqlite+aiosqlite:///{(server.data / 'consilium.sqlite').resolve()}"
    hospital = await found_hospital(url, vault, calls, calls)
    await asyncio.to_thread(server.start)
    town = Town(server, hospital, talks_s)
    town.look()
    watching = asyncio.create_task(town.watch(every_s))
    until = asyncio.get_running_loop().time() + seconds
    try:
        await asyncio.gather(*(Practice(town, number).run(until) for number in range(calls)))
    finally:
        watching.cancel()
    await asyncio.sleep(3)  # what is closed is closed by tasks
    town.look()
    return town.course


@dataclass(frozen=True)
class Growth:
    """Of one process: means of the second quarter of the time and of the last."""

    process: str
    early_mb: float
    late_mb: float
    early_descriptors: float
    late_descriptors: float
    threads: int
    cpu_pct: float


def growth(process: str, samples: list[Sample]) -> Growth:
    """What grew between the second quarter, when all is warm, and the last."""
    during = samples[1:-1]
    quarter = max(1, len(during) // 4)
    early, late = during[quarter : 2 * quarter], during[-quarter:]
    return Growth(
        process,
        round(mean(one.rss_kb for one in early) / 1024, 1),
        round(mean(one.rss_kb for one in late) / 1024, 1),
        round(mean(one.descriptors for one in early), 1),
        round(mean(one.descriptors for one in late), 1),
        max(one.threads for one in samples),
        round(100 * (samples[-1].cpu_s - samples[0].cpu_s) / max(1.0, samples[-1].at_s - samples[0].at_s), 1),
    )


def main() -> int:
    """0 when memory and descriptors stayed flat and no call broke."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--minutes", type=float, default=float(os.environ.get("MINUTES") or 120))
    parser.add_argument("--calls", type=int, default=int(os.environ.get("CALLS") or 20))
    parser.add_argument("--write", action="store_true", help="bring docs/PERFORMANCE.md up to date")
    arguments = parser.parse_args()
    server = Signaling(workers=1, sample="false", log_level="warning", media_addresses=HOST)
    try:
        course = asyncio.run(soak(server, arguments.calls, arguments.minutes * 60, TALKS_S, every_s=5.0))
    finally:
        server.discard()
    return report(course, arguments.minutes, arguments.calls, write=arguments.write)


def report(course: Course, minutes: float, calls: int, *, write: bool) -> int:
    """Print and keep what was seen; 1 when something grew or broke."""
    from tests.load.soak_report import FLAT_MB, page, table  # the drawing is needed only here

    found = [growth("signaling", course.signaling), growth("media worker", course.worker)]
    results = Path(generator.BUILT).parent
    results.mkdir(exist_ok=True)
    kept: dict[str, Any] = {"minutes": minutes, "calls": calls, "growth": [asdict(one) for one in found], **asdict(course)}
    (results / "soak.json").write_text(json.dumps(kept) + "\n")
    print(table(found, course, minutes, calls))
    for line in course.broken[:10]:
        print(f"broken: {line}")
    if write:
        page(found, course, minutes, calls)
    grew = [one for one in found if one.late_mb - one.early_mb > max(FLAT_MB, 0.05 * one.early_mb)]
    leaked = [one for one in found if one.late_descriptors - one.early_descriptors > calls / 2]
    for one in grew + leaked:
        print(f"{one.process} grew")
    return 1 if grew or leaked or course.broken else 0


if __name__ == "__main__":
    sys.exit(main())
