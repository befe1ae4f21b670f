"""Hints between signaling processes: "this hospital's queue changed", "this consultation changed", and nothing else.

A hint is never the truth and carries no person: whoever hears it reads the database. Losing one costs at most the
reconciler's next round. Without Redis a hint reaches only this process.
"""

from collections.abc import Callable
from typing import Literal, Protocol

from common.wire import Id, Wire


class Hint(Wire):
    """What changed. `kind` says whose id `id` is; `node` is who says so. `seat` and `desk`: it is held at `node` now;
    `offer`: this doctor's offer came or went.

    `moved`: whoever held that seat before holds it no more. `timeline` names a consultation; `typing` a seat, and `of` its
    consultation: nothing of it is stored."""

    node: Id
    kind: Literal["hospital", "consultation", "timeline", "typing", "seat", "desk", "offer", "signed_out", "moved"]
    id: Id
    of: Id | None = None


class Hints(Protocol):
    """Tells every process, this one included, that something changed."""

    async def start(self, heard: Callable[[Hint], None]) -> None: ...
    def send(self, hint: Hint) -> None: ...
    async def stop(self) -> None: ...

    @property
    def connected(self) -> bool: ...


class LocalHints:
    """Hints of a single process."""

    def __init__(self) -> None:
        self._heard: Callable[[Hint], None] | None = None

    async def start(self, heard: Callable[[Hint], None]) -> None:
        """Deliver from now on to `heard`."""
        self._heard = heard

    def send(self, hint: Hint) -> None:
        """Deliver at once."""
        if self._heard is not None:
            self._heard(hint)

    @property
    def connected(self) -> bool:
        """There is nobody else to reach."""
        return True

    async def stop(self) -> None:
        """Deliver nothing more."""
        self._heard = None
