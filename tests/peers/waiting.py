"""Waiting for something to become true, with a deadline and a reason."""

import asyncio
from collections.abc import Callable


async def until(true: Callable[[], bool], why: str, timeout_s: float = 10.0) -> None:
    """Returns as soon as `true()` is; fails with `why` after `timeout_s`."""
    loop = asyncio.get_running_loop()
    deadline = loop.time() + timeout_s
    while not true():
        if loop.time() > deadline:
            raise AssertionError(f"waited {timeout_s} s in vain: {why}")
        await asyncio.sleep(0.01)
