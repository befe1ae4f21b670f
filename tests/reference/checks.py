"""A queue before a receiver, seen by connectivity checks that go through it: signed beforehand, sent a few times a second.

Reports come about once a second, and two must say so: by then a line that fell from 2 Mbit/s to 300 kbit/s has lost a second of
picture. A check (RFC 8445, 7.3; RFC 7675) is answered at once by every browser. One that is not answered yet tells of a queue as
long as it has been under way, and of what the line carries at most: what was sent before it, since the last one that was answered
in time. Only where a picture flows; where there is none a queue costs nobody anything. Right behind a picture: how much later
than after the path's own trip that one is answered tells what the picture took the line. Pure: octets, answers, the time go in.
"""

from collections import deque
from dataclasses import dataclass

EVERY_S, JITTER_S = 0.2, 0.01
KEPT = 8
"""Each has a transaction of its own, so that an answer tells which one it answers."""
LIFE_S = 3.0
"""One that was not answered by then is lost, as far as anybody knows, and may be sent again."""
SEES_S = 1.0
WATCHED_BPS = 60_000
WAITS_S = 0.6
"""Four in a row must be lost for this; two are, once in twenty seconds of 5 % loss each way. And a radio, or a busy phone, stands
still for less."""
LATE_S, LATE_ANSWERS, EMPTY_S, DEEP_S = 0.35, 2, 0.15, 0.7
CALM_ANSWERS = 4
"""So many in a row that are not late are the end of it, too: a busy phone is never quite in time."""
BASE_LIFE_S = 4.0
"""What was sent over longer than this says nothing of now."""
GUESS = 0.6
"""Of the most that a line can have carried since it was last empty, before a deep queue: some found no room there and is lost."""
PICTURE_S, LONGER_S = 0.15, 0.1
"""Where a picture flows, a check waits so long for the end of one: behind it, it tells what that took the line."""
ROOM_LIFE_S, ROOM_GRAIN_S, ROOM_OCTETS, ROOMS_KEPT = 1.0, 0.001, 500, 6
"""Of a few kilobytes in the time of a busy browser's answer; the second best of a second: more is carried for certain."""
OVERLOAD = 2
"""With so many times what a line carries the queue is full at once, and what is sent meanwhile is lost."""


@dataclass(frozen=True, slots=True)
class Answered:
    """A check that was; `octets` had been sent before it, `picture_octets` of them in `picture_s` of the picture before it."""

    trip_s: float
    octets: int
    picture_octets: int
    picture_s: float


@dataclass(slots=True)
class _Check:
    request: bytes
    sent_at: float = 0.0
    octets: int = 0
    """Sent to the peer before it."""
    picture_at: float = 0.0
    """When the picture that it follows began; 0: it follows none."""
    octets_before: int = 0
    """Sent before that picture."""


class Checks:
    """One peer's. What is called late is so over the path's own trip, and over what its own sending waits."""

    def __init__(self) -> None:
        self._checks: list[_Check] = []
        self._next = 0
        self._sent_at = 0.0
        self._answered_at = self._base_at = 0.0
        self._octets = 0
        """Sent before the check that was last answered in time, or at least lately."""
        self._late_answers = self._calm_answers = 0
        self._watched_at = 0.0
        self._looked_at_octets = 0
        self.late_s = 0.0
        self.bps = self.firm_bps = 0
        """What the line carries of everything while there is a queue; 0: there is none. `firm_bps` is by what was counted before
        the queue was deep: that it has grown makes no line narrower."""
        self._picture_at, self._picture_octets = 0.0, 0
        self._rooms: deque[tuple[int, float]] = deque(maxlen=ROOMS_KEPT)
        self.room_bps = 0
        """What it carries at least; 0: not known."""
        self.room_at = 0.0

    def add(self, request: bytes) -> None:
        """One more that may be sent; bytes 8 to 20 name its transaction."""
        if len(self._checks) < KEPT:
            self._checks.append(_Check(request))

    def forget(self) -> None:
        """The path is another one."""
        for check in self._checks:
            check.sent_at = 0.0
        self._answered_at = self._base_at = self.late_s = self._picture_at = 0.0
        self._late_answers = self._calm_answers = self.bps = self.room_bps = 0
        self._rooms.clear()

    def picture_begins(self, octets: int, now: float) -> None:
        """The first packet of one is sent, after so many octets."""
        if self._checks:
            self._picture_at, self._picture_octets = now, octets

    def is_watched(self, flows: bool, now: float) -> bool:
        """Whether a picture flows to the peer, or did lately and the end of a queue is still to be told."""
        if flows:
            self._watched_at = now
        return flows or (self.bps > 0 and now - self._watched_at <= LIFE_S)

    def is_idle(self, octets: int, now: float) -> bool:
        """Whether nothing was sent to the peer since the last look, and nothing waits: then there is nothing to see."""
        idle = octets == self._looked_at_octets and not self.bps and now - self._sent_at >= LIFE_S
        self._looked_at_octets = octets
        return idle

    def due(self, octets: int, now: float, *, follows: bool = False) -> bytes | None:
        """The one to send now; `follows`: behind a picture."""
        patience = 0.0 if follows or now - self._picture_at > PICTURE_S else LONGER_S  # one will follow the next picture
        if not self._checks or not self.is_time(now, patience):
            return None
        check = self._checks[self._next]
        if check.sent_at and now - check.sent_at < LIFE_S:
            return None
        check.sent_at, check.octets, self._sent_at = now, octets, now
        check.picture_at, check.octets_before = self._picture_at if follows else 0.0, self._picture_octets
        self._next = (self._next + 1) % len(self._checks)
        return check.request

    def is_time(self, now: float, patience_s: float = 0.0) -> bool:
        """Whether the last one was sent long enough ago."""
        return now - self._sent_at >= EVERY_S + patience_s - JITTER_S

    def answered(self, transaction: bytes, now: float) -> Answered | None:
        """The one of these that it answers; what was sent before that one is lost."""
        check = next((each for each in self._checks if each.sent_at and each.request[8:20] == transaction), None)
        if check is None:
            return None
        answered = Answered(now - check.sent_at, check.octets, 0, 0.0)
        if check.picture_at:
            since = check.sent_at - check.picture_at
            answered = Answered(now - check.sent_at, check.octets, check.octets - check.octets_before, since)
        for each in self._checks:
            if each.sent_at <= check.sent_at and each is not check:
                each.sent_at = 0.0
        check.sent_at = 0.0
        return answered

    def took(self, octets: int, late_s: float, own_s: float, now: float) -> None:
        """An answer came `late_s` late to a check before which `octets` had been sent, and waited `own_s` on its own way."""
        self._answered_at, self.late_s = now, late_s
        late = late_s > LATE_S
        self._late_answers, self._calm_answers = (self._late_answers + 1, 0) if late else (0, self._calm_answers + 1)
        if late_s < EMPTY_S or self._calm_answers >= CALM_ANSWERS:
            self.bps, self._base_at, self._octets = 0, now - own_s, octets
        elif self.bps or self._late_answers >= LATE_ANSWERS:
            self._take_queue(octets, GUESS if late_s > DEEP_S else 1.0, now - own_s)

    def took_room(self, answered: Answered, late_s: float, now: float) -> None:
        """A picture and the check behind it took so much longer than a check alone."""
        if answered.picture_octets >= ROOM_OCTETS:
            took = answered.picture_s + late_s + ROOM_GRAIN_S
            self._rooms.append((int(answered.picture_octets * 8 / took), now))
            recent = sorted(bps for bps, at in self._rooms if now - at <= ROOM_LIFE_S)
            self.room_bps, self.room_at = recent[-2] if len(recent) > 1 else 0, now  # one may have been answered out of turn

    @property
    def room(self) -> tuple[int, float]:
        """What the line carries at least, and when that was so."""
        return self.room_bps, self.room_at

    @property
    def waits_since(self) -> float:
        """When the oldest that is not answered was sent; 0: all are."""
        return min((each.sent_at for each in self._checks if each.sent_at), default=0.0)

    def judge(self, late_s: float, own_s: float, now: float) -> bool:
        """To be called each tenth of a second; the oldest without an answer is `late_s` late. Whether there is a queue."""
        oldest = min((each for each in self._checks if each.sent_at), key=lambda each: each.sent_at, default=None)
        if oldest is None or now - oldest.sent_at >= LIFE_S:
            if now - max(self._sent_at, self._answered_at) >= LIFE_S:
                self.bps = 0
        elif late_s > WAITS_S and (self.bps or (self._base_at and now - own_s - self._base_at <= BASE_LIFE_S)):
            if not self.bps:  # later ones may be lost in it
                self._take_queue(oldest.octets, GUESS, now - own_s)
            self.late_s = late_s
        return self.bps > 0

    def sees(self, now: float) -> bool:
        """Whether what this says of the line is worth more than what others say."""
        return self._answered_at > 0 and (self.bps > 0 or now - self._answered_at <= SEES_S)

    def _take_queue(self, octets: int, share: float, at: float) -> None:
        """There is one, and `octets` had been sent before what waits in it or just came through it."""
        old = not self._base_at or at - self._base_at > BASE_LIFE_S
        if not (old and not self.bps) and at > self._base_at and octets >= self._octets:
            most, firm = (octets - self._octets) * 8 / (at - self._base_at), self.firm_bps if self.bps else 0
            self.bps = max(1, int(share * ((octets - self._octets) * 8) / (at - self._base_at)))
            self.firm_bps = max(self.bps, int(most) if share == 1.0 else min(firm, max(1, int(most))))
        if old:
            self._base_at, self._octets = at, octets
