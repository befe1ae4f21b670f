"""Disks that refuse, for real: a small file system that is full, and one that is mounted read-only. As root."""

import contextlib
import subprocess
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path


@contextmanager
def small_disk(root: Path, megabytes: int = 4) -> Iterator[None]:
    """A file system of its own at `root`; what is on it goes with it."""
    root.mkdir(parents=True, exist_ok=True)
    subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={megabytes}m", "tmpfs", str(root)], check=True)
    try:
        yield
    finally:
        subprocess.run(["umount", "-l", str(root)], check=True)


@contextmanager
def full(root: Path) -> Iterator[None]:
    """Somebody else's file takes all the room that is left on the small disk at `root`."""
    filler = root / "filler"
    with contextlib.suppress(OSError), filler.open("wb") as file:
        for _ in range(64 << 10):
            file.write(bytes(1024))
            file.flush()
    try:
        yield
    finally:
        filler.unlink()


@contextmanager
def read_only(root: Path) -> Iterator[None]:
    """Whoever opens a file of `root` by its path meets a file system that is mounted read-only."""
    subprocess.run(["mount", "--bind", str(root), str(root)], check=True)
    try:
        subprocess.run(["mount", "-o", "remount,bind,ro", str(root)], check=True)
        yield
    finally:
        subprocess.run(["umount", "-l", str(root)], check=True)


REFUSALS: dict[str, Callable[[Path], AbstractContextManager[None]]] = {"disk_full": full, "disk_read_only": read_only}
"""The code that each is told by."""
