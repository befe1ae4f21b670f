"""What `make check`, `make test` and `make fix` run, in which order, and the table of what it took.

Cheap stages come first and side by side, the tests that share nothing are spread over the cores, those that need the machine to
themselves (load, chaos, browsers) come one by one. Every stage is run even when one before it failed; a skipped test, or a stage
without tests, is a failure.
"""

import os
import shutil
import subprocess
import sys
import time
import xml.etree.ElementTree as ET
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from tools.steps import ROOT, Failure, run

PROGRAMS = Path(sys.executable).parent
RESULTS = ROOT / "test-results"
TESTS = ROOT / "tests"
WORKERS = os.cpu_count() or 2
STATIC_TIMEOUT_S = 600
TIMEOUT_S = {"pure": 600, "tests": 1500, "load": 900, "chaos": 600, "browser": 3300}
"""Several times what each takes on two quiet cores; together under the ninety minutes after which a CI machine gives up."""

FAST = ["unit", "property", "architecture"]
ALONE = ["load", "chaos", "browser"]


@dataclass(frozen=True)
class Count:
    """How the tests of one stage ended."""

    passed: int = 0
    failed: int = 0
    skipped: int = 0


@dataclass(frozen=True)
class Outcome:
    """How a stage ended, and how long it took."""

    name: str
    ok: bool
    seconds: float
    count: Count = Count()
    output: str = ""


def statics() -> dict[str, list[list[str | Path]]]:
    """The stages that only read the sources: name and the commands that must all succeed."""
    python = sys.executable
    return {
        "lint": [[PROGRAMS / "ruff", "check"], [PROGRAMS / "ruff", "format", "--check"]],
        "types": [[PROGRAMS / "mypy"]],
        "contracts": [[PROGRAMS / "lint-imports", "--no-logo"]],
        "generated": [["uv", "lock", "--check", "--quiet"], [python, ROOT / "tools" / "generate_messages.py", "--check"]],
        "web": [["npm", "--prefix", ROOT / "web", "run", "--silent", "check"]],
    }


def fixes() -> list[list[str | Path]]:
    """The commands that bring the sources into form."""
    return [
        [PROGRAMS / "ruff", "check", "--fix", "--quiet"],
        [PROGRAMS / "ruff", "format", "--quiet"],
        [sys.executable, ROOT / "tools" / "generate_messages.py"],
        ["npm", "--prefix", ROOT / "web", "exec", "--", "biome", "check", "--write", ROOT / "web"],
    ]


def run_statics() -> Iterator[Outcome]:
    """Run the static stages side by side; each is told as it ends, with its output when it failed."""

    def one(name: str, commands: list[list[str | Path]]) -> Outcome:
        begun = time.monotonic()
        said = []
        for command in commands:
            try:
                run(command, timeout_s=STATIC_TIMEOUT_S)
            except Failure as failure:
                said.append(f"{failure}\n{failure.output}".strip())
        return Outcome(name, not said, time.monotonic() - begun, output="\n".join(said))

    with ThreadPoolExecutor(WORKERS) as pool:
        for outcome in [pool.submit(one, name, commands) for name, commands in statics().items()]:
            done = outcome.result()
            if done.output:
                print(done.output)
            print(f"· {done.name}: {'good' if done.ok else 'FAILED'}, {done.seconds:.1f} s", flush=True)
            yield done


def run_tests(name: str, folders: list[Path], *options: str) -> Outcome:
    """Run pytest on folders, with its own output as it comes; what it counted is read from its report."""
    report, limit_s = RESULTS / f"{name}.xml", TIMEOUT_S[name]
    report.unlink(missing_ok=True)
    print(f"· {name}", flush=True)
    command = [sys.executable, "-m", "pytest", *map(str, folders), f"--junitxml={report}", *options]
    begun = time.monotonic()
    try:
        code = subprocess.run(command, cwd=ROOT, timeout=limit_s, check=False).returncode
    except subprocess.TimeoutExpired:
        print(f"{name}: not finished within {limit_s} s, ended")
        code = -1
    count = counted(report)
    if count.skipped:
        print(f"{name}: {count.skipped} skipped; here nothing is skipped", flush=True)
    ok = code == 0 and count.passed > 0 and not count.skipped
    return Outcome(name, ok, time.monotonic() - begun, count)


def counted(report: Path) -> Count:
    """The numbers of a JUnit report; all zero when there is none."""
    if not report.exists():
        return Count()
    suites = list(ET.parse(report).getroot().iter("testsuite"))
    total = {key: sum(int(suite.get(key, 0)) for suite in suites) for key in ("tests", "failures", "errors", "skipped")}
    failed = total["failures"] + total["errors"]
    return Count(total["tests"] - failed - total["skipped"], failed, total["skipped"])


def check() -> Iterator[Outcome]:
    """The fast part: everything static, and the tests of what is pure."""
    yield from run_statics()
    yield run_tests("pure", [TESTS / name for name in FAST], "-n", str(WORKERS))


def test() -> Iterator[Outcome]:
    """Everything."""
    yield from run_statics()
    together = sorted(folder for folder in TESTS.iterdir() if has_tests(folder) and folder.name not in ALONE)
    yield run_tests("tests", together, "-n", str(WORKERS))
    for name in ALONE:
        if has_tests(TESTS / name):
            yield run_tests(name, [TESTS / name])


def has_tests(folder: Path) -> bool:
    """Whether there is anything for pytest in a folder."""
    return folder.is_dir() and any(folder.rglob("test_*.py"))


def fix() -> Iterator[Outcome]:
    """Format, sort and generate; what cannot be mended by a program is shown."""
    for command in fixes():
        begun = time.monotonic()
        name = Path(command[0]).name
        try:
            run(command)
        except Failure as failure:
            print(failure.output or failure)
            yield Outcome(name, False, time.monotonic() - begun)
        else:
            yield Outcome(name, True, time.monotonic() - begun)


def table(outcomes: list[Outcome]) -> str:
    """One line for each stage, and the closing line in pytest's own form."""
    lines = [f"{'stage':<12} {'':<7} {'seconds':>8} {'passed':>7} {'failed':>7}"]
    for outcome in outcomes:
        counts = f"{outcome.count.passed:>7} {outcome.count.failed:>7}" if outcome.count != Count() else ""
        lines.append(f"{outcome.name:<12} {'good' if outcome.ok else 'FAILED':<7} {outcome.seconds:>8.1f} {counts}".rstrip())
    return "\n".join(lines)


def closing_line(outcomes: list[Outcome], seconds: float) -> str:
    """The sum over all stages, as pytest would say it."""
    failed = sum(outcome.count.failed for outcome in outcomes)
    passed = sum(outcome.count.passed for outcome in outcomes)
    bad = [outcome.name for outcome in outcomes if not outcome.ok]
    numbers = ", ".join(
        f"{number} {word}" for number, word in ((failed, "failed"), (passed, "passed")) if number or word == "passed"
    )
    return f"{'failed: ' + ', '.join(bad) + '; ' if bad else ''}{numbers} in {seconds:.2f}s"


def main(arguments: list[str]) -> int:
    """Run one of the three; 0 only when every stage was good."""
    ways = {"check": check, "test": test, "fix": fix}
    if len(arguments) != 1 or arguments[0] not in ways:
        print(f"usage: python -m tools.stages {'|'.join(ways)}", file=sys.stderr)
        return 2
    begun = time.monotonic()
    shutil.rmtree(RESULTS, ignore_errors=True)
    RESULTS.mkdir()
    try:
        outcomes = list(ways[arguments[0]]())
    except KeyboardInterrupt:
        print("stopped", file=sys.stderr)
        return 130
    if arguments[0] != "fix":
        print(f"\n{table(outcomes)}\n{closing_line(outcomes, time.monotonic() - begun)}", flush=True)
    return 0 if all(outcome.ok for outcome in outcomes) else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
