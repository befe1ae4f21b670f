"""Carrying out what retention decides, step by step: the key first, then everything else, each step in the audit.

It decides nothing about when (core/retention.py does, on the clock it is given); every step can be done twice, and one that
failed is found again by the next look.
"""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import tzinfo

import structlog

from common.clock import Clock
from common.errors import ConsiliumError, Unavailable
from common.evidence.entry import AuditEntry
from common.ids import HospitalId
from recording.catalog.jobs import Jobs
from recording.core.retention import (
    RULES,
    Announce,
    Cause,
    DestroyKey,
    DestroySegments,
    PolicyPack,
    Retract,
    next_step,
)
from recording.folder import KEY
from recording.reading import Shelf
from recording.records import Place, Recording

log = structlog.get_logger()
_BATCH = 100
_YEAR_S = 365 * 86_400.0


class Disposal:
    """The job. `zone_of` gives a hospital's time zone; `drop_exports` removes the films made of a recording."""

    def __init__(
        self,
        jobs: Jobs,
        shelf: Shelf,
        *,
        clock: Clock,
        pack: PolicyPack,
        zone_of: Callable[[HospitalId], Awaitable[tzinfo]],
        drop_exports: Callable[[Recording], Awaitable[None]],
    ) -> None:
        self._jobs = jobs
        self._shelf = shelf
        self._clock = clock
        self._pack = pack
        self._zone_of = zone_of
        self._drop_exports = drop_exports

    async def look(self) -> int:
        """Takes one step with each recording that may be due; returns how many were destroyed. Unavailable: the database."""
        least_s = min(rule.keep_years for rule in RULES[self._pack].values()) * _YEAR_S
        destroyed, after = 0, ""
        while True:
            batch = await self._jobs.to_look_at(self._clock.now() - least_s, after, _BATCH)
            for recording in batch:
                try:
                    destroyed += await self._step(recording)
                except (ConsiliumError, FileNotFoundError) as error:
                    code = error.code if isinstance(error, ConsiliumError) else "missing"
                    log.warning("recording not disposed of", recording=recording.id, code=code)
            if len(batch) < _BATCH:
                return destroyed
            after = batch[-1].id

    async def _step(self, recording: Recording) -> bool:
        now = self._clock.now()
        step = next_step(recording.kept, self._pack, await self._zone_of(recording.hospital), now)
        match step:
            case Announce(announced_at, looked_at):
                said = [self._entry(recording, "recording_due")] if recording.kept.announced_at != announced_at else []
                await self._jobs.announce(recording.id, announced_at, looked_at, *said)
            case Retract():
                await self._jobs.announce(recording.id, None, None, self._entry(recording, "recording_not_due"))
            case DestroyKey(cause):
                return await self._destroy(recording, cause)
            case DestroySegments(cause):
                await self._remove(recording, cause)
                return True
        return False

    async def _destroy(self, recording: Recording, cause: Cause) -> bool:
        if recording.place is not Place.REMOTE and not await asyncio.to_thread(self._shelf.local.names, recording.id):
            raise FileNotFoundError(KEY)  # another host's folder: only there the key can be destroyed
        self._shelf.forget(recording.id)
        entry = self._entry(recording, "recording_key_destroyed", cause.value)
        if not await self._jobs.key_destroyed(recording.id, recording.kept.retention, self._clock.now(), entry):
            return False  # a hold came in this moment, another class, or another process did it
        await self._remove(recording, cause)
        return True

    async def _remove(self, recording: Recording, cause: Cause) -> None:
        """The key's file before all else: of a step that stops half way nothing is left that could be opened."""
        await asyncio.to_thread(self._shelf.local.delete, recording.id, KEY)
        await self._drop_exports(recording)
        if recording.place in (Place.UPLOADING, Place.REMOTE):
            if self._shelf.remote is None:
                raise Unavailable("store_not_set", "What is left of the recording is in a store that is no longer named.")
            await asyncio.to_thread(self._shelf.remote.delete_all, recording.id)
        await asyncio.to_thread(self._shelf.local.delete_all, recording.id)
        await self._jobs.destroyed(recording.id, self._clock.now(), self._entry(recording, "recording_destroyed", cause.value))
        log.info("recording destroyed", recording=recording.id, cause=cause.value)

    def _entry(self, recording: Recording, act: str, reason: str = "") -> AuditEntry:
        return AuditEntry(self._clock.now(), recording.hospital, "system", act, recording.id, reason)
