"""Writes signed checkpoints of the audit trail, so that what is done to it later shows. Decides when, not their form."""

import asyncio
from pathlib import Path

import structlog

from common.clock import Clock
from common.database import Database
from common.errors import ConsiliumError
from common.evidence import audit, checkpoint
from common.evidence.signing import Signer

log = structlog.get_logger()

EVERY_S = 60.0  # what can be cut off unseen is what was done in the last minute


class Checkpoints:
    """One of these per process: several write into one folder, and what the last one said is not said again."""

    def __init__(self, database: Database, folder: Path, signer: Signer, clock: Clock) -> None:
        self._database = database
        self._folder = folder
        self._signer = signer
        self._clock = clock
        self.failing = False
        """The folder could not be written the last time: nothing is lost, and less can be proven."""

    async def run(self) -> None:
        """Write one every minute until cancelled."""
        while True:
            await self.write()
            await asyncio.sleep(EVERY_S)

    async def write(self) -> None:
        """Write one now, if anything was done since the last one."""
        try:
            async with self._database.reading() as connection:
                heads = await audit.heads(connection)
            if heads:
                await asyncio.to_thread(checkpoint.write, self._folder, self._signer, heads, self._clock.now())
            self.failing = False
        except ConsiliumError as error:
            log.warning("audit checkpoint not written", code=error.code)
        except (OSError, ValueError, KeyError) as fault:  # the folder is away or full, or its last line is no checkpoint
            self.failing = True
            log.error("audit checkpoint not written", fault=type(fault).__name__)
