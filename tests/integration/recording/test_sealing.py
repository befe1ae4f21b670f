"""What is on the disk, whatever stops the writer: nothing readable, nothing lost that was sealed, true keys."""

import errno
import os
from dataclasses import replace
from pathlib import Path

import pytest

from common.errors import Unavailable
from common.evidence.signing import keep_signer
from common.ids import new_id
from recording.commands import rotate_command
from recording.core.manifest import Kind, segment_name
from recording.folder import KEY, MANIFEST, NEW, Folder
from recording.keys import MASTER_FILE, FileMaster, RecordingKeys, holder, without_person
from recording.sealing import Sealer, unseal
from recording.verify import FolderFiles, verify
from tests.integration.recording.folders import House

PICTURE: tuple[Kind, ...] = ("video",)


@pytest.fixture
def house(tmp_path: Path) -> House:
    return House(tmp_path / "data")


def _keys(house: House, path: Path) -> RecordingKeys:
    return RecordingKeys.read((path / KEY).read_bytes(), path.name, FileMaster(house.data))


def test_what_was_sealed_comes_back_and_no_file_holds_it_readable(house: House) -> None:
    canary = b"CANARY-" + os.urandom(32).hex().encode()
    sealer, path = house.begin()
    for number in range(4):
        sealer.seal(house.closed(number, canary * 500))
        sealer.publish(sealer.kept)
    sealer.close()
    for file in house.data.rglob("*"):
        if file.is_file():
            assert canary[:20] not in file.read_bytes()
            assert file.stat().st_mode & 0o077 == 0 or file.suffix == ".pub"
    assert unseal((path / segment_name(3)).read_bytes(), _keys(house, path)) == canary * 500 + (2).to_bytes(4, "big")


@pytest.mark.parametrize("stop", range(12))
def test_stopped_after_any_step_it_verifies_and_goes_on(house: House, stop: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Every durable step (fsync) is a moment at which a power cut may come."""
    sealer, path = house.begin()
    sealer.seal(house.closed(0))
    steps = 0

    def fsync(_descriptor: int) -> None:
        nonlocal steps
        if steps == stop:
            raise OSError(errno.EIO, "power cut")
        steps += 1

    monkeypatch.setattr("os.fsync", fsync)
    sealed = 1
    with pytest.raises(Unavailable):
        for number in range(1, 10):
            sealer.seal(house.closed(number))
            sealed += 1
            sealer.publish(sealer.kept)
    sealer.close()
    monkeypatch.undo()
    verdict = verify(FolderFiles(path), house.signer.verifier, path.name)
    assert verdict.problem is None
    assert verdict.segments >= sealed
    again = Sealer.go_on(Folder(path), path.name, house.master, house.signer)
    assert len(again.lines) == verdict.segments
    again.seal(house.closed(20))
    again.publish(replace(again.kept, state="sealed"))
    again.close()
    assert verify(FolderFiles(path), house.signer.verifier, path.name).problem is None
    assert not list(path.glob(f"*.seg{NEW}"))


def test_one_writer_at_a_time_and_none_after_the_end(house: House) -> None:
    sealer, path = house.begin()
    with pytest.raises(Unavailable, match="another process"):
        Sealer.go_on(Folder(path), path.name, house.master, house.signer)
    sealer.publish(replace(sealer.kept, state="sealed"))
    sealer.close()
    for _ in range(2):
        with pytest.raises(Unavailable) as refused:
            Sealer.go_on(Folder(path), path.name, house.master, house.signer)
        assert refused.value.code == "recording_sealed"


def test_a_damaged_tail_is_not_built_upon(house: House) -> None:
    sealer, path = house.begin()
    for number in range(3):
        sealer.seal(house.closed(number))
    sealer.close()
    data = bytearray((path / segment_name(2)).read_bytes())
    data[5000] ^= 1
    (path / segment_name(2)).write_bytes(data)
    with pytest.raises(Unavailable) as refused:
        Sealer.go_on(Folder(path), path.name, house.master, house.signer)
    assert refused.value.code == "recording_damaged"


def test_rotation_wraps_anew_and_encrypts_nothing_again(house: House, capsys: pytest.CaptureFixture[str]) -> None:
    paths = [house.recorded(3) for _ in range(3)]
    before = {file: file.read_bytes() for path in paths for file in path.iterdir() if file.name != KEY}
    former = house.master.key_id
    assert rotate_command(house.data) == 0
    master = FileMaster(house.data)
    assert master.key_id != former
    assert [each.name for each in house.data.glob(f"{MASTER_FILE}*")] == [MASTER_FILE]
    for path in paths:
        assert unseal((path / segment_name(1)).read_bytes(), _keys(house, path))
        assert verify(FolderFiles(path), house.signer.verifier, path.name).problem is None
    assert before == {file: file.read_bytes() for path in paths for file in path.iterdir() if file.name != KEY}


def test_a_rotation_that_was_stopped_loses_no_recording(house: House) -> None:
    paths = [house.recorded(1) for _ in range(2)]
    house.master.renew()
    assert all(unseal((path / segment_name(1)).read_bytes(), _keys(house, path)) for path in paths)
    busy = Folder(paths[0])
    busy.open()
    assert rotate_command(house.data) == 1
    assert all(unseal((path / segment_name(1)).read_bytes(), _keys(house, path)) for path in paths)
    busy.close()
    assert rotate_command(house.data) == 0
    assert all(unseal((path / segment_name(1)).read_bytes(), _keys(house, path)) for path in paths)


def test_a_destroyed_key_destroys_what_it_is_of_and_nothing_else(house: House) -> None:
    path = house.recorded(4)
    first, second = house.seats
    (path / KEY).write_bytes(without_person((path / KEY).read_bytes(), path.name, first))
    with pytest.raises(Unavailable) as gone:
        unseal((path / segment_name(1)).read_bytes(), _keys(house, path))
    assert gone.value.code == "person_erased"
    assert unseal((path / segment_name(2)).read_bytes(), _keys(house, path))
    assert verify(FolderFiles(path), house.signer.verifier, path.name).problem is None
    assert holder(second, "audio") in {each.seat for each in _keys(house, path).file.people}


def test_a_picture_alone_can_be_destroyed(house: House) -> None:
    path = house.begin_with(shared=False)
    text = without_person((path / KEY).read_bytes(), path.name, house.seats[0], PICTURE)
    (path / KEY).write_bytes(text)
    with pytest.raises(Unavailable) as gone:
        unseal((path / segment_name(2)).read_bytes(), _keys(house, path))
    assert gone.value.code == "person_erased"
    assert unseal((path / segment_name(1)).read_bytes(), _keys(house, path))
    assert verify(FolderFiles(path), house.signer.verifier, path.name).problem is None


def test_what_an_earlier_version_began_stays_under_one_key_for_each_person(house: House) -> None:
    """It goes on, opens and verifies; a picture alone cannot go, both together can."""
    path = house.begin_with(shared=True)
    sealer = Sealer.go_on(Folder(path), path.name, house.master, house.signer)
    sealer.seal(house.closed(4))
    sealer.close()
    assert [each.seat for each in _keys(house, path).file.people] == [house.seats[0]]
    assert all(unseal((path / segment_name(number)).read_bytes(), _keys(house, path)) for number in (1, 2, 3))
    with pytest.raises(Unavailable) as one:
        without_person((path / KEY).read_bytes(), path.name, house.seats[0], PICTURE)
    assert one.value.code == "one_key"
    (path / KEY).write_bytes(without_person((path / KEY).read_bytes(), path.name, house.seats[0]))
    assert not _keys(house, path).file.people
    assert verify(FolderFiles(path), house.signer.verifier, path.name).problem is None


def test_a_wrong_master_key_is_told_and_nothing_is_written(house: House, tmp_path: Path) -> None:
    path = house.recorded(2, over=False)
    before = {file: file.read_bytes() for file in path.iterdir()}
    stranger = FileMaster(tmp_path / "stranger")
    with pytest.raises(Unavailable) as wrong:
        Sealer.go_on(Folder(path), path.name, stranger, house.signer)
    assert wrong.value.code == "master_key_wrong"
    assert before == {file: file.read_bytes() for file in path.iterdir()}


def test_another_signing_key_does_not_go_on(house: House, tmp_path: Path) -> None:
    path = house.recorded(2, over=False)
    with pytest.raises(Unavailable) as wrong:
        Sealer.go_on(Folder(path), path.name, house.master, keep_signer(tmp_path / "stranger"))
    assert wrong.value.code == "recording_damaged"


@pytest.mark.parametrize(
    ("number", "code"), [(errno.ENOSPC, "disk_full"), (errno.EROFS, "disk_read_only"), (errno.EIO, "disk_fault")]
)
def test_a_disk_that_refuses_is_told_and_sealing_goes_on_after_it(
    house: House, number: int, code: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    sealer, path = house.begin()
    sealer.seal(house.closed(0))
    real = os.open

    def refuse(file: object, flags: int, *rest: int, **more: int) -> int:
        if flags & os.O_CREAT:
            raise OSError(number, "refused")
        return real(file, flags, *rest, **more)  # type: ignore[arg-type]

    monkeypatch.setattr("os.open", refuse)
    with pytest.raises(Unavailable) as refused:
        sealer.seal(house.closed(1))
    assert refused.value.code == code
    monkeypatch.undo()
    sealer.seal(house.closed(2))
    sealer.publish(replace(sealer.kept, state="sealed"))
    sealer.close()
    verdict = verify(FolderFiles(path), house.signer.verifier, path.name)
    assert (verdict.problem, verdict.segments) == (None, 2)


def test_a_key_file_of_another_recording_opens_nothing(house: House) -> None:
    path, other = house.recorded(1), house.recorded(1)
    (path / KEY).write_bytes((other / KEY).read_bytes())
    with pytest.raises(Unavailable) as wrong:
        _keys(house, path)
    assert wrong.value.code == "key_damaged"
    assert new_id("r") != path.name
    assert (path / MANIFEST).is_file()
