"""A recording's life in the archive on virtual time: entered, copied though the store is down, kept, held, destroyed."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, field
from datetime import tzinfo
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from pydantic import SecretStr
from sqlalchemy import text

from common.database import Database, migrate
from common.errors import Unavailable, UserError
from common.ids import ConsultationId, DepartmentId, HospitalId, PractitionerId, RecordingId, SeatId
from recording.accession import Accession, Facts, Told
from recording.archive import Archive
from recording.catalog.jobs import Jobs
from recording.catalog.sql import Catalog
from recording.commands import rotate_command, verify_command
from recording.core.retention import GRACE_S, PolicyPack, RetentionClass
from recording.core.rights import Viewer
from recording.disposal import Disposal
from recording.keys import FileMaster
from recording.reading import Shelf
from recording.records import Place, Purpose, Recording, RequestKind, Search
from recording.rounds import Rounds
from recording.storage import LocalStorage, RemoteStorage
from recording.uploads import LONGEST_S, Uploads, backoff_s
from signaling.archive_wiring import rewrap_stored
from signaling.settings import Settings
from tests.disks import REFUSALS, small_disk
from tests.object_store import ObjectStore
from tests.recordings import Sealed, Vault, seal_recording

DAY = 86_400.0
YEAR = 366 * DAY
BEGAN = 1_795_000_000.0
SEAT = SeatId("s_aaaaaaaaaaaaaaaa")


@dataclass
class Hands:
    """A clock that a test turns."""

    at: float = BEGAN + 60

    def now(self) -> float:
        return self.at


@dataclass
class Visits:
    """Consultations that are over, or not yet."""

    over: bool = True
    told: list[Told] = field(default_factory=list)
    pictures: dict[str, bytes] = field(default_factory=dict)

    async def facts(self, which: ConsultationId) -> Facts | None:
        department = DepartmentId("d_aaaaaaaaaaaaaaaa")
        return Facts(department, PractitionerId("pr_aaaaaaaaaaaaaaaa"), SEAT, "Bai Yun") if self.over else None

    async def timeline(self, which: ConsultationId) -> Sequence[Told]:
        return self.told

    async def picture(self, which: ConsultationId, picture: str) -> bytes | None:
        return self.pictures.get(picture)


class House:
    """An archive without a server around it."""

    def __init__(self, database: Database, data: Path, remote: RemoteStorage | None, pack: PolicyPack = PolicyPack.CN) -> None:
        self.clock, self.visits, self.vault = Hands(), Visits(), Vault(data)
        self.catalog, self.jobs = Catalog(database), Jobs(database)
        self.database = database
        self.shelf = Shelf(
            LocalStorage(self.vault.root), remote, master=self.vault.master, verifier=self.vault.signer.verifier, clock=self.clock
        )
        self.accession = Accession(self.catalog, self.jobs, self.shelf, self.visits, signer=self.vault.signer, clock=self.clock)
        self.uploads = Uploads(self.jobs, self.shelf, self.clock)
        self.disposal = Disposal(
            self.jobs, self.shelf, clock=self.clock, pack=pack, zone_of=self._zone, drop_exports=self._no_exports
        )
        self.archive = Archive(self.catalog, self.shelf, self.clock, pack)

    async def _zone(self, _hospital: HospitalId) -> tzinfo:
        return ZoneInfo("Asia/Shanghai")

    async def _no_exports(self, _recording: Recording) -> None:
        return None

    def seal(self, seconds: int = 4) -> Sealed:
        return seal_recording(self.vault, seconds, started_at=BEGAN)

    async def entered(self, sealed: Sealed) -> Recording:
        assert await self.accession.look() == 1
        return await self.at(sealed)

    async def at(self, sealed: Sealed) -> Recording:
        found = await self.catalog.recording(RecordingId(sealed.manifest.recording))
        assert found is not None
        return found

    def archivist(self, sealed: Sealed) -> Viewer:
        return Viewer("pr_bbbbbbbbbbbbbbbb", sealed.manifest.hospital, "archivist")

    async def acts(self, sealed: Sealed) -> list[str]:
        async with self.database.reading() as connection:
            query = text("SELECT act FROM audit_entry WHERE subject = :id ORDER BY id")
            return [row.act for row in await connection.execute(query, {"id": sealed.manifest.recording})]


@pytest.fixture
async def database(database_url: str) -> AsyncIterator[Database]:
    await migrate(database_url)
    made = Database(database_url)
    yield made
    await made.close()


@pytest.fixture
def house(database: Database, tmp_path: Path) -> House:
    return House(database, tmp_path, None)


async def test_what_is_over_is_entered_once_with_its_texts_and_pictures(house: House) -> None:
    sealed = house.seal()
    house.visits.over = False
    assert await house.accession.look() == 0
    house.visits.over = True
    house.visits.told = [
        Told(1, BEGAN + 1, "text", SEAT, text="I cough at night"),
        Told(2, BEGAN + 2, "picture", SEAT, picture="p_aaaaaaaaaaaaaaaa", width=4, height=3),
        Told(3, BEGAN - 5, "event", None, code="joined"),
    ]
    house.visits.pictures = {"p_aaaaaaaaaaaaaaaa": b"\xff\xd8 a picture"}
    recording = await house.entered(sealed)
    assert await house.accession.look() == 0 and recording.place is Place.LOCAL
    opened = await house.shelf.open(recording)
    timeline = opened.timeline()
    assert timeline is not None and [line.at_ms for line in timeline.lines] == [1000, 2000, -5000]
    assert opened.picture(timeline.lines[1].picture) == b"\xff\xd8 a picture"
    assert (await house.archive.examine(recording)).flaw is None
    raw = b"".join(file.read_bytes() for file in sealed.folder.iterdir())
    assert b"I cough" not in raw and b"a picture" not in raw
    public = house.vault.data / "evidence-key.pub"
    assert verify_command(sealed.folder, public) == 0
    part = sealed.folder / timeline.lines[1].picture
    whole = part.read_bytes()
    part.write_bytes(whole[:-1])
    assert verify_command(sealed.folder, public) == 1
    part.write_bytes(whole)
    (sealed.folder / "supplement.sig").unlink()
    flaw = (await house.archive.examine(recording)).flaw
    assert flaw is not None and flaw.code == "supplement_changed"


async def test_a_store_that_is_down_for_ten_minutes_loses_nothing(
    database: Database, tmp_path: Path, object_store: ObjectStore
) -> None:
    house = House(database, tmp_path, object_store.storage)
    sealed = house.seal()
    recording = await house.entered(sealed)
    assert recording.place is Place.UPLOADING
    object_store.stop()
    tried, end = 0, house.clock.at + 600
    while house.clock.at < end:
        await house.uploads.look()
        now = await house.at(sealed)
        assert now.trouble is not None and now.trouble.code == "store_unreachable"
        assert now.trouble.next_at - house.clock.at <= LONGEST_S + 1
        assert sealed.folder.is_dir(), "the only copy is gone"
        assert await house.jobs.waiting_uploads() == (1, now.ended_at)
        tried += 1
        assert await house.uploads.look() == 0, "it is asked again before its time"
        house.clock.at = now.trouble.next_at
    assert 5 <= tried <= 12
    granted = await house.archive.play(house.archivist(sealed), recording.id, Purpose.QUALITY, "")
    assert granted.recording.place is Place.UPLOADING  # it plays from here meanwhile
    object_store.start()
    house.clock.at += LONGEST_S
    assert await house.uploads.look() == 1
    now = await house.at(sealed)
    assert now.place is Place.REMOTE and now.trouble is None and now.wrapped_key is not None
    assert not sealed.folder.exists() and not [key for key in object_store.stored() if key.endswith("/key")]
    assert (await house.archive.examine(now)).flaw is None
    opened = await house.shelf.open(now)
    assert opened.plaintext(1)[:4] == b"\x1a\x45\xdf\xa3"


async def test_a_new_master_key_also_wraps_what_is_elsewhere(
    database: Database, tmp_path: Path, object_store: ObjectStore
) -> None:
    house = House(database, tmp_path, object_store.storage)
    sealed = house.seal()
    await house.entered(sealed)
    await house.uploads.look()
    settings = Settings(data=tmp_path, database_url=SecretStr(database.url.render_as_string(hide_password=False)))
    before = (await house.at(sealed)).wrapped_key
    assert await asyncio.to_thread(rotate_command, tmp_path, lambda master: asyncio.run(rewrap_stored(settings, master))) == 0
    now = await house.at(sealed)
    assert now.wrapped_key != before and not list(tmp_path.glob("recording-key.*"))
    house.shelf.master = FileMaster(tmp_path)
    assert (await house.shelf.open(now)).plaintext(1)[:4] == b"\x1a\x45\xdf\xa3"


async def test_two_processes_upload_one_recording_once(database: Database, tmp_path: Path, object_store: ObjectStore) -> None:
    house = House(database, tmp_path, object_store.storage)
    await house.entered(house.seal())
    done = await asyncio.gather(*(Uploads(house.jobs, house.shelf, house.clock).look() for _ in range(3)))
    assert sorted(done) == [0, 0, 1]


async def test_a_crash_after_the_proof_leaves_no_second_copy(
    database: Database, tmp_path: Path, object_store: ObjectStore
) -> None:
    house = House(database, tmp_path, object_store.storage)
    sealed = house.seal()
    await house.entered(sealed)
    copies = {file.name: file.read_bytes() for file in sealed.folder.iterdir()}
    await house.uploads.look()
    sealed.folder.mkdir()
    for name, data in copies.items():  # as if it had died before the folder went
        (sealed.folder / name).write_bytes(data)
    await house.accession.look()
    assert not sealed.folder.exists() and (await house.at(sealed)).place is Place.REMOTE


@pytest.mark.parametrize("elsewhere", [False, True])
async def test_kept_for_three_years_announced_held_and_destroyed_key_first(
    database: Database, tmp_path: Path, object_store: ObjectStore, elsewhere: bool
) -> None:
    house = House(database, tmp_path, object_store.storage if elsewhere else None)
    sealed = house.seal()
    recording = await house.entered(sealed)
    await house.uploads.look()
    viewer = house.archivist(sealed)
    house.clock.at = BEGAN + 2.9 * 365 * DAY
    assert await house.disposal.look() == 0 and (await house.at(sealed)).kept.announced_at is None
    house.clock.at = BEGAN + 3.1 * YEAR
    assert await house.disposal.look() == 0
    assert (await house.at(sealed)).kept.announced_at == house.clock.at
    await house.archive.hold(viewer, recording.id, "case 118")
    for _ in range(12):
        house.clock.at += DAY
        assert await house.disposal.look() == 0
    await house.archive.release(viewer, recording.id)
    destroyed = 0
    for _ in range(int(GRACE_S / DAY) + 2):
        house.clock.at += DAY
        destroyed += await house.disposal.look()
    now = await house.at(sealed)
    assert destroyed == 1 and now.place is Place.GONE and now.wrapped_key is None and now.patient_name == ""
    assert not sealed.folder.exists() and object_store.stored() == []
    acts = await house.acts(sealed)
    assert acts.index("recording_due") < acts.index("recording_held") < acts.index("recording_key_destroyed")
    assert acts.index("recording_key_destroyed") == acts.index("recording_destroyed") - 1
    with pytest.raises(UserError, match="destroyed"):
        await house.archive.play(viewer, recording.id, Purpose.QUALITY, "")
    assert (await house.archive.find(viewer, Search(state="destroyed"), None)).matching == 1


async def test_what_is_kept_as_something_else_is_due_at_another_time(house: House) -> None:
    """An announcement of the former class is void, a destruction under way by it stops, and a hold is not touched."""
    sealed = house.seal()
    recording = await house.entered(sealed)
    viewer = house.archivist(sealed)
    house.clock.at = BEGAN + 3 * YEAR + 2 * DAY
    await house.disposal.look()
    due = await house.at(sealed)
    assert due.kept.announced_at is not None
    await house.archive.hold(viewer, recording.id, "case 7")
    await house.archive.classify(viewer, recording.id, RetentionClass.MEDICAL_RECORD)
    kept = (await house.at(sealed)).kept
    assert (kept.retention, kept.held, kept.announced_at) == (RetentionClass.MEDICAL_RECORD, True, None)
    await house.archive.release(viewer, recording.id)
    entry = house.archive.entry(viewer, "recording_key_destroyed", recording.id)
    assert not await house.jobs.key_destroyed(recording.id, due.kept.retention, house.clock.at, entry)
    for _ in range(10):
        house.clock.at += DAY
        assert await house.disposal.look() == 0
    assert (await house.at(sealed)).kept.announced_at is None
    house.clock.at = BEGAN + 15 * YEAR + 2 * DAY
    for _ in range(9):
        await house.disposal.look()
        house.clock.at += DAY
    assert (await house.at(sealed)).place is Place.GONE
    with pytest.raises(UserError, match="nothing left"):
        await house.archive.classify(viewer, recording.id, RetentionClass.PROCESS)
    assert (await house.acts(sealed)).count("recording_classified") == 1


async def test_a_destruction_that_stops_half_way_has_destroyed_the_key_and_is_finished(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    sealed = house.seal()
    await house.entered(sealed)
    house.clock.at = BEGAN + 3.1 * YEAR

    def full(*_: object) -> None:
        raise Unavailable("disk_fault", "the disk fails")

    with monkeypatch.context() as patched:
        patched.setattr(LocalStorage, "delete_all", full)
        for _ in range(10):
            await house.disposal.look()
            house.clock.at += DAY
    assert not (sealed.folder / "key").exists() and (sealed.folder / "000001.seg").exists()
    assert (await house.at(sealed)).kept.destroyed_at is None
    assert await house.disposal.look() == 1 and not sealed.folder.exists()


async def test_a_clock_stepped_forward_destroys_nothing(house: House) -> None:
    sealed = house.seal()
    await house.entered(sealed)
    right = house.clock.at
    for hour in range(0, 120, 6):
        house.clock.at = right + 10 * YEAR + hour * 3600
        assert await house.disposal.look() == 0
    house.clock.at = right + 5 * DAY
    await house.disposal.look()
    assert (await house.at(sealed)).kept.announced_at is None and (sealed.folder / "key").exists()
    assert "recording_not_due" in await house.acts(sealed)


async def test_erasure_on_request_where_the_law_has_it(database: Database, tmp_path: Path) -> None:
    house = House(database, tmp_path, None, PolicyPack.EU)
    sealed = house.seal()
    recording = await house.entered(sealed)
    viewer, zone = house.archivist(sealed), ZoneInfo("Europe/Rome")
    (request,) = await house.archive.ask(sealed.manifest.hospital, recording.consultation, SEAT, RequestKind.ERASURE)
    await house.archive.hold(viewer, recording.id, "case 118")
    with pytest.raises(UserError, match="hold"):
        await house.archive.decide(viewer, request.id, True, "", zone)
    await house.archive.release(viewer, recording.id)
    await house.archive.decide(viewer, request.id, True, "It is erased.", zone)
    assert await house.disposal.look() == 1 and not sealed.folder.exists()
    assert [each.answer for each in await house.catalog.requests_of(SEAT)] == ["It is erased."]


async def test_every_recording_is_looked_at_once_a_month(house: House) -> None:
    first, second = house.seal(), house.seal()
    assert await house.accession.look() == 2
    rounds = Rounds(house.jobs, house.archive, house.clock)
    assert await rounds.look() == 0, "sealed today"
    house.clock.at += 2 * DAY
    assert [await rounds.look() for _ in range(3)] == [1, 1, 0]
    segment = second.folder / "000001.seg"
    segment.write_bytes(segment.read_bytes()[:-100])
    house.clock.at += 31 * DAY
    assert [await rounds.look() for _ in range(3)] == [1, 1, 0]
    kept, broken = (await house.at(first)).verified, (await house.at(second)).verified
    assert kept is not None and kept.flaw is None and broken is not None and broken.flaw is not None
    assert broken.flaw.file == "000001.seg" and broken.flaw.code == "truncated"
    assert (await house.archive.find(house.archivist(second), Search(state="altered"), None)).matching == 1


@pytest.mark.parametrize("code", REFUSALS)
async def test_a_disk_that_refuses_says_so_and_is_tried_again(house: House, tmp_path: Path, code: str) -> None:
    root = tmp_path / "recordings"
    with small_disk(root):
        sealed = house.seal()
        with REFUSALS[code](root):
            assert await house.accession.look() == 0
        assert house.accession.refused == {sealed.manifest.recording: code}
        await house.entered(sealed)
        assert house.accession.refused == {}


async def test_a_wrong_master_key_names_itself_and_nothing_is_lost(house: House, tmp_path: Path) -> None:
    sealed = house.seal()
    (tmp_path / "recording-key").rename(tmp_path / "kept-elsewhere")
    house.shelf.master = FileMaster(tmp_path)  # a new one was drawn: the data folder came back without it
    assert await house.accession.look() == 0
    assert house.accession.refused == {sealed.manifest.recording: "master_key_wrong"}
    (tmp_path / "kept-elsewhere").replace(tmp_path / "recording-key")
    house.shelf.master = FileMaster(tmp_path)
    recording = await house.entered(sealed)
    assert (await house.shelf.open(recording)).plaintext(1)


def test_the_backoff_doubles_and_never_gives_up() -> None:
    waits = [backoff_s(attempts) for attempts in range(100)]
    assert waits[:3] == [5, 10, 20] and max(waits) == LONGEST_S == waits[-1] and waits == sorted(waits)
