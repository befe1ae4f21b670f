"""The archive's door: searching, watching, verifying, holding, deciding. Every method asks first who it is.

It decides what each role may do with which recording (core/rights.py is the table) and that whatever is done, or was refused, is
in the audit: of an act in the same transaction. It never plays or stores anything itself.
"""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import tzinfo

from common.clock import Clock
from common.errors import UserError
from common.evidence.entry import AuditEntry
from common.ids import ConsultationId, PractitionerId, RecordingId, SeatId, new_id
from recording import supplement
from recording.catalog.sql import Catalog
from recording.core.retention import PolicyPack, RetentionClass, may_erase
from recording.core.rights import Right, Viewer
from recording.folder import MANIFEST
from recording.reading import Opened, Shelf
from recording.records import (
    Cursor,
    Flaw,
    Found,
    Hold,
    PatientRequest,
    Play,
    Purpose,
    Recording,
    RequestKind,
    RequestState,
    Search,
    Verified,
)
from recording.storage import RecordingFiles

PLAY_S = 30 * 60.0
"""A grant's time beside twice the recording's own: to look twice and to stop and think."""
VERIFY_AT_ONCE = 1  # it reads as fast as the disk: two would only take turns, and calls need the disk too
_OPEN_REQUESTS = 200


@dataclass(frozen=True, slots=True)
class Granted:
    """A play and what it plays."""

    play: Play
    recording: Recording


class Archive:
    """The service. Every method may raise `Unavailable`, and UserError: not_found, not_allowed."""

    def __init__(self, catalog: Catalog, shelf: Shelf, clock: Clock, pack: PolicyPack) -> None:
        self.catalog = catalog
        self.shelf = shelf
        self.pack = pack
        self._clock = clock
        self._verifying = asyncio.Semaphore(VERIFY_AT_ONCE)

    async def find(self, viewer: Viewer, search: Search, after: Cursor | None) -> Found:
        """A page of recordings. A search by name is noted: it asks who was here. UserError: not_allowed."""
        await self._must(viewer, Right.NAMES if search.name is not None else Right.SEARCH, viewer.practitioner)
        if search.name is not None:
            await self.catalog.note(self.entry(viewer, "archive_searched", viewer.practitioner, "name"))
        return await self.catalog.find(viewer, search, after)

    async def access(self, viewer: Viewer, which: RecordingId, right: Right) -> Recording:
        """The one way to a recording: it is there, it may be known of, and the role has the right. A refusal is noted."""
        await self._must(viewer, right, which)
        found = await self.catalog.visible(viewer, which)
        if found is None:  # another hospital's, another doctor's, or nobody's: not told apart
            await self.catalog.note(self.entry(viewer, "archive_refused", which, f"{right.value}_not_found"))
            raise UserError("not_found", "There is no such recording.")
        return found

    async def play(self, viewer: Viewer, which: RecordingId, purpose: Purpose, note: str) -> Granted:
        """A grant to watch it for a while; who watches, and why, is written before anything is shown.

        UserError: recording_destroyed. Unavailable: whatever keeps it from being opened (master_key_wrong, store_…).
        """
        recording = await self.access(viewer, which, Right.PLAY)
        await self.shelf.open(recording)  # what cannot be opened is no view, and the log must not say that it was
        now = self._clock.now()
        length_s = max(0.0, recording.ended_at - recording.started_at)
        play = Play(
            id=new_id("play"),
            recording=recording.id,
            practitioner=PractitionerId(viewer.practitioner),
            purpose=purpose,
            note=note,
            at=now,
            expires_at=now + PLAY_S + 2 * length_s,
        )
        await self.catalog.grant_play(play, self.entry(viewer, "recording_played", which, purpose.value))
        return Granted(play, recording)

    async def played(self, viewer: Viewer, play: str) -> tuple[Recording, Opened]:
        """What a standing grant opens, asked anew each time: one that has run out, and a destroyed recording, play no more.

        UserError: play_over, recording_destroyed.
        """
        which = await self.catalog.play(play, viewer.practitioner, self._clock.now())
        if which is None:
            await self.catalog.note(self.entry(viewer, "archive_refused", viewer.practitioner, "play_over"))
            raise UserError("play_over", "The time to watch this is over; say again why you watch it.")
        recording = await self.access(viewer, which, Right.PLAY)
        return recording, await self.shelf.open(recording)

    async def verify(self, viewer: Viewer, which: RecordingId) -> Verified:
        """Reads every file of it and keeps what was found. Unavailable: store_…, recording_elsewhere."""
        recording = await self.access(viewer, which, Right.VERIFY)
        async with self._verifying:
            verified = await self.examine(recording)
        code = verified.flaw.code if verified.flaw else "unaltered"
        await self.catalog.verified(which, verified, self.entry(viewer, "recording_verified", which, code))
        return verified

    async def examine(self, recording: Recording) -> Verified:
        """The verification itself, without asking who wants it."""
        files = RecordingFiles(self.shelf.storage(recording), recording.id)
        return await asyncio.to_thread(_examine, files, self.shelf, recording, self._clock.now())

    async def hold(self, viewer: Viewer, which: RecordingId, reason: str) -> None:
        """Nothing destroys it from now on. UserError: held_already, recording_destroyed."""
        recording = await self.access(viewer, which, Right.HOLD)
        if recording.kept.key_destroyed_at is not None:
            raise UserError("recording_destroyed", "There is nothing left to hold.")
        hold = Hold(new_id("hold"), which, PractitionerId(viewer.practitioner), reason, self._clock.now())
        if not await self.catalog.hold(hold, self.entry(viewer, "recording_held", which)):
            raise UserError("held_already", "Somebody holds this recording already.")

    async def release(self, viewer: Viewer, which: RecordingId) -> None:
        """The hold ends; retention goes on as if there had been none. UserError: not_held."""
        await self.access(viewer, which, Right.HOLD)
        entry = self.entry(viewer, "recording_released", which)
        if not await self.catalog.release(which, viewer.practitioner, self._clock.now(), entry):
            raise UserError("not_held", "Nobody holds this recording.")

    async def classify(self, viewer: Viewer, which: RecordingId, retention: RetentionClass) -> None:
        """It is kept as this from now on: when it is due moves with it, and a hold stays. UserError: recording_destroyed."""
        recording = await self.access(viewer, which, Right.CLASSIFY)
        if recording.kept.retention is retention:
            return
        entry = self.entry(viewer, "recording_classified", which, retention.value)
        if not await self.catalog.classify(which, retention, entry):
            raise UserError("recording_destroyed", "There is nothing left to keep.")

    async def ask(self, hospital: str, consultation: str, seat: SeatId, kind: RequestKind) -> list[PatientRequest]:
        """A patient asks for a copy or for erasure; asked twice is asked once. All that the seat asked for.

        UserError: not_recorded.
        """
        recordings = await self.catalog.of_consultation(ConsultationId(consultation))
        if not recordings:
            raise UserError("not_recorded", "Nothing of this consultation was recorded.")
        request = PatientRequest(new_id("ask"), recordings[0].hospital, recordings[0].consultation, seat, kind, self._clock.now())
        entry = AuditEntry(self._clock.now(), hospital, seat, "archive_asked", consultation, kind.value)
        await self.catalog.ask(request, entry)
        return await self.catalog.requests_of(seat)

    async def requests(self, viewer: Viewer) -> list[PatientRequest]:
        """What the hospital's patients ask for and nobody decided yet."""
        await self._must(viewer, Right.DECIDE, viewer.practitioner)
        return await self.catalog.requests(viewer.hospital, RequestState.OPEN, _OPEN_REQUESTS)

    async def decide(self, viewer: Viewer, which: str, grant: bool, answer: str, zone: tzinfo) -> PatientRequest:
        """Grants or refuses. A granted erasure is carried out by the next look of retention.

        UserError: decided_already; too_early (the law's least period), recording_held.
        """
        await self._must(viewer, Right.DECIDE, which)
        request = await self.catalog.request(which)
        if request is None or request.hospital != viewer.hospital:
            await self.catalog.note(self.entry(viewer, "archive_refused", which, "request_not_found"))
            raise UserError("not_found", "There is no such request.")
        erase = await self._erasable(request, zone) if grant and request.kind is RequestKind.ERASURE else []
        decided = replace(
            request,
            state=RequestState.GRANTED if grant else RequestState.REFUSED,
            decided_by=PractitionerId(viewer.practitioner),
            decided_at=self._clock.now(),
            answer=answer,
        )
        act = "request_granted" if grant else "request_refused"
        entries = [self.entry(viewer, act, request.consultation, request.kind.value)]
        entries += [self.entry(viewer, "erasure_granted", each) for each in erase]
        if not await self.catalog.decide(decided, erase, entries):
            raise UserError("decided_already", "Somebody decided on this request before.")
        return decided

    async def _erasable(self, request: PatientRequest, zone: tzinfo) -> Sequence[RecordingId]:
        recordings = [
            each for each in await self.catalog.of_consultation(request.consultation) if each.kept.key_destroyed_at is None
        ]
        if any(each.kept.held for each in recordings):
            raise UserError("recording_held", "A legal hold stands on a recording of this consultation.")
        if not all(may_erase(each.kept, self.pack, zone, self._clock.now()) for each in recordings):
            raise UserError("too_early", "The law's least period of keeping is not over.")
        return [each.id for each in recordings]

    async def _must(self, viewer: Viewer, right: Right, subject: str) -> None:
        if not viewer.has(right):
            await self.catalog.note(self.entry(viewer, "archive_refused", subject, right.value))
            raise UserError("not_allowed", "Your role may not do this in the archive.")

    def entry(self, viewer: Viewer, act: str, subject: str, reason: str = "") -> AuditEntry:
        """What the audit is told of something that this viewer does now."""
        return AuditEntry(self._clock.now(), viewer.hospital, viewer.practitioner, act, subject, reason[:48])


def _examine(files: RecordingFiles, shelf: Shelf, recording: Recording, now: float) -> Verified:
    try:
        verdict = supplement.verify_all(files, shelf.verifier, recording.id)
    except FileNotFoundError:
        return Verified(now, 0, Flaw("missing", MANIFEST))
    problem = verdict.problem
    flaw = Flaw(problem.code, problem.file, problem.first, problem.last) if problem is not None else None
    return Verified(now, verdict.segments, flaw)
