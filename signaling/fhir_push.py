"""Telling another system of sealed recordings: a DocumentReference for each, put to its FHIR endpoint until it has it.

Update as create (`PUT DocumentReference/id`, hl7.org/fhir/R4/http.html#upsert): the same sent twice is one. It never gives up:
a system that is away for a week is told after it.
"""

import aiohttp
import structlog

from common.clock import Clock
from common.evidence.entry import AuditEntry
from recording.catalog.jobs import Jobs
from recording.fhir import MEDIA_TYPE, document_reference, fhir_id
from recording.records import Recording
from recording.uploads import FIRST_S

log = structlog.get_logger()

TIMEOUT_S = 20.0
LONGEST_S = 3600.0
_BATCH = 20


def backoff_s(attempts: int) -> float:
    """How long after so many attempts it is tried again."""
    return float(min(LONGEST_S, FIRST_S * 2.0 ** min(attempts, 16)))


class FhirPush:
    """The job. `look` is called again and again; of several processes one claims each recording."""

    def __init__(self, jobs: Jobs, clock: Clock, *, url: str | None, token: str | None, base_url: str) -> None:
        self._jobs = jobs
        self._clock = clock
        self._url = url.rstrip("/") if url is not None else None
        self._token = token
        self._base_url = base_url

    async def look(self) -> int:
        """Pushes what is due; returns how many were taken. Unavailable: the database."""
        if self._url is None:
            return 0
        taken = 0
        due = await self._jobs.pushes_due(self._clock.now(), _BATCH)
        if not due:
            return 0
        async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=TIMEOUT_S)) as session:
            for recording, attempts in due:
                if await self._jobs.claim_push(recording.id, self._clock.now()):
                    taken += await self._push(session, recording, attempts)
        return taken

    async def _push(self, session: aiohttp.ClientSession, recording: Recording, attempts: int) -> bool:
        status = await self._put(session, recording)
        if status in (200, 201):
            entry = AuditEntry(self._clock.now(), recording.hospital, "system", "recording_described", recording.id, "fhir_push")
            await self._jobs.pushed(recording.id, self._clock.now(), entry)
            return True
        log.warning("document reference not pushed", recording=recording.id, status=status, attempts=attempts + 1)
        await self._jobs.push_failed(recording.id, self._clock.now() + backoff_s(attempts))
        return False

    async def _put(self, session: aiohttp.ClientSession, recording: Recording) -> int:
        """The answer's status; 0 where there was none."""
        headers = {"Content-Type": MEDIA_TYPE, "Accept": MEDIA_TYPE}
        if self._token is not None:
            headers["Authorization"] = f"Bearer {self._token}"
        url = f"{self._url}/DocumentReference/{fhir_id(recording.id)}"
        resource = document_reference(recording, self._base_url)
        try:
            async with session.put(url, json=resource, headers=headers, allow_redirects=False) as response:
                return response.status
        except (aiohttp.ClientError, TimeoutError, OSError):
            return 0
