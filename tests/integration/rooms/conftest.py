"""Rooms over a real database of either kind, under a clock that the test moves; as many nodes as a test opens."""

from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass

import pytest

from common.database import Database, migrate
from common.evidence.audit import audit_entry
from common.ids import ConsultationId, DepartmentId, HospitalId, PractitionerId, SeatId
from rooms.effects import Effect, OfferConsultation
from rooms.model import Desk, OfferView, SeatGrant, State
from rooms.ports import WalkIn
from rooms.service import Rooms
from rooms.store.sql import SqlRoomsStore

HOSPITAL = HospitalId("h_willowwillowwill")
DAY = DepartmentId("d_daydaydaydaydayd")
NODE = "n_one"


class StillClock:
    """Stands until it is moved."""

    def __init__(self) -> None:
        self.at = 1_600_000_000.0

    def now(self) -> float:
        return self.at


def doctor_id(number: int) -> PractitionerId:
    return PractitionerId(f"pr_doctordoctor{number:04}".translate(str.maketrans("0189", "abcd")))


@dataclass
class Node:
    """One process's view: its own engine, its own memory of the lines."""

    database: Database
    rooms: Rooms
    clock: StillClock

    async def patient(self, name: str = "Bai Yun") -> SeatGrant:
        """A patient in line with a connected browser."""
        grant, _ = await self.rooms.walk_in(WalkIn(HOSPITAL, DAY, name, 1950, "cough", "zh"))
        await self.rooms.seat_connected(grant.seat, NODE)
        return grant

    async def doctor(self, number: int = 1) -> PractitionerId:
        """A doctor on duty at an open desk."""
        who = doctor_id(number)
        await self.rooms.desk_connected(who, HOSPITAL, NODE)
        await self.rooms.set_duty(who, HOSPITAL, [DAY])
        return who

    async def offer(self, doctor: PractitionerId) -> OfferView | None:
        """What lies on the doctor's desk."""
        return (await self.rooms.desk_view(HOSPITAL, Desk(doctor, (DAY,), 0.0))).offer

    async def call(self, number: int = 1) -> tuple[SeatGrant, SeatId, PractitionerId]:
        """A live call: the patient's grant, the doctor's seat, the doctor."""
        doctor = await self.doctor(number)
        grant = await self.patient()
        offer = await self.offer(doctor)
        assert offer is not None and offer.consultation == grant.consultation
        seat, _ = await self.rooms.accept_offer(doctor, offer.offer)
        await self.confirm(grant.seat, seat)
        for one in (grant.seat, seat):
            await self.rooms.seat_in_call(one, True)
        assert await self.state(grant) is State.LIVE
        return grant, seat, doctor

    async def confirm(self, *seats: SeatId) -> None:
        """Each says that the name card is right."""
        for seat in seats:
            await self.rooms.confirm(seat, right=True)

    async def state(self, grant: SeatGrant) -> State:
        view = await self.rooms.seat_view(grant.seat)
        assert view is not None
        return view.state

    async def audit(self, subject: ConsultationId) -> list[str]:
        """The acts noted about a consultation, in order."""
        async with self.database.reading() as connection:
            rows = await connection.execute(audit_entry.select().where(audit_entry.c.subject == subject).order_by("id"))
            return [row.act for row in rows]


def offered(effects: list[Effect]) -> list[OfferConsultation]:
    return [effect for effect in effects if isinstance(effect, OfferConsultation)]


@pytest.fixture
def clock() -> StillClock:
    return StillClock()


@pytest.fixture
async def open_node(database_url: str, clock: StillClock) -> AsyncIterator[Callable[[], Node]]:
    """Opens one more node over the same database, which is migrated and empty at first."""
    await migrate(database_url)
    opened: list[Node] = []

    def open_one() -> Node:
        database = Database(database_url)
        opened.append(Node(database, Rooms(SqlRoomsStore(database), clock), clock))
        return opened[-1]

    yield open_one
    for one in opened:
        await one.database.close()


@pytest.fixture
async def node(open_node: Callable[[], Node]) -> Node:
    found = open_node()
    await found.rooms.heartbeat(NODE)
    return found
