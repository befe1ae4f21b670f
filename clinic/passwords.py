"""Argon2id on a few threads. Decides the cost and the bound; never who may sign in."""

import asyncio
import os
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import TypeVar

from argon2 import PasswordHasher, Type
from argon2.exceptions import InvalidHashError, VerificationError

from common.errors import Unavailable

# OWASP Password Storage Cheat Sheet: argon2id, 19 MiB, two passes, one lane; 46 ms of one core of a small server.
_ARGON2 = PasswordHasher(time_cost=2, memory_cost=19 * 1024, parallelism=1, type=Type.ID)
_THREADS = max(1, (os.cpu_count() or 2) // 2)  # the other half of the cores goes on with calls
_BEHIND_CALLS = 10  # of 19: beside a process at 0 a tenth of a core is still theirs, and two sign-ins a second
_MOST_WAITING = 64  # about 3 s of work; whoever comes on top is asked to try again rather than kept waiting


T = TypeVar("T")


class Argon2Hasher:
    """clinic.ports.PasswordHasher. Refuses with Unavailable when too many wait."""

    def __init__(self) -> None:
        self._threads = ThreadPoolExecutor(_THREADS, thread_name_prefix="argon2", initializer=_step_back)
        self._waiting = 0
        self._nobody = _ARGON2.hash(os.urandom(16))

    async def hash(self, password: str) -> str:
        """The password's argon2id hash in PHC form."""
        return await self._run(partial(_ARGON2.hash, password))

    async def verify(self, stored: str | None, password: str) -> bool:
        """Whether the password is the one; without a stored hash the same work is done and the answer is no."""
        same = await self._run(partial(_same, stored or self._nobody, password))
        return same and stored is not None

    def close(self) -> None:
        """Let the threads end."""
        self._threads.shutdown(wait=False, cancel_futures=True)

    async def _run(self, work: "partial[T]") -> T:
        if self._waiting >= _MOST_WAITING:
            raise Unavailable("sign_in_busy", "Too many people are signing in at this moment.")
        self._waiting += 1
        try:
            return await asyncio.get_running_loop().run_in_executor(self._threads, work)
        finally:
            self._waiting -= 1


def _step_back() -> None:
    """Linux has a priority for each thread: whoever is in a consultation comes before whoever signs in."""
    if sys.platform == "linux":
        os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), _BEHIND_CALLS)


def _same(stored: str, password: str) -> bool:
    try:
        return _ARGON2.verify(stored, password)
    except (VerificationError, InvalidHashError):
        return False
