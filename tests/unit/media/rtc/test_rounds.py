"""Everybody is looked at about every half second, many in one go, until they are removed."""

import asyncio
from collections import Counter
from collections.abc import Callable

from media.rtc.rounds import GROUPS, LOOK_EVERY_S, Rounds


class _Looked:
    """What calls `then` with each look."""

    def __init__(self, then: Callable[[float], None], look_at: float = 0.0) -> None:
        self.look_at = look_at
        self._then = then

    def looked_at(self, now: float) -> None:
        self._then(now)


class _Timer:
    cancelled = False

    def cancel(self) -> None:
        self.cancelled = True


class _Loop:
    """A loop's timers on a clock that jumps to the next one."""

    def __init__(self) -> None:
        self.now = 0.0
        self.next: tuple[float, object, _Timer] | None = None

    def time(self) -> float:
        return self.now

    def call_later(self, after_s: float, what: object) -> _Timer:
        timer = _Timer()
        self.next = (self.now + after_s, what, timer)
        return timer

    def step(self) -> bool:
        assert self.next is not None
        at, what, timer = self.next
        if timer.cancelled:
            return False
        self.now = at
        what()  # type: ignore[operator]
        return True


def test_each_is_looked_at_in_turn_and_no_round_holds_all() -> None:
    loop = _Loop()
    rounds = Rounds(loop)  # type: ignore[arg-type]
    seen: list[tuple[float, int]] = []
    for number in range(10):
        rounds.add(number, _Looked(lambda now, number=number: seen.append((now, number))))  # type: ignore[misc]
    while loop.now < 10 * LOOK_EVERY_S - 0.01:
        loop.step()
    assert set(Counter(number for _, number in seen).values()) == {10}
    assert max(Counter(at for at, _ in seen).values()) == -(-10 // GROUPS)
    rounds.remove(3)
    rounds.remove(99)
    seen.clear()
    for _ in range(GROUPS):
        loop.step()
    assert sorted(number for _, number in seen) == [0, 1, 2, 4, 5, 6, 7, 8, 9]
    rounds.close()
    assert not loop.step()


def test_nobody_is_looked_at_before_it_is_due() -> None:
    loop = _Loop()
    rounds = Rounds(loop)  # type: ignore[arg-type]
    seen: list[float] = []
    looked = _Looked(seen.append, look_at=3 * LOOK_EVERY_S)
    rounds.add(1, looked)
    while loop.now < 6 * LOOK_EVERY_S:
        loop.step()
    assert seen[0] >= 3 * LOOK_EVERY_S and len(seen) >= 3
    looked.look_at = loop.now + 2 * LOOK_EVERY_S
    seen.clear()
    while loop.now < looked.look_at - LOOK_EVERY_S / GROUPS:
        loop.step()
    assert not seen


async def test_a_look_may_remove_others() -> None:
    rounds = Rounds(asyncio.get_running_loop())
    seen: list[int] = []

    def look(_now: float) -> None:
        seen.append(1)
        rounds.remove(1)
        rounds.remove(1 + GROUPS)

    rounds.add(1, _Looked(look))
    rounds.add(1 + GROUPS, _Looked(look))
    async with asyncio.timeout(5):
        while not seen:
            await asyncio.sleep(0.01)
    rounds.close()
