"""`make fuzz`: each parser that reads bytes from outside, under a coverage-guided fuzzer, one by one at the lowest priority.

C targets (tests/fuzz/*_fuzz.c) run under libFuzzer with sanitizers, Python targets (tests/fuzz/targets.py) under atheris. What
makes one fail is kept in tests/corpora/<target> and replayed by every `make test` from then on; how much was tried stands in
test-results/fuzz/report.md.

    python -m tools.fuzz [--seconds 600] [--only plane,rtcp]
"""

import argparse
import json
import os
import re
import shutil
import subprocess
import sys
from dataclasses import asdict, dataclass
from pathlib import Path

from media.plane.library import sources
from tests.fuzz.seeds import seeds
from tests.fuzz.targets import TARGETS
from tools.debian import install_packages, may_install
from tools.steps import ROOT, TOOLS, Failure, run, step
from tools.uv import find_uv, uv_environment

C_TARGETS = {"plane": 4096, "rtcp": 1500, "rtp": 1600}
"""Name and the longest input, in bytes."""
PYTHON_LONGEST = {"offer": 6000, "offer_unguarded": 6000, "datagram": 1500, "frame": 4096}
SECONDS = 600
RESULTS = ROOT / "test-results" / "fuzz"
CORPORA = ROOT / "tests" / "corpora"
MORE_SEEDS = {"offer": CORPORA / "sdp", "offer_unguarded": CORPORA / "sdp"}
FLAGS = ["-std=gnu11", "-O1", "-g", "-fsanitize=fuzzer,address,undefined", "-fno-sanitize-recover=all", "-pthread"]
CLANG_PACKAGES = ["clang", "libclang-rt-dev"]
ATHERIS = "3.0.0"
HASHES = (
    "1f0929c7bc3040f3fe4102e557718734190cf2d7718bbb8e3ce6d3eb56ef5bb3",
    "510e502c57b6dc615fb174066407af620d4c7f73cf08a782c86e7761bf12c4eb",
    "8a5c8a781467c187da40fd29139784193e2647058831f837f675d0bb8cbd8746",
    "a402cdca8a650d1371050b1f9552eb4cdc488d2db64950d603c4560318365eac",
)


@dataclass(frozen=True)
class Tried:
    """One target's run; `found` is where its failure is kept, empty when there was none."""

    target: str
    seconds: int
    executions: int
    edges: int
    found: str


def main() -> int:
    """Returns 1 when something was found, 2 when it cannot be run here."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--seconds", type=int, default=int(os.environ.get("SECONDS") or SECONDS), help="for each target")
    parser.add_argument("--only", default=os.environ.get("TARGETS") or ",".join([*C_TARGETS, *TARGETS]))
    arguments = parser.parse_args()
    names = [name for name in arguments.only.split(",") if name]
    if unknown := [name for name in names if name not in C_TARGETS and name not in TARGETS]:
        parser.error(f"no such target: {', '.join(unknown)}")
    try:
        tried = [fuzz(name, arguments.seconds) for name in names]
    except Failure as failure:
        print(failure.output, f"fuzzing cannot go on: {failure}", sep="\n", file=sys.stderr)
        return 2
    RESULTS.mkdir(parents=True, exist_ok=True)
    (RESULTS / "report.json").write_text(json.dumps([asdict(one) for one in tried], indent=1) + "\n")
    (RESULTS / "report.md").write_text(table(tried))
    print(table(tried))
    return 1 if any(one.found for one in tried) else 0


def table(tried: list[Tried]) -> str:
    """Markdown, a row a target."""
    lines = ["| target | seconds | executions | edges reached | found |", "| --- | --- | --- | --- | --- |"]
    lines += [
        f"| {one.target} | {one.seconds} | {one.executions:,} | {one.edges:,} | {one.found or 'nothing'} |" for one in tried
    ]
    return "\n".join(lines) + "\n"


def fuzz(target: str, seconds: int) -> Tried:
    """Run one target for a while. Raises Failure when it cannot be built."""
    command, longest = (c_harness(target), C_TARGETS[target]) if target in C_TARGETS else python_harness(target)
    corpus, failures = RESULTS / "corpus" / target, RESULTS / "failures" / target
    begin(target, corpus, failures)
    words = [
        "nice", "-n", "19", *map(str, command), f"-max_total_time={seconds}", f"-max_len={longest}", "-timeout=20",
        "-rss_limit_mb=2048", f"-artifact_prefix={failures}/", "-print_final_stats=1", str(corpus),
    ]  # fmt: skip
    with step(f"fuzzing {target} for {seconds} s"):
        path = os.pathsep.join([str(TOOLS / "atheris"), str(ROOT)])
        done = subprocess.run(
            words, capture_output=True, cwd=ROOT, env={**os.environ, "PYTHONPATH": path}, timeout=seconds + 300, check=False
        )
    said = done.stderr.decode("utf-8", "replace")
    (RESULTS / f"{target}.log").write_text(said)
    found = keep(target, failures)
    if done.returncode != 0 and not found:
        raise Failure(f"{target} ended with {done.returncode}", "\n".join(said.splitlines()[-20:]))
    executions = last_number(r"number_of_executed_units: +(\d+)", said) or last_number(r"Done (\d+) runs", said)
    return Tried(target, seconds, executions, last_number(r"\bcov: (\d+)", said), found)


def begin(target: str, corpus: Path, failures: Path) -> None:
    """Lay out what the fuzzer starts from; what earlier runs learnt is kept."""
    corpus.mkdir(parents=True, exist_ok=True)
    shutil.rmtree(failures, ignore_errors=True)
    failures.mkdir(parents=True)
    for number, seed in enumerate(seeds(target)):
        (corpus / f"seed-{number}").write_bytes(seed)
    for folder in (CORPORA / target, MORE_SEEDS.get(target)):
        for file in sorted(folder.iterdir()) if folder is not None and folder.is_dir() else ():
            shutil.copy(file, corpus / file.name)


def keep(target: str, failures: Path) -> str:
    """Copy what was found to where every test run replays it."""
    kept = []
    for file in sorted(failures.iterdir()):
        if file.name.startswith(("crash-", "leak-", "timeout-", "oom-")):
            (CORPORA / target).mkdir(parents=True, exist_ok=True)
            shutil.copy(file, CORPORA / target / file.name)
            kept.append(str((CORPORA / target / file.name).relative_to(ROOT)))
    return ", ".join(kept)


def last_number(pattern: str, text: str) -> int:
    found = re.findall(pattern, text)
    return int(found[-1]) if found else 0


def c_harness(target: str) -> list[str | Path]:
    """Build a C target. Raises Failure."""
    if not clang_can_fuzz():
        if not may_install():
            raise Failure(f"fuzzing needs these packages: {' '.join(CLANG_PACKAGES)} (as root: apt-get install …)")
        with step(f"installing {', '.join(CLANG_PACKAGES)} with apt"):
            install_packages(CLANG_PACKAGES)
    built = RESULTS / "built" / target
    built.parent.mkdir(parents=True, exist_ok=True)
    with step(f"building {target}"):
        run(["clang", *FLAGS, "-o", built, ROOT / "tests" / "fuzz" / f"{target}_fuzz.c", *sources(), "-lm"])
    return [built]


def clang_can_fuzz() -> bool:
    """Whether there is a clang, and its run-time library of fuzzing with it."""
    clang = shutil.which("clang")
    if clang is None:
        return False
    said = subprocess.run([clang, "-print-runtime-dir"], capture_output=True, text=True, timeout=60, check=False).stdout.strip()
    folders = [Path(said), Path(said).parent / "linux"]
    return any(file for folder in folders if folder.is_dir() for file in folder.glob("*fuzzer*"))


def python_harness(target: str) -> tuple[list[str | Path], int]:
    """Fetch atheris, which has wheels for the Pythons of now only and is therefore no package of the project. Raises Failure."""
    folder = TOOLS / "atheris"
    if not (folder / f"atheris-{ATHERIS}.dist-info").is_dir():
        with step(f"fetching atheris {ATHERIS}"):
            wanted = folder.with_suffix(".txt")
            wanted.write_text(" ".join([f"atheris=={ATHERIS}", *(f"--hash=sha256:{digest}" for digest in HASHES)]) + "\n")
            install: list[str | Path] = [find_uv(), "pip", "install", "--python", sys.executable, "--target", folder]
            run([*install, "--only-binary", ":all:", "--require-hashes", "-r", wanted], env=uv_environment())
    return [sys.executable, "-m", "tests.fuzz", target], PYTHON_LONGEST[target]


if __name__ == "__main__":
    sys.exit(main())
