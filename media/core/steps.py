"""Which steps of a ladder are worth telling people: those that last. Pure.

The timeline shall say that the picture became smaller and why, not that it was up and down eleven times in a minute.
"""

from dataclasses import dataclass

from media.core.ladder import Decision, Reason, Rung

LASTS_S = 6.0
"""A picture that grows or shrinks for less has not changed."""
GONE_LASTS_S = 2.0
"""A picture that goes away must be explained while people wonder."""
PAUSE_S = 20.0
"""Between two tellings, unless the picture goes or comes."""


@dataclass(frozen=True, slots=True)
class Step:
    """What people are told."""

    rung: Rung
    reason: Reason


class Steps:
    """One sender's. A call begins at the top, as far as people know."""

    def __init__(self, now: float) -> None:
        self.told = Step(Rung.HD, Reason.START)
        self._told_at = float("-inf")
        self._rung = Rung.HD
        self._reason = Reason.START
        self._since = now

    def took(self, decision: Decision, now: float) -> None:
        """A decision was made; `told` is what it means for people."""
        if decision.rung is not self._rung:
            self._rung, self._since = decision.rung, now
        self._reason = decision.reason
        if self._rung is self.told.rung or self._reason is Reason.START:
            return  # how a call begins is no news
        grave = self._rung.moves != self.told.rung.moves or not self._rung.moves
        if now - self._since >= (GONE_LASTS_S if grave else LASTS_S) and (grave or now - self._told_at >= PAUSE_S):
            self.told, self._told_at = Step(self._rung, self._cause()), now

    def _cause(self) -> Reason:
        """Upward it is better; downward what did not get back to where it was has a link to blame."""
        if self._rung.height > self.told.rung.height:
            return Reason.BETTER
        return Reason.BANDWIDTH if self._reason is Reason.BETTER else self._reason
