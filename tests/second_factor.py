"""Codes for the sign-ins of tests. The server takes each step once for each account: whoever signs in again needs another.

Three are good at any moment (one back, now, one ahead), so three sign-ins of one account need no waiting; a fourth waits for the
clock, which is why tests keep a session's cookie and sign in again only where that is what they are about.
"""

import asyncio
import time
from collections import defaultdict
from pathlib import Path

from clinic.factors import STEP_S, code_of, step_at
from clinic.sample import FACTOR_FILE

SPARE_S = 10.0  # a code of the last step is only given with this much left, or it would be too old when it arrives


class Authenticator:
    """Somebody's app with one secret, for any number of accounts."""

    def __init__(self, secret: str) -> None:
        self.secret = secret
        self._given: defaultdict[str, int] = defaultdict(int)

    @classmethod
    def of_sample(cls, data: Path) -> "Authenticator":
        """The sample's, from the server's data folder."""
        return cls((data / FACTOR_FILE).read_text().strip())

    async def code(self, account: str) -> str:
        """A code that this account has not used."""
        while (step := self._step(account, time.time())) is None:
            await asyncio.sleep(STEP_S - time.time() % STEP_S)  # not a guess: the next step begins then
        self._given[account] = step
        return code_of(self.secret, step)

    def _step(self, account: str, now: float) -> int | None:
        here = step_at(now)
        first = here - 1 if STEP_S - now % STEP_S > SPARE_S else here
        step = max(first, self._given[account] + 1)
        return step if step <= here + 1 else None
