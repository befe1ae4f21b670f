"""The C side under AddressSanitizer and UBSan, on input that was mutated: no packet reads or writes where it should not.

And the Python side on the same terms: any bytes are answered or refused, never an exception that nobody foresaw. Files of
tests/corpora/<target> are what fuzzers found before.
"""

import random
import subprocess
from pathlib import Path

import pytest

from media.plane.library import sources
from tests.fuzz.seeds import seeds
from tests.fuzz.targets import TARGETS
from tests.processes import ServiceFailed, program

FUZZ = Path(__file__).resolve().parents[1] / "fuzz"
CORPORA = Path(__file__).resolve().parents[1] / "corpora"
FLAGS = ["-std=gnu11", "-O1", "-g", "-fsanitize=address,undefined", "-fno-sanitize-recover=all", "-pthread"]
RUNS_EACH = {"plane": 1500, "rtcp": 4000, "rtp": 4000}
PYTHON_RUNS_EACH = {"offer": 150, "offer_unguarded": 150, "datagram": 150, "frame": 30}  # a frame is a worker's whole life


def beginnings(target: str) -> list[bytes]:
    """The target's seeds and everything that was ever found."""
    folder = CORPORA / target
    return [*seeds(target), *(path.read_bytes() for path in sorted(folder.glob("*")) if folder.is_dir())]


@pytest.mark.parametrize("target", RUNS_EACH)
def test_mutated_packets_and_all_crashes_of_the_past(target: str, tmp_path: Path) -> None:
    harness, folder = tmp_path / "harness", tmp_path / "seeds"
    command = [program("gcc"), *FLAGS, "-o", str(harness), str(FUZZ / f"{target}_fuzz.c"), str(FUZZ / "replay.c")]
    done = subprocess.run([*command, *map(str, sources()), "-lm"], capture_output=True, text=True, timeout=120, check=False)
    if done.returncode != 0:
        raise ServiceFailed(f"the harness does not compile: {done.stderr[-2000:]}")
    folder.mkdir()
    for number, seed in enumerate(beginnings(target)):
        (folder / str(number)).write_bytes(seed)
    files = sorted(map(str, folder.iterdir()))
    done = subprocess.run(
        [str(harness), str(RUNS_EACH[target]), *files], capture_output=True, text=True, timeout=110, check=False,
        env={"ASAN_OPTIONS": "detect_leaks=1:abort_on_error=0"},
    )  # fmt: skip
    assert done.returncode == 0, done.stderr[-4000:]
    assert int(done.stdout.split()[0]) == RUNS_EACH[target] * len(files)


@pytest.mark.parametrize("target", TARGETS)
def test_mutated_words_and_all_failures_of_the_past(target: str) -> None:
    chance = random.Random(3)
    for seed in beginnings(target):
        TARGETS[target](seed)
        for _ in range(PYTHON_RUNS_EACH[target]):
            TARGETS[target](mutated(seed, chance))


def mutated(seed: bytes, chance: random.Random) -> bytes:
    data = bytearray(seed)
    for _ in range(chance.randint(1, 6)):
        at = chance.randrange(len(data) + 1)
        match chance.randrange(5):
            case 0 if at < len(data):
                data[at] ^= 1 << chance.randrange(8)
            case 1:
                data[at:at] = chance.randbytes(chance.randint(1, 4))
            case 2:
                del data[at : at + chance.randint(1, 20)]
            case 3:
                data[at:at] = data[at : at + chance.randint(1, 200)]
            case _:
                data[at : at + 2] = chance.choice([b"-1", b"\xff\xff", b"\0", b"\r\n", b"9" * 30, b":"])
    return bytes(data)
