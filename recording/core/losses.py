"""What a recorder that died took with it, as far as what it left on the disk shows. Pure; milliseconds of the recording's line.

The segments prove themselves, but what the recorder knew of holes between them since its last manifest died with it, and each
track's open segment, too.
"""

import itertools
from collections.abc import Sequence

from recording.core.cutting import PAUSE_US
from recording.core.manifest import Gap, Kind, Segment

REASON = "recorder_lost"
PAUSE_MS = PAUSE_US // 1000
LEFT_MS = 15_000
"""A track that ended longer before all others lost no open segment: that person had left, or shown nothing."""


def losses(segments: Sequence[Segment], gaps: Sequence[Gap], end_ms: int) -> list[Gap]:
    """The gaps that nobody told: holes of each track, what each lacks up to `end_ms`, and from there on everything."""
    found = []
    for seat, kind in sorted({(line.seat, line.kind) for line in segments}):
        track = sorted((line for line in segments if (line.seat, line.kind) == (seat, kind)), key=lambda line: line.start_ms)
        holes = [(before.end_ms, after.start_ms) for before, after in itertools.pairwise(track)]
        if end_ms - track[-1].end_ms <= LEFT_MS:
            holes.append((track[-1].end_ms, end_ms))
        found += [
            Gap(seat, kind, first, last, REASON)
            for first, last in holes
            if last - first >= PAUSE_MS and not any(_tells(gap, seat, kind, first, last) for gap in gaps)
        ]
    return [*found, Gap("", "", end_ms, None, REASON)]


def _tells(gap: Gap, seat: str, kind: Kind, first: int, last: int) -> bool:
    """Whether a gap is of this track and of this time."""
    of = gap.seat in ("", seat) and gap.kind in ("", kind)
    return of and gap.from_ms < last and (gap.to_ms is None or gap.to_ms > first)
