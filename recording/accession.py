"""From the recorder's folder into the archive: what is sealed and whose consultation is over gets its texts and a catalog entry.

It looks at the disk, not at messages: a hint that was lost, a crash between two steps or a restart changes nothing, the next look
finds what is left to do. It never touches a recording that still runs.
"""

import asyncio
import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import structlog

from common.clock import Clock
from common.errors import ConsiliumError
from common.evidence.entry import AuditEntry
from common.evidence.signing import Signer
from common.ids import ConsultationId, DepartmentId, HospitalId, PractitionerId, RecordingId, SeatId, is_id
from recording import supplement
from recording.catalog.jobs import Jobs
from recording.catalog.sql import Catalog
from recording.core.manifest import Manifest
from recording.core.retention import Kept, RetentionClass
from recording.core.supplement import SUPPLEMENT, Line, Timeline, picture_name
from recording.folder import KEY, MANIFEST, Folder
from recording.reading import Shelf, proven_manifest
from recording.records import Place, Recording
from recording.storage import reader

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Told:
    """One entry of a consultation's timeline: a text, a picture (its id), or an event. `at` in seconds since 1970 UTC."""

    number: int
    at: float
    kind: str
    seat: SeatId | None
    text: str = ""
    picture: str = ""
    width: int = 0
    height: int = 0
    code: str = ""
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Facts:
    """What the archive must know of a consultation that is over."""

    department: DepartmentId
    practitioner: PractitionerId | None
    patient: SeatId | None
    patient_name: str


class Consultations(Protocol):
    """The consultations, as the archive asks for them. May raise Unavailable."""

    async def facts(self, which: ConsultationId) -> Facts | None:
        """None while it is not over, or where there is no such consultation."""

    async def timeline(self, which: ConsultationId) -> Sequence[Told]: ...

    async def picture(self, which: ConsultationId, picture: str) -> bytes | None: ...


class Accession:
    """The one who enters recordings. `look` is called again and again; each recording's failure is its own."""

    def __init__(
        self,
        catalog: Catalog,
        jobs: Jobs,
        shelf: Shelf,
        consultations: Consultations,
        *,
        signer: Signer,
        clock: Clock,
        retention: RetentionClass = RetentionClass.PROCESS,
    ) -> None:
        self._catalog = catalog
        self._jobs = jobs
        self._shelf = shelf
        self._consultations = consultations
        self._signer = signer
        self._clock = clock
        self._retention = retention
        self.refused: dict[str, str] = {}
        """Folders that cannot be entered for now, and why (a code): shown on the page, so that nothing is lost in silence."""

    async def look(self) -> int:
        """Enters what is ready; returns how many. What has its proven copy elsewhere, or is destroyed, leaves this disk.

        Unavailable: the database, or the folder as a whole (`disk_…`).
        """
        there = [RecordingId(name) for name in await asyncio.to_thread(self._shelf.local.recordings) if is_id(name)]
        known = await self._catalog.known(there)
        for which in await self._jobs.remote_among(sorted(known)):
            await asyncio.to_thread(self._shelf.local.delete_all, which)
        self.refused = {which: code for which, code in self.refused.items() if which in there and which not in known}
        entered = 0
        for which in there:
            if which not in known and await self._try(which):
                entered += 1
        return entered

    async def _try(self, which: RecordingId) -> bool:
        try:
            entered = await self._enter(which)
        except ConsiliumError as error:
            if self.refused.get(which) != error.code:
                log.warning("recording not archived", recording=which, code=error.code)
            self.refused[which] = error.code
            return False
        except FileNotFoundError:  # a folder that is just being begun
            return False
        self.refused.pop(which, None)
        return entered

    async def _enter(self, which: RecordingId) -> bool:
        read = reader(self._shelf.local, which)
        manifest = await asyncio.to_thread(proven_manifest, read, which, self._shelf.verifier)
        if manifest.state != "sealed":
            return False
        consultation = ConsultationId(manifest.consultation)
        facts = await self._consultations.facts(consultation)
        if facts is None:
            return False
        names = await asyncio.to_thread(self._shelf.local.names, which)
        if SUPPLEMENT not in names and KEY in names:
            await self._seal_texts(manifest)
        recording = await self._described(manifest, facts)
        entry = AuditEntry(self._clock.now(), manifest.hospital, "system", "recording_archived", which)
        added = await self._catalog.add(recording, entry)
        if added:
            log.info("recording archived", recording=which, segments=recording.segments)
        return added

    async def _seal_texts(self, manifest: Manifest) -> None:
        consultation = ConsultationId(manifest.consultation)
        told = await self._consultations.timeline(consultation)
        timeline = Timeline(
            "consilium-timeline/1", manifest.recording, tuple(_line(each, manifest.started_at_ms) for each in told)
        )
        pictures: list[tuple[str, bytes]] = []
        for each in told:
            if each.picture:
                content = await self._consultations.picture(consultation, each.picture)
                if content is not None:
                    pictures.append((picture_name(each.number), content))
        folder = Folder(self._shelf.local.root / manifest.recording)
        await asyncio.to_thread(
            supplement.seal, folder, manifest, timeline, pictures, master=self._shelf.master, signer=self._signer
        )

    async def _described(self, manifest: Manifest, facts: Facts) -> Recording:
        digest, octets = await asyncio.to_thread(_measured, self._shelf, manifest.recording)
        began, ended = manifest.started_at_ms / 1000, (manifest.started_at_ms + manifest.duration_ms) / 1000
        return Recording(
            id=RecordingId(manifest.recording),
            hospital=HospitalId(manifest.hospital),
            department=facts.department,
            consultation=ConsultationId(manifest.consultation),
            practitioner=facts.practitioner,
            patient=facts.patient,
            patient_name=facts.patient_name,
            started_at=began,
            ended_at=ended,
            segments=len(manifest.segments),
            octets=octets,
            digest=digest,
            place=Place.UPLOADING if self._shelf.remote is not None else Place.LOCAL,
            kept=Kept(ended, self._retention),
        )


def _line(told: Told, zero_ms: int) -> Line:
    return Line(
        number=told.number,
        at_ms=round(told.at * 1000) - zero_ms,
        kind="text" if told.kind == "text" else "picture" if told.kind == "picture" else "event",
        seat=told.seat or "",
        text=told.text,
        picture=picture_name(told.number) if told.picture else "",
        width=told.width,
        height=told.height,
        code=told.code,
        reason=told.reason,
    )


def _measured(shelf: Shelf, recording: str) -> tuple[str, int]:
    """The manifest's SHA-256, and the size of all files. Blocks."""
    folder = shelf.local.root / recording
    octets = sum(each.stat().st_size for each in folder.iterdir())
    return hashlib.sha256((folder / MANIFEST).read_bytes()).hexdigest(), octets
