"""Under which caps the plane counts a session's senders: their ladders', as long as these hold.

A sender under a cap is told that it is free while all is well (ADR 28). In a room of more than two who receives least gets a
smaller layer and there is no cap; but the layers need the room that the single picture had, so it holds until they flow.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from media.core.routes import SourceKey
from media.layering import ROOM_OF_TWO

LAYERS_COME_S = 3.0
"""After a third came layers may take so long to flow. A camera that is too small for several sends one for good."""


@dataclass(frozen=True, slots=True)
class Capped:
    """A stream of somebody's picture; `layers` are those of its line that the offer names."""

    key: SourceKey
    label: str
    mid: str
    layers: int


class Caps:
    """`tell` hands one cap to the plane; 0 is none."""

    def __init__(self, tell: Callable[[SourceKey, int], None]) -> None:
        self._tell = tell
        self._told: dict[SourceKey, int] = {}
        self._several_since: float | None = None

    def hold(self, people: int, pictures: Sequence[Capped], by_label: Mapping[str, int], now: float) -> None:
        """In a room of so many; `by_label` are the caps that browsers obey."""
        if people <= ROOM_OF_TWO:
            self._several_since = None
        elif self._several_since is None:
            self._several_since = now
        caps = {each.key: by_label.get(each.label, 0) if self._holds(each, pictures, now) else 0 for each in pictures}
        for key, cap in caps.items():
            if self._told.get(key, 0) != cap:
                self._tell(key, cap)
        self._told = caps

    @property
    def are_for_two(self) -> bool:
        """Whether the last were held in a room of two; else what receivers say is of senders without any."""
        return self._several_since is None

    def _holds(self, one: Capped, pictures: Sequence[Capped], now: float) -> bool:
        if self._several_since is None:
            return True
        known = sum((each.label, each.mid) == (one.label, one.mid) for each in pictures)
        return one.layers > 1 and known == 1 and now - self._several_since < LAYERS_COME_S
