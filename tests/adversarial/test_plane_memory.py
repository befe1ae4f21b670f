"""The packet loop under AddressSanitizer and UBSan, on calls that were mutated: no packet reads or writes where it should not."""

import struct
import subprocess
from pathlib import Path

import pytest

from media.plane.library import sources
from tests.processes import ServiceFailed, program

HARNESS = Path(__file__).resolve().parents[1] / "fuzz" / "plane_fuzz.c"
CRASHES = Path(__file__).resolve().parents[1] / "corpora" / "plane"
FLAGS = ["-std=gnu11", "-O1", "-g", "-fsanitize=address,undefined", "-fno-sanitize-recover=all", "-DPLANE_REPLAY", "-pthread"]
RUNS_EACH = 1500
EXTENSIONS = bytes.fromhex("bede0002") + bytes([0x12, 1, 2, 3, 0x20, 0x7F, 0x40, 0x30])


@pytest.fixture(scope="module")
def harness(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The harness, built with sanitizers."""
    built = tmp_path_factory.mktemp("plane") / "harness"
    command = [program("gcc"), *FLAGS, "-o", str(built), str(HARNESS), *map(str, sources()), "-lm"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
    if done.returncode != 0:
        raise ServiceFailed(f"the harness does not compile: {done.stderr[-2000:]}")
    return built


def test_mutated_calls_and_all_crashes_of_the_past(harness: Path, tmp_path: Path) -> None:
    for name, script in {"call": call(), "orders": call()[:400] + bytes(range(32)) * 8 + call()}.items():
        (tmp_path / name).write_bytes(script)
    seeds = [*tmp_path.iterdir(), *(CRASHES.iterdir() if CRASHES.is_dir() else ())]
    done = subprocess.run(
        [str(harness), str(RUNS_EACH), *map(str, seeds)], capture_output=True, text=True, timeout=110, check=False,
        env={"ASAN_OPTIONS": "detect_leaks=1:abort_on_error=0"},
    )  # fmt: skip
    assert done.returncode == 0, done.stderr[-4000:]
    assert int(done.stdout.split()[0]) == RUNS_EACH * len(seeds)


def call() -> bytes:
    """A scripted call in the harness's own form: media both ways, then each kind of feedback, alone and in compounds."""
    script = b""
    for number in range(12):
        script += datagram(0, rtp(96, number, 3000 * number, 20, vp8(number)))
        script += datagram(1, rtp(111, number, 960 * number, 10, b"opus!"))
    nack = struct.pack("!BBHIIHH", 0x81, 205, 3, 1, 200, 65000, 0x00FF)
    pli = struct.pack("!BBHII", 0x81, 206, 2, 1, 200)
    fir = struct.pack("!BBHIIII", 0x84, 206, 4, 1, 0, 200, 1 << 24)
    remb = struct.pack("!BBHII4sBBHI", 0x8F, 206, 5, 1, 0, b"REMB", 1, 0x0C, 0x1234, 200)
    sender = struct.pack("!BBHIQIII", 0x80, 200, 6, 20, 1 << 40, 1234, 5, 6)
    receiver = struct.pack("!BBHIIIIIII", 0x81, 201, 7, 1, 200, 0x01000005, 10, 20, 30, 40)
    for packet in (nack, pli, fir, remb, sender, receiver, sender + receiver + remb):
        script += datagram(1, packet) + datagram(0, packet)
    return script


def datagram(peer: int, data: bytes) -> bytes:
    head = next(value for value in range(37, 256, 2) if value % 5 == peer)
    return bytes([head]) + struct.pack("!H", len(data)) + data


def rtp(payload_type: int, sequence: int, timestamp: int, ssrc: int, payload: bytes) -> bytes:
    return struct.pack("!BBHII", 0x90, payload_type, sequence, timestamp, ssrc) + EXTENSIONS + payload


def vp8(picture: int) -> bytes:
    return bytes([0x90, 0xC0, 0x80 | picture >> 8, picture & 255, picture & 255, 0x10 if picture == 0 else 0x11]) + bytes(30)
