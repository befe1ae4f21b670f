"""Hashing is right, off the loop, and bounded."""

import asyncio
import os
from pathlib import Path

import pytest

from clinic.passwords import Argon2Hasher
from common.errors import Unavailable


async def test_only_the_password_itself_is_the_one() -> None:
    hasher = Argon2Hasher()
    stored = await hasher.hash("willow")
    assert stored.startswith("$argon2id$") and "willow" not in stored
    assert await hasher.verify(stored, "willow")
    assert not await hasher.verify(stored, "Willow")
    assert not await hasher.verify("not a hash", "willow")
    assert not await hasher.verify(None, "willow")
    hasher.close()


async def test_the_loop_goes_on_while_a_flood_is_hashed() -> None:
    hasher = Argon2Hasher()
    flood = [asyncio.create_task(hasher.verify(None, "guess")) for _ in range(20)]
    turns = 0
    while not all(task.done() for task in flood):
        await asyncio.sleep(0)
        turns += 1
    assert turns > 50 * len(flood), "the loop stood still behind each hash: hashing on it would leave a turn for each"
    hasher.close()


async def test_hashing_stands_behind_everything_else() -> None:
    hasher = Argon2Hasher()
    await hasher.hash("willow")
    # NPTL: each thread has a nice value of its own; proc_pid_stat(5), field 19, counted from behind the command.
    behind = {}
    for task in Path("/proc/self/task").iterdir():
        _, fields = (task / "stat").read_text().rsplit(")", 1)
        behind[int(task.name)] = int(fields.split()[16])
    ours = os.getpriority(os.PRIO_PROCESS, os.getpid())
    assert behind[os.getpid()] == ours, "the loop's own thread is as it was"
    assert max(behind.values()) == 10
    hasher.close()


async def test_too_many_at_once_are_asked_to_come_again() -> None:
    hasher = Argon2Hasher()
    done = await asyncio.gather(*(hasher.verify(None, "guess") for _ in range(70)), return_exceptions=True)
    assert sum(isinstance(one, Unavailable) for one in done) == 6
    assert await hasher.verify(await hasher.hash("right"), "right"), "and it works again afterwards"
    hasher.close()
    with pytest.raises(RuntimeError):
        await hasher.hash("closed")
