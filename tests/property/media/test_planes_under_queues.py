"""Queues before the relay and behind it: both loops find them at the same packet, do the same, and so empty them."""

from typing import Any

import pytest

from media.core.routes import SinkKey, SourceKey
from tests.property.media.test_planes_agree import FIRST, LOW, VIDEO, Pair, counted, same_beginnings, session, told
from tests.reference import rtcp

__all__ = ["same_beginnings"]  # a fixture: both loops begin alike

EVERY_S = 0.002
TICKS = 1 << 18
SOURCE = SourceKey(1, 100 + VIDEO)
SINKS = (2, 3)


def stamp(at: float) -> int:
    return int(at * TICKS) & 0xFFFFFF


def send(pair: Pair, seconds: float, late_s: float = 0.0) -> int:
    """A steady stream of small packets, as late as is said; how many of them receivers were sent."""
    before = passed(pair)
    for number in range(round(seconds / EVERY_S)):
        pair.now += EVERY_S
        pair.arrive(pair.peers[1].packet(VIDEO, key=number % 100 == 0, stamp=stamp(pair.now - late_s)), pair.peers[1].address)
        if number % 500 == 499:
            pair.report()
    return passed(pair) - before


def passed(pair: Pair) -> int:
    return sum(line.packets for line in pair.native.sink_counters())


def estimate(pair: Pair, bps: int) -> None:
    for receiver in SINKS:
        sink = 5000 + VIDEO + 1
        body: list[rtcp.Packet] = [rtcp.ReceiverReport(receiver * 100 + VIDEO), rtcp.Remb(receiver * 100 + VIDEO, bps, (sink,))]
        pair.arrive(pair.peers[receiver].send.protect_rtcp(rtcp.build(body)), pair.peers[receiver].address)


def report(pair: Pair, receiver: int, missing: int, lost: int = 0) -> None:
    """A report that has all but the last `missing` packets."""
    sent = next(line.packets for line in pair.native.sink_counters() if line.key == SinkKey(receiver, 5000 + VIDEO + 1))
    highest = (FIRST + sent - 1 - missing) % (1 << 32)
    block = rtcp.ReportBlock(5000 + VIDEO + 1, 0, lost, highest, 0, 0, 0)
    body: list[rtcp.Packet] = [rtcp.ReceiverReport(receiver * 100 + VIDEO, (block,))]
    pair.arrive(pair.peers[receiver].send.protect_rtcp(rtcp.build(body)), pair.peers[receiver].address)


def uplink_bps(pair: Pair) -> int:
    return next(line.uplink_bps for line in pair.native.source_counters() if line.key == SOURCE)


@pytest.fixture
def pair() -> Pair:
    """A stream of some 350 kbit/s to two receivers, under a cap."""
    made = Pair()
    made.both("source_cap_set", SOURCE, 400_000)
    send(made, 2.0)
    estimate(made, 900_000)
    return made


def test_a_queue_on_the_first_hop_is_seen_and_its_end_too(pair: Pair) -> None:
    assert uplink_bps(pair) == 0
    send(pair, 0.6, late_s=0.3)
    rate = uplink_bps(pair)
    assert 200_000 < rate < 400_000, "what comes through"
    send(pair, 0.4)
    assert uplink_bps(pair) == 0
    assert counted(pair.reference) == counted(pair.native)
    pair.native.close()


def test_whoever_pauses_before_a_queue_is_told_no_longer_that_there_is_one(pair: Pair) -> None:
    send(pair, 0.6, late_s=0.3)
    assert uplink_bps(pair) > 0
    pair.now += 1.5
    pair.report()
    assert uplink_bps(pair) == 0
    limits = [packet.bps for packet in to_sender(pair) if isinstance(packet, rtcp.Remb)]
    assert limits[-1] >= 400_000, "it is free to begin again"
    pair.native.close()


def test_a_receiver_that_suddenly_takes_less_gets_nothing_for_a_moment_and_then_a_beginning(pair: Pair) -> None:
    assert send(pair, 0.2) == 2 * 100
    estimate(pair, 100_000)
    assert send(pair, 0.5) == 0, "the queue before it empties"
    assert send(pair, 2.0) > 2 * 300, "and it goes on"
    estimate(pair, 60_000)
    assert send(pair, 0.3) > 0, "but not twice in so short a time"
    assert told(pair.reference) == told(pair.native)
    pair.native.close()


def test_a_small_fall_is_left_to_the_cap(pair: Pair) -> None:
    estimate(pair, 330_000)
    assert send(pair, 0.5) == 2 * 250
    pair.native.close()


def downlink(pair: Pair, receiver: int) -> tuple[int, float]:
    line = next(each for each in pair.native.sink_counters() if each.key == SinkKey(receiver, 5000 + VIDEO + 1))
    return line.downlink_bps, line.downlink_late_s


def test_a_queue_before_a_receiver_is_seen_though_nobody_says_so_and_its_end_too(pair: Pair) -> None:
    """Half of what is sent arrives, the rest waits."""
    for receiver in SINKS:
        pair.both("peer_answered", receiver, 0.05)
    waiting = 0
    for turn in range(4):
        report(pair, 2, waiting)
        report(pair, 3, 0)
        send(pair, 0.5)
        waiting += 125
        assert downlink(pair, 3)[0] == 0
        assert (downlink(pair, 2)[0] > 0) == (turn >= 3), "two reports in a row"
    carried, late_s = downlink(pair, 2)
    assert 150_000 < carried < 220_000
    assert late_s == pytest.approx(375 * EVERY_S - 0.05, abs=0.04)  # to the next sixteenth packet
    report(pair, 2, 0)
    send(pair, 0.3)
    report(pair, 2, 0)
    assert downlink(pair, 2) == (0, 0.0)
    assert told(pair.reference) == told(pair.native)
    pair.native.close()


def test_a_long_path_is_no_queue(pair: Pair) -> None:
    pair.both("peer_answered", 2, 0.6)
    for _ in range(4):
        report(pair, 2, 300)
        send(pair, 0.5)
    assert downlink(pair, 2) == (0, 0.0)
    pair.both("peer_address_set", 2, ("192.0.2.9", 9))
    pair.both("peer_address_set", 2, pair.peers[2].address)
    pair.both("peer_answered", 2, 0.05)
    for _ in range(3):
        report(pair, 2, 300)
        send(pair, 0.5)
    assert downlink(pair, 2)[0] > 0, "on another way it is one"
    pair.native.close()


def test_whoever_falls_silent_gets_nothing_for_a_moment(pair: Pair) -> None:
    report(pair, 2, 0)
    report(pair, 3, 0)
    send(pair, 1.0)
    assert downlink(pair, 2)[0] == 0
    send(pair, 1.7)
    report(pair, 3, 0)
    pair.report()
    before = passed(pair)
    send(pair, 0.5)
    assert passed(pair) - before == 250, "one of the two"
    assert downlink(pair, 2)[0] > 0
    assert downlink(pair, 3)[0] == 0
    assert told(pair.reference) == told(pair.native)
    pair.native.close()


def test_losses_are_told_over_a_second_and_not_by_report(pair: Pair) -> None:
    for turn in range(40):
        send(pair, 0.1)
        report(pair, 2, 0, lost=5 * (turn + 1))
    (share,) = {line.lost for line in pair.native.sink_counters() if line.key == SinkKey(2, 5000 + VIDEO + 1)}
    assert share == pytest.approx(0.1, abs=0.01)
    assert told(pair.reference) == told(pair.native)
    pair.native.close()


def test_a_receiver_that_takes_next_to_nothing_is_believed_when_a_queue_or_losses_bear_it_out(pair: Pair) -> None:
    """An estimate never exceeds half again what comes: that of a sender who sits still sinks to nothing on the best of lines."""
    for receiver in SINKS:
        pair.both("peer_answered", receiver, 0.05)
        report(pair, receiver, 0)
    send(pair, 1.0)
    estimate(pair, 2_000)
    assert [believed(pair, receiver) for receiver in SINKS] == [150_000, 150_000]
    send(pair, 2.0)  # which they get nothing of at first: the estimate fell
    for turn in range(4):
        report(pair, 2, 125 * turn)
        report(pair, 3, 0, lost=100 * turn)
        send(pair, 0.5)
    estimate(pair, 2_000)
    assert [believed(pair, receiver) for receiver in SINKS] == [2_000, 2_000]
    for _ in range(4):
        send(pair, 0.5)
        report(pair, 2, 0)
        report(pair, 3, 0, lost=300)
    estimate(pair, 2_000)
    assert [believed(pair, receiver) for receiver in SINKS] == [150_000, 150_000], "and it is over"
    assert told(pair.reference) == told(pair.native)
    assert counted(pair.reference) == counted(pair.native)
    pair.native.close()


def test_of_what_is_not_sent_any_more_no_queue_is_known(pair: Pair) -> None:
    """A layer that its sender leaves out has no packet that could tell of the end of its queue."""
    send(pair, 0.6, late_s=0.3)
    assert uplink_bps(pair) > 0
    pair.now += 0.5
    pair.report()
    assert uplink_bps(pair) > 0
    pair.now += 1.0
    pair.report()
    assert uplink_bps(pair) == 0
    assert counted(pair.reference) == counted(pair.native)
    pair.native.close()


def limits_told(pair: Pair) -> list[int]:
    """What both loops have told the sender of the stream since they were last compared."""
    reference, pair.sent = pair._heard(pair.sent, "reference"), []
    assert reference == pair._heard(pair.native.sent(), "native")
    packets = [packet for data in reference.get((1, 0), []) for packet in rtcp.parse(data) or []]
    return [packet.bps for packet in packets if isinstance(packet, rtcp.Remb)]


def test_a_sender_of_layers_is_free_while_any_receiver_is(pair: Pair) -> None:
    """Whatever that one says, and if it says nothing at all: who receives less gets a smaller layer."""
    pair.both("source_cap_set", SOURCE, 0)
    for receiver in SINKS:
        pair.both("peer_answered", receiver, 0.05)
        report(pair, receiver, 0)
    send(pair, 1.3)
    pair.reference.report()
    pair.native.report(pair.now)
    assert limits_told(pair) == [2_500_000]
    for lossy, told_bps in ((SINKS, 900_000), (SINKS[:1], 2_500_000)):
        for turn in range(5):
            for receiver in SINKS:
                report(pair, receiver, 0, lost=100 * turn if receiver in lossy else 0)
            send(pair, 0.5)
        send(pair, 0.3)
        remb = rtcp.build([rtcp.ReceiverReport(200 + VIDEO), rtcp.Remb(200 + VIDEO, 300_000, (5000 + VIDEO + 1,))])
        data = pair.peers[2].send.protect_rtcp(remb)
        pair.reference.datagram(data, pair.peers[2].address)
        pair.native.datagram(data, pair.peers[2].address, pair.now)
        assert limits_told(pair) == [told_bps], "of full lines what the best says counts"
    pair.native.close()


def test_estimates_that_fell_while_a_sender_had_no_cap_limit_nobody_under_one(pair: Pair) -> None:
    """In a room of three there is none; when it is of two again the picture stopped for what had been said before."""
    pair.both("source_cap_set", SOURCE, 0)
    estimate(pair, 900_000)
    send(pair, 2.5)
    estimate(pair, 200_000)
    assert next(line.congested for line in pair.native.source_counters() if line.key == SOURCE)
    pair.both("source_cap_set", SOURCE, 400_000)
    assert counted(pair.reference) == counted(pair.native)
    pair.now += 0.3
    pair.reference.report()
    pair.native.report(pair.now)
    assert min(limits_told(pair)) == 1_500_000
    estimate(pair, 150_000)
    assert next(line.congested for line in pair.native.source_counters() if line.key == SOURCE), "what is said from then on does"
    assert told(pair.reference) == told(pair.native)
    pair.native.close()


def believed(pair: Pair, receiver: int) -> int:
    return next(line.estimate_bps for line in pair.native.sink_counters() if line.key == SinkKey(receiver, 5000 + VIDEO + 1))


def test_what_is_never_quite_in_time_is_no_queue_for_ever(pair: Pair) -> None:
    send(pair, 0.6, late_s=0.3)
    assert uplink_bps(pair) > 0
    send(pair, 0.45, late_s=0.09)
    assert uplink_bps(pair) > 0, "it may come back"
    send(pair, 0.6, late_s=0.09)
    assert uplink_bps(pair) == 0
    assert counted(pair.reference) == counted(pair.native)
    pair.native.close()


REQUESTS = [b"\x00\x01\x00\x00\x21\x12\xa4\x42" + bytes((number,)) * 12 for number in range(8)]


class Line:
    """What stands before a receiver, as its checks pass: `bps` through a queue of any length, both loops at once."""

    def __init__(self, pair: Pair, receiver: int) -> None:
        self.pair, self.receiver, self.bps = pair, receiver, 10_000_000.0
        self.free_at, self.trip_s = pair.now, 0.0
        self.waits: list[tuple[float, bytes]] = []
        self.others: list[tuple[bytes, Any]] = []
        for request in REQUESTS:
            pair.both("peer_check_add", receiver, request)

    def run(self, seconds: float, lost: int = 0, many: int = 1) -> None:
        """A steady stream of some 350 kbit/s, judged each tenth of a second; each `lost`th check gets no answer. Of pictures of
        `many` packets at once, half of it."""
        asked = 0
        for number in range(round(seconds / EVERY_S)):
            pair = self.pair
            pair.now += EVERY_S
            for part in range(0 if many > 1 and number % (2 * many) else many):
                key = number % 100 == 0 and part == 0
                data = pair.peers[1].packet(VIDEO, key=key, ends=part == many - 1, stamp=stamp(pair.now))
                pair.arrive(data, pair.peers[1].address)
            if number % 50 == 49:
                pair.report()
            for request in self.sent(pair):
                asked += 1
                if not lost or asked % lost:
                    self.waits.append((self.free_at + self.trip_s, request))
            while self.waits and self.waits[0][0] <= pair.now:
                answer = b"\x01\x01" + self.waits.pop(0)[1][2:]
                pair.arrive(answer, pair.peers[self.receiver].address)

    def sent(self, pair: Pair) -> list[bytes]:
        """The checks among what went to the receiver since the last call; all of it has to pass."""
        requests = []
        for data, address in pair.passed:
            if address == pair.peers[self.receiver].address:
                self.free_at = max(self.free_at, pair.now) + len(data) * 8 / self.bps
                requests += [data] if data in REQUESTS else []
            else:
                self.others.append((data, address))
        pair.passed.clear()
        return requests


def test_a_queue_is_seen_by_checks_within_a_second_and_so_is_its_end(pair: Pair) -> None:
    for receiver in SINKS:
        pair.both("peer_answered", receiver, 0.02)
    line = Line(pair, 2)
    line.run(3.0)
    assert downlink(pair, 2) == (0, 0.0)
    line.bps = 100_000.0
    line.run(1.0)
    bps, late_s = downlink(pair, 2)
    assert late_s > 0.35
    assert 30_000 < bps < 110_000, "what the line carries"
    line.bps = 10_000_000.0
    line.free_at = pair.now
    line.run(3.0)
    assert downlink(pair, 2)[0] == 0
    assert downlink(pair, 3) == (0, 0.0), "others have lines of their own"
    assert counted(pair.reference) == counted(pair.native)
    pair.native.close()


def test_checks_that_are_lost_now_and_then_tell_of_no_queue(pair: Pair) -> None:
    pair.both("peer_answered", 2, 0.02)
    line = Line(pair, 2)
    for _ in range(20):
        line.run(0.5, lost=3)
        assert downlink(pair, 2)[0] == 0
    pair.native.close()


def test_where_checks_find_no_queue_an_estimate_that_falls_takes_nothing_away(pair: Pair) -> None:
    """A busy browser's estimate sinks without any."""
    pair.both("peer_answered", 2, 0.02)
    pair.both("route_clear", SinkKey(3, 5000 + VIDEO + 1))
    line = Line(pair, 2)
    line.run(2.0)
    before = passed(pair)
    estimate(pair, 100_000)
    line.run(0.5)
    assert passed(pair) - before == 250
    assert not any(source.congested for source in pair.native.source_counters())
    pair.native.close()


def test_what_the_sender_was_asked_for_in_vain_becomes_a_key_frame(pair: Pair) -> None:
    """What it sends again and again fills a full line with what comes too late, and a receiver would wait three seconds."""
    sink, requests, asked = 5000 + VIDEO + 1, 0, 0
    pair.passed.clear()
    send(pair, 1.0)
    gone = (FIRST + passed(pair) // 2 - 400) % (1 << 16)
    for _ in range(8):
        body: list[rtcp.Packet] = [rtcp.ReceiverReport(200 + VIDEO), rtcp.Nack(200 + VIDEO, sink, (gone,))]
        pair.arrive(pair.peers[2].send.protect_rtcp(rtcp.build(body)), pair.peers[2].address)
        for packet in to_sender(pair):
            asked += isinstance(packet, rtcp.Nack)
            requests += isinstance(packet, rtcp.PictureLoss)
        send(pair, 0.3)
        pair.passed.clear()
    assert asked == 3
    assert requests >= 1
    pair.native.close()


@pytest.mark.parametrize(("age_s", "again"), [(0.5, True), (1.02, True), (1.1, False)])
def test_what_is_missed_long_after_it_was_sent_is_not_sent_again(pair: Pair, age_s: float, *, again: bool) -> None:
    """Its picture's time is over, and the key frame that makes it void would wait behind it."""
    pair.both("peer_answered", 2, 0.05)
    pair.both("route_clear", SinkKey(3, 5000 + VIDEO + 1))
    send(pair, 1.0)
    pair.passed.clear()
    pair.now += age_s
    misses(pair, 2, range(4))
    line = next(line for line in pair.native.sink_counters() if line.key == SinkKey(2, 5000 + VIDEO + 1))
    assert line.retransmitted == (4 if again else 0)
    assert [isinstance(packet, rtcp.PictureLoss) for packet in to_sender(pair)].count(True) == (0 if again else 1)
    pair.native.close()


def test_a_copy_that_begins_just_after_a_key_frame_need_not_wait_for_the_time_that_one_takes(pair: Pair) -> None:
    """Which are 0.6 s under this cap; a receiver's word waits, since its own line may be what is narrow."""

    def asked(after_s: float, *, by_receiver: bool = False) -> bool:
        pair.now += after_s
        if by_receiver:
            lost = rtcp.build([rtcp.PictureLoss(200 + VIDEO, 5000 + VIDEO + 1)])
            pair.arrive(pair.peers[2].send.protect_rtcp(lost), pair.peers[2].address)
        else:
            pair.order(SOURCE)
        return any(isinstance(packet, rtcp.PictureLoss) for packet in to_sender(pair))

    pair.passed.clear()
    assert asked(3.0)
    assert not asked(0.25), "it has not come"
    pair.arrive(pair.peers[1].packet(VIDEO, key=True, ends=False, stamp=stamp(pair.now)), pair.peers[1].address)
    assert not asked(0.05), "it has only begun"
    pair.arrive(pair.peers[1].packet(VIDEO, key=True, stamp=stamp(pair.now)), pair.peers[1].address)
    assert not asked(0.0, by_receiver=True)
    assert asked(0.0)
    assert not asked(0.25)
    pair.native.close()


def to_sender(pair: Pair) -> list[rtcp.Packet]:
    """What the sender was told since the last call."""
    ear, packets = session(pair.peers[1].keys.send, sending=False), []
    for data, address in pair.passed:
        if address == pair.peers[1].address and 192 <= data[1] < 224:
            packets += rtcp.parse(ear.unprotect_rtcp(data)) or []
    pair.passed.clear()
    return packets


def layers(pair: Pair, seconds: float) -> None:
    """Both layers of the first peer's picture."""
    for number in range(round(seconds / EVERY_S)):
        pair.now += EVERY_S
        pair.arrive(pair.peers[1].packet(VIDEO, key=number == 0, stamp=stamp(pair.now)), pair.peers[1].address)
        pair.arrive(pair.peers[1].packet(LOW, stamp=stamp(pair.now)), pair.peers[1].address)
        if number % 500 == 499:
            pair.report()


def misses(pair: Pair, receiver: int, back: range) -> None:
    """Asks again for what was sent so many packets ago."""
    sent = next(line.packets for line in pair.native.sink_counters() if line.key == SinkKey(receiver, 5000 + VIDEO + 1))
    lost = rtcp.Nack(receiver * 100 + VIDEO, 5000 + VIDEO + 1, tuple((FIRST + sent - 1 - each) % (1 << 16) for each in back))
    pair.arrive(pair.peers[receiver].send.protect_rtcp(rtcp.build([lost])), pair.peers[receiver].address)


def again(pair: Pair) -> int:
    return sum(line.retransmitted for line in pair.native.sink_counters())
