"""How long senders' caps hold when a room grows."""

from media.caps import LAYERS_COME_S, Capped, Caps
from media.core.routes import SourceKey

WHOLE, HALF = SourceKey(1, 11), SourceKey(1, 12)
SMALL = SourceKey(2, 21)


class Room:
    """Two people: a camera of three layers, of which one is known at first, and one too small for them."""

    def __init__(self) -> None:
        self.told: dict[SourceKey, int] = {}
        self.caps = Caps(self.told.__setitem__)
        self.pictures = [Capped(WHOLE, "s_one", "1", 3), Capped(SMALL, "s_two", "1", 0)]

    def hold(self, people: int, now: float) -> dict[SourceKey, int]:
        self.caps.hold(people, self.pictures, {"s_one": 900_000, "s_two": 300_000}, now)
        return self.told


def test_in_a_room_of_two_everybody_has_the_cap_of_their_ladder() -> None:
    assert Room().hold(2, 0.0) == {WHOLE: 900_000, SMALL: 300_000}


def test_a_cap_holds_until_the_layers_flow_when_a_third_comes() -> None:
    room = Room()
    room.hold(2, 0.0)
    assert room.hold(3, 1.0) == {WHOLE: 900_000, SMALL: 0}
    room.pictures.append(Capped(HALF, "s_one", "1", 3))
    assert room.hold(3, 2.0) == {WHOLE: 0, SMALL: 0}
    room.pictures.pop()
    assert room.hold(2, 9.0) == {WHOLE: 900_000, SMALL: 300_000}, "they are two again"


def test_what_is_said_of_three_counts_no_more_once_caps_are_held_for_two() -> None:
    room = Room()
    assert room.caps.are_for_two, "a call begins"
    room.hold(3, 1.0)
    assert not room.caps.are_for_two
    room.hold(2, 2.0)
    assert room.caps.are_for_two


def test_layers_that_never_come_end_it_too() -> None:
    room = Room()
    room.hold(3, 1.0)
    assert room.hold(3, 0.9 + LAYERS_COME_S)[WHOLE] == 900_000
    assert room.hold(3, 1.0 + LAYERS_COME_S)[WHOLE] == 0


def test_who_obeys_no_cap_has_none() -> None:
    room = Room()
    room.caps.hold(2, room.pictures, {}, 0.0)
    assert room.told == {}
