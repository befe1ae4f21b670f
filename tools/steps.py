"""Saying what is being done, running other programs, and not doing again what is done. Standard library only.

Everything that a person sees of the setting up is printed here: one short line for each step and the time it took; what a
program printed is shown only when it failed.
"""

import fcntl
import hashlib
import os
import subprocess
import time
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
TOOLS = ROOT / ".tools"
PROGRAMS = TOOLS / "bin"
STAMPS = TOOLS / "stamps"

SHOWN_LINES = 60


class Failure(Exception):
    """It cannot go on; the text is one line that says what to change, and `output` what a program said about it."""

    def __init__(self, line: str, output: str = "") -> None:
        super().__init__(line)
        self.output = output


@contextmanager
def step(doing: str) -> Iterator[None]:
    """Say what is being done, and how long it took when it is done."""
    print(f"· {doing} … ", end="", flush=True)
    begun = time.monotonic()
    try:
        yield
    except BaseException:
        print("failed", flush=True)
        raise
    print(f"{time.monotonic() - begun:.1f} s", flush=True)


def run(command: Sequence[str | Path], cwd: Path = ROOT, env: dict[str, str] | None = None, timeout_s: float = 900) -> str:
    """Run a program and return what it printed. Raises Failure with the end of that when it fails or takes too long."""
    words = [str(word) for word in command]
    try:
        done = subprocess.run(
            words, cwd=cwd, env={**os.environ, **(env or {})}, timeout=timeout_s, check=False,
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, errors="replace",
        )  # fmt: skip
    except subprocess.TimeoutExpired as late:
        raise Failure(f"`{shown(words)}` did not end within {timeout_s:g} seconds") from late
    except OSError as error:
        raise Failure(f"`{words[0]}` cannot be run: {error.strerror}") from error
    if done.returncode != 0:
        raise Failure(
            f"`{shown(words)}` failed (exit code {done.returncode})", "\n".join(done.stdout.splitlines()[-SHOWN_LINES:])
        )
    return done.stdout


def shown(words: Sequence[str]) -> str:
    """A command, short enough for a line: its program by name and the first words."""
    return " ".join([Path(words[0]).name, *words[1:4], *(["…"] if len(words) > 4 else [])])


def fingerprint(files: Iterable[Path], *also: str) -> str:
    """A hash over the names and contents of files, and over whatever else makes a difference."""
    total = hashlib.sha256("\0".join(also).encode())
    for file in sorted(files):
        total.update(f"\0{file.relative_to(ROOT)}\0".encode() + hashlib.sha256(file.read_bytes()).digest())
    return total.hexdigest()


def is_done(name: str, state: str) -> bool:
    """Whether the step `name` was last completed in this very state."""
    stamp = STAMPS / name
    return stamp.exists() and stamp.read_text() == state


@contextmanager
def once(name: str, state: str) -> Iterator[None]:
    """Remember the state when the body succeeds; forget the former one before it begins."""
    stamp = STAMPS / name
    stamp.unlink(missing_ok=True)
    yield
    STAMPS.mkdir(parents=True, exist_ok=True)
    stamp.write_text(state)


@contextmanager
def alone() -> Iterator[None]:
    """Let two `make` in one checkout follow one another instead of writing the same files."""
    try:
        TOOLS.mkdir(exist_ok=True)
        lock = (TOOLS / "lock").open("w")
    except OSError as error:
        raise Failure(f"{ROOT} cannot be written: {error.strerror}") from error
    with lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            with step("waiting for another make in this checkout"):
                fcntl.flock(lock, fcntl.LOCK_EX)
        yield
