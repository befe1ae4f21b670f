"""What is sent again and comes very late, or not at all: both loops do the same about it."""

from itertools import pairwise

import pytest

from media.core.routes import SinkKey
from tests.property.media.test_planes_agree import VIDEO, Pair, counted, same_beginnings, told
from tests.property.media.test_planes_under_queues import (
    SINKS,
    SOURCE,
    again,
    downlink,
    misses,
    pair,
    passed,
    report,
    send,
    stamp,
    to_sender,
)
from tests.reference import rtcp
from tests.reference.sequence import MAX_MISORDER
from tests.reference.streams import FIRST_REPEATS, REPEAT_PART

__all__ = ["pair", "same_beginnings"]  # fixtures: both loops begin alike


def test_two_old_packets_that_come_again_in_a_row_are_no_source_that_began_anew() -> None:
    pair = Pair()
    pair.both("source_cap_set", SOURCE, 400_000)
    send(pair, 1.0)
    sender = pair.peers[1]
    for _ in range(2):
        sender.packet(VIDEO)  # lost
    lost = sender.made[-2:]
    send(pair, (MAX_MISORDER + 50) * 0.002)
    sender.made = lost
    before = passed(pair)
    for number in (2, 3):
        pair.arrive(sender.sent_again(number), sender.address)
    assert passed(pair) == before, "a second and a half too late for anybody"
    sender.made = []
    assert send(pair, 0.2) == 2 * 100
    assert counted(pair.reference) == counted(pair.native)
    pair.native.close()


def test_what_was_sent_again_in_vain_too_often_becomes_a_key_frame(pair: Pair) -> None:
    """A receiver asks on for a second, and then waits for two more: the picture stood still for three."""
    pair.both("peer_answered", 2, 0.02)
    pair.both("route_clear", SinkKey(3, 5000 + VIDEO + 1))
    send(pair, 0.5)
    pair.passed.clear()
    missed = range(20)
    allowed = len(missed) + FIRST_REPEATS + len(missed) // REPEAT_PART
    asked = []
    for _ in range(4):
        pair.now += 0.05
        misses(pair, 2, missed)
        asked.append(sum(isinstance(packet, rtcp.PictureLoss) for packet in to_sender(pair)))
    assert again(pair) == allowed, "once each, and a few of them twice"
    assert asked == [0, 1, 0, 0], "as soon as it is clear that they will not come; and once"
    assert told(pair.reference) == told(pair.native)
    assert counted(pair.reference) == counted(pair.native)
    pair.native.close()


@pytest.mark.parametrize(("every_s", "pause_s"), [(0.02, 0.65), (0.003, 1.1), (0.001, 2.0)])
def test_the_smaller_a_picture_the_sooner_a_lost_key_frame_is_asked_for_again(pair: Pair, every_s: float, pause_s: float) -> None:
    """Some 20, 150 and 450 kbit/s of a sender that is limited to 400."""
    pair.both("peer_answered", 2, 0.02)
    pair.both("route_clear", SinkKey(3, 5000 + VIDEO + 1))
    asked_at = []
    for turn in range(90):
        for _ in range(round(0.1 / every_s)):
            pair.now += every_s
            pair.arrive(pair.peers[1].packet(VIDEO, stamp=stamp(pair.now)), pair.peers[1].address)
        missed = range(11, 21) if every_s < 0.01 else range(2, 5)  # sent long enough ago, and not asked for by the turn before
        for _ in range(3):
            misses(pair, 2, missed)
            asked_at += [pair.now for packet in to_sender(pair) if isinstance(packet, rtcp.PictureLoss)]
            pair.now += 0.025
        if turn % 5 == 4:
            pair.report()
    steady = [later - before for before, later in pairwise(asked_at)][1:]
    assert len(steady) >= 2
    assert min(steady) == pytest.approx(pause_s, abs=0.15)
    assert counted(pair.reference) == counted(pair.native)
    pair.native.close()


def test_with_a_queue_before_the_receiver_what_is_missed_there_becomes_no_key_frame(pair: Pair) -> None:
    """It may be in that queue, or find no room there; a key frame would be the next."""
    for receiver in SINKS:
        pair.both("peer_answered", receiver, 0.02)
    waiting = 0
    for _ in range(4):
        report(pair, 2, waiting)
        send(pair, 0.5)
        waiting += 125
    assert downlink(pair, 2)[0] > 0
    pair.passed.clear()
    for _ in range(4):
        pair.now += 0.05
        misses(pair, 2, range(20))
    assert not any(isinstance(packet, rtcp.PictureLoss) for packet in to_sender(pair))
    assert told(pair.reference) == told(pair.native)
    pair.native.close()
