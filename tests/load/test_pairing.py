"""Fifty doctors and five hundred patients on two signaling processes over one PostgreSQL; one process dies in the middle.

Nobody is seen twice, nobody is lost, and inside a priority whoever came first is offered first.
"""

import asyncio
import time
from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from signal import SIGKILL
from typing import Any

import aiohttp
import pytest
import sqlalchemy as sa

from clinic.factors import FactorVault, new_key
from clinic.hospitals import Hospital
from common.database import Database
from common.evidence.audit import audit_entry
from common.kept import keep
from rooms.store import tables
from tests.load.hospital import FIRST_NUMBER, PASSWORD, SECRET, found_hospital, from_address
from tests.peers_signaling import Speaker, sign_in, walk_in
from tests.processes import wait_for
from tests.second_factor import Authenticator
from tests.signaling_process import Signaling, discard_all

DOCTORS = 50
PATIENTS = 500
DEPARTMENTS = 2
KILLED_AFTER = 150  # consultations
DAY_TIMEOUT_S = 150.0


@dataclass
class Day:
    """What the people saw."""

    ended: set[str] = field(default_factory=set)
    doctors_of: defaultdict[str, set[str]] = field(default_factory=lambda: defaultdict(set))


@pytest.fixture
def processes(postgres_url: str, redis_url: str) -> Iterator[list[Signaling]]:
    """Two signaling processes without media workers: this test is about who is paired with whom."""
    shared = {"database_url": postgres_url, "redis_url": redis_url, "sample": "false", "log_level": "error"}
    first = Signaling(workers=0, **shared)
    both = [first, Signaling(workers=0, **shared, data=str(first.data))]
    try:
        yield both
    finally:
        discard_all(both)


@pytest.mark.timeout(280)
async def test_nobody_twice_nobody_lost_first_come_first_served(processes: list[Signaling], postgres_url: str) -> None:
    vault = FactorVault(keep(processes[0].data / "factor-key", new_key))
    hospital = await found_hospital(postgres_url, vault, DOCTORS, DEPARTMENTS)
    for process in processes:
        await asyncio.to_thread(process.start)
    day = Day()
    began = time.monotonic()
    patients, stays = await arrive(processes, hospital, day)
    seated = time.monotonic()
    doctors = await go_on_duty(processes, hospital)
    open_ = time.monotonic()
    try:
        await wait_for(lambda: len(day.ended) >= KILLED_AFTER, DAY_TIMEOUT_S, "the first consultations")
        await asyncio.to_thread(processes[1].stop, SIGKILL)
        await asyncio.to_thread(processes[1].start)
        await wait_for(lambda: len(day.ended) == PATIENTS, DAY_TIMEOUT_S, "everybody to be seen")
    finally:
        seen = len(day.ended)
        await asyncio.gather(*(person.leave() for person in [*patients, *doctors]), return_exceptions=True)
        phases = (
            f"{seated - began:.0f} s to sit down, {open_ - seated:.0f} s to open, {time.monotonic() - open_:.0f} s to be seen"
        )
        print(f"{seen} of {PATIENTS} patients seen by {DOCTORS} doctors: {phases}")

    assert {len(doctors) for doctors in day.doctors_of.values()} == {1}, "a patient met two doctors"
    assert sum(person.connections > 1 for person in patients) > 50, "the killed process held too few people to matter"
    await assert_the_books(postgres_url, stays)


async def arrive(processes: list[Signaling], hospital: Hospital, day: Day) -> tuple[list[Speaker], set[str]]:
    """Everybody takes a place, one after the other, and sits down; returns them, and the seats on the process that lives."""
    patients: list[Speaker] = []
    stays: set[str] = set()
    for number in range(PATIENTS):
        side = number % 2
        bases = [processes[side].base, processes[1 - side].base]
        # Many phones behind a few routers: each address has its own budget of requests.
        async with aiohttp.ClientSession(connector=from_address(1, number)) as session:
            department = hospital.departments[number // 2 % DEPARTMENTS].id  # both departments at both processes
            seat, cookie = await walk_in(session, bases[0], hospital.id, department, f"Patient {number}")
        person = Speaker({"audience": "seat", "seat": seat, "protocol": 1}, cookie, bases)
        person.on_state = watch(day)
        await person.come()
        patients.append(person)
        if side == 0:
            stays.add(seat)
    await wait_for(lambda: all("seat_state" in person.states for person in patients), 60, "everybody to sit down")
    return patients, stays


def watch(day: Day) -> Any:
    """A patient notes the doctors met and the end."""

    async def on_state(_name: str, state: dict[str, Any]) -> None:
        for person in state["people"]:
            if person["role"] == "practitioner":
                day.doctors_of[state["consultation"]].add(person["name"]["en"])
        if state["state"] == "ended":
            day.ended.add(state["consultation"])

    return on_state


async def go_on_duty(processes: list[Signaling], hospital: Hospital) -> list[Speaker]:
    """Every doctor signs in, takes whoever is offered and ends each consultation at once."""
    doctors: list[Speaker] = []
    app = Authenticator(SECRET)
    for number in range(DOCTORS):
        side = number % 2
        bases = [processes[side].base, processes[1 - side].base]
        async with aiohttp.ClientSession(connector=from_address(2, number)) as session:
            staff_number = str(FIRST_NUMBER + number)
            cookie = await sign_in(session, bases[0], staff_number, PASSWORD, await app.code(staff_number))
        doctor = Speaker({"audience": "desk", "protocol": 1}, cookie, bases)
        doctor.on_state = practise(doctor)
        await doctor.come()
        doctors.append(doctor)
    await wait_for(lambda: all("desk_state" in doctor.states for doctor in doctors), 60, "every desk to open")
    for number, doctor in enumerate(doctors):
        answer = await doctor.ask("duty_set", {"departments": [hospital.departments[number % DEPARTMENTS].id]})
        assert answer["ok"], answer
    return doctors


def practise(doctor: Speaker) -> Any:
    """Accept each offer, end each consultation. An answer lost with a process is given again when the desk shows it again."""
    answered: Counter[str] = Counter()

    async def on_state(name: str, state: dict[str, Any]) -> None:
        if name != "desk_state":
            return
        if state["offer"] is not None:
            asyncio.get_running_loop().create_task(say(doctor, "offer_accept", {"offer": state["offer"]["id"]}, answered))
        elif state["seat"] is not None:
            asyncio.get_running_loop().create_task(say(doctor, "consultation_end", {"seat": state["seat"]}, answered))

    return on_state


async def say(doctor: Speaker, name: str, body: dict[str, Any], answered: Counter[str]) -> None:
    """Say something once for each connection that shows it."""
    key = f"{name}{body}{doctor.connections}"
    answered[key] += 1
    if answered[key] > 1:
        return
    try:
        await doctor.ask(name, body)
    except Exception:  # the process died under the answer: the next desk_state says whether it counted
        answered.pop(key, None)


async def assert_the_books(url: str, stays: set[str]) -> None:
    """What the database says: every consultation ended once, with one doctor, and offers went in the order of arrival."""
    database = Database(url)
    try:
        async with database.reading() as connection:
            states = Counter((await connection.scalars(sa.select(tables.consultation.c.state))).all())
            assert states == {"ended": PATIENTS}
            doctors = await connection.execute(
                sa.select(tables.seat.c.consultation, sa.func.count())
                .where(tables.seat.c.role == "practitioner")
                .group_by(tables.seat.c.consultation)
            )
            assert {row[1] for row in doctors} == {1}
            offered = await connection.execute(
                sa.select(audit_entry.c.subject, sa.func.min(audit_entry.c.id))
                .where(audit_entry.c.act == "consultation_offered")
                .group_by(audit_entry.c.subject)
            )
            first_offer = {row[0]: row[1] for row in offered}
            lines = await connection.execute(
                sa.select(tables.consultation.c.id, tables.consultation.c.department, tables.consultation.c.waiting_since)
                .join(tables.seat, tables.seat.c.consultation == tables.consultation.c.id)
                .where(tables.seat.c.id.in_(stays))
                .order_by(tables.consultation.c.waiting_since)
            )
            order = defaultdict(list)
            for row in lines:
                order[row.department].append(first_offer[row.id])
    finally:
        await database.close()
    assert len(order) == DEPARTMENTS
    for offers in order.values():
        assert offers == sorted(offers), "somebody who came later was offered first"
