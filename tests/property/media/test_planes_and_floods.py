"""A line that suddenly carries far less than it is sent, where there are layers: both loops find it at the same packet, and do
the same."""

import pytest

from media.core.routes import SinkKey, SourceKey
from tests.property.media.test_planes_agree import AUDIO, LOW, VIDEO, Pair, same_beginnings, told
from tests.property.media.test_planes_under_queues import (
    EVERY_S,
    SOURCE,
    again,
    layers,
    misses,
    pair,
    passed,
    report,
    stamp,
    to_sender,
)
from tests.reference import rtcp
from tests.reference.flood import LEAST_DRAIN_S, ROOM
from tests.reference.keyframes import HEEDED_INTERVAL_S

__all__ = ["pair", "same_beginnings"]  # fixtures


def flood(pair: Pair, receiver: int) -> None:
    """Every third packet is missed, and told of as the gaps are seen."""
    for _ in range(4):
        misses(pair, receiver, range(30, 0, -3))
        layers(pair, 0.06)


def test_of_several_layers_one_that_floods_its_line_stops_until_another_begins(pair: Pair) -> None:
    pair.both("source_cap_set", SOURCE, 0)
    layers(pair, 3.0)
    before = again(pair)
    misses(pair, 2, range(30, 0, -3))
    assert again(pair) > before, "what was lost at once is sent again"
    layers(pair, 0.06)
    before, sent = again(pair), passed(pair)
    misses(pair, 2, range(30, 0, -3))
    assert again(pair) == before
    layers(pair, 0.1)
    assert passed(pair) - sent == 50, "to the other one"
    assert pair.told[0].flooded == [2]
    assert next(line.lost for line in pair.native.sink_counters() if line.key == SinkKey(2, 5000 + VIDEO + 1)) > 0.25
    pair.change(2, 1, LOW)
    layers(pair, 2.0)
    assert passed(pair) - sent == 50 + 1000, "it waits for the other layer's key frame, and takes no other's"
    pair.arrive(pair.peers[1].packet(LOW, key=True, stamp=stamp(pair.now)), pair.peers[1].address)
    sent, before = passed(pair), again(pair)
    layers(pair, 0.1)
    assert passed(pair) - sent == 2 * 50
    misses(pair, 2, range(90, 60, -1))
    assert again(pair) == before, "and what came before it is void"
    report(pair, 2, 60, lost=300)
    report(pair, 2, 0, lost=300)
    assert next(line.lost for line in pair.native.sink_counters() if line.key == SinkKey(2, 5000 + VIDEO + 1)) == 0.0
    assert told(pair.reference) == told(pair.native)
    pair.native.close()


def test_the_key_frame_of_the_layer_that_is_waited_for_ends_a_drain(pair: Pair) -> None:
    pair.both("source_cap_set", SOURCE, 0)
    layers(pair, 3.0)
    flood(pair, 2)
    pair.change(2, 1, LOW)
    assert pair.told[0].flooded == [2]
    sent = passed(pair)
    pair.arrive(pair.peers[1].packet(LOW, key=True, stamp=stamp(pair.now)), pair.peers[1].address)
    assert passed(pair) - sent == 1
    assert told(pair.reference) == told(pair.native)
    pair.native.close()


def test_one_picture_without_layers_has_its_own_remedies(pair: Pair) -> None:
    flood(pair, 2)
    assert pair.told[0].flooded == []
    pair.native.close()


def loses_it(pair: Pair, receiver: int) -> None:
    """Its browser asks for a key frame."""
    lost = rtcp.build([rtcp.PictureLoss(receiver * 100 + VIDEO, 5000 + VIDEO + 1)])
    pair.arrive(pair.peers[receiver].send.protect_rtcp(lost), pair.peers[receiver].address)


def key_frames_asked(pair: Pair) -> list[int]:
    """Of which of its sources, since the last call."""
    return [packet.media for packet in to_sender(pair) if isinstance(packet, rtcp.PictureLoss)]


def test_whatever_is_sent_next_tells_of_a_flood_in_time(pair: Pair) -> None:
    """Its picture's next packet may be a tenth of a second away."""
    pair.both("source_cap_set", SOURCE, 0)
    layers(pair, 3.0)
    misses(pair, 2, range(30, 0, -3))
    layers(pair, 0.06)
    misses(pair, 2, range(30, 0, -3))
    assert pair.told[0].flooded == [], "there is no room yet"
    stopped_at = pair.now
    while not pair.told[0].flooded and pair.now - stopped_at < 1.0:
        pair.now += 0.02
        pair.arrive(pair.peers[3].packet(AUDIO), pair.peers[3].address)
    assert pair.now - stopped_at <= ROOM * LEAST_DRAIN_S + 0.05
    pair.native.close()


def test_the_layer_that_fits_is_asked_for_as_soon_as_its_sender_listens(pair: Pair) -> None:
    """It has just been asked for another, and would take no notice; the end of the drain is not waited for."""
    pair.both("source_cap_set", SOURCE, 0)
    pair.both("peer_answered", 2, 0.02)
    layers(pair, 3.0)
    pair.passed.clear()
    loses_it(pair, 3)
    assert key_frames_asked(pair) == [100 + VIDEO]
    asked_at = pair.now
    layers(pair, 0.2)
    pair.arrive(pair.peers[1].packet(LOW, key=True, stamp=stamp(pair.now)), pair.peers[1].address)
    misses(pair, 2, range(30, 0, -3))
    layers(pair, 0.06)
    misses(pair, 2, range(30, 0, -3))
    flooded_at = pair.now
    while not pair.told[0].flooded:
        layers(pair, EVERY_S)
    pair.passed.clear()
    pair.change(2, 1, LOW)
    pair.order(SourceKey(1, 100 + LOW))
    assert key_frames_asked(pair) == [100 + LOW], "since a sender may have an encoder for each layer"
    while not (asked := key_frames_asked(pair)) and pair.now - asked_at < 1.0:
        pair.now += EVERY_S
        pair.arrive(pair.peers[1].packet(LOW, stamp=stamp(pair.now)), pair.peers[1].address)
    assert asked == [100 + LOW]
    assert pair.now - asked_at == pytest.approx(HEEDED_INTERVAL_S, abs=2 * EVERY_S)
    assert pair.now < flooded_at + LEAST_DRAIN_S, "or this shows nothing of the drain"
    assert told(pair.reference) == told(pair.native)
    pair.native.close()


def test_while_it_may_be_a_flood_no_key_frame_of_the_layer_that_floods_is_asked_for(pair: Pair) -> None:
    """It would come into a full queue, and the sender would not listen to what is asked for next."""
    pair.both("source_cap_set", SOURCE, 0)
    pair.both("peer_answered", 2, 0.02)
    layers(pair, 3.0)
    pair.now += 1.2  # what is missed is too old to be sent again
    pair.passed.clear()
    misses(pair, 2, range(8, 0, -1))
    assert key_frames_asked(pair) == []
    pair.now += 0.1
    misses(pair, 2, range(8, 0, -1))
    assert key_frames_asked(pair) == []
    pair.now += 0.06
    misses(pair, 2, range(8, 0, -1))
    assert key_frames_asked(pair) == [100 + VIDEO]
    pair.native.close()
