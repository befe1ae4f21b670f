"""The reconciliation of what is here with what is elsewhere: it never gives up, and never in silence.

It decides when a copy is tried again (backoff, bounded, for ever) and when the files here may go: after every file was read back
and the catalog says so. While the store is down nothing is lost: the recordings stay here, play from here, and the page says why.
"""

import asyncio

import structlog

from common.clock import Clock
from common.errors import ConsiliumError, Unavailable
from common.evidence.entry import AuditEntry
from recording.catalog.jobs import CLAIM_S, Jobs
from recording.folder import KEY
from recording.reading import Shelf
from recording.records import Recording
from recording.storage import upload

log = structlog.get_logger()

FIRST_S = 5.0
LONGEST_S = 300.0
"""Ten minutes' absence of the store cost at most five more; a store that is back is not asked by everybody in one second."""
_BATCH = 8
_MARGIN_S = 20.0  # of the claim's time, for the transaction that ends it


def backoff_s(attempts: int) -> float:
    """How long after so many failures it is tried again: doubling from FIRST_S, never longer than LONGEST_S."""
    return float(min(LONGEST_S, FIRST_S * 2.0 ** min(attempts, 16)))


class Uploads:
    """The job. `look` is called again and again, by any number of processes; each recording is claimed by one."""

    def __init__(self, jobs: Jobs, shelf: Shelf, clock: Clock) -> None:
        self._jobs = jobs
        self._shelf = shelf
        self._clock = clock

    @property
    def wanted(self) -> bool:
        """Whether there is a store to copy to."""
        return self._shelf.remote is not None

    async def look(self) -> int:
        """Copies what is due; returns how many are proven now. Unavailable: the database."""
        if self._shelf.remote is None:
            return 0
        proven = 0
        for recording in await self._jobs.uploads_due(self._clock.now(), _BATCH):
            if await self._jobs.claim_upload(recording, self._clock.now()) and await self._try(recording):
                proven += 1
        return proven

    async def _try(self, recording: Recording) -> bool:
        attempts = recording.trouble.attempts if recording.trouble else 0
        try:
            async with asyncio.timeout(CLAIM_S - _MARGIN_S):
                return await self._upload(recording)
        except TimeoutError:
            code = "store_slow"
        except FileNotFoundError:  # of another host's folder: that host will find it due, too
            code = "recording_elsewhere"
        except ConsiliumError as error:
            code = error.code
        again = self._clock.now() + backoff_s(attempts)
        log.warning("recording not uploaded", recording=recording.id, code=code, attempts=attempts + 1)
        await self._jobs.upload_failed(recording.id, code, again)
        return False

    async def _upload(self, recording: Recording) -> bool:
        remote = self._shelf.remote
        if remote is None:
            raise Unavailable("store_not_set", "No store is set.")
        names = await asyncio.to_thread(self._shelf.local.names, recording.id)
        if KEY not in names:
            raise FileNotFoundError(KEY)
        octets = await upload(self._shelf.local, remote, recording.id)
        key = await asyncio.to_thread(self._shelf.local.read, recording.id, KEY)
        entry = AuditEntry(self._clock.now(), recording.hospital, "system", "recording_uploaded", recording.id)
        if not await self._jobs.uploaded(recording.id, key, entry):
            return False  # destroyed meanwhile: its destruction removes both copies
        self._shelf.forget(recording.id)
        await asyncio.to_thread(self._shelf.local.delete_all, recording.id)
        log.info("recording uploaded", recording=recording.id, octets=octets)
        return True
