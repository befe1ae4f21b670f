"""What lines carry, and what they let through of one picture: both loops see the same of it."""

import pytest

from media.core.routes import SinkKey
from tests.property.media.test_planes_agree import VIDEO, Pair, counted, same_beginnings, told
from tests.property.media.test_planes_under_queues import (
    SINKS,
    SOURCE,
    Line,
    downlink,
    pair,
    passed,
    send,
    stamp,
    to_sender,
    uplink_bps,
)
from tests.reference import rtcp
from tests.reference.downlink import SHARE_DEEP

__all__ = ["pair", "same_beginnings"]  # fixtures


def pictures(pair: Pair, seconds: float, spread_s: float = 0.0) -> None:
    """Fifteen a second, of ten packets each that leave at once; each comes `spread_s` after the one before it."""
    for number in range(round(seconds * 15)):
        for part in range(10):
            pair.now += spread_s
            data = pair.peers[1].packet(
                VIDEO, key=number % 10 == part == 0, ends=part == 9, stamp=stamp(pair.now - part * spread_s)
            )
            pair.arrive(data, pair.peers[1].address)
        pair.now += max(0.0, 1 / 15 - 10 * spread_s)
        if number % 2:
            pair.report()


@pytest.mark.parametrize("spread_s", [0.0, 0.002, 0.005])
def test_how_fast_a_picture_comes_is_known_of_what_follows_its_first_packet(pair: Pair, spread_s: float) -> None:
    pictures(pair, 2.0, spread_s)
    line = next(each for each in pair.native.source_counters() if each.key == SOURCE)
    octets = line.octets / line.packets - 16  # without what protects it
    assert line.came_bps == pytest.approx(octets * 8 * 9 / (9 * spread_s + 0.001), rel=0.1)
    assert line.sent_bps == pytest.approx(octets * 8 * 9 / 0.001, rel=0.1)
    assert pair.now - line.bursts_at < 0.6
    send(pair, 0.2)
    assert counted(pair.reference) == counted(pair.native)
    pair.native.close()


def test_a_longer_path_is_no_queue(pair: Pair) -> None:
    send(pair, 0.6, late_s=0.3)
    assert uplink_bps(pair) > 0
    pair.both("peer_address_set", 1, ("192.0.2.9", 9))
    pair.both("peer_address_set", 1, pair.peers[1].address)
    assert uplink_bps(pair) == 0
    send(pair, 2.0, late_s=0.5)
    assert uplink_bps(pair) == 0
    assert counted(pair.reference) == counted(pair.native)
    pair.native.close()


def test_on_another_path_nothing_is_known_of_the_former_one(pair: Pair) -> None:
    pictures(pair, 2.0)
    pair.both("peer_address_set", 1, ("192.0.2.9", 9))
    pair.both("peer_address_set", 1, pair.peers[1].address)
    line = next(each for each in pair.native.source_counters() if each.key == SOURCE)
    assert (line.came_bps, line.sent_bps, line.bursts_at) == (0, 0, 0.0)
    assert line.pictures == 1000 + 30, "of the stream before, each packet is one"
    pictures(pair, 1.0)
    assert counted(pair.reference) == counted(pair.native)
    pair.native.close()


@pytest.mark.parametrize("bps", [300_000.0, 1_000_000.0])
def test_a_check_behind_a_picture_tells_what_that_took_the_line(pair: Pair, bps: float) -> None:
    for receiver in SINKS:
        pair.both("peer_answered", receiver, 0.02)
    line = Line(pair, 2)
    line.bps = bps
    line.trip_s = 0.02
    line.run(3.0, many=10)
    of = {each.key.peer: each for each in pair.native.sink_counters() if each.key.ssrc == 5000 + VIDEO + 1}
    assert bps / 2 < of[2].room_bps < 1.05 * bps
    assert pair.now - of[2].room_at < 0.5
    assert of[3].room_bps == 0, "it answers nothing"
    assert told(pair.reference) == told(pair.native)
    pair.both("peer_address_set", 2, ("192.0.2.9", 9))
    assert next(each.room_bps for each in pair.native.sink_counters() if each.key == of[2].key) == 0, "another line"
    assert told(pair.reference) == told(pair.native)
    pair.native.close()


def test_a_queue_that_grows_deep_makes_no_line_narrower(pair: Pair) -> None:
    """Of what was sent since it was last empty some found no room, so a part is believed; that part is no reason to stop."""
    pair.both("peer_answered", 2, 0.02)
    pair.both("route_clear", SinkKey(3, 5000 + VIDEO + 1))
    line = Line(pair, 2)
    line.run(3.0)
    line.bps, late_s, told_bps = 220_000.0, 0.0, []
    while late_s < 0.9:
        before = passed(pair)
        line.run(0.1)
        assert passed(pair) - before == 50, "the picture goes on"
        bps, late_s = downlink(pair, 2)
        told_bps += [bps] if bps else []
    assert min(told_bps) < 0.75 * max(told_bps), "what is believed is less once the queue is deep"
    pair.passed += line.others
    limits = [packet.bps for packet in to_sender(pair) if isinstance(packet, rtcp.Remb)]
    assert min(limits) >= 0.9 * SHARE_DEEP * max(told_bps), "and a part of it, while that empties, is not taken of a part"
    assert told(pair.reference) == told(pair.native)
    pair.native.close()
