"""What was sent again and comes very late: both loops leave it alone, and nobody's numbering jumps."""

from tests.property.media.test_planes_agree import VIDEO, Pair, counted, same_beginnings
from tests.property.media.test_planes_under_queues import SOURCE, passed, send
from tests.reference.sequence import MAX_MISORDER

__all__ = ["same_beginnings"]  # a fixture: both loops begin alike


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
