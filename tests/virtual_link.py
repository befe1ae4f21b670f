"""A sender, a link and a receiver on virtual time: what a ladder would be told of them. Seeded; no socket, no clock.

Coarse on purpose: sound and picture share a queue before tests/netsim's link; the receiver's estimate follows libwebrtc's rules
(0.85 of what arrives once a queue is noticed, 8 % a second up, never above half again what comes).
"""

from dataclasses import dataclass, field
from itertools import count
from typing import cast

from media.core.ladder import Decision, Ladder, Signals
from tests.netsim.link import Conditions, Link, Schedule
from tests.reference.uplink import DEEP_S, DRAIN, SHARE

STEP_S = 0.02
SOUND_EVERY_S, SOUND_BYTES = 0.02, 70
"""Opus at 16 to 24 kbit/s with its headers: 28 kbit/s."""
PACKET_BYTES = 1_100
NOTICED_S, NOTICE_AFTER_S = 0.15, 0.4
FOLLOWS_S = 0.6
"""How long a browser takes to keep another limit."""


@dataclass
class Moment:
    """What was so at one of the ladder's steps."""

    at: float
    decision: Decision
    signals: Signals
    picture_bps: float


@dataclass
class World:
    """One sender through `link` to one receiver, with `ladder` in between."""

    link: Link
    ladder: Ladder = field(default_factory=lambda: Ladder(0.0))
    wants_bps: int = 2_000_000
    moments: list[Moment] = field(default_factory=list)
    sound_sent: int = 0
    sound_came: int = 0

    def run(self, seconds: float) -> None:
        """The whole life of the call."""
        told: list[tuple[float, int]] = [(0.0, 350_000)]
        estimate, late_since, credit = 400_000.0, None, 0.0
        drained = 1 << 31
        came: list[tuple[float, str, int, float]] = []
        sent: list[tuple[float, str, int]] = []
        for number in count():
            now = number * STEP_S
            if now >= seconds:
                return
            limit = [bps for at, bps in told if at <= now - FOLLOWS_S or at == 0.0][-1]
            limit = min(limit, drained)
            credit = min(credit + min(limit, self.wants_bps) * STEP_S / 8, 4 * PACKET_BYTES)
            self.link.send(bytes(SOUND_BYTES), now, ("sound", now))
            sent.append((now, "sound", SOUND_BYTES))
            self.sound_sent += 1
            while credit >= PACKET_BYTES:
                credit -= PACKET_BYTES
                self.link.send(bytes(PACKET_BYTES), now, ("picture", now))
                sent.append((now, "picture", PACKET_BYTES))
            for data, tag in self.link.deliver(now):
                kind, at = cast(tuple[str, float], tag)
                came.append((now, kind, len(data), now - at))
                self.sound_came += kind == "sound"
            came = [one for one in came if one[0] > now - 2.0]
            sent = [one for one in sent if one[0] > now - 2.0]
            if number % 12:
                continue
            rate = sum(size for at, kind, size, _ in came if kind == "picture" and at > now - 0.5) * 16
            delay = min((late for at, _, _, late in came if at > now - 0.25), default=0.0)
            late_since = None if delay < NOTICED_S else late_since if late_since is not None else now
            drained = round(DRAIN * SHARE * rate) if delay > DEEP_S else 1 << 31
            congested = late_since is not None and now - late_since >= NOTICE_AFTER_S
            if congested:
                estimate = min(estimate, 0.85 * max(rate, 20_000))
            else:
                estimate = max(20_000.0, min(estimate * 1.08 ** (12 * STEP_S), 1.5 * rate + 10_000) if rate else estimate)
            signals = Signals(
                rate_bps=rate,
                estimate_bps=round(SHARE * rate if congested else estimate) if rate else None,
                congested=congested and rate > 0,
                loss=_lost(sent, came, ("sound", "picture"), now),
                sound_loss=_lost(sent, came, ("sound",), now),
                round_trip_s=2 * delay + 0.04,
            )
            decision = self.ladder.step(signals, now)
            if decision.limit_bps != told[-1][1]:
                told.append((now, decision.limit_bps))
            self.moments.append(Moment(now, decision, signals, rate))


def _lost(
    sent: list[tuple[float, str, int]], came: list[tuple[float, str, int, float]], kinds: tuple[str, ...], now: float
) -> float:
    """Of what was sent a second to half a second ago, by count; what is still in a queue counts as lost only after that."""
    old = sum(kind in kinds and at <= now - 0.5 for at, kind, _ in sent if at > now - 1.5)
    there = sum(kind in kinds and now - 1.5 < at - late <= now - 0.5 for at, kind, _, late in came)
    return max(0.0, 1.0 - there / old) if old >= 10 else 0.0


def through(*steps: tuple[float, Conditions], seed: int = 1) -> World:
    """A world whose link follows a schedule."""
    return World(Link(seed, Schedule(*steps)))
