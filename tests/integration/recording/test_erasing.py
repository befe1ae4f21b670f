"""Who took the consent back cannot be heard or seen any more; everybody else, and every proof, stays as it was."""

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from common.database import Database, migrate
from common.errors import Unavailable
from common.ids import PractitionerId, RecordingId, SeatId
from recording.commands import verify_command
from recording.erasing import Erasing, Wanted
from recording.records import Hold, Recording
from tests.integration.recording.test_keeping import House


@dataclass
class Orders:
    """What was ordered and is not done."""

    open: list[Wanted] = field(default_factory=list)

    async def wanted(self) -> Sequence[Wanted]:
        return list(self.open)

    async def erased(self, which: str) -> None:
        self.open = [one for one in self.open if one.id != which]


@pytest.fixture
async def house(database_url: str, tmp_path: Path) -> AsyncIterator[House]:
    await migrate(database_url)
    database = Database(database_url)
    yield House(database, tmp_path, None)
    await database.close()


async def test_a_person_is_erased_and_nobody_else_and_it_still_verifies(house: House) -> None:
    dropped: list[str] = []

    async def drop(recording: Recording) -> None:
        dropped.append(recording.id)

    sealed = house.seal()
    which = RecordingId(sealed.manifest.recording)
    orders = Orders([Wanted("er_one", which, SeatId(sealed.patient))])
    erasing = Erasing(house.catalog, house.jobs, house.shelf, orders, drop)
    assert await erasing.look() == 0 and orders.open, "not in the catalog yet: its recorder may hold the keys"
    recording = await house.entered(sealed)
    opened = await house.shelf.open(recording)
    theirs = [n for n, one in enumerate(opened.manifest.segments, 1) if one.seat == sealed.patient]
    others = [n for n, one in enumerate(opened.manifest.segments, 1) if one.seat == sealed.doctor]
    assert theirs and others and all(opened.plaintext(number) for number in theirs + others)

    assert await erasing.look() == 1 and orders.open == [] and dropped == [which]
    opened = await house.shelf.open(await house.at(sealed))
    for number in theirs:
        with pytest.raises(Unavailable) as gone:
            opened.plaintext(number)
        assert gone.value.code == "person_erased"
    assert all(opened.plaintext(number) for number in others)
    assert verify_command(sealed.folder, house.vault.data / "evidence-key.pub") == 0
    orders.open = [Wanted("er_two", which, SeatId(sealed.patient))]
    assert await erasing.look() == 1, "twice is as good as once"


async def test_a_picture_taken_back_alone_goes_alone(house: House) -> None:
    sealed = house.seal()
    recording = await house.entered(sealed)
    orders = Orders([Wanted("er_one", recording.id, SeatId(sealed.patient), ("video",))])

    async def drop(_: Recording) -> None:
        return None

    assert await Erasing(house.catalog, house.jobs, house.shelf, orders, drop).look() == 1 and orders.open == []
    opened = await house.shelf.open(await house.at(sealed))
    for number, line in enumerate(opened.manifest.segments, 1):
        if (line.seat, line.kind) == (sealed.patient, "video"):
            with pytest.raises(Unavailable) as gone:
                opened.plaintext(number)
            assert gone.value.code == "person_erased"
        else:
            assert opened.plaintext(number)
    assert verify_command(sealed.folder, house.vault.data / "evidence-key.pub") == 0


async def test_a_legal_hold_wins_until_it_is_released(house: House) -> None:
    async def drop(recording: Recording) -> None:
        raise AssertionError("nothing may go")

    sealed = house.seal()
    recording = await house.entered(sealed)
    viewer = house.archivist(sealed)
    hold = Hold("hd_one", recording.id, PractitionerId(viewer.practitioner), "complaint", house.clock.now())
    assert await house.catalog.hold(hold, house.archive.entry(viewer, "recording_held", recording.id))
    orders = Orders([Wanted("er_one", recording.id, SeatId(sealed.patient))])
    assert await Erasing(house.catalog, house.jobs, house.shelf, orders, drop).look() == 0 and orders.open
