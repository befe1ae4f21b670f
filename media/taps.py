"""Which of a session's sources are copied to a recorder: those named by the last order, and nothing else, whoever reconnects.

It is closed by default: a source that no order names is never copied. It decides by label and kind; copying is the plane's.
"""

from collections.abc import Iterable
from dataclasses import dataclass

from media.control.messages import RecordingSet, RecordingTaps, TapStats
from media.core.routes import SourceKey
from media.plane.interface import Plane, Tap


@dataclass(frozen=True, slots=True)
class Tappable:
    """A source that could be copied. Of several of one label and kind the last one given counts."""

    label: str
    kind: str
    codec: str
    key: SourceKey


class Taps:
    """The copies of one session."""

    def __init__(self, plane: Plane) -> None:
        self._plane = plane
        self._order: RecordingSet | None = None
        self._set: dict[SourceKey, Tap] = {}

    def order(self, order: RecordingSet, sources: Iterable[Tappable]) -> RecordingTaps:
        """Takes the whole of what is to be copied; what is not in it is not copied any more when this returns."""
        self._order = order
        self.settle(sources)
        own = set(self._set)
        lines = [line for line in self._plane.tap_counters() if line.key in own]
        return RecordingTaps(streams=[TapStats(stream=line.stream, copied=line.copied, dropped=line.dropped) for line in lines])

    def settle(self, sources: Iterable[Tappable]) -> None:
        """Brings the plane's taps to what the order says of the sources there are now."""
        wanted = self._wanted(sources)
        for key in self._set.keys() - wanted.keys():
            self._plane.tap_set(key, None)
        before, self._set = self._set, {key: tap for key, tap in wanted.items() if self._plane.tap_set(key, tap)}
        for key, tap in self._set.items():
            if before.get(key) != tap:  # a picture is kept from its first key frame on, and whoever keeps it cannot ask so soon
                self._plane.keyframe_request(key)

    def keyframes(self, streams: list[int]) -> None:
        """Asks the senders of these streams for a key frame, at the plane's bounded pace."""
        for key, tap in self._set.items():
            if tap.stream in streams:
                self._plane.keyframe_request(key)

    def _wanted(self, sources: Iterable[Tappable]) -> dict[SourceKey, Tap]:
        if self._order is None:
            return {}
        streams = {(each.label, each.kind): each.stream for each in self._order.streams}
        chosen = {(each.label, each.kind): each for each in sources}
        return {
            each.key: Tap(self._order.socket, streams[place], each.codec) for place, each in chosen.items() if place in streams
        }
