"""What a line lets through of one picture: a seeded link on virtual time, and senders that spread packets as browsers do."""

from typing import cast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.netsim.link import Conditions, Link
from tests.reference.bursts import Bursts
from tests.reference.sendtime import SendClock

PACKET_BYTES, SOUND_BYTES, HEAD_BYTES = 1_000, 100, 28
PACES = (2.5, 100.0)
"""Times the limit: a picture's packets spread, and all of them at once."""


def sent_through(line_bps: int, limit_bps: int, pace: float, seed: int, seconds: float = 4.0) -> Bursts:
    """Fifteen pictures a second of `limit_bps` together, some large, and sound between them."""
    link, clock, bursts = Link(seed, Conditions(rate_bps=line_bps, delay_s=0.02, jitter_s=0.002)), SendClock(), Bursts()
    entries: list[tuple[float, int, int]] = [(number * 0.02, SOUND_BYTES, -1) for number in range(round(seconds * 50))]
    for number in range(round(seconds * 15)):
        size = limit_bps / 8 / 15 * (1.5 if number % 2 else 0.5)
        packets = max(1, round(size / PACKET_BYTES + 0.4))
        octets = max(200, round(size / packets))
        entries += [(number / 15 + part * octets * 8 / (pace * limit_bps), octets, number) for part in range(packets)]
    for at, octets, picture in sorted(entries):
        while (due := link.deadline()) is not None and due <= at:
            for data, tag in link.deliver(due):
                take(bursts, clock, data, due, cast(tuple[float, int], tag))
        link.send(bytes(octets + HEAD_BYTES), at, (at, picture))
    return bursts


def take(bursts: Bursts, clock: SendClock, data: bytes, now: float, tag: tuple[float, int]) -> None:
    """A packet at the relay, with its stamp; sound has none."""
    sent_at, picture = tag
    if picture >= 0:
        clock.translate((int(sent_at * (1 << 18)) % (1 << 24)).to_bytes(3, "big"), now)
        bursts.arrived(len(data), picture, clock.late_s, now)


@pytest.mark.parametrize("pace", PACES)
@given(st.integers(250_000, 3_000_000), st.floats(0.5, 0.8), st.integers(0, 99))
def test_it_is_what_the_line_carries_or_what_was_sent(pace: float, line_bps: int, share: float, seed: int) -> None:
    """Known to a third, and seldom too much: what comes between two pictures is not counted."""
    bursts = sent_through(line_bps, round(share * line_bps), pace, seed)
    assert bursts.at > 0
    assert bursts.came_bps <= 1.15 * line_bps
    assert bursts.came_bps >= 0.6 * min(line_bps, bursts.sent_bps)


@given(st.integers(0, 99))
def test_on_a_wide_line_pictures_come_as_they_were_sent(seed: int) -> None:
    bursts = sent_through(20_000_000, 500_000, 2.5, seed)
    assert bursts.came_bps == pytest.approx(bursts.sent_bps, rel=0.25)
    assert bursts.came_bps > 900_000


def test_pictures_of_one_packet_say_nothing() -> None:
    assert sent_through(300_000, 40_000, 2.5, 1).at == 0
