"""From counters to what the ladder wants to know: shares lost of late, the worst of several receivers, what is too old to count.

Pure: counters and the time go in. It never asks the plane; media/ladders.py does.
"""

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

from media.core.ladder import Signals
from media.core.room import Room

WINDOW_S = 2.0
FRESH_S = 4.0
"""A receiver reports each second; older words are of another link."""
SHORTEST_S, LONGEST_S, CAME = 0.2, 0.6, 0.75
"""Of what comes while a queue stands there, so much will come at least: a large frame of a small picture is late by itself, and
the few packets of that moment tell of less."""
SEEN_S = 1.0
UPLINK_SHARE = 0.85
"""Of what came while a queue stood before the relay; of one before a receiver all is told."""
ROOM_LIFE_S = 1.2
"""What a line was seen to carry longer ago says nothing of now."""
SPREAD = 0.75
"""Pictures that come at less than this share of the rate at which they were sent come as fast as the line lets them."""
DEEP_S, DEEP_SHARE = 0.7, 0.6
"""Before a longer queue than this only so much of it is told for certain: some was lost."""
MANY = 10
"""Packets in a window below which a share says nothing."""


class Arrived(NamedTuple):
    """Counters of one source since its connection began; `octets` on the wire. A tuple, as what is heard: of both four are made
    for everybody four times a second, and a frozen dataclass takes three times as long."""

    packets: int
    octets: int
    lost: int
    pictures: int = 0


class Heard(NamedTuple):
    """What one receiver last said of one source; whatever ends in `at` is of the caller's clock."""

    lost_share: float
    round_trip_s: float
    at: float
    estimate_bps: int
    estimate_at: float
    downlink_bps: int = 0
    """What the way to it carries while a queue stands there; 0: there is none."""
    downlink_late_s: float = 0.0
    """How long that queue is."""
    downlink_at: float = 0.0
    room_bps: int = 0
    """What that way carries at least of everything; 0: not known."""
    room_at: float = 0.0


@dataclass(frozen=True, slots=True)
class Observation:
    """Of one sender: sound and picture as they come to the relay, and what their receivers say."""

    sound: Arrived | None
    picture: Arrived | None
    sound_heard: Sequence[Heard]
    picture_heard: Sequence[Heard]
    congested: bool
    """Receivers' estimates have fallen below what is sent; counts while they are fresh."""
    uplink_bps: int = 0
    """What its own way to the relay carries while a queue stands on it; 0: there is none."""
    uplink_late_s: float = 0.0
    """How late its picture comes over that way."""
    came_bps: int = 0
    sent_bps: int = 0
    """How fast what follows a picture's first packet comes, and was sent; of `bursts_at`, by the caller's clock."""
    bursts_at: float = 0.0
    relayed_tcp: bool = False


@dataclass(frozen=True, slots=True)
class Quality:
    """Signals, and the losses hop by hop from which they were made."""

    signals: Signals
    loss_up: float
    loss_down: float


class Counted:
    """One source's counters over the last two seconds."""

    def __init__(self) -> None:
        self._kept: deque[tuple[float, Arrived]] = deque()

    def add(self, arrived: Arrived | None, now: float) -> None:
        """The counters of now; a connection that began anew counts from nothing."""
        if arrived is None or (self._kept and arrived.packets < self._kept[-1][1].packets):
            self._kept.clear()
        if arrived is None:
            return
        self._kept.append((now, arrived))
        while len(self._kept) > 2 and self._kept[1][0] <= now - WINDOW_S:
            self._kept.popleft()

    def loss(self) -> float:
        """The share that did not come."""
        if len(self._kept) < 2:
            return 0.0
        first, last = self._kept[0][1], self._kept[-1][1]
        came, lost = last.packets - first.packets, max(0, last.lost - first.lost)
        return lost / (came + lost) if came + lost >= MANY else 0.0

    def rate_bps(self, now: float) -> int:
        """What came in the last half second or a little more."""
        if len(self._kept) < 2:
            return 0
        newest = self._kept[-1]
        since = next((kept for kept in reversed(self._kept) if kept[0] <= now - 0.5), self._kept[0])
        span = max(0.05, newest[0] - since[0])
        return round((newest[1].octets - since[1].octets) * 8 / span)

    def pictures_per_s(self) -> float | None:
        """How many came to their end in a second; none where that is not known."""
        if len(self._kept) < 2 or self._kept[-1][0] - self._kept[0][0] < WINDOW_S / 2:
            return None
        (first_at, first), (last_at, last) = self._kept[0], self._kept[-1]
        return max(0, last.pictures - first.pictures) / (last_at - first_at) if last.pictures else None

    def least_bps(self, now: float) -> int:
        """The least of what came in the last quarter and in the last half of a second; 0 where nobody looked then."""
        spans = [(now - at, arrived.octets) for at, arrived in self._kept if SHORTEST_S <= now - at <= LONGEST_S]
        return min((round((self._kept[-1][1].octets - octets) * 8 / span) for span, octets in spans), default=0)


class Senses:
    """One sender's observations over time."""

    def __init__(self) -> None:
        self._sound, self._picture = Counted(), Counted()

    def quality(self, seen: Observation, frozen_s: float, now: float) -> Quality:
        """What the observations so far mean now."""
        self._sound.add(seen.sound, now)
        self._picture.add(seen.picture, now)
        sound_up, picture_up = self._sound.loss(), self._picture.loss()
        sound_down, picture_down = _worst(seen.sound_heard, now), _worst(seen.picture_heard, now)
        trips = [heard.round_trip_s for heard in (*seen.sound_heard, *seen.picture_heard) if _fresh(heard, now)]
        estimates = [
            heard.estimate_bps for heard in seen.picture_heard if heard.estimate_bps and now - heard.estimate_at <= FRESH_S
        ]
        lines = [heard for heard in seen.picture_heard if heard.downlink_at > 0 and now - heard.downlink_at <= FRESH_S]
        carried = [
            (heard.downlink_bps, 1.0 if heard.downlink_late_s <= DEEP_S else DEEP_SHARE, False)
            for heard in lines
            if heard.downlink_bps
        ]
        rate = self._picture.rate_bps(now)
        if seen.uplink_bps and rate:  # nothing comes: what the queue was is not known any more
            carried.append((max(seen.uplink_bps, round(CAME * self._picture.least_bps(now))), UPLINK_SHARE, True))
        least = min(carried, default=None)
        rooms = [heard.room_bps for heard in seen.picture_heard if heard.room_bps and now - heard.room_at <= ROOM_LIFE_S]
        came_bps, sent_bps = (seen.came_bps, seen.sent_bps) if now - seen.bursts_at <= ROOM_LIFE_S else (0, 0)
        loss_up, loss_down = max(sound_up, picture_up), max(sound_down, picture_down)
        signals = Signals(
            rate_bps=rate,
            estimate_bps=least[0] if least else min(estimates, default=None),  # what the relay sees itself is of now
            carried_bps=round(least[0] / least[1]) if least else None,
            congested=bool(carried) or (seen.congested and bool(estimates)),
            loss=_both(loss_up, loss_down),
            sound_loss=_both(sound_up, sound_down),
            queue_s=max((heard.downlink_late_s for heard in lines), default=0.0),
            uplink_late_s=seen.uplink_late_s,
            is_own_way=least[2] if least else None,
            room=Room(came_bps, came_bps < SPREAD * sent_bps, min(rooms, default=0)),
            pictures_per_s=self._picture.pictures_per_s(),
            queue_known=bool(lines) and all(now - heard.downlink_at <= SEEN_S for heard in lines),
            round_trip_s=max((trip for trip in trips if trip > 0), default=None),
            frozen_s=frozen_s,
            relayed_tcp=seen.relayed_tcp,
        )
        return Quality(signals, loss_up, loss_down)


def _fresh(heard: Heard, now: float) -> bool:
    return heard.at > 0 and now - heard.at <= FRESH_S


def _worst(several: Sequence[Heard], now: float) -> float:
    return max((heard.lost_share for heard in several if _fresh(heard, now)), default=0.0)


def _both(up: float, down: float) -> float:
    """What two hops lose together."""
    return 1.0 - (1.0 - up) * (1.0 - down)
