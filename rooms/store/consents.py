"""A consultation's recording and its answers as they are stored (one JSON text, read and written whole), and the erasures."""

import json
from collections.abc import Sequence
from typing import Any

from sqlalchemy import Row, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from common.ids import ConsultationId, HospitalId, RecordingId, SeatId
from rooms.consent import Answer, Recording, RecordingState, Standing, Turnout
from rooms.ports import OrderedErasure
from rooms.store import tables


class SqlRecordings:
    """rooms.ports.Recordings in the caller's transaction."""

    def __init__(self, connection: AsyncConnection) -> None:
        self._connection = connection

    async def open(self) -> list[ConsultationId]:
        c = tables.consultation.c
        found = await self._connection.scalars(select(c.id).where(c.recording_open.is_(True)))
        return [ConsultationId(one) for one in found]

    async def consultation_of(self, recording: RecordingId) -> ConsultationId | None:
        c = tables.consultation.c
        found = await self._connection.scalar(select(c.id).where(c.recording_id == recording))
        return ConsultationId(found) if found is not None else None

    async def erase(self, erasures: Sequence[OrderedErasure]) -> None:
        if erasures:
            await self._connection.execute(insert(tables.consent_erasure), [_erasure_row(one) for one in erasures])

    async def erasures(self, limit: int) -> list[OrderedErasure]:
        e = tables.consent_erasure.c
        query = select(tables.consent_erasure).where(e.done_at.is_(None)).order_by(e.video_only, e.ordered_at, e.id).limit(limit)
        return [_erasure(row) for row in await self._connection.execute(query)]

    async def erased(self, which: str, now: float) -> bool:
        e = tables.consent_erasure.c
        done = update(tables.consent_erasure).where(e.id == which, e.done_at.is_(None)).values(done_at=now)
        return (await self._connection.execute(done)).rowcount == 1


def recording_row(recording: Recording | None) -> dict[str, object]:
    """The columns of a consultation's row that hold its recording."""
    return {
        "recording": _write(recording) if recording is not None else None,
        "recording_id": recording.id if recording is not None else None,
        "recording_open": recording is not None and (recording.state is not RecordingState.OVER or recording.copying),
    }


def _write(recording: Recording) -> str:
    return json.dumps(
        {
            "state": recording.state.value,
            "reason": recording.reason.value,
            "asked_at": recording.asked_at,
            "teaching": recording.teaching,
            "erases": recording.erases,
            "moved_at": recording.moved_at,
            "started_at": recording.started_at,
            "copying": recording.copying,
            "running": recording.running,
            "answers": [
                {
                    "seat": one.seat,
                    "audio_video": one.audio_video.value,
                    "audio_only": one.audio_only.value,
                    "teaching": one.teaching.value,
                    "at": one.at,
                    "recorded": one.recorded,
                }
                for one in recording.answers
            ],
        }
    )


def read_recording(recording: str | None, text: str | None) -> Recording | None:
    """The recording of a consultation's row."""
    if recording is None or text is None:
        return None
    kept = json.loads(text)
    return Recording(
        id=RecordingId(recording),
        state=RecordingState(kept["state"]),
        reason=Turnout(kept["reason"]),
        asked_at=kept["asked_at"],
        teaching=kept["teaching"],
        erases=kept["erases"],
        moved_at=kept["moved_at"],
        started_at=kept["started_at"],
        copying=kept["copying"],
        running=kept["running"],
        answers=tuple(
            Answer(
                seat=SeatId(one["seat"]),
                audio_video=Standing(one["audio_video"]),
                audio_only=Standing(one["audio_only"]),
                teaching=Standing(one["teaching"]),
                at=one["at"],
                recorded=one["recorded"],
            )
            for one in kept["answers"]
        ),
    )


def _erasure_row(one: OrderedErasure) -> dict[str, object]:
    return {
        "id": one.id,
        "recording": one.recording,
        "consultation": one.consultation,
        "hospital": one.hospital,
        "seat": one.seat,
        "video_only": one.kinds == ("video",),
        "ordered_at": one.ordered_at,
    }


def _erasure(row: Row[Any]) -> OrderedErasure:
    return OrderedErasure(
        id=row.id,
        recording=RecordingId(row.recording),
        consultation=ConsultationId(row.consultation),
        hospital=HospitalId(row.hospital),
        seat=SeatId(row.seat),
        kinds=("video",) if row.video_only else ("audio", "video"),
        ordered_at=row.ordered_at,
    )
