"""`wait_for` of the media tests: the condition first, then why, with their usual patience."""

from collections.abc import Callable

from tests.processes import wait_for


async def until(true: Callable[[], bool], why: str, timeout_s: float = 10.0) -> None:
    """Returns as soon as `true()` is; TimeoutError with `why` after `timeout_s`."""
    await wait_for(true, timeout_s, why)
