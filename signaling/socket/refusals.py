"""Connections refused for want of authority are failed access, and are written to the audit trail within bounds.

It decides which are written: a few of each address, and a few in a minute of all together, so that no flood fills the trail and
no address hides what another tries. The rest is counted, and the count is written. An address itself is written nowhere.
"""

from collections.abc import Collection
from typing import Any

import structlog

from common.clock import Clock
from common.errors import ConsiliumError
from common.evidence.entry import AuditEntry
from common.ids import SeatId, is_id
from signaling.limits import Bucket, Limiter, Rate, address_key
from signaling.socket.handlers.shared import Services

OF_ADDRESS = Rate(per_s=1 / 300, burst=5)  # a browser whose session has ended says it once; five are a person who tries
OF_ALL = Rate(per_s=1 / 20, burst=40)  # at the most some four thousand entries a day, whoever asks and however often
TOLD_EVERY_S = 600.0  # how many were left out
log = structlog.get_logger()


class Refusals:
    """Of one signaling process."""

    def __init__(self, clock: Clock, trusted_proxies: Collection[str]) -> None:
        self._clock = clock
        self._trusted = trusted_proxies
        self._of_address = Limiter(OF_ADDRESS)
        self._of_all = Bucket(OF_ALL, clock.now())
        self._left_out = 0
        self._told_at = clock.now()

    async def note(self, services: Services, environ: dict[str, Any], code: str, asked: object) -> None:
        """Who asked is refused for `code`; `asked` is what they sent, unchecked. Raises nothing that the store refuses."""
        now = self._clock.now()
        if not (self._of_address.take(self._key(environ), now) and self._of_all.take(now)):
            self._left_out += 1
            return
        claimed = asked.get("seat") if isinstance(asked, dict) else None
        seat = SeatId(claimed) if isinstance(claimed, str) and is_id(claimed) else None
        try:
            known = await services.rooms.seat_view(seat) if seat is not None else None
            hospital = known.hospital if known is not None else ""
            await services.clinic.store.note(AuditEntry(now, hospital, "unknown", "access_refused", seat or "", code))
        except ConsiliumError as error:
            self._left_out += 1
            log.error("refused connection not noted", code=error.code)

    async def tell(self, services: Services, *, now_or_never: bool = False) -> None:
        """Writes how many were left out since the last time, now and then. Raises nothing that the store refuses."""
        now = self._clock.now()
        if self._left_out == 0 or (now - self._told_at < TOLD_EVERY_S and not now_or_never):
            return
        left_out, self._left_out, self._told_at = self._left_out, 0, now
        try:
            await services.clinic.store.note(AuditEntry(now, "", "system", "refusals_left_out", "", str(left_out)))
        except ConsiliumError as error:
            self._left_out += left_out
            log.error("refused connections not told", code=error.code)

    def _key(self, environ: dict[str, Any]) -> str:
        request = environ.get("aiohttp.request")
        remote = request.remote if request is not None else None
        return address_key(remote, environ.get("HTTP_X_FORWARDED_FOR"), self._trusted)
