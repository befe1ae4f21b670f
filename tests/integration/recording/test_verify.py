"""Every way to change a recording on disk, and that the verifier names it: which segment, which octets."""

import shutil
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from common.evidence import chain
from common.evidence.signing import keep_signer, load_verifier
from recording.core import manifest as manifests
from recording.core import segments
from recording.core.manifest import BLOCK_BYTES, segment_name
from recording.folder import KEY, MANIFEST, NEW, SIGNATURE, Folder
from recording.keys import FileMaster, RecordingKeys
from recording.sealing import Sealer
from recording.verify import FolderFiles, Problem, Verdict, verify
from tests.integration.recording.folders import House


@pytest.fixture
def house(tmp_path: Path) -> House:
    return House(tmp_path / "data")


def _verdict(house: House, path: Path) -> Verdict:
    return verify(FolderFiles(path), load_verifier(house.data / "evidence-key.pub"), path.name)


def _problem(house: House, path: Path) -> Problem:
    problem = _verdict(house, path).problem
    assert problem is not None
    return problem


def _flip(file: Path, at: int) -> None:
    data = bytearray(file.read_bytes())
    data[at] ^= 1
    file.write_bytes(data)


@pytest.mark.parametrize("over", [True, False])
def test_an_untouched_recording_is_good(house: House, over: bool) -> None:
    verdict = _verdict(house, house.recorded(over=over))
    assert (verdict.problem, verdict.segments) == (None, 6)
    assert bool(verdict.notes) is not over


@pytest.mark.parametrize("at", [0, 9, 100, 65_535, 65_536, 140_000, -65])
def test_an_edit_is_named_to_its_block(house: House, at: int) -> None:
    path = house.recorded()
    file = path / segment_name(4)
    _flip(file, at)
    problem = _problem(house, path)
    place = at % file.stat().st_size
    assert (problem.file, problem.code) == ("000004.seg", "changed")
    assert problem.first <= place <= problem.last < problem.first + BLOCK_BYTES


def test_a_changed_signature_of_a_segment_is_named(house: House) -> None:
    path = house.recorded()
    size = (path / segment_name(2)).stat().st_size
    _flip(path / segment_name(2), -1)
    assert _problem(house, path) == Problem("000002.seg", size - 64, size - 1, "signature_wrong", "bears no signature of ours")


@pytest.mark.parametrize("number", [1, 3, 6])
def test_a_deleted_segment_is_named(house: House, number: int) -> None:
    path = house.recorded()
    (path / segment_name(number)).unlink()
    problem = _problem(house, path)
    assert (problem.file, problem.code) == (segment_name(number), "missing")


def test_a_changed_order_is_named(house: House) -> None:
    path = house.recorded()
    a, b = path / segment_name(2), path / segment_name(5)
    first, second = a.read_bytes(), b.read_bytes()
    a.write_bytes(second)
    b.write_bytes(first)
    problem = _problem(house, path)
    assert (problem.file, problem.code) == ("000002.seg", "out_of_place")


@pytest.mark.parametrize("left", [0, 5, 100, 65_536, 150_000])
def test_a_cut_is_named_by_what_is_missing(house: House, left: int) -> None:
    path = house.recorded()
    file = path / segment_name(3)
    whole = file.stat().st_size
    file.write_bytes(file.read_bytes()[:left])
    problem = _problem(house, path)
    assert (problem.file, problem.first, problem.last, problem.code) == ("000003.seg", left, whole - 1, "truncated")


def test_what_was_added_is_named(house: House) -> None:
    path = house.recorded()
    whole = (path / segment_name(3)).stat().st_size
    with (path / segment_name(3)).open("ab") as file:
        file.write(b"more")
    assert _problem(house, path).first >= whole - 64
    (path / segment_name(3)).write_bytes((path / segment_name(3)).read_bytes()[:-4])
    assert _verdict(house, path).problem is None
    shutil.copy(path / segment_name(6), path / segment_name(7))
    assert _problem(house, path).code == "segment_extra"


def test_a_segment_of_another_recording_is_named(house: House) -> None:
    path, other = house.recorded(), house.recorded()
    shutil.copy(other / segment_name(2), path / segment_name(2))
    problem = _problem(house, path)
    assert (problem.file, problem.code) == ("000002.seg", "foreign")


def test_another_recording_under_this_name_is_named(house: House) -> None:
    path, other = house.recorded(), house.recorded()
    shutil.rmtree(path)
    other.rename(path)
    assert _problem(house, path).code == "foreign"


def test_an_edited_manifest_is_named(house: House) -> None:
    path = house.recorded()
    text = (path / MANIFEST).read_bytes()
    (path / MANIFEST).write_bytes(text.replace(b'"role":""', b'"role":"x"'))
    assert _problem(house, path).code == "manifest_changed"


def test_a_rebuilt_chain_does_not_help(house: House, tmp_path: Path) -> None:
    """Somebody who can write everything, and knows the program, rewrites a segment and all that follows from it."""
    path = house.recorded()
    stranger = keep_signer(tmp_path / "stranger")
    told = manifests.decode((path / MANIFEST).read_bytes())
    head, lines = chain.start_of(segments.CHAIN_OF, told.recording), []
    for line in told.segments:
        data = (path / segment_name(line.number)).read_bytes()
        parts = segments.take_apart(data)
        body = parts.ciphertext if line.number != 3 else b"\0" + parts.ciphertext[1:]
        fresh = segments.bind(replace(parts.head, before=head.hex())) + body
        blocks = segments.block_digests(fresh)
        head = chain.extend(head, segments.chained(blocks))
        (path / segment_name(line.number)).write_bytes(fresh + stranger.sign(segments.SIGNED_FOR, head))
        lines.append(replace(line, blocks=blocks, chain=head.hex()))
    for key, code in ((told.key, "manifest_changed"), (stranger.verifier.key_id, "another_key")):
        text = manifests.encode(replace(told, segments=tuple(lines), chain=head.hex(), key=key))
        (path / MANIFEST).write_bytes(text)
        (path / SIGNATURE).write_bytes(stranger.sign(manifests.SIGNED_FOR, text))
        assert _problem(house, path).code == code


def test_the_wrong_public_key_is_told(house: House, tmp_path: Path) -> None:
    path = house.recorded()
    problem = verify(FolderFiles(path), keep_signer(tmp_path / "other").verifier, path.name).problem
    assert problem is not None
    assert problem.code == "another_key"
    assert house.signer.verifier.key_id in problem.sentence


@pytest.mark.parametrize("number", [4, 5, 6])
def test_of_an_open_recording_the_segments_behind_the_manifest_are_proven_by_themselves(house: House, number: int) -> None:
    sealer, path = house.begin()
    for each in range(3):
        sealer.seal(house.closed(each))
    sealer.publish(sealer.kept)
    for each in range(3, 6):
        sealer.seal(house.closed(each))
    sealer.close()
    assert _verdict(house, path).segments == 6
    _flip(path / segment_name(number), 70_000)
    problem = _problem(house, path)
    assert (problem.file, problem.code) == (segment_name(number), "signature_wrong")


def test_a_manifest_that_was_being_replaced_is_good_at_every_step(house: House) -> None:
    path = house.recorded(over=False)
    text, signature = (path / MANIFEST).read_bytes(), (path / SIGNATURE).read_bytes()
    told = replace(manifests.decode(text), duration_ms=77)
    fresh = manifests.encode(told)
    fresh_signature = house.signer.sign(manifests.SIGNED_FOR, fresh)
    steps: list[Callable[[], object]] = [
        lambda: (path / (MANIFEST + NEW)).write_bytes(fresh[:50]),
        lambda: (path / (MANIFEST + NEW)).write_bytes(fresh),
        lambda: (path / (SIGNATURE + NEW)).write_bytes(fresh_signature),
        lambda: (path / (SIGNATURE + NEW)).replace(path / SIGNATURE),
        lambda: (path / (MANIFEST + NEW)).replace(path / MANIFEST),
    ]
    for step in steps:
        step()
        assert _verdict(house, path).problem is None
        sealer = Sealer.go_on(Folder(path), path.name, house.master, house.signer)
        assert sealer.kept.duration_ms in (0, 77)
        sealer.close()
    assert signature != fresh_signature


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(
    file=st.sampled_from([MANIFEST, SIGNATURE, *(segment_name(n) for n in (1, 2, 3))]),
    at=st.integers(0, 1 << 20),
    bit=st.integers(0, 7),
)
def test_no_bit_can_be_changed_unseen(tmp_path: Path, file: str, at: int, bit: int) -> None:
    house = House(tmp_path / "data")
    done = list((house.data / "recordings").glob("*"))
    path = done[0] if done else house.recorded(3)
    data = (path / file).read_bytes()
    changed = bytearray(data)
    changed[at % len(data)] ^= 1 << bit
    (path / file).write_bytes(changed)
    try:
        assert _verdict(house, path).problem is not None
    finally:
        (path / file).write_bytes(data)
    assert _verdict(house, path).problem is None


def test_the_command_works_with_the_folder_and_the_public_key_alone(house: House, tmp_path: Path) -> None:
    path = house.recorded()
    away = tmp_path / "auditor" / path.name
    shutil.copytree(path, away)
    (away / KEY).unlink()
    shutil.copy(house.data / "evidence-key.pub", tmp_path / "hospital.pub")
    command = [sys.executable, "-m", "signaling", "verify", str(away), "--public-key", str(tmp_path / "hospital.pub")]
    good = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)
    assert good.returncode == 0, good.stderr
    assert "GOOD" in good.stdout
    assert "the key was destroyed" in good.stdout
    _flip(away / segment_name(5), 70_000)
    bad = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)
    assert bad.returncode == 1
    assert "000005.seg, octets 65536 to 131071: was changed" in bad.stdout


def test_ten_thousand_segments_are_verified_at_the_speed_of_reading(
    house: House, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Judged against what it costs to read and hash the same files on the same machine in the same run."""
    import hashlib
    import time

    monkeypatch.setattr("os.fsync", lambda _descriptor: None)  # ten thousand power cuts are not what this is about
    sealer, path = house.begin()
    for number in range(10_000):
        sealer.seal(replace(house.closed(number), file=b"x" * 60_000))
    sealer.publish(replace(sealer.kept, state="sealed"))
    sealer.close()
    began = time.perf_counter()
    for file in sorted(path.glob("*.seg")):
        hashlib.sha256(file.read_bytes()).digest()
    plain_s = time.perf_counter() - began
    verdict = _verdict(house, path)
    with capsys.disabled():
        speed, plain = (verdict.octets / 1e6 / s for s in (verdict.seconds, plain_s))
        print(f"\n10,000 segments, {verdict.octets / 1e6:.0f} MB: verified at {speed:.0f} MB/s; read and hashed {plain:.0f} MB/s")
    assert (verdict.problem, verdict.segments) == (None, 10_000)
    assert verdict.seconds < 4 * plain_s + 5
    keys = RecordingKeys.read((path / KEY).read_bytes(), path.name, FileMaster(house.data))
    assert len(keys.file.people) == 2
