"""The worker's rounds: every connected peer is looked at a few times a second, many in one go.

A look by itself costs a processor that did something else meanwhile ten times what the next one costs: three hundred timers of
three hundred idle peers took a quarter of a core, one round takes a fiftieth. It decides nothing about peers.
"""

import asyncio
from typing import Protocol

LOOK_EVERY_S = 0.5
GROUPS = 4
"""Rounds within that time, so that no round holds the loop for long."""


class Looked(Protocol):
    """What is looked at, not before `look_at` on the loop's clock; must not raise."""

    look_at: float

    def looked_at(self, now: float) -> None: ...


class Rounds:
    """Looks at all that was added and is due, about every half second; must be closed."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop
        self._groups: list[dict[int, Looked]] = [{} for _ in range(GROUPS)]
        self._turn = 0
        self._timer = loop.call_later(LOOK_EVERY_S / GROUPS, self._go)

    def add(self, number: int, what: Looked) -> None:
        self._groups[number % GROUPS][number] = what

    def remove(self, number: int) -> None:
        """May be called for one that was never added."""
        self._groups[number % GROUPS].pop(number, None)

    def close(self) -> None:
        self._timer.cancel()

    def _go(self) -> None:
        self._timer = self._loop.call_later(LOOK_EVERY_S / GROUPS, self._go)
        self._turn = (self._turn + 1) % GROUPS
        now = self._loop.time()
        for each in list(self._groups[self._turn].values()):
            if now >= each.look_at:
                each.looked_at(now)
