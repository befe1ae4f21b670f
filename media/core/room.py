"""What a line is seen to let through at once of a picture, and how far a ladder goes by it.

Before a limit is raised it tells whether the next step fits, and that a line is another one now. It is believed of the way that
was full at last; not just after that, since it may be of before; and not for a while where it has misled: many lines let a
moment's worth through at full speed and hold the rest back (a token bucket). Pure: figures and the time go in.
"""

from dataclasses import dataclass

SHARE = 0.85
"""The rest is sound's."""
AFTER_S = 2.7
"""What is known may be so old: counted over a second and a half, and of the last 1.2."""
HELD_S = 15.0
"""So long no limit is raised above what its sender's own way lets through: where packets wait for a radio that may be less than
the line carries."""
MISLED_S, FIRST_DOUBT_S, LONGEST_DOUBT_S = 8.0, 30.0, 240.0
"""A fall so soon after a line was taken for another is by that; then nothing of the kind is believed for a while."""
MUCH_MORE, LITTLE_BPS = 2.0, 750_000
"""So many times what misled is believed all the same, if that was no more than this: it was a line's usual to and fro, and no
line that lets a moment's worth through at full speed, of which the next picture tells another multiple."""


@dataclass(frozen=True, slots=True)
class Room:
    """Bits per second, 0 where they are not known."""

    up_bps: int = 0
    """What the sender's own way lets through at once of a picture: it carries at least that."""
    is_up_all: bool = False
    """That was sent faster: it is what the way carries."""
    down_bps: int = 0
    """What receivers' ways let through at once of a picture and a check behind it."""


UNKNOWN = Room()


class Belief:
    """One ladder's."""

    def __init__(self) -> None:
        self._own: bool | None = None
        """It is the sender's own way that was full, a receiver's, or one of them."""
        self._fell_at = self._held_since = float("-inf")
        self._proved_at = float("-inf")
        self._proved_own: bool | None = None
        self._proved_bps = self._misled_bps = 0.0
        """The most that was let through when it was last taken for another line, and while that was wrong."""
        self._believes_from = float("-inf")
        self._doubt_s = FIRST_DOUBT_S
        """For how long the next proof that misleads is remembered."""

    def fell(self, own: bool | None, now: float, *, anew: bool) -> None:
        """The limit did, since the line carries less than was tried; or further, in the aftermath of a fall."""
        by_proof = own is None or self._proved_own is None or own == self._proved_own
        if by_proof and now - self._proved_at < MISLED_S:
            self._misled_bps = max(self._proved_bps, self._misled_bps if now < self._believes_from else 0.0)
            self._believes_from, self._doubt_s = now + self._doubt_s, min(2 * self._doubt_s, LONGEST_DOUBT_S)
        elif self._proved_at > float("-inf"):
            self._doubt_s = FIRST_DOUBT_S
        self._own = own if anew or own == self._own else None
        self._fell_at, self._held_since, self._proved_at = now, now, float("-inf")

    def proves(self, bps: float, room: Room, now: float) -> bool:
        """Whether the line that was full carries so much now."""
        fits = self._fits_bps(room)
        is_believed = now >= self._believes_from or (self._misled_bps <= LITTLE_BPS and fits >= MUCH_MORE * self._misled_bps)
        return is_believed and now - self._fell_at >= AFTER_S and fits >= bps

    def sees(self, room: Room) -> bool:
        """Whether anything is known of what the way lets through that was full at last."""
        return self._fits_bps(room) > 0

    def proved(self, room: Room, now: float) -> None:
        """It was taken for another line by nothing else."""
        self._proved_at, self._proved_own, self._proved_bps = now, self._own, self._fits_bps(room)

    def bounded(self, wanted_bps: float, small_bps: float, room: Room, now: float) -> float:
        """The most of what is wanted that fits, as far as is known. A small step is always worth a try; on the sender's own way,
        of which more is seen, now and then."""
        fits = self._fits_bps(room)
        if now - self._proved_at < MISLED_S:
            self._proved_bps = max(self._proved_bps, fits)
        if not fits or self._fell_at == float("-inf"):
            return wanted_bps
        is_all = self._own is True and room.is_up_all and now - self._held_since < HELD_S
        return min(wanted_bps, fits if is_all else max(fits, small_bps))

    def stepped(self, now: float) -> None:
        """The limit was raised by a small step at the least."""
        self._held_since = now

    def _fits_bps(self, room: Room) -> float:
        """What a picture may have of the way that was full at last."""
        ways = {True: (room.up_bps,), False: (room.down_bps,), None: (room.up_bps, room.down_bps)}[self._own]
        return SHARE * min(ways)
