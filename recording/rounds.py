"""Going round the archive: every recording is read whole once a month, so that damage is found before a court asks.

It decides which is next (the one that nobody looked at for longest) and that one is read at a time; what is found is kept and
shown as after any verification, and is in the audit.
"""

import structlog

from common.clock import Clock
from common.errors import ConsiliumError
from common.evidence.entry import AuditEntry
from recording.archive import Archive
from recording.catalog.jobs import Jobs

log = structlog.get_logger()
EVERY_S = 30 * 86_400.0
FRESH_S = 86_400.0  # what was sealed today was hashed today


class Rounds:
    """The job. `look` takes one recording at a time."""

    def __init__(self, jobs: Jobs, archive: Archive, clock: Clock) -> None:
        self._jobs = jobs
        self._archive = archive
        self._clock = clock

    async def look(self) -> int:
        """Verifies the one that waits longest; 1 when there was one. Unavailable: the database, store_…."""
        now = self._clock.now()
        recording = await self._jobs.to_verify(now - EVERY_S, now - FRESH_S)
        if recording is None:
            return 0
        try:
            verified = await self._archive.examine(recording)
        except ConsiliumError as error:
            log.warning("recording not verified", recording=recording.id, code=error.code)
            return 0
        code = verified.flaw.code if verified.flaw else "unaltered"
        if verified.flaw is not None:
            log.error("recording altered", recording=recording.id, code=code)
        entry = AuditEntry(now, recording.hospital, "system", "recording_verified", recording.id, code)
        await self._archive.catalog.verified(recording.id, verified, entry)
        return 1
