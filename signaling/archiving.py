"""The archive's jobs in this process, and what the archive asks of rooms. Runs loops; decides nothing.

Each loop looks, sleeps and looks again; whatever fails is said in the log with its code, counted, shown on the archive's page,
and tried again. No loop waits for another: a store that is down keeps nobody from being archived or destroyed.
"""

import asyncio
import time
from collections import Counter, defaultdict
from collections.abc import Awaitable, Callable, Sequence
from datetime import tzinfo

import structlog

from common.errors import ConsiliumError
from common.ids import ConsultationId, HospitalId
from recording.accession import Accession, Facts, Told
from recording.catalog.jobs import Jobs
from recording.disposal import Disposal
from recording.erasing import Erasing, Wanted
from recording.export import Films, Words
from recording.reading import Opened
from recording.records import Export, Recording
from recording.rounds import Rounds
from recording.uploads import Uploads
from rooms.archiving import Closed
from rooms.consent import RecordingState, Standing
from rooms.effects import Effect
from rooms.model import Role
from rooms.ports import OrderedErasure
from rooms.recordings import Recordings
from rooms.timeline import Entry
from signaling.archive_views import people, zone_of
from signaling.fhir_push import FhirPush
from signaling.metrics import Metrics
from signaling.views import Names

log = structlog.get_logger()

ACCESSION_S = 3.0
UPLOADS_S = 5.0
DISPOSAL_S = 3600.0
ERASING_S = 10.0
FILMS_S = 5.0
PUSH_S = 10.0
ROUNDS_S = 300.0  # 8,640 recordings a month for each process
_ROLES_ZH = defaultdict(str, practitioner="医生", patient="患者", companion="陪同", interpreter="翻译")
_ROLES_EN = defaultdict(str, practitioner="Doctor", patient="Patient", companion="Companion", interpreter="Interpreter")
Look = Callable[[], Awaitable[int]]


class RoomsArchive:
    """recording.accession.Consultations over rooms."""

    def __init__(self, closed: Closed) -> None:
        self._closed = closed

    async def facts(self, which: ConsultationId) -> Facts | None:
        found = await self._closed.consultation(which)
        if found is None:
            return None
        patient = next((seat for seat in found.seats if seat.role is Role.PATIENT), None)
        return Facts(
            department=found.department,
            practitioner=found.practitioner,
            patient=patient.id if patient is not None else None,
            patient_name=(patient.name or "") if patient is not None else "",
        )

    async def timeline(self, which: ConsultationId) -> Sequence[Told]:
        return [_told(entry) for entry in await self._closed.timeline(which)]

    async def picture(self, which: ConsultationId, picture: str) -> bytes | None:
        return await self._closed.picture(which, picture)


class RoomsErasures:
    """recording.erasing.Orders over rooms."""

    def __init__(self, recordings: Recordings, carry_out: Callable[[list[Effect]], None]) -> None:
        self._recordings = recordings
        self._carry_out = carry_out

    async def wanted(self) -> Sequence[Wanted]:
        return [Wanted(one.id, one.recording, one.seat, one.kinds) for one in await self._orders()]

    async def erased(self, which: str) -> None:
        for one in await self._orders():
            if one.id == which:
                self._carry_out(await self._recordings.erased(one))

    async def _orders(self) -> list[OrderedErasure]:
        """What is of somebody once the consultation is over, and unless they agreed again and were recorded anew."""
        found: list[OrderedErasure] = []
        for one in await self._recordings.erasures():
            consultation = await self._recordings.consultation_of(one.recording)
            recording = consultation.recording if consultation is not None else None
            if recording is None or recording.state is not RecordingState.OVER or recording.copying:
                continue
            answer = recording.answer(one.seat)
            anew = answer.recorded if "audio" in one.kinds else answer.audio_video is Standing.GIVEN
            if not anew:
                found.append(one)
        return found


def zones(names: Names) -> Callable[[HospitalId], Awaitable[tzinfo]]:
    """Where each hospital's days end, as the directory says."""

    async def zone(hospital: HospitalId) -> tzinfo:
        return zone_of(await names.directory(), hospital)

    return zone


def film_words(names: Names) -> Callable[[Export, Recording, Opened], Awaitable[Words]]:
    """What stands in a film, in the language that it was ordered in."""

    async def words(export: Export, recording: Recording, opened: Opened) -> Words:
        directory = await names.directory()
        by = directory.practitioners.get(export.by)
        chinese = export.language == "zh"
        number = by.staff_number if by is not None else ""
        return Words(
            names={
                person.seat: (person.name.zh if chinese else person.name.en) or (_ROLES_ZH if chinese else _ROLES_EN)[person.role]
                for person in people(recording, opened, directory)
            },
            empty="此处没有画面" if chinese else "No picture here",
            mark=f"工号 {number} 导出" if chinese else f"Exported by {number}",
            zone=zone_of(directory, recording.hospital),
        )

    return words


class Archiving:
    """The loops. `run` until cancelled."""

    def __init__(
        self,
        accession: Accession,
        uploads: Uploads,
        disposal: Disposal,
        films: Films,
        *,
        erasing: Erasing,
        push: FhirPush,
        rounds: Rounds,
        jobs: Jobs,
        metrics: Metrics,
    ) -> None:
        self._accession = accession
        self._uploads = uploads
        self._disposal = disposal
        self._films = films
        self._erasing = erasing
        self._push = push
        self._rounds = rounds
        self._jobs = jobs
        self._awake: dict[str, asyncio.Event] = {}
        self._failing: dict[str, str] = {}
        self._waiting, self._oldest_s = 0, 0.0
        metrics.gauge("recordings_to_upload", "Sealed recordings whose copy in the store is not proven", lambda: self._waiting)
        metrics.gauge("recordings_to_upload_age_seconds", "Since when the oldest of them waits", lambda: self._oldest_s)
        metrics.gauge("recordings_not_archived", "Sealed recordings that cannot be archived", lambda: len(accession.refused))

    def wake(self) -> None:
        """Something may be due."""
        for event in self._awake.values():
            event.set()

    def troubles(self) -> dict[str, int]:
        """What keeps recordings from the archive now: code → how many it is about (0: the job itself)."""
        return {**dict.fromkeys(self._failing.values(), 0), **Counter(self._accession.refused.values())}

    async def run(self) -> None:
        """All loops, until cancelled."""
        await self._jobs_begin()
        async with asyncio.TaskGroup() as group:
            group.create_task(self._loop("accession", self._accession.look, ACCESSION_S))
            group.create_task(self._loop("uploads", self._upload, UPLOADS_S))
            group.create_task(self._loop("disposal", self._disposal.look, DISPOSAL_S))
            group.create_task(self._loop("erasing", self._erasing.look, ERASING_S))
            group.create_task(self._loop("films", self._films.look, FILMS_S))
            group.create_task(self._loop("push", self._push.look, PUSH_S))
            group.create_task(self._loop("rounds", self._rounds.look, ROUNDS_S))

    async def _jobs_begin(self) -> None:
        if self._uploads.wanted:
            try:
                await self._jobs.to_upload()
            except ConsiliumError as error:  # the next start does it; nothing is lost meanwhile
                log.warning("recordings not queued for upload", code=error.code)

    async def _upload(self) -> int:
        proven = await self._uploads.look()
        if self._uploads.wanted:
            self._waiting, oldest = await self._jobs.waiting_uploads()
            self._oldest_s = max(0.0, time.time() - oldest) if oldest is not None else 0.0
        return proven

    async def _loop(self, name: str, look: Look, every_s: float) -> None:
        awake = self._awake[name] = asyncio.Event()
        while True:
            awake.clear()
            try:
                await look()
                self._failing.pop(name, None)
            except ConsiliumError as error:
                if self._failing.get(name) != error.code:
                    log.warning("archive job failed", job=name, code=error.code)
                self._failing[name] = error.code
            except Exception:
                log.exception("archive job broke", job=name)
                self._failing[name] = "fault"
            try:
                async with asyncio.timeout(every_s):
                    await awake.wait()
            except TimeoutError:
                continue


def _told(entry: Entry) -> Told:
    draft = entry.draft
    return Told(
        number=entry.number,
        at=draft.at,
        kind=draft.kind.value,
        seat=draft.seat,
        text=draft.text,
        picture=draft.picture.id if draft.picture else "",
        width=draft.picture.width if draft.picture else 0,
        height=draft.picture.height if draft.picture else 0,
        code=draft.code.value if draft.code else "",
        reason=draft.reason,
    )
