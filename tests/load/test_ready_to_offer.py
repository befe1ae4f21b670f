"""Two hundred patients wait and fifty doctors work at one signaling process: how long does a ready doctor see an empty desk?

From the moment a doctor says "I am ready" (goes on duty, or ends a consultation) to the moment the next patient's card is on that
doctor's desk; and what one client's flood of messages does to the others' questions and answers.
"""

import asyncio
import os
import random
import statistics
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from clinic.factors import FactorVault, new_key
from clinic.hospitals import Hospital
from common.kept import keep
from tests.load.hospital import FIRST_NUMBER, PASSWORD, SECRET, Sitter, found_hospital, from_address
from tests.peers_signaling import Speaker, sign_in, walk_in
from tests.processes import wait_for
from tests.second_factor import Authenticator
from tests.signaling_process import Signaling

PATIENTS = 200
DOCTORS = 50
DEPARTMENTS = 5
TALKS_S = (15.0, 35.0)  # thirty times as many ends as ten-minute talks would make: about two a second
SHIFT_S = 75.0
ARRIVALS_APART_S = 0.1  # fifty doctors come on duty within five seconds
OFFER_P99_MS = 300.0
REPLY_P99_MS = 200.0
AT_WORST = 1.5
"""What is asserted, in goals: both are reached with a third to spare (docs/PERFORMANCE.md), but on a busy machine waits grow
faster than the core's share alone says."""
FLOOD_PER_S = 1000
FLOOD_S = 10.0
SEED = 20201


class Town:
    """Everybody at one process."""

    def __init__(self, server: Signaling, hospital: Hospital) -> None:
        self.server = server
        self.hospital = hospital
        self.patients: list[Sitter] = []
        self.doctors: list[OnDuty] = []
        self.app = Authenticator(SECRET)

    async def patient_comes(self) -> Sitter:
        """One more patient takes a place and sits down."""
        number = len(self.patients)
        department = self.hospital.departments[number % DEPARTMENTS].id
        async with aiohttp.ClientSession(connector=from_address(1, number)) as session:
            seat, cookie = await walk_in(session, self.server.base, self.hospital.id, department, f"Patient {number}")
        patient = Sitter(self.server.base, seat, cookie)
        patient.sit_down()
        self.patients.append(patient)
        return patient

    async def doctor_comes(self) -> "OnDuty":
        """One more doctor opens the desk; not on duty yet."""
        number = len(self.doctors)
        staff_number = str(FIRST_NUMBER + number)
        async with aiohttp.ClientSession(connector=from_address(2, number)) as session:
            cookie = await sign_in(session, self.server.base, staff_number, PASSWORD, await self.app.code(staff_number))
        speaker = Speaker({"audience": "desk", "protocol": 1}, cookie, [self.server.base])
        doctor = OnDuty(speaker, self.hospital.departments[number % DEPARTMENTS].id)
        await speaker.come()
        self.doctors.append(doctor)
        return doctor

    async def close(self) -> None:
        """Everybody goes home."""
        await asyncio.gather(*(doctor.speaker.leave() for doctor in self.doctors), return_exceptions=True)
        await asyncio.gather(*(patient.leave() for patient in self.patients), return_exceptions=True)


class OnDuty:
    """A doctor who takes whoever is offered, talks a while, ends it, and writes down how long each next card took."""

    def __init__(self, speaker: Speaker, department: str) -> None:
        self.speaker = speaker
        self.department = department
        self.ready_at: float | None = None
        self.waits_ms: list[float] = []
        self.shown: asyncio.Queue[dict[str, Any]] = asyncio.Queue(maxsize=4)
        self._last = ""
        speaker.on_state = self._hear

    async def _hear(self, name: str, state: dict[str, Any]) -> None:
        offer = state.get("offer")
        if name == "desk_state" and offer is not None and offer["id"] != self._last:
            self._last = offer["id"]
            if self.ready_at is not None:
                self.waits_ms.append((time.monotonic() - self.ready_at) * 1000)
                self.ready_at = None
            self.shown.put_nowait(offer)

    async def work(self, until: float, ended: asyncio.Queue[None], dice: random.Random) -> None:
        """Go on duty and see patients until the shift is over."""
        self.ready_at = time.monotonic()
        assert (await self.speaker.ask("duty_set", {"departments": [self.department]}))["ok"]
        while True:
            offer = await asyncio.wait_for(self.shown.get(), 20)
            if time.monotonic() > until:
                return
            assert (await self.speaker.ask("offer_accept", {"offer": offer["id"]}))["ok"]
            await wait_for(lambda: self.speaker.states["desk_state"]["seat"], 20, "the doctor to be seated")
            await asyncio.sleep(dice.uniform(*TALKS_S))  # the consultation itself: what happens meanwhile is what is measured
            self.ready_at = time.monotonic()
            assert (await self.speaker.ask("consultation_end", {"seat": self.speaker.states["desk_state"]["seat"]}))["ok"]
            ended.put_nowait(None)


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Signaling]:
    """One signaling process over SQLite, as `make run` starts it, without media workers."""
    data = tmp_path / "data"
    data.mkdir()
    process = Signaling(workers=0, data=str(data), sample="false", log_level="error")
    try:
        yield process
    finally:
        process.discard()


async def open_town(server: Signaling, data: Path) -> Town:
    """The hospital opens and is full before the first doctor goes on duty."""
    vault = FactorVault(keep(data / "factor-key", new_key))
    hospital = await found_hospital(f"sqlite+aiosqlite:///{data / 'consilium.sqlite'}", vault, DOCTORS, DEPARTMENTS)
    await asyncio.to_thread(server.start)
    town = Town(server, hospital)
    for _ in range(PATIENTS):
        await town.patient_comes()
    for _ in range(DOCTORS):
        await town.doctor_comes()
    await wait_for(lambda: all(patient.states for patient in town.patients), 60, "everybody to sit down")
    await wait_for(lambda: all("desk_state" in doctor.speaker.states for doctor in town.doctors), 60, "every desk to open")
    return town


@pytest.mark.timeout(240)
async def test_a_ready_doctor_is_offered_a_patient_at_once(server: Signaling, tmp_path: Path) -> None:
    town = await open_town(server, tmp_path / "data")
    dice = random.Random(SEED)
    ended: asyncio.Queue[None] = asyncio.Queue()
    pace = Pace(server.pid)
    before = cpu_seconds(server.pid)
    began = time.monotonic()
    try:
        async with asyncio.TaskGroup() as group:
            refill = group.create_task(refill_line(town, ended))
            shifts = []
            for doctor in town.doctors:
                shifts.append(group.create_task(doctor.work(began + SHIFT_S, ended, dice)))
                await asyncio.sleep(ARRIVALS_APART_S)  # the rate of arrival is the load
            await asyncio.wait(shifts)
            refill.cancel()
        lasted = time.monotonic() - began
        busy = (cpu_seconds(server.pid) - before) / lasted
        first = [doctor.waits_ms[0] for doctor in town.doctors]
        later = [wait for doctor in town.doctors for wait in doctor.waits_ms[1:]]
        ends = len(later) / lasted
        print(f"\n{PATIENTS} patients waiting, {DOCTORS} doctors, one process; {ends:.1f} consultations end a second")
        print(table([("on duty → offer", first), ("end → offer", later), ("both", first + later)]))
        octets = sum(patient.octets for patient in town.patients) / len(town.patients) / lasted
        slower = pace()
        print(f"server: {busy:.0%} of one core; each patient was sent {octets:.0f} octets a second before compression")
    finally:
        await town.close()
    assert not any(patient.lost for patient in town.patients), "a waiting patient was cut off"
    assert len(later) > 100
    judge(first + later, OFFER_P99_MS, slower)


async def refill_line(town: Town, ended: asyncio.Queue[None]) -> None:
    """Somebody new comes for each who was seen, so that two hundred keep waiting."""
    while True:
        await ended.get()
        await town.patient_comes()


@pytest.mark.timeout(240)
async def test_a_flood_of_one_does_not_drown_the_others(server: Signaling, tmp_path: Path) -> None:
    """One doctor's browser goes mad and sends a thousand messages a second; it comes back whenever it is cut."""
    town = await open_town(server, tmp_path / "data")
    try:
        quiet = await round_trips(town.doctors[1:], 3.0)
        pace = Pace(server.pid)
        flood = asyncio.create_task(pour(town))
        during = await round_trips(town.doctors[1:], FLOOD_S)
        flood.cancel()
        sent, cut = await flood
        slower = pace()
    finally:
        await town.close()
    print(f"\none client sent {sent / FLOOD_S:.0f} messages a second and was cut {cut} times")
    print(table([("round trip before", quiet), ("in the flood", during)]))
    assert sent > FLOOD_PER_S * FLOOD_S * 0.8
    judge(during, REPLY_P99_MS, slower)


class Pace:
    """How much longer everything takes here than on cores of one's own, from its making on: the kernel counts how long a thread
    that could run has waited for one (/proc/PID/schedstat). Server and measurer both wait, one after the other."""

    def __init__(self, server: int) -> None:
        self._pids = (server, os.getpid())
        self._before = [schedule(pid) for pid in self._pids]

    def __call__(self) -> float:
        pace = 1.0
        for pid, (ran, waited) in zip(self._pids, self._before, strict=True):
            ran_now, waited_now = schedule(pid)
            pace *= 1 + (waited_now - waited) / max(1, ran_now - ran)
        return pace


def schedule(pid: int) -> tuple[int, int]:
    """How long the main thread of a process has run, and has waited for a core, in nanoseconds."""
    ran, waited, _ = Path(f"/proc/{pid}/schedstat").read_text().split()
    return int(ran), int(waited)


def judge(values: list[float], goal_ms: float, pace: float) -> None:
    """The 99th percentile against its goal, which is for a machine that has nothing else to do."""
    reached = percentile(values, 99)
    print(f"p99 {reached:.0f} ms, goal {goal_ms:.0f} ms: {'reached' if reached < goal_ms else 'missed'}"
          f" (everything takes {pace:.1f} times as long here as on cores of its own)")  # fmt: skip
    assert reached < AT_WORST * goal_ms * pace


async def round_trips(doctors: list[OnDuty], seconds: float) -> list[float]:
    """Every doctor asks something a few times a second; how long each answer took, in milliseconds."""
    found: list[float] = []
    until = time.monotonic() + seconds

    async def ask(doctor: OnDuty, offset: float) -> None:
        await asyncio.sleep(offset)
        while time.monotonic() < until:
            began = time.monotonic()
            assert (await doctor.speaker.ask("duty_set", {"departments": []}))["ok"]
            found.append((time.monotonic() - began) * 1000)
            await asyncio.sleep(1.0)

    await asyncio.gather(*(ask(doctor, number / len(doctors)) for number, doctor in enumerate(doctors)))
    return found


async def pour(town: Town) -> tuple[int, int]:
    """Send as a browser never would, from a seat of its own, until cancelled; returns messages sent and times cut."""
    async with aiohttp.ClientSession(connector=from_address(3, 0)) as session:
        department = town.hospital.departments[0].id
        seat, cookie = await walk_in(session, town.server.base, town.hospital.id, department, "Flood")
        sent = cut = 0
        try:
            while True:
                address = f"{town.server.base}/socket.io/?EIO=4&transport=websocket"
                async with session.ws_connect(address, headers={"Cookie": cookie}) as socket:
                    await socket.receive()
                    await socket.send_str(f'40{{"audience":"seat","seat":"{seat}","protocol":1}}')
                    reader = asyncio.create_task(read_all(socket))
                    try:
                        while not socket.closed:
                            due = time.monotonic() + 0.02
                            for _ in range(FLOOD_PER_S // 50):
                                await socket.send_str(f'42["seat_media",{{"seat":"{seat}","microphone":true,"camera":true}}]')
                                sent += 1
                            await asyncio.sleep(max(0.0, due - time.monotonic()))
                    except (ConnectionError, aiohttp.ClientError):
                        pass
                    finally:
                        reader.cancel()
                cut += 1
        except asyncio.CancelledError:
            return sent, cut


async def read_all(socket: aiohttp.ClientWebSocketResponse) -> None:
    """Take what comes, so that the flood is not held up by its own answers."""
    async for _ in socket:
        pass


def cpu_seconds(pid: int) -> float:
    """What a process has used of the processor so far."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def percentile(values: list[float], which: int) -> float:
    """The value that `which` percent do not exceed."""
    return statistics.quantiles(values, n=100, method="inclusive")[which - 1]


def table(rows: list[tuple[str, list[float]]]) -> str:
    """Counts and percentiles in milliseconds."""
    lines = [f"{'ms':<20} {'n':>6} {'p50':>7} {'p95':>7} {'p99':>7} {'max':>7}"]
    for name, values in rows:
        numbers = [percentile(values, which) for which in (50, 95, 99)]
        lines.append(f"{name:<20} {len(values):>6} " + " ".join(f"{number:>7.0f}" for number in [*numbers, max(values)]))
    return "\n".join(lines)
