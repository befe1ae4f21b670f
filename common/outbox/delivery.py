"""Delivers what the outbox holds: each letter once, tried again with growing pauses, given up after a day.

Any process may deliver any letter; who claims it does. A process that dies while it holds one leaves it to the others when
the claim runs out: then a letter can arrive twice (it bears the same Message-ID), and none is lost. The log says what became
of a letter once that is stored.
"""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Protocol

import structlog

from common.clock import Clock
from common.errors import ConsiliumError
from common.outbox.letter import Letter, LetterKind

log = structlog.get_logger()

POLL_S = 5.0  # letters of other processes, and those put off; our own are delivered at once (`wake`)
AT_ONCE = 20
SEND_TIMEOUT_S = 60.0
CLAIM_S = 120.0  # longer than one sending may last
FIRST_PAUSE_S = 10.0
LONGEST_PAUSE_S = 3600.0
GIVE_UP_S = 24 * 3600.0  # whoever asked for a link a day ago has asked again
CALL_GIVE_UP_S = 3600.0  # "it is your turn soon" is not true for longer


@dataclass(frozen=True, slots=True)
class Waiting:
    """A letter in the outbox. `due_at` is when it is to be tried, or when another's claim on it runs out."""

    letter: Letter
    due_at: float
    attempts: int


class Outbox(Protocol):
    """Where letters wait. Every method is one transaction and may raise Unavailable."""

    async def due(self, now: float, limit: int) -> list[Waiting]: ...

    async def claim(self, waiting: Waiting, until: float) -> bool:
        """Whether the letter is ours until then: of two at once, one is told true."""

    async def put_off(self, letter: Letter, until: float) -> None: ...

    async def finish(self, letter: Letter, act: str, reason: str, now: float) -> None:
        """Deletes the letter and says in the audit what became of it."""


class NotSent(Exception):
    """The letter did not go out. `code` says why; `for_good`: trying again cannot help (the address is refused)."""

    def __init__(self, code: str, for_good: bool = False) -> None:
        super().__init__(code)
        self.code = code
        self.for_good = for_good


Send = Callable[[Letter], Awaitable[None]]
"""Puts a letter into words and hands it over; raises `NotSent`."""


def pause_s(attempts: int) -> float:
    """How long to wait after the `attempts`-th try failed: twice as long each time, an hour at most."""
    return min(LONGEST_PAUSE_S, FIRST_PAUSE_S * 2.0 ** max(0, attempts - 1))


class Delivery:
    """The loop of one process."""

    def __init__(self, outbox: Outbox, send: Send, clock: Clock) -> None:
        self._outbox = outbox
        self._send = send
        self._clock = clock
        self._wake = asyncio.Event()

    def wake(self) -> None:
        """A letter was stored: look now."""
        self._wake.set()

    async def run(self) -> None:
        """Deliver until cancelled; survives an absent database and any fault of one letter."""
        while True:
            self._wake.clear()
            try:
                more = await self.deliver_due()
            except ConsiliumError as error:
                log.warning("letters not read", code=error.code)
                more = False
            except Exception:
                log.exception("delivery failed")
                more = False
            if not more:
                await self._rest()

    async def deliver_due(self) -> bool:
        """Tries whatever is due; whether there may be more at once."""
        due = await self._outbox.due(self._clock.now(), AT_ONCE)
        for waiting in due:
            if await self._outbox.claim(waiting, self._clock.now() + CLAIM_S):
                await self._deliver(waiting.letter, waiting.attempts + 1)
        return len(due) == AT_ONCE

    async def _deliver(self, letter: Letter, attempts: int) -> None:
        try:
            async with asyncio.timeout(SEND_TIMEOUT_S):
                await self._send(letter)
        except NotSent as failure:
            await self._failed(letter, attempts, failure)
        except ConsiliumError as error:
            await self._failed(letter, attempts, NotSent(error.code))
        except TimeoutError:
            await self._failed(letter, attempts, NotSent("timed_out"))
        except Exception:
            log.exception("letter failed", letter=letter.id)
            await self._failed(letter, attempts, NotSent("fault"))
        else:
            await self._outbox.finish(letter, "letter_sent", letter.kind, self._clock.now())
            log.info("letter sent", letter=letter.id, kind=letter.kind, attempts=attempts)

    async def _failed(self, letter: Letter, attempts: int, failure: NotSent) -> None:
        now = self._clock.now()
        again = now + pause_s(attempts)
        patience = CALL_GIVE_UP_S if letter.kind is LetterKind.TURN else GIVE_UP_S
        if failure.for_good or again > letter.created_at + patience:
            await self._outbox.finish(letter, "letter_given_up", failure.code, now)
            log.error("letter given up", letter=letter.id, kind=letter.kind, code=failure.code, attempts=attempts)
        else:
            await self._outbox.put_off(letter, again)
            log.warning("letter not sent", letter=letter.id, code=failure.code, attempts=attempts)

    async def _rest(self) -> None:
        try:
            async with asyncio.timeout(POLL_S):
                await self._wake.wait()
        except TimeoutError:
            return
