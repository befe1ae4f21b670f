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
    pids = [pid for root in _below(os.getpid()) if _name(root) == program for pid in (root, *_below(root))]
    for session in {os.getsid(pid) for pid in pids}:
        with contextlib.suppress(OSError):  # a kernel may have no such groups: the threads' own values then count
            Path(f"/proc/{session}/autogroup").write_text(str(LEAST))
    for pid in pids:
        for thread in Path(f"/proc/{pid}/task").iterdir():
            with contextlib.suppress(ProcessLookupError):
                os.setpriority(os.PRIO_PROCESS, int(thread.name), LEAST)
    return len(pids)


def _below(pid: int) -> Iterator[int]:
    """Its children, theirs, and so on."""
    for thread in Path(f"/proc/{pid}/task").iterdir():
        for child in (thread / "children").read_text().split():
            yield int(child)
            yield from _below(int(child))


def _name(pid: int) -> str:
    return Path(f"/proc/{pid}/comm").read_text().strip()
