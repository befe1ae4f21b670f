"""A browser that takes from the others only what they do not want, as if it ran on a machine of its own.

A browser that comes into a call is busiest in just the seconds in which its coming is measured at those who were there; in
life it would be so elsewhere.
"""

import contextlib
import os
from collections.abc import Iterator
from pathlib import Path

LEAST = 19


def as_if_elsewhere(program: str) -> int:
    """Puts all processes of a program that this one started, and what those started, behind all others. How many there are."""
    pids = {pid for root in _below(os.getpid()) if _name(root) == program for pid in (root, *_below(root))}
    for pid in pids:
        with contextlib.suppress(OSError):  # it ended meanwhile, or the kernel has no such groups: the threads' values then count
            if os.getsid(pid) == pid:
                Path(f"/proc/{pid}/autogroup").write_text(str(LEAST))
        for thread in _threads(pid):
            with contextlib.suppress(OSError):
                os.setpriority(os.PRIO_PROCESS, thread, LEAST)
    return len(pids)


def _below(pid: int) -> Iterator[int]:
    """Its children, theirs, and so on."""
    for thread in _threads(pid):
        for child in _read(f"/proc/{pid}/task/{thread}/children").split():
            yield int(child)
            yield from _below(int(child))


def _threads(pid: int) -> list[int]:
    try:
        return [int(thread.name) for thread in Path(f"/proc/{pid}/task").iterdir()]
    except OSError:  # it ended
        return []


def _name(pid: int) -> str:
    return _read(f"/proc/{pid}/comm").strip()


def _read(path: str) -> str:
    try:
        return Path(path).read_text()
    except OSError:  # whose it was has ended
        return ""
